//! VHD, as far as it begins with a copy of its footer: dynamic and differencing disks. A fixed one
//! is its raw bytes with a footer behind, and is taken for them (as QEMU and upstream do).

use std::ops::Range;

use super::capture::{Head, Tail, u32_be, u64_be};
use super::engine::Inspector;
use super::format::Format;
use super::report::{CUT_SHORT, Check, Finding};

#[derive(Debug)]
pub(super) struct Vhd {
    head: Head,
    footer: Tail,
}

impl Vhd {
    pub(super) fn new() -> Self {
        Self {
            head: Head::new(COOKIE, 0, FOOTER),
            footer: Tail::new(FOOTER),
        }
    }
}

impl Inspector for Vhd {
    fn feed(&mut self, at: u64, chunk: &[u8]) {
        self.head.feed(at, chunk);
        if self.head.is_match() {
            self.footer.feed(at, chunk);
        }
    }

    fn wanted(&self, size: u64) -> Option<Range<u64>> {
        let footer = self.footer.wanted(size);
        let footer = footer.filter(|_| self.head.is_match());
        self.head.wanted(size).or(footer)
    }

    fn finding(&self, size: u64) -> Option<Finding> {
        self.head.is_match().then(|| {
            let footer = self.footer.bytes(size);
            let footer = footer.filter(|_| size >= 2 * FOOTER as u64);
            finding(self.head.bytes(), footer.unwrap_or_default())
        })
    }
}

fn finding(head: &[u8], footer: &[u8]) -> Finding {
    let mut finding = Finding::new(Format::Vhd);
    if head.len() < FOOTER {
        finding.fault(Check::Header, CUT_SHORT);
        return finding;
    }
    finding.virtual_size = u64_be(head, 40);
    // Some read the one, some the other.
    let kinds = [head, footer].into_iter();
    let kinds = kinds.filter(|copy| copy.starts_with(COOKIE));
    let is_difference = kinds
        .filter_map(|copy| u32_be(copy, 60))
        .any(|kind| kind == DIFFERENCE);
    finding.require(
        !is_difference,
        Check::Parent,
        "it is a difference from another disk",
    );
    finding
}

const COOKIE: &[u8] = b"conectix";

const FOOTER: usize = 512;

/// The kind of a differencing disk.
const DIFFERENCE: u32 = 4;
