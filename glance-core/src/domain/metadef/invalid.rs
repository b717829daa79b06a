//! What is wrong with a definition, and where.

use std::fmt;

use thiserror::Error;

use super::super::text::InvalidText;

/// A definition that cannot be taken: what is wrong, and where in the document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct InvalidDefinition {
    /// The way to it from the top of the document, one step after the other.
    pub path: Vec<String>,
    /// What is wrong there.
    pub fault: DefinitionFault,
}

impl InvalidDefinition {
    /// The same, seen from one step further out.
    pub(super) fn within(mut self, step: &str) -> Self {
        self.path
            .insert(0, step.chars().take(LONGEST_STEP).collect());
        self
    }
}

impl fmt::Display for InvalidDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.is_empty() {
            true => write!(f, "it {}", self.fault),
            false => write!(f, "{} {}", self.path.join("."), self.fault),
        }
    }
}

impl From<DefinitionFault> for InvalidDefinition {
    fn from(fault: DefinitionFault) -> Self {
        Self {
            path: Vec::new(),
            fault,
        }
    }
}

/// What is wrong with a part of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DefinitionFault {
    /// The name of another thing of the kind.
    #[error("is there twice")]
    Duplicate,
    /// A text is not one of those that have a meaning.
    #[error("is not one of {known}")]
    Meaning {
        /// Those that have.
        known: String,
    },
    /// It is something else.
    #[error("must be {expected}")]
    Mismatch {
        /// What it is to be.
        expected: &'static str,
    },
    /// It has to be there.
    #[error("is a required property")]
    Missing,
    /// A text that cannot be stored.
    #[error("is refused: {0}")]
    Text(InvalidText),
    /// It is more than a column holds.
    #[error("takes {bytes} bytes as JSON, and at most {max} can be stored")]
    TooLong {
        /// How many it takes.
        bytes: usize,
        /// How many there may be.
        max: usize,
    },
    /// Nothing of this name is known there.
    #[error("is not known: use {}", known.join(", "))]
    Unknown {
        /// What is.
        known: Vec<&'static str>,
    },
}

/// How much of a name is repeated in errors.
const LONGEST_STEP: usize = 80;
