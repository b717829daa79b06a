//! LUKS. Of version 2, nobody here can tell what its JSON asks for: it is refused (upstream).

use std::ops::Range;

use super::capture::{Head, SECTOR, u16_be, u32_be};
use super::engine::Inspector;
use super::format::Format;
use super::report::{CUT_SHORT, Check, Finding};

#[derive(Debug)]
pub(super) struct Luks {
    head: Head,
}

impl Luks {
    pub(super) fn new() -> Self {
        Self {
            head: Head::new(b"LUKS\xba\xbe", 0, HEADER),
        }
    }
}

impl Inspector for Luks {
    fn feed(&mut self, at: u64, chunk: &[u8]) {
        self.head.feed(at, chunk);
    }

    fn wanted(&self, size: u64) -> Option<Range<u64>> {
        self.head.wanted(size)
    }

    fn finding(&self, size: u64) -> Option<Finding> {
        self.head
            .is_match()
            .then(|| finding(self.head.bytes(), size))
    }
}

fn finding(head: &[u8], size: u64) -> Finding {
    let mut finding = Finding::new(Format::Luks);
    let (Some(version), Some(payload), true) =
        (u16_be(head, 6), u32_be(head, 104), head.len() >= HEADER)
    else {
        finding.fault(Check::Header, CUT_SHORT);
        return finding;
    };
    if version == 1 {
        finding.virtual_size = size.checked_sub(u64::from(payload) * SECTOR);
    } else {
        finding.fault(Check::Version, "its version is not 1");
    }
    finding
}

const HEADER: usize = 592;
