//! VMDK: a sparse disk with a descriptor in it, or a descriptor alone.

mod descriptor;
mod sparse;
mod text;

use std::ops::Range;

use self::sparse::Sparse;
use self::text::Text;
use super::capture::Region;
use super::engine::Inspector;
use super::format::Format;
use super::report::{Check, Finding};

#[derive(Debug)]
pub(super) struct Vmdk {
    head: Region,
    form: Form,
}

/// What kind of VMDK the first bytes promise.
#[derive(Debug)]
enum Form {
    /// They have not all come.
    Unknown,
    /// A sparse disk.
    Sparse(Sparse),
    /// Text that may be a descriptor.
    Text(Text),
    /// ESX's older sparse disk: nobody here reads it, but QEMU does.
    CopyOnWrite,
    /// No VMDK.
    Other,
}

impl Vmdk {
    pub(super) fn new() -> Self {
        Self {
            head: Region::new(0, HEAD),
            form: Form::Unknown,
        }
    }
}

impl Inspector for Vmdk {
    fn feed(&mut self, at: u64, chunk: &[u8]) {
        if let Form::Unknown = self.form {
            self.head.feed(at, chunk);
            if self.head.is_complete() {
                self.form = Form::of(self.head.bytes());
            }
            // What comes before the rest of this chunk is in the head.
            if let Form::Text(text) = &mut self.form {
                text.feed(0, self.head.bytes());
            }
        }
        match &mut self.form {
            Form::Sparse(sparse) => sparse.feed(at, chunk),
            Form::Text(text) => text.feed(at, chunk),
            Form::Unknown | Form::CopyOnWrite | Form::Other => {}
        }
    }

    fn wanted(&self, size: u64) -> Option<Range<u64>> {
        match &self.form {
            Form::Unknown => self.head.wanted(size),
            Form::Sparse(sparse) => sparse.wanted(size),
            Form::Text(text) => text.wanted(size),
            Form::CopyOnWrite | Form::Other => None,
        }
    }

    fn finding(&self, size: u64) -> Option<Finding> {
        let mut finding = Finding::new(Format::Vmdk);
        match &self.form {
            Form::Sparse(sparse) => sparse.check(&mut finding, self.head.bytes(), size),
            Form::Text(text) if !text.is_descriptor(self.head.bytes()) => return None,
            Form::Text(_) => finding.fault(Check::Descriptor, ALONE),
            Form::CopyOnWrite => finding.fault(
                Check::Descriptor,
                "it is neither monolithicSparse nor streamOptimized",
            ),
            Form::Other => return None,
            Form::Unknown => match Form::of(self.head.bytes()) {
                Form::Sparse(_) | Form::CopyOnWrite => {
                    finding.fault(Check::Header, super::report::CUT_SHORT);
                }
                Form::Text(mut text) => {
                    text.feed(0, self.head.bytes());
                    if !text.is_descriptor(self.head.bytes()) {
                        return None;
                    }
                    finding.fault(Check::Descriptor, ALONE);
                }
                Form::Unknown | Form::Other => return None,
            },
        }
        Some(finding)
    }
}

impl Form {
    /// What data that begins so is.
    fn of(head: &[u8]) -> Self {
        if head.starts_with(b"KDMV") {
            return Self::Sparse(Sparse::new(head));
        }
        if head.starts_with(b"COWD") {
            return Self::CopyOnWrite;
        }
        match Text::begins(head) {
            true => Self::Text(Text::new()),
            false => Self::Other,
        }
    }
}

/// What the first bytes are told by.
const HEAD: usize = 512;

/// A descriptor alone is about data in other files, and an image is one.
const ALONE: &str = "it is a descriptor of other files";
