//! May this caller do this?

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use thiserror::Error;

use crate::domain::Caller;
use crate::domain::policy::{Action, Rules, Target};

/// May this caller do this?
///
/// # Contract
///
/// * the answer depends on the arguments alone, and on the policy in force; it comes without I/O.
pub trait Policy: fmt::Debug + Send + Sync + 'static {
    /// Lets the caller act on the target, or not.
    fn check(&self, caller: &Caller, action: Action, target: &Target<'_>) -> Result<(), Denied>;

    /// Whether the caller is an administrator: one who sees every image, and is bound by no owner.
    fn is_admin(&self, caller: &Caller) -> bool;

    /// Whether a rule that goes by this name lets the caller pass, on nothing in particular. None
    /// does where there is none: property protections may name rules.
    fn holds(&self, caller: &Caller, rule: &str) -> bool;
}

/// The caller may not do this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("you are not authorized to complete {action} action")]
pub struct Denied {
    /// What was to be done.
    pub action: Action,
}

impl Policy for Rules {
    fn check(&self, caller: &Caller, action: Action, target: &Target<'_>) -> Result<(), Denied> {
        match self.allows(caller, action, target) {
            true => Ok(()),
            false => Err(Denied { action }),
        }
    }

    fn is_admin(&self, caller: &Caller) -> bool {
        self.is_admin(caller)
    }

    fn holds(&self, caller: &Caller, rule: &str) -> bool {
        self.holds(caller, rule)
    }
}

/// Rules that others can take the place of, while requests are judged by them.
#[derive(Debug)]
pub struct ReplaceableRules {
    rules: RwLock<Arc<Rules>>,
}

impl ReplaceableRules {
    /// These rules, for the time being.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules: RwLock::new(Arc::new(rules)),
        }
    }

    /// Puts other rules in force, from the next question on.
    pub fn replace(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// The rules in force.
    pub fn current(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Policy for ReplaceableRules {
    fn check(&self, caller: &Caller, action: Action, target: &Target<'_>) -> Result<(), Denied> {
        self.current().check(caller, action, target)
    }

    fn is_admin(&self, caller: &Caller) -> bool {
        self.current().is_admin(caller)
    }

    fn holds(&self, caller: &Caller, rule: &str) -> bool {
        self.current().holds(caller, rule)
    }
}
