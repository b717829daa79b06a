//! VHDX. Its size stands in metadata, which a table of regions leads to.

use std::ops::Range;

use super::capture::{Head, Region, is_set, u16_le, u32_le, u64_le};
use super::engine::Inspector;
use super::format::Format;
use super::report::{Check, Finding};

#[derive(Debug)]
pub(super) struct Vhdx {
    head: Head,
    /// The header, and the one before it.
    headers: [Region; 2],
    /// The table, and the copy that is read where the table is damaged.
    tables: [Region; 2],
    metadata: Step,
    items: Step<Items>,
}

/// A part that another one leads to.
#[derive(Debug)]
enum Step<T = Region> {
    /// What leads to it has not come yet.
    Ahead,
    Found(T),
    Fault(&'static str),
}

/// The two items of the metadata that are read.
#[derive(Debug)]
struct Items {
    size: Region,
    parameters: Option<Region>,
    has_parent_locator: bool,
}

impl Vhdx {
    pub(super) fn new() -> Self {
        Self {
            head: Head::new(b"vhdxfile", 0, 8),
            headers: [64 << 10, 128 << 10].map(|at| Region::new(at, HEADER)),
            tables: [Region::new(192 << 10, TABLE), Region::new(256 << 10, TABLE)],
            metadata: Step::Ahead,
            items: Step::Ahead,
        }
    }
}

impl Inspector for Vhdx {
    fn feed(&mut self, at: u64, chunk: &[u8]) {
        self.head.feed(at, chunk);
        if !self.head.is_match() {
            return;
        }
        for region in self.headers.iter_mut().chain(&mut self.tables) {
            region.feed(at, chunk);
        }
        let [table, _] = &self.tables;
        if let (Step::Ahead, true) = (&self.metadata, table.is_complete()) {
            self.metadata = metadata(table);
        }
        if let Step::Found(metadata) = &mut self.metadata {
            metadata.feed(at, chunk);
            if let (Step::Ahead, true) = (&self.items, metadata.is_complete()) {
                self.items = items(metadata);
            }
        }
        if let Step::Found(items) = &mut self.items {
            items.size.feed(at, chunk);
            if let Some(parameters) = &mut items.parameters {
                parameters.feed(at, chunk);
            }
        }
    }

    fn wanted(&self, size: u64) -> Option<Range<u64>> {
        if !self.head.is_match() {
            return self.head.wanted(size);
        }
        let mut regions: Vec<&Region> = self.headers.iter().chain(&self.tables).collect();
        if let Step::Found(metadata) = &self.metadata {
            regions.push(metadata);
        }
        if let Step::Found(items) = &self.items {
            regions.push(&items.size);
            regions.extend(&items.parameters);
        }
        let wanted = regions.into_iter();
        let wanted = wanted.filter_map(|region| region.wanted(size));
        wanted.min_by_key(|wanted| wanted.start)
    }

    fn finding(&self, _: u64) -> Option<Finding> {
        if !self.head.is_match() {
            return None;
        }
        let mut finding = Finding::new(Format::Vhdx);
        match (&self.metadata, &self.items) {
            (Step::Found(_), Step::Found(items)) => self.check(&mut finding, items),
            (Step::Fault(reason), _) | (_, Step::Fault(reason)) => {
                finding.fault(Check::Header, reason);
            }
            _ => finding.fault(Check::Header, "it ends before its metadata"),
        }
        Some(finding)
    }
}

impl Vhdx {
    fn check(&self, finding: &mut Finding, items: &Items) {
        finding.virtual_size = u64_le(items.size.bytes(), 0);
        let parameters = items.parameters.as_ref();
        let flags = parameters.map(|item| u32_le(item.bytes(), 4));
        finding.require(
            finding.virtual_size.is_some() && flags != Some(None),
            Check::Header,
            "it ends before its metadata",
        );
        finding.require(
            !items.has_parent_locator && flags.flatten().unwrap_or_default() & HAS_PARENT == 0,
            Check::Parent,
            "it is a difference from another disk",
        );
        let [one, other] = self.headers.each_ref().map(Region::bytes);
        finding.require(
            !read_headers(one, other).any(has_log),
            Check::Header,
            "its log is still to be played back: `qemu-img convert` makes a disk without one of it",
        );
        let [table, copy] = self.tables.each_ref().map(Region::bytes);
        finding.require(
            !copy.starts_with(REGIONS) || copy == table,
            Check::Header,
            "its two tables of regions differ",
        );
    }
}

/// The headers that a reader may go by: where both are whole, the one with the higher number (MS-VHDX,
/// 2.2.2), else both.
fn read_headers<'h>(one: &'h [u8], other: &'h [u8]) -> impl Iterator<Item = &'h [u8]> {
    let (first, second) = match (number(one), number(other)) {
        (Some(number), Some(older)) if number > older => (one, None),
        (Some(older), Some(number)) if number > older => (other, None),
        _ => (one, Some(other)),
    };
    [first].into_iter().chain(second)
}

/// The number of a header that is whole: headers are written in turn, each with the next one.
fn number(header: &[u8]) -> Option<u64> {
    let checksum = u32_le(header, CHECKSUM.start)?;
    let blank: &[u8] = &[0; 4];
    let parts = [
        header.get(..CHECKSUM.start)?,
        blank,
        header.get(CHECKSUM.end..)?,
    ];
    let is_whole = header.starts_with(b"head")
        && header.len() == HEADER
        && crc_32c(parts.into_iter().flatten()) == checksum;
    u64_le(header, 8).filter(|_| is_whole)
}

/// CRC-32C, a bit at a time: it is for two headers of a file.
fn crc_32c<'b>(bytes: impl Iterator<Item = &'b u8>) -> u32 {
    let sum = bytes.fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| match sum & 1 {
            1 => sum >> 1 ^ CASTAGNOLI,
            _ => sum >> 1,
        })
    });
    !sum
}

