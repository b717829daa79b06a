//! Formats that their first bytes tell, and nothing else.

use std::ops::Range;

use super::capture::Head;
use super::engine::Inspector;
use super::report::Finding;

/// Looks for a format by its head alone.
#[derive(Debug)]
pub(super) struct Headed {
    head: Head,
    /// What a head with the right magic bytes says of data of a size.
    finding: fn(&[u8], u64) -> Finding,
}

impl Headed {
    pub(super) fn new(head: Head, finding: fn(&[u8], u64) -> Finding) -> Self {
        Self { head, finding }
    }
}

impl Inspector for Headed {
    fn feed(&mut self, at: u64, chunk: &[u8]) {
        self.head.feed(at, chunk);
    }

    fn wanted(&self, size: u64) -> Option<Range<u64>> {
        self.head.wanted(size)
    }

    fn finding(&self, size: u64) -> Option<Finding> {
        let is_match = self.head.is_match();
        is_match.then(|| (self.finding)(self.head.bytes(), size))
    }
}
