//! Who may do what, as a configuration has it.

use super::operator::OperatorError;
use crate::config::Config;
use crate::policy::{Keeper, PolicyFiles};

/// What decides who may do what.
#[derive(Debug)]
pub(super) struct Rights {
    pub(super) policy: Keeper,
    /// What the operator should know of it.
    pub(super) doubts: Vec<String>,
}

impl Rights {
    /// Reads all of it.
    ///
    /// # Errors
    ///
    /// A file is broken.
    pub(super) fn read(config: &Config) -> Result<Self, OperatorError> {
        let (policy, doubts) = Keeper::start(PolicyFiles::new(&config.policy))?;
        Ok(Self { policy, doubts })
    }

    /// Logs what the operator should know.
    pub(super) fn warn(&self) {
        crate::policy::warn(&self.doubts);
    }
}
