//! QED: refused, whatever is in it, for nobody maintains what reads it.

use super::capture::Head;
use super::format::Format;
use super::headed::Headed;
use super::report::{Check, Finding};

pub(super) fn inspector() -> Headed {
    Headed::new(Head::new(b"QED\0", 0, 4), finding)
}

fn finding(_: &[u8], size: u64) -> Finding {
    let mut finding = Finding::new(Format::Qed);
    finding.virtual_size = Some(size);
    finding.fault(Check::Banned, "this format is not accepted");
    finding
}