fn has_log(header: &[u8]) -> bool {
    header.get(LOG).is_some_and(is_set)
}

fn metadata(table: &Region) -> Step {
    let bytes = table.bytes();
    let count = u32_le(bytes, 8).and_then(|count| usize::try_from(count).ok());
    let Some(count) = count.filter(|count| bytes.starts_with(REGIONS) && *count < MOST_ENTRIES)
    else {
        return Step::Fault("its table of regions cannot be read");
    };
    let entries = bytes.get(16..).unwrap_or_default().chunks_exact(ENTRY);
    let mut found = entries
        .take(count)
        .filter(|entry| entry.starts_with(&METADATA));
    let (Some(entry), None) = (found.next(), found.next()) else {
        return Step::Fault("its table of regions does not lead to one region of metadata");
    };
    match u64_le(entry, 16) {
        Some(offset) if offset >= table.end() => Step::Found(Region::new(offset, TABLE)),
        _ => Step::Fault("its metadata is where its headers are"),
    }
}

fn items(metadata: &Region) -> Step<Items> {
    let bytes = metadata.bytes();
    let count = u16_le(bytes, 10).map(usize::from);
    let Some(count) = count.filter(|count| bytes.starts_with(b"metadata") && *count < MOST_ENTRIES)
    else {
        return Step::Fault("its metadata cannot be read");
    };
    let entries = bytes.get(32..).unwrap_or_default().chunks_exact(ENTRY);
    let entries = entries.take(count);
    let find = |guid: [u8; 16]| {
        let mut found = entries
            .clone()
            .filter(move |entry| entry.starts_with(&guid));
        (found.next(), found.next().is_some())
    };
    let (size, is_size_twice) = find(VIRTUAL_SIZE);
    let (parameters, is_twice) = find(PARAMETERS);
    let Some(size) = size.filter(|_| !is_size_twice && !is_twice) else {
        return Step::Fault("its metadata does not tell its size once");
    };
    let place = |entry: &[u8]| {
        let start = metadata.end() - TABLE as u64;
        let offset = u64::from(u32_le(entry, 16).unwrap_or_default());
        start.checked_add(offset).filter(|_| offset >= TABLE as u64)
    };
    match (place(size), parameters.map(place)) {
        (None, _) | (_, Some(None)) => Step::Fault("an item of its metadata is in their table"),
        (Some(size), parameters) => Step::Found(Items {
            size: Region::new(size, 8),
            parameters: parameters.flatten().map(|at| Region::new(at, 8)),
            has_parent_locator: find(PARENT_LOCATOR).0.is_some(),
        }),
    }
}

/// Bytes of a header, and where in it are a checksum of them and the name of the log that whoever opens
/// the disk plays back.
const HEADER: usize = 4096;
const CHECKSUM: Range<usize> = 4..8;
const LOG: Range<usize> = 48..64;

/// The polynomial of Castagnoli, with its bits in reverse.
const CASTAGNOLI: u32 = 0x82f6_3b78;

/// Bytes of a table, of regions or of metadata, and of an entry in either.
const TABLE: usize = 64 << 10;
const ENTRY: usize = 32;

/// One more than a table may have.
const MOST_ENTRIES: usize = 2048;

/// How a table of regions begins.
const REGIONS: &[u8] = b"regi";

/// The region of metadata: 8B7CA206-4790-4B9A-B8FE-575F050F886E.
const METADATA: [u8; 16] = [
    0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b, 0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e,
];

/// The size of the disk: 2FA54224-CD1B-4876-B211-5DBED83BF4B8.
const VIRTUAL_SIZE: [u8; 16] = [
    0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48, 0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8,
];

/// Parameters of the file: CAA16737-FA36-4D43-B3B6-33F0AA44E76B.
const PARAMETERS: [u8; 16] = [
    0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d, 0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b,
];

/// Where the parent is: A8D35F2D-B30B-454D-ABF7-D3D84834AB0C.
const PARENT_LOCATOR: [u8; 16] = [
    0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45, 0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c,
];

/// The bit of the parameters of a differencing disk.
const HAS_PARENT: u32 = 1 << 1;
