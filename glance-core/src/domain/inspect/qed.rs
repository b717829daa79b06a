//! QED: refused, whatever is in it, for nobody maintains what reads it.

use std::ops::Range;

use super::capture::Head;
use super::engine::Inspector;
use super::format::Format;
use super::report::{Check, Finding};

#[derive(Debug)]
pub(super) struct Qed {
    head: Head,
}

impl Qed {
    pub(super) fn new() -> Self {
        Self {
            head: Head::new(b"QED\0", 0, 4),
        }
    }
}

impl Inspector for Qed {
    fn feed(&mut self, at: u64, chunk: &[u8]) {
        self.head.feed(at, chunk);
    }

    fn wanted(&self, size: u64) -> Option<Range<u64>> {
        self.head.wanted(size)
    }

    fn finding(&self, size: u64) -> Option<Finding> {
        let mut finding = Finding::new(Format::Qed);
        finding.virtual_size = Some(size);
        finding.fault(Check::Banned, "this format is not accepted");
        self.head.is_match().then_some(finding)
    }
}
