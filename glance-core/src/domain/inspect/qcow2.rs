//! qcow2, of version 2 or 3. Version 1, which is called qcow, has the same first bytes.

use super::capture::{Head, u32_be, u64_be};
use super::format::Format;
use super::headed::Headed;
use super::report::{CUT_SHORT, Check, Finding};

pub(super) fn inspector() -> Headed {
    Headed::new(Head::new(b"QFI\xfb", 0, KEPT), finding)
}

fn finding(head: &[u8], _: u64) -> Finding {
    let mut finding = Finding::new(Format::Qcow2);
    let (Some(version), Some(backing), Some(size), true) = (
        u32_be(head, 4),
        u64_be(head, 8),
        u64_be(head, 24),
        head.len() >= HEADER,
    ) else {
        finding.fault(Check::Header, CUT_SHORT);
        return finding;
    };
    finding.virtual_size = Some(size);
    finding.require(
        backing == 0,
        Check::BackingFile,
        "it is read on top of another file",
    );
    let features = match version {
        3 => u64_be(head, 72).unwrap_or_default(),
        _ => 0,
    };
    finding.require(
        features & DATA_FILE == 0,
        Check::DataFile,
        "its data is in another file",
    );
    finding.require(
        features & !KNOWN_FEATURES == 0,
        Check::UnknownFeatures,
        "it needs a feature that is not known",
    );
    finding.require(
        matches!(version, 2 | 3),
        Check::UnknownFeatures,
        "its version is neither 2 nor 3",
    );
    match names_data_file(head, version) {
        Some(false) => {}
        Some(true) => finding.fault(Check::DataFile, "a header extension names a data file"),
        None => finding.fault(Check::Header, "its header extensions do not end"),
    }
    finding
}

/// Whether a header extension names a file with the data: another version of QEMU may read it
/// without the feature. `None` where the extensions cannot be followed to their end.
fn names_data_file(head: &[u8], version: u32) -> Option<bool> {
    let start = match version {
        3 => u32_be(head, 100)?.max(HEADER_V3),
        _ => HEADER_V2,
    };
    // They end with the first cluster, which has 512 bytes to 2 MiB.
    let end = match u32_be(head, 20)? {
        bits @ 9..=21 => 1_usize << bits,
        _ => KEPT,
    };
    let mut at = usize::try_from(start).ok()?;
    while at < end {
        let kind = u32_be(head, at)?;
        match kind {
            END => return Some(false),
            DATA_FILE_NAME => return Some(true),
            _ => {}
        }
        let length = usize::try_from(u32_be(head, at + 4)?).ok()?;
        at = at
            .checked_add(8)?
            .checked_add(length.checked_next_multiple_of(8)?)?;
    }
    (at <= end).then_some(false)
}

/// Without these bytes, nothing of the header is believed.
const HEADER: usize = 512;

/// How much of the first cluster is looked at; the extensions take a few hundred bytes of it.
const KEPT: usize = 64 << 10;

/// Bytes of the header of version 2, and the fewest of version 3.
const HEADER_V2: u32 = 72;
const HEADER_V3: u32 = 104;

/// Bits of the incompatible features: dirty, corrupt, external data file, kind of compression.
const DATA_FILE: u64 = 1 << 2;
const KNOWN_FEATURES: u64 = 0b1111;

/// Kinds of header extensions.
const END: u32 = 0;
const DATA_FILE_NAME: u32 = 0x4441_5441;
