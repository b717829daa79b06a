//! ISO 9660 and UDF. What stands before the first descriptor is anybody's: often a boot sector.

use std::ops::Range;

use super::capture::{Region, u16_le, u32_le};
use super::engine::Inspector;
use super::format::Format;
use super::report::{CUT_SHORT, Check, Finding};

#[derive(Debug)]
pub(super) struct Iso {
    descriptor: Region,
}

impl Iso {
    pub(super) fn new() -> Self {
        Self {
            descriptor: Region::new(DESCRIPTOR_AT, DESCRIPTOR),
        }
    }
}

impl Inspector for Iso {
    fn feed(&mut self, at: u64, chunk: &[u8]) {
        self.descriptor.feed(at, chunk);
    }

    fn wanted(&self, size: u64) -> Option<Range<u64>> {
        self.descriptor.wanted(size)
    }

    fn finding(&self, _: u64) -> Option<Finding> {
        let bytes = self.descriptor.bytes();
        let id = bytes.get(1..6)?;
        if !IDS.iter().any(|known| known == id) {
            return None;
        }
        let mut finding = Finding::new(Format::Iso);
        finding.require(self.descriptor.is_complete(), Check::Header, CUT_SHORT);
        if bytes.first() == Some(&PRIMARY)
            && let (Some(blocks), Some(block)) = (u32_le(bytes, 80), u16_le(bytes, 128))
        {
            finding.virtual_size = Some(u64::from(blocks) * u64::from(block));
        }
        Some(finding)
    }
}

const DESCRIPTOR_AT: u64 = 32 << 10;
const DESCRIPTOR: usize = 2048;

/// The standard identifiers of ISO 9660 and of two versions of UDF.
const IDS: [[u8; 5]; 3] = [*b"CD001", *b"NSR02", *b"NSR03"];

/// The kind of the descriptor that tells the size of the volume.
const PRIMARY: u8 = 1;
