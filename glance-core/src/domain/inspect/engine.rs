//! The inspection: all inspectors over one stream.

use std::fmt;
use std::ops::Range;

use super::format::Format;
use super::gpt::Gpt;
use super::iso::Iso;
use super::report::{Finding, Report};
use super::vhd::Vhd;
use super::vhdx::Vhdx;
use super::vmdk::Vmdk;
use super::{luks, qcow2, qed, raw, vdi};

/// Looks for one format.
pub(super) trait Inspector: fmt::Debug + Send + Sync {
    /// Looks at the bytes that stand at `at`. Chunks come in order; some may be left out.
    fn feed(&mut self, at: u64, chunk: &[u8]);

    /// The next bytes that it wants of data of `size` bytes.
    fn wanted(&self, size: u64) -> Option<Range<u64>>;

    /// What it found in data that ended at `size`; `None` where it has another format.
    fn finding(&self, size: u64) -> Option<Finding>;
}

/// Data that is being looked at.
#[derive(Debug)]
pub struct Inspection {
    inspectors: Vec<Box<dyn Inspector>>,
    position: u64,
}

impl Inspection {
    /// An inspection for all formats.
    pub fn new() -> Self {
        Self::of(&Format::ALL)
    }

    /// An inspection for some formats alone: for tests of one inspector.
    pub fn of(formats: &[Format]) -> Self {
        Self {
            inspectors: formats.iter().copied().filter_map(inspector).collect(),
            position: 0,
        }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, chunk: &[u8]) {
        for inspector in &mut self.inspectors {
            inspector.feed(self.position, chunk);
        }
        self.position = self.position.saturating_add(chunk.len() as u64);
    }

    /// Passes over bytes that nobody looks at. What an inspector wanted of them it counts as cut
    /// short.
    pub fn skip(&mut self, bytes: u64) {
        self.position = self.position.saturating_add(bytes);
    }

    /// The next bytes that are wanted of data of `size` bytes, for those who can read it in pieces:
    /// all before them may be [skipped](Self::skip). `None` where the rest may be.
    pub fn wanted(&self, size: u64) -> Option<Range<u64>> {
        let all = self.inspectors.iter();
        all.filter_map(|inspector| inspector.wanted(size))
            .filter(|wanted| wanted.start >= self.position)
            .min_by_key(|wanted| wanted.start)
    }

    /// How many bytes came, those included that were skipped.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Ends it: the data is whole.
    pub fn finish(self) -> Report {
        let size = self.position;
        let found = self.inspectors.iter();
        let found = found.filter_map(|inspector| inspector.finding(size));
        let mut findings: Vec<Finding> = found.map(Finding::bounded).collect();
        if findings.is_empty() {
            findings.push(raw::finding(size));
        }
        Report { size, findings }
    }
}

impl Default for Inspection {
    fn default() -> Self {
        Self::new()
    }
}

fn inspector(format: Format) -> Option<Box<dyn Inspector>> {
    Some(match format {
        Format::Gpt => Box::new(Gpt::new()),
        Format::Iso => Box::new(Iso::new()),
        Format::Luks => Box::new(luks::inspector()),
        Format::Qcow2 => Box::new(qcow2::inspector()),
        Format::Qed => Box::new(qed::inspector()),
        // What is left when all others found nothing.
        Format::Raw => return None,
        Format::Vdi => Box::new(vdi::inspector()),
        Format::Vhd => Box::new(Vhd::new()),
        Format::Vhdx => Box::new(Vhdx::new()),
        Format::Vmdk => Box::new(Vmdk::new()),
    })
}
