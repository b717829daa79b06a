//! Formats by declaration: no bytes tell them.

use super::format::Format;

/// Whether data without the bytes of any format may be called this: the parts of an Amazon machine
/// (`ami`, `aki`, `ari`: a file system, a kernel and its first disk), `ploop`, and whatever an
/// operator adds to `disk_formats`. For all of them, data that does have a format is refused.
pub(super) fn is_declared(disk_format: &str) -> bool {
    Format::named(disk_format).is_none()
}
