//! Who may do what: the language of oslo.policy, and Glance's own rules in it (spec/policy.md).

mod action;
mod credential;
mod defaults;
mod explain;
mod parse;
mod protection;
mod rule;
mod rules;
mod target;
mod template;

pub use self::action::Action;
pub use self::explain::{Explanation, Step};
pub use self::protection::{PropertyUse, ProtectionError, ProtectionFormat, Protections, Section};
pub use self::rule::{Rule, RuleError};
pub use self::rules::{PolicyError, PolicyOptions, PolicyWarning, RuleInForce, Rules};
pub use self::target::Target;
