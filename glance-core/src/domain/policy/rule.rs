//! A rule: a boolean tree over who asks and what for.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::super::caller::Caller;
use super::credential::Credential;
use super::parse;
use super::target::Target;
use super::template::{Case, Empty, Template};

/// A rule of a policy, in the language of oslo.policy.
///
/// ```
/// use glance_core::domain::policy::Rule;
///
/// let rule: Rule = "role:member and project_id:%(owner)s or rule:admin".parse()?;
/// assert_eq!(rule.to_string(), "(role:member and project_id:%(owner)s) or rule:admin");
/// assert!("role admin".parse::<Rule>().is_err());
/// # Ok::<(), glance_core::domain::policy::RuleError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(super) node: Node<String>,
}

impl Rule {
    /// The older way to write rules: any of these lists, of each of which all checks.
    ///
    /// # Errors
    /// One of them is no check.
    pub fn of_lists<S: AsRef<str>>(lists: &[Vec<S>]) -> Result<Self, RuleError> {
        if lists.is_empty() {
            return Ok(Self { node: Node::Always });
        }
        let mut any = Vec::new();
        for list in lists.iter().filter(|list| !list.is_empty()) {
            let checks: Result<Vec<_>, _> = list
                .iter()
                .map(|check| parse::check(check.as_ref()))
                .collect();
            any.push(Node::all(checks?));
        }
        Ok(Self {
            node: Node::any(any),
        })
    }

    /// Either of two rules.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            node: Node::Any(vec![self.node, other.node]),
        }
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        parse::rule(text).map(|node| Self { node })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}

/// A part of a rule. Other rules are named, or linked once it is known which they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node<Name> {
    /// Every one of these.
    All(Vec<Self>),
    Always,
    /// One of these at least.
    Any(Vec<Self>),
    /// A word and a text are the same.
    Compare(Subject, Template),
    /// Another rule.
    Named(Name),
    Never,
    Not(Box<Self>),
    /// The caller holds a role.
    Role(Template),
}

/// What a text is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Credential(Credential, String),
    /// A literal as Python prints it, and as it was written.
    Literal(String, String),
    /// Something that no caller has.
    Unknown(String),
}

/// What comes out of a rule. Of what is not known, the opposite is not known either: a slip in a
/// rule lets nobody in, not even behind a `not`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Fails,
    Unknown,
}

impl Verdict {
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }

    /// Both, of which the other is looked at only if it matters.
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Holds => other(),
            Self::Fails => Self::Fails,
            Self::Unknown => match other() {
                Self::Fails => Self::Fails,
                Self::Holds | Self::Unknown => Self::Unknown,
            },
        }
    }

    fn not(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl<Name> Node<Name> {
    /// Every one of these.
    pub(super) fn all(mut nodes: Vec<Self>) -> Self {
        match nodes.len() {
            1 => nodes.remove(0),
            _ => Self::All(nodes),
        }
    }

    /// One of these at least; of none, never.
    pub(super) fn any(mut nodes: Vec<Self>) -> Self {
        match nodes.len() {
            0 => Self::Never,
            1 => nodes.remove(0),
            _ => Self::Any(nodes),
        }
    }

    /// What comes out for `caller` and `target`; `named` tells it of another rule.
    pub(super) fn judge(
        &self,
        caller: &Caller,
        target: &Target<'_>,
        named: &impl Fn(&Name) -> Verdict,
    ) -> Verdict {
        match self {
            Self::Always => Verdict::Holds,
            Self::Never => Verdict::Fails,
            Self::All(nodes) => nodes.iter().fold(Verdict::Holds, |so_far, node| {
                so_far.and(|| node.judge(caller, target, named))
            }),
            // One holds unless each of them does not.
            Self::Any(nodes) => nodes
                .iter()
                .fold(Verdict::Holds, |so_far, node| {
                    so_far.and(|| node.judge(caller, target, named).not())
                })
                .not(),
            Self::Not(node) => node.judge(caller, target, named).not(),
            Self::Named(name) => named(name),
            Self::Role(role) => Verdict::of(match role.constant() {
                Some(role) => caller.has_role(role),
                None => caller
                    .roles()
                    .any(|held| role.is(held, target, Empty::IsNone, Case::IsIgnored)),
            }),
            Self::Compare(subject, text) => subject.judge(caller, target, text),
        }
    }

    /// The same with other names of rules.
    pub(super) fn map<Other>(&self, named: &mut impl FnMut(&Name) -> Other) -> Node<Other> {
        let mut all = |nodes: &[Self]| nodes.iter().map(|node| node.map(named)).collect();
        match self {
            Self::All(nodes) => Node::All(all(nodes)),
            Self::Any(nodes) => Node::Any(all(nodes)),
            Self::Always => Node::Always,
            Self::Compare(subject, text) => Node::Compare(subject.clone(), text.clone()),
            Self::Named(name) => Node::Named(named(name)),
            Self::Never => Node::Never,
            Self::Not(node) => Node::Not(Box::new(node.map(named))),
            Self::Role(role) => Node::Role(role.clone()),
        }
    }

    /// The parts that it is made of.
    pub(super) fn parts(&self) -> &[Self] {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes,
            Self::Not(node) => std::slice::from_ref(node),
            Self::Always | Self::Compare(..) | Self::Named(_) | Self::Never | Self::Role(_) => &[],
        }
    }

    /// Itself and all that is in it.
    pub(super) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        for part in self.parts() {
            part.walk(visit);
        }
    }
}

