//! Why a caller may do something, or may not.

use std::fmt;

use super::super::caller::Caller;
use super::rule::{Node, Verdict};
use super::rules::{Link, Rules};
use super::target::Target;

/// Why a caller may do something, or may not: each part of the rule, and what came out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether the caller may.
    pub allowed: bool,
    /// The parts, in the order of the rule.
    pub steps: Vec<Step>,
}

/// A part of a rule, and what came out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// How deep it is inside other parts.
    pub depth: usize,
    /// The part as text.
    pub text: String,
    /// What came out of it; `None` where it cannot be told, because a rule or a credential is not
    /// known.
    pub holds: Option<bool>,
}

impl Rules {
    /// Why `caller` passes the rule of this name on `target`, or does not; `None` where there is
    /// no such rule.
    pub fn explain(&self, caller: &Caller, rule: &str, target: &Target<'_>) -> Option<Explanation> {
        let rule = self.rules.get(self.position(rule)?)?;
        let mut steps = Vec::new();
        let in_scope = self.is_in_scope(rule, caller);
        if !in_scope {
            steps.push(Step {
                depth: 0,
                text: "the token is for a project, not for the system or a domain".to_owned(),
                holds: Some(false),
            });
        }
        let mut verdict = self.describe(&rule.node, caller, target, 0, &mut steps);
        if let Some(ownership) = self.ownership(&rule.name) {
            let owns = self.describe(ownership, caller, target, 0, &mut steps);
            if owns != Verdict::Holds {
                verdict = owns;
            }
        }
        Some(Explanation {
            allowed: in_scope && verdict == Verdict::Holds,
            steps,
        })
    }

    fn describe(
        &self,
        node: &Node<Link>,
        caller: &Caller,
        target: &Target<'_>,
        depth: usize,
        steps: &mut Vec<Step>,
    ) -> Verdict {
        let verdict = self.judge(node, caller, target);
        steps.push(Step {
            depth,
            text: node.to_string(),
            holds: match verdict {
                Verdict::Holds => Some(true),
                Verdict::Fails => Some(false),
                Verdict::Unknown => None,
            },
        });
        for part in node.parts() {
            self.describe(part, caller, target, depth + 1, steps);
        }
        if let Node::Named(link) = node
            && let Some(rule) = link.position.and_then(|position| self.rules.get(position))
        {
            self.describe(&rule.node, caller, target, depth + 1, steps);
        }
        verdict
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            let line_end = if index == 0 { "" } else { "\n" };
            let verdict = match step.holds {
                Some(true) => "yes",
                Some(false) => "no",
                None => "unknown",
            };
            let indent = step.depth * 2;
            write!(f, "{line_end}{:indent$}{verdict:<8}{}", "", step.text)?;
        }
        Ok(())
    }
}
