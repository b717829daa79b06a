//! LUKS. Of version 2, nobody here can tell what its JSON asks for: it is refused (upstream).

use super::capture::{Head, SECTOR, u16_be, u32_be};
use super::format::Format;
use super::headed::Headed;
use super::report::{CUT_SHORT, Check, Finding};

pub(super) fn inspector() -> Headed {
    Headed::new(Head::new(b"LUKS\xba\xbe", 0, HEADER), finding)
}

fn finding(head: &[u8], size: u64) -> Finding {
    let mut finding = Finding::new(Format::Luks);
    let (Some(version), Some(payload), true) =
        (u16_be(head, 6), u32_be(head, 104), head.len() >= HEADER)
    else {
        finding.fault(Check::Header, CUT_SHORT);
        return finding;
    };
    if version == 1 {
        finding.virtual_size = size.checked_sub(u64::from(payload) * SECTOR);
    } else {
        finding.fault(Check::Version, "its version is not 1");
    }
    finding
}

const HEADER: usize = 592;
