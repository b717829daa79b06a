//! Who may do what, by default: Glance's own rules (spec/policy.md §3).

mod action;
mod defaults;
mod rule;

pub use self::action::Action;
pub use self::defaults::default_rule;
pub use self::rule::{Rule, Target};
