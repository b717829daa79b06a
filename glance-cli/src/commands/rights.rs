//! Who may do what, as a configuration has it.

use std::sync::Arc;

use glance_core::domain::policy::Protections;

use super::operator::OperatorError;
use crate::config::Config;
use crate::policy::{Keeper, PolicyFiles, protection};

/// What decides who may do what.
#[derive(Debug)]
pub(super) struct Rights {
    pub(super) policy: Keeper,
    pub(super) protections: Option<Arc<Protections>>,
    /// What the operator should know of it.
    pub(super) doubts: Vec<String>,
}

impl Rights {
    /// Reads all of it.
    ///
    /// # Errors
    ///
    /// A file is not there, or broken.
    pub(super) fn read(config: &Config) -> Result<Self, OperatorError> {
        let (files, protections) = files(config)?;
        let (policy, mut doubts) = Keeper::start(files)?;
        if let Some(protections) = &protections {
            doubts.extend(protections.empty().map(|(section, operation)| {
                format!("nothing says who may {operation} properties of `[{section}]`: nobody")
            }));
        }
        Ok(Self {
            policy,
            protections: protections.map(Arc::new),
            doubts,
        })
    }

    /// Logs what the operator should know.
    pub(super) fn warn(&self) {
        crate::policy::warn(&self.doubts);
    }
}

/// The policy files of a configuration, and what protects properties.
///
/// # Errors
///
/// Properties are to be protected, and cannot be.
pub(super) fn files(config: &Config) -> Result<(PolicyFiles, Option<Protections>), OperatorError> {
    let files = PolicyFiles::new(&config.policy);
    match &config.protection {
        Some(protection) => {
            let protections = protection::load(protection)?;
            Ok((files.protecting(&protections), Some(protections)))
        }
        None => Ok((files, None)),
    }
}
