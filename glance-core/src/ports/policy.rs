//! May this caller do this?

use std::fmt;

use thiserror::Error;

use crate::domain::Caller;
use crate::domain::policy::{Action, Rule, Target, default_rule};

/// May this caller do this?
///
/// # Contract
///
/// * the answer depends on the arguments alone, and comes without I/O.
pub trait Policy: fmt::Debug + Send + Sync + 'static {
    /// Lets the caller act on the target, or not.
    fn check(&self, caller: &Caller, action: Action, target: &Target<'_>) -> Result<(), Denied>;
}

/// The caller may not do this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("you are not authorized to complete {action} action")]
pub struct Denied {
    /// What was to be done.
    pub action: Action,
}

/// Glance's own default rules.
#[derive(Debug)]
pub struct DefaultPolicy {
    /// In the order of [`Action::ALL`].
    rules: Vec<Rule>,
}

impl Default for DefaultPolicy {
    fn default() -> Self {
        Self {
            rules: Action::ALL.iter().copied().map(default_rule).collect(),
        }
    }
}

impl Policy for DefaultPolicy {
    fn check(&self, caller: &Caller, action: Action, target: &Target<'_>) -> Result<(), Denied> {
        // A fieldless enum: its discriminants are the positions in `ALL`.
        match self.rules.get(action as usize) {
            Some(rule) if rule.allows(caller, target) => Ok(()),
            _ => Err(Denied { action }),
        }
    }
}
