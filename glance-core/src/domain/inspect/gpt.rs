//! Tables of partitions: an MBR, which also stands before every GPT.

use std::ops::Range;

use super::capture::{Head, is_set, u32_le};
use super::engine::Inspector;
use super::format::Format;
use super::report::{Check, Finding};

#[derive(Debug)]
pub(super) struct Gpt {
    sector: Head,
}

impl Gpt {
    pub(super) fn new() -> Self {
        Self {
            sector: Head::new(&[0x55, 0xaa], 510, 512),
        }
    }
}

impl Inspector for Gpt {
    fn feed(&mut self, at: u64, chunk: &[u8]) {
        self.sector.feed(at, chunk);
    }

    fn wanted(&self, size: u64) -> Option<Range<u64>> {
        self.sector.wanted(size)
    }

    fn finding(&self, size: u64) -> Option<Finding> {
        let sector = self.sector.bytes();
        // A FAT file system begins with such a sector, too, and has no table in it.
        let is_fat = sector.get(16) == Some(&2) && sector.get(21) == Some(&0xf8);
        if !self.sector.is_match() || is_fat {
            return None;
        }
        let mut finding = Finding::new(Format::Gpt);
        finding.virtual_size = Some(size);
        let table = sector.get(TABLE).unwrap_or_default();
        check(&mut finding, table);
        Some(finding)
    }
}

fn check(finding: &mut Finding, table: &[u8]) {
    let entries: Vec<&[u8]> = table.chunks_exact(ENTRY).collect();
    let is_protective = |entry: &&[u8]| entry.get(4) == Some(&PROTECTIVE);
    let mut require = |holds, reason| finding.require(holds, Check::Mbr, reason);
    require(
        entries
            .iter()
            .all(|entry| matches!(entry.first(), Some(0 | 0x80))),
        "a partition has a boot flag that is none",
    );
    require(
        entries
            .iter()
            .filter(|entry| is_protective(entry))
            .all(|entry| entry.get(1..4) == Some(&PROTECTIVE_CHS) && u32_le(entry, 8) == Some(1)),
        "the partition that protects a GPT does not begin where it must",
    );
    let is_used = |entry: &&[u8]| is_set(entry);
    require(
        !entries.iter().any(is_protective) || entries.iter().skip(1).all(|entry| !is_set(entry)),
        "there are partitions beside the one that protects a GPT",
    );
    require(
        entries.iter().any(is_used),
        "the table of partitions is empty",
    );
}

const TABLE: Range<usize> = 446..510;
const ENTRY: usize = 16;

/// The kind of the partition that covers a disk with a GPT, and where it begins by cylinder, head
/// and sector.
const PROTECTIVE: u8 = 0xee;
const PROTECTIVE_CHS: [u8; 3] = [0x00, 0x02, 0x00];
