//! The gate: whether data may become the data of an image. Every way into the service leads
//! through [`Image::accept`] (rules R1 and R2; spec/formats.md §4 and §5).

use thiserror::Error;

use super::super::image::Image;
use super::declared::is_declared;
use super::format::Format;
use super::report::{Fault, Finding, Report};

/// How strict the gate is. The default is as strict as can be, as in upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectionRules {
    /// Whether data has to be of the format that its image is said to have:
    /// `require_image_format_match`. Unsafe data is refused in any case.
    pub require_match: bool,
    /// Names of checks that a table of partitions may fail: `gpt_safety_checks_nonfatal`.
    pub gpt_nonfatal: Vec<String>,
}

impl Default for InspectionRules {
    fn default() -> Self {
        Self {
            require_match: true,
            gpt_nonfatal: Vec::new(),
        }
    }
}

/// What is to be known of data that was accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// Bytes of the disk that it holds; `None` where that is not known, or nothing.
    pub virtual_size: Option<u64>,
    /// What it was accepted in spite of, because the rules say so.
    pub tolerated: Vec<Rejected>,
}

/// Why data is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Rejected {
    /// It can be read as one thing or another.
    #[error("multiple formats detected in the image data: {}", names(formats))]
    Ambiguous {
        /// As which.
        formats: Vec<Format>,
    },
    /// It is not what it is said to be.
    #[error("image disk_format {declared} does not match stream data {detected}")]
    Mismatch {
        /// What it is said to be.
        declared: String,
        /// What it is.
        detected: Format,
    },
    /// Whoever opened it would be in danger.
    #[error("image failed safety checks as {format}: {}", reasons(faults))]
    Unsafe {
        /// What it is.
        format: Format,
        /// What is wrong.
        faults: Vec<Fault>,
    },
}

impl Image {
    /// Whether data with this report may become this image's.
    ///
    /// Only what no container wraps is held against the format; of a container, nothing is known
    /// here (upstream).
    ///
    /// # Errors
    /// It has several formats, another one than the image is said to have, or is unsafe.
    pub fn accept(&self, report: &Report, rules: &InspectionRules) -> Result<Accepted, Rejected> {
        let container = self.container_format.as_ref();
        if container.is_some_and(|container| container.as_str() != BARE) {
            return Ok(Accepted::default());
        }
        let declared = self.disk_format.as_ref();
        report.accept_as(
            declared.map_or(Format::Raw.as_str(), |format| format.as_str()),
            rules,
        )
    }
}

impl Report {
    /// Whether data that no container wraps may be a disk of this format.
    ///
    /// # Errors
    /// It has several formats, another one, or is unsafe.
    pub fn accept_as(&self, declared: &str, rules: &InspectionRules) -> Result<Accepted, Rejected> {
        let mut accepted = Accepted::default();
        let judged = match fitting(self, declared) {
            Ok(finding) => {
                accepted.virtual_size = match declared == Format::Raw.as_str() {
                    true => Some(self.size),
                    false if is_declared(declared) => None,
                    false => finding.virtual_size,
                };
                std::slice::from_ref(finding)
            }
            Err(rejected) if rules.require_match => return Err(rejected),
            Err(rejected) => {
                accepted.tolerated.push(rejected);
                self.findings.as_slice()
            }
        };
        for finding in judged {
            accepted.tolerated.extend(finding.tolerated(rules)?);
        }
        accepted.virtual_size = accepted.virtual_size.filter(|size| *size > 0);
        Ok(accepted)
    }
}

/// The finding that the data is to be taken for, if it is what it is said to be. What is said to be
/// raw may be anything: it is not interpreted.
fn fitting<'r>(report: &'r Report, declared: &str) -> Result<&'r Finding, Rejected> {
    let find = |format| {
        report
            .findings
            .iter()
            .find(|finding| finding.format == format)
    };
    let finding = match report.findings.as_slice() {
        [finding] => Some(finding),
        // What starts from a disk and from a disc has the one before the other.
        [_, _] if declared == Format::Iso.as_str() => {
            find(Format::Iso).filter(|_| find(Format::Gpt).is_some())
        }
        _ => None,
    };
    let Some(finding) = finding else {
        return Err(Rejected::Ambiguous {
            formats: report.formats(),
        });
    };
    let fits = declared == Format::Raw.as_str()
        || declared == finding.format.as_str()
        || (finding.format == Format::Raw && is_declared(declared));
    match fits {
        true => Ok(finding),
        false => Err(Rejected::Mismatch {
            declared: declared.to_owned(),
            detected: finding.format,
        }),
    }
}

impl Finding {
    /// The faults that do not count, if there are no others.
    fn tolerated(&self, rules: &InspectionRules) -> Result<Option<Rejected>, Rejected> {
        if self.faults.is_empty() {
            return Ok(None);
        }
        let is_nonfatal = |fault: &Fault| {
            let name = fault.check.as_str();
            self.format == Format::Gpt && rules.gpt_nonfatal.iter().any(|known| known == name)
        };
        let rejected = Rejected::Unsafe {
            format: self.format,
            faults: self.faults.clone(),
        };
        match self.faults.iter().all(is_nonfatal) {
            true => Ok(Some(rejected)),
            false => Err(rejected),
        }
    }
}

fn names(formats: &[Format]) -> String {
    let names: Vec<&str> = formats.iter().map(|format| format.as_str()).collect();
    names.join(", ")
}

fn reasons(faults: &[Fault]) -> String {
    let reasons: Vec<&str> = faults.iter().map(|fault| fault.reason).collect();
    reasons.join("; ")
}

/// The container that is none.
const BARE: &str = "bare";
