//! The header of a sparse VMDK, and the copy of it at the end of some.

use std::ops::Range;

use super::super::capture::{Region, SECTOR, Tail, is_set, u32_le, u64_le};
use super::super::report::{Check, Finding};
use super::descriptor;

/// A sparse disk.
#[derive(Debug)]
pub(super) struct Sparse {
    /// Bytes of the descriptor by the header.
    declared: u64,
    descriptor: Region,
    /// Where the header says that the truth is at the end.
    footer: Option<Tail>,
}

impl Sparse {
    /// A disk with this header.
    pub(super) fn new(head: &[u8]) -> Self {
        let sectors = u64_le(head, 36).unwrap_or_default();
        let declared = sectors.saturating_mul(SECTOR);
        let read = usize::try_from(declared).unwrap_or(usize::MAX);
        let has_footer = u64_le(head, 56) == Some(AT_END);
        Self {
            declared,
            // QEMU reads the least of it, whatever the header says.
            descriptor: Region::new(SECTOR, read.clamp(QEMU_READS, descriptor::LONGEST)),
            footer: has_footer.then(|| Tail::new(FOOTER)),
        }
    }

    pub(super) fn feed(&mut self, at: u64, chunk: &[u8]) {
        self.descriptor.feed(at, chunk);
        if let Some(footer) = &mut self.footer {
            footer.feed(at, chunk);
        }
    }

    pub(super) fn wanted(&self, size: u64) -> Option<Range<u64>> {
        let footer = self.footer.as_ref();
        let footer = footer.and_then(|footer| footer.wanted(size));
        self.descriptor.wanted(size).or(footer)
    }

    /// Finds what is wrong with it.
    pub(super) fn check(&self, finding: &mut Finding, head: &[u8], size: u64) {
        let capacity = u64_le(head, 12).unwrap_or_default();
        finding.require(
            matches!(u32_le(head, 4), Some(1..=3)),
            Check::Header,
            "its version is not 1, 2 or 3",
        );
        finding.require(
            u64_le(head, 28) == Some(1),
            Check::Descriptor,
            "its descriptor is not where it must be",
        );
        // QEMU then takes the descriptor for one of other files.
        finding.require(capacity != 0, Check::Header, "its header tells no size");
        let bytes = self.descriptor.bytes();
        let read = bytes.len() as u64;
        let is_cut = read < self.declared && !self.descriptor.is_complete();
        if is_cut || self.declared == 0 || size.saturating_sub(SECTOR) < self.declared {
            finding.fault(Check::Descriptor, "its descriptor is missing or cut short");
        } else if read < self.declared && !bytes.contains(&0) {
            finding.fault(Check::Descriptor, "its descriptor is longer than any");
        } else {
            descriptor::check(finding, bytes);
        }
        if let Some(footer) = &self.footer {
            // Before the header has come, nobody knows of a footer.
            let apart = size >= (MARKER + FOOTER) as u64;
            check_footer(finding, head, footer.bytes(size).filter(|_| apart));
        }
        if finding.faults.is_empty() {
            let size = capacity.checked_mul(SECTOR);
            finding.virtual_size = Some(size.unwrap_or(u64::MAX));
        }
    }
}

/// A marker of the footer, the footer, and a marker of the end of the stream, a sector each.
fn check_footer(finding: &mut Finding, head: &[u8], footer: Option<&[u8]>) {
    let Some((marker, rest)) = footer.and_then(|footer| footer.split_at_checked(MARKER)) else {
        return finding.fault(Check::Footer, "it ends before its footer");
    };
    let (copy, end) = rest.split_at_checked(MARKER).unwrap_or_default();
    let mut require = |holds, reason| finding.require(holds, Check::Footer, reason);
    let is_same = |range: Range<usize>| copy.get(range.clone()) == head.get(range);
    require(
        is_same(MAGIC_AND_VERSION) && is_same(CAPACITY) && is_same(DESCRIPTOR),
        "its footer differs from its header",
    );
    require(
        u64_le(copy, 56).is_some_and(|at| at != AT_END),
        "its footer refers to itself",
    );
    require(
        u32_le(marker, 8) == Some(0)
            && u32_le(marker, 12) == Some(FOOTER_FOLLOWS)
            && !is_set(marker.get(16..).unwrap_or_default()),
        "its footer is not marked as one",
    );
    require(!is_set(end), "it does not end with the end of the stream");
}

/// Says that the grain directory is found by the footer.
const AT_END: u64 = u64::MAX;

const FOOTER: usize = 3 * MARKER;
const MARKER: usize = 512;
const FOOTER_FOLLOWS: u32 = 3;

const QEMU_READS: usize = 20 * 512;

/// What header and footer have in common.
const MAGIC_AND_VERSION: Range<usize> = 0..8;
const CAPACITY: Range<usize> = 12..20;
const DESCRIPTOR: Range<usize> = 28..44;
