//! Raw: what no other format claims. Nothing in it can refer to another file.

use super::format::Format;
use super::report::Finding;

/// What there is to say of raw data: its disk is its bytes.
pub(super) fn finding(size: u64) -> Finding {
    Finding {
        virtual_size: Some(size),
        ..Finding::new(Format::Raw)
    }
}
