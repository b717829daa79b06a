//! VDI, of VirtualBox.

use std::ops::Range;

use super::capture::{Head, is_set, u32_le, u64_le};
use super::format::Format;
use super::headed::Headed;
use super::report::{CUT_SHORT, Check, Finding};

pub(super) fn inspector() -> Headed {
    Headed::new(Head::new(&SIGNATURE, 64, HEADER), finding)
}

fn finding(head: &[u8], _: u64) -> Finding {
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
