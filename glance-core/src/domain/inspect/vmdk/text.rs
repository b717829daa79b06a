//! Data that is the text of a descriptor, or may be.

use std::ops::Range;

use super::super::capture::Region;
use super::descriptor;

/// Text from the start of the data.
#[derive(Debug)]
pub(super) struct Text {
    region: Region,
    is_ended: bool,
}

impl Text {
    /// Whether data that begins so may be a descriptor: whatever QEMU takes for one, and whatever
    /// begins as text.
    pub(super) fn begins(head: &[u8]) -> bool {
        let first = head.get(..64).unwrap_or(head);
        let is_text = first.iter().all(|byte| descriptor::is_text(*byte));
        !head.is_empty() && (is_text || head.starts_with(b"#") || begins_with_version(head))
    }

    pub(super) fn new() -> Self {
        Self {
            region: Region::new(0, descriptor::LONGEST),
            is_ended: false,
        }
    }

    pub(super) fn feed(&mut self, at: u64, chunk: &[u8]) {
        if self.is_ended {
            return;
        }
        let seen = self.region.bytes().len();
        self.region.feed(at, chunk);
        let new = self.region.bytes().get(seen..).unwrap_or_default();
        self.is_ended = new.contains(&0) || self.region.is_complete();
    }

    pub(super) fn wanted(&self, size: u64) -> Option<Range<u64>> {
        let wanted = self.region.wanted(size);
        wanted.filter(|_| !self.is_ended)
    }

    /// Whether it is one, rather than any text. Of the first bytes, QEMU passes over whole comments,
    /// whatever is in them; of the rest, nobody reads more than text.
    pub(super) fn is_descriptor(&self, head: &[u8]) -> bool {
        let text = descriptor::until_nul(self.region.bytes());
        begins_with_version(head)
            || begins_with_version(text)
            || descriptor::begins(text, b"# Disk DescriptorFile")
            || descriptor::find(text, descriptor::TYPE).is_some()
    }
}

/// Whether the first line that says anything is one of a version, as QEMU looks for it.
fn begins_with_version(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    let first = lines.find(|line| !line.starts_with(b"#") && !line.trim_ascii().is_empty());
    first.is_some_and(|line| descriptor::begins(line, b"version="))
}
