//! What an inspection found.

use std::fmt;

use super::format::Format;

/// What data was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Bytes of the data.
    pub size: u64,
    /// The formats whose bytes it has, each with what was found: one at least, for what has none is
    /// raw.
    pub findings: Vec<Finding>,
}

/// One format that data has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub format: Format,
    /// Bytes of the disk in it, if that can be told.
    pub virtual_size: Option<u64>,
    /// What makes it unsafe.
    pub faults: Vec<Fault>,
}

/// Why data is unsafe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The check that it failed.
    pub check: Check,
    /// What is wrong, as a clause.
    pub reason: &'static str,
}

/// What is checked. Most names are upstream's, for `gpt_safety_checks_nonfatal` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// No other file is read below the disk.
    BackingFile,
    /// The format is accepted at all.
    Banned,
    /// The disk's data is in no other file.
    DataFile,
    /// The text in a VMDK says what it may.
    Descriptor,
    /// The end of a VMDK is like its start.
    Footer,
    /// The header can be read, and makes sense.
    Header,
    /// The table of partitions makes sense.
    Mbr,
    /// The disk is no difference from another one.
    Parent,
    /// No feature is needed that nobody here knows.
    UnknownFeatures,
    /// The version is known.
    Version,
    /// The disk is as large as a disk can be.
    VirtualSize,
}

impl Check {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BackingFile => "backing_file",
            Self::Banned => "banned",
            Self::DataFile => "data_file",
            Self::Descriptor => "descriptor",
            Self::Footer => "footer",
            Self::Header => "header",
            Self::Mbr => "mbr",
            Self::Parent => "parent",
            Self::UnknownFeatures => "unknown_features",
            Self::Version => "version",
            Self::VirtualSize => "virtual_size",
        }
    }
}

impl Report {
    /// The formats that the data has.
    pub fn formats(&self) -> Vec<Format> {
        self.findings.iter().map(|finding| finding.format).collect()
    }

    /// All that makes it unsafe, in whatever format.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.findings.iter().flat_map(|finding| &finding.faults)
    }

    /// Bytes of the disk that the data holds: known where it has one format.
    pub fn virtual_size(&self) -> Option<u64> {
        match self.findings.as_slice() {
            [finding] => finding.virtual_size,
            _ => None,
        }
    }
}

impl Finding {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            virtual_size: None,
            faults: Vec::new(),
        }
    }

    pub(super) fn fault(&mut self, check: Check, reason: &'static str) {
        self.faults.push(Fault { check, reason });
    }

    /// The fault, unless it holds.
    pub(super) fn require(&mut self, holds: bool, check: Check, reason: &'static str) {
        if !holds {
            self.fault(check, reason);
        }
    }

    /// No database keeps a larger number, and no disk is that large.
    pub(super) fn bounded(mut self) -> Self {
        if self.virtual_size.is_some_and(|size| size > MAX_VIRTUAL) {
            self.virtual_size = None;
            self.fault(
                Check::VirtualSize,
                "the disk is said to have 2^63 bytes or more",
            );
        }
        self
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.check)
    }
}

/// The largest size of a disk.
pub(super) const MAX_VIRTUAL: u64 = i64::MAX as u64;

/// Of data that ends before the header does.
pub(super) const CUT_SHORT: &str = "the header is cut short";
