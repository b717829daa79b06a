//! VDI, of VirtualBox.

use std::ops::Range;

use super::capture::{Head, is_set, u32_le, u64_le};
use super::engine::Inspector;
use super::format::Format;
use super::report::{CUT_SHORT, Check, Finding};

#[derive(Debug)]
pub(super) struct Vdi {
    head: Head,
}

impl Vdi {
    pub(super) fn new() -> Self {
        Self {
            head: Head::new(&SIGNATURE, 64, HEADER),
        }
    }
}

impl Inspector for Vdi {
    fn feed(&mut self, at: u64, chunk: &[u8]) {
        self.head.feed(at, chunk);
    }

    fn wanted(&self, size: u64) -> Option<Range<u64>> {
        self.head.wanted(size)
    }

    fn finding(&self, _: u64) -> Option<Finding> {
        self.head.is_match().then(|| finding(self.head.bytes()))
    }
}

fn finding(head: &[u8]) -> Finding {
    let mut finding = Finding::new(Format::Vdi);
    let (Some(kind), Some(parents), true) =
        (u32_le(head, 76), head.get(PARENTS), head.len() >= HEADER)
    else {
        finding.fault(Check::Header, CUT_SHORT);
        return finding;
    };
    finding.virtual_size = u64_le(head, 368);
    finding.require(
        !DIFFERENCES.contains(&kind) && !is_set(parents),
        Check::Parent,
        "it is a difference from another disk",
    );
    finding
}

const SIGNATURE: [u8; 4] = 0xbeda_107f_u32.to_le_bytes();

const HEADER: usize = 512;

/// The UUIDs of the disk that this one is linked to, and of its parent.
const PARENTS: Range<usize> = 424..456;

/// Undo and differencing disks.
const DIFFERENCES: [u32; 2] = [3, 4];