impl Subject {
    fn judge(&self, caller: &Caller, target: &Target<'_>, text: &Template) -> Verdict {
        let is = |value: &str, empty| text.is(value, target, empty, Case::Counts);
        match self {
            Self::Credential(credential, _) => {
                Verdict::of(credential.any(caller, |value| match value {
                    Some(value) => is(value, Empty::IsNothing),
                    // Only the word itself: two who have nothing have nothing in common.
                    None => text.constant() == Some("None"),
                }))
            }
            Self::Literal(literal, _) => Verdict::of(is(literal, Empty::IsNone)),
            Self::Unknown(_) => Verdict::Unknown,
        }
    }
}

impl<Name: fmt::Display> fmt::Display for Node<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, nodes: &[Self], word: &str| {
            for (index, node) in nodes.iter().enumerate() {
                if index > 0 {
                    f.write_str(word)?;
                }
                node.fmt_inside(f)?;
            }
            Ok(())
        };
        match self {
            Self::All(nodes) => joined(f, nodes, " and "),
            Self::Any(nodes) => joined(f, nodes, " or "),
            Self::Always => f.write_str("@"),
            Self::Compare(subject, text) => write!(f, "{subject}:{text}"),
            Self::Named(name) => write!(f, "rule:{name}"),
            Self::Never => f.write_str("!"),
            Self::Not(node) => {
                f.write_str("not ")?;
                node.fmt_inside(f)
            }
            Self::Role(role) => write!(f, "role:{role}"),
        }
    }
}

impl<Name: fmt::Display> Node<Name> {
    fn fmt_inside(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(_) | Self::Any(_) => write!(f, "({self})"),
            _ => write!(f, "{self}"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(_, written) | Self::Literal(_, written) | Self::Unknown(written) => {
                f.write_str(written)
            }
        }
    }
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A bracket that nothing opened or closed.
    #[error("a bracket has no counterpart")]
    Bracket,
    /// A fact of the target that is no text.
    #[error("`%({name})s` is no text that could be compared")]
    Incomparable {
        /// Its name.
        name: String,
    },
    /// A literal that only Python can read.
    #[error(
        "`{text}` is no literal that this version reads: texts in quotes, whole numbers, `True`, \
         `False` and `None`"
    )]
    Literal {
        /// What was written.
        text: String,
    },
    /// It goes on where it should end.
    #[error("`{text}` stands where `and`, `or` or the end is expected")]
    Operator {
        /// What stands there.
        text: String,
    },
    /// It ends, or an operator comes, where a check should be.
    #[error("a check is missing, such as `role:admin`")]
    NoCheck,
    /// Checks that ask another service.
    #[error(
        "`{text}` asks another service, which this version does not do: write the rule with \
         `role:`, `rule:` and attributes of the token"
    )]
    Remote {
        /// What was written.
        text: String,
    },
    /// Text in `%` notation that says nothing.
    #[error("`{text}` has a `%` that is neither `%(name)s` nor `%%`")]
    Template {
        /// What was written.
        text: String,
    },
    /// Brackets in brackets in brackets.
    #[error("it is nested too deeply")]
    TooDeep,
    /// A word that is no check.
    #[error("`{text}` is no check: expected `@`, `!` or two parts with `:` between them")]
    Word {
        /// What was written.
        text: String,
    },
}
