//! What image data is: bytes in, verdict out (rules R1 and R2; spec/formats.md).
//!
//! An [`Inspection`] is fed the data in chunks of any size, on its way to a store or out of a file.
//! It keeps less than 512 KiB of it, never fails, and ends in a [`Report`]: which formats the bytes
//! match, how large the disk in them is, and what makes them unsafe. Whatever an inspector cannot
//! decode is a fault of that format. [`Image::accept`](crate::domain::Image::accept) then holds the
//! report against what the image is said to be.
//!
//! ```
//! use glance_core::domain::inspect::{Format, Inspection};
//!
//! let mut inspection = Inspection::new();
//! inspection.feed(b"QFI\xfb and then ");
//! inspection.feed(b"far too little");
//! let report = inspection.finish();
//!
//! assert_eq!(report.formats(), [Format::Qcow2]);
//! assert!(report.faults().any(|fault| fault.reason == "the header is cut short"));
//! ```

mod capture;
mod declared;
mod engine;
mod format;
mod gate;
mod gpt;
mod headed;
mod iso;
mod luks;
mod qcow2;
mod qed;
mod raw;
mod report;
mod vdi;
mod vhd;
mod vhdx;
mod vmdk;

pub use self::engine::Inspection;
pub use self::format::Format;
pub use self::gate::{Accepted, InspectionRules, Rejected};
pub use self::report::{Check, Fault, Finding, Report};
