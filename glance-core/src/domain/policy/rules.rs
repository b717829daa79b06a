//! A whole policy: every rule, linked to those it refers to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

use super::super::caller::Caller;
use super::action::Action;
use super::defaults::{ADMINISTRATOR, DEFAULTS, DefaultRule, ownership};
use super::rule::{Node, Rule, Subject, Verdict};
use super::target::Target;

/// How defaults are enforced: `[oslo_policy]` of Glance's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyOptions {
    /// Whether the defaults of today hold alone, without those of before 2021, which let everybody
    /// do what code did not forbid: `enforce_new_defaults`.
    pub new_defaults: bool,
    /// Whether a token for the system or for a domain passes no rule about projects:
    /// `enforce_scope`.
    pub scope: bool,
}

impl Default for PolicyOptions {
    fn default() -> Self {
        Self {
            new_defaults: true,
            scope: true,
        }
    }
}

/// A whole policy: the defaults, and what stands over them. The default is Glance's own.
///
/// ```
/// use glance_core::domain::Caller;
/// use glance_core::domain::policy::{Action, PolicyOptions, Rules, Target};
///
/// let over = [("publicize_image".to_owned(), "role:librarian".parse()?)];
/// let (rules, warnings) = Rules::new(over, PolicyOptions::default())?;
///
/// assert!(warnings.is_empty());
/// let librarian = Caller::anonymous().with_roles(["librarian"]);
/// assert!(rules.allows(&librarian, Action::PublicizeImage, &Target::own(&librarian)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Rules {
    /// Sorted by name.
    pub(super) rules: Vec<Linked>,
    /// Where the rule of each action stands, in the order of [`Action::ALL`].
    actions: Vec<Permission>,
    administrator: Option<usize>,
    options: PolicyOptions,
}

/// A rule, linked to those it refers to.
#[derive(Debug)]
pub(super) struct Linked {
    pub(super) name: String,
    pub(super) node: Node<Link>,
    default: Option<&'static DefaultRule>,
    is_default: bool,
}

/// Another rule, and where it stands; nowhere, if there is none of the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) position: Option<usize>,
}

#[derive(Debug)]
struct Permission {
    rule: Option<usize>,
    /// What has to hold besides.
    ownership: Option<Node<Link>>,
}

impl Rules {
    /// The policy in which `over` stands over the defaults: of one name, the last.
    ///
    /// # Errors
    /// Rules that refer to themselves.
    pub fn new(
        over: impl IntoIterator<Item = (String, Rule)>,
        options: PolicyOptions,
    ) -> Result<(Self, Vec<PolicyWarning>), PolicyError> {
        let mut written: BTreeMap<String, Rule> = over.into_iter().collect();
        let custom: BTreeSet<String> = written.keys().cloned().collect();
        for default in DEFAULTS {
            if !custom.contains(default.name) {
                written.insert(default.name.to_owned(), default.rule(options)?);
            }
        }
        let warnings = warnings(&written, &custom);
        let names: Vec<String> = written.keys().cloned().collect();
        let link = |name: &String| Link {
            name: name.clone(),
            position: names.binary_search(name).ok(),
        };
        let rules: Vec<Linked> = written
            .into_iter()
            .map(|(name, rule)| Linked {
                node: rule.node.map(&mut |name| link(name)),
                default: DEFAULTS.iter().find(|default| default.name == name),
                is_default: !custom.contains(&name),
                name,
            })
            .collect();
        check_cycles(&rules)?;
        let mut actions = Vec::new();
        for action in Action::ALL {
            let ownership = match ownership(*action).filter(|_| !options.new_defaults) {
                Some(text) => Some(
                    read(action.as_str(), text)?
                        .node
                        .map(&mut |name| link(name)),
                ),
                None => None,
            };
            actions.push(Permission {
                rule: link(&action.as_str().to_owned()).position,
                ownership,
            });
        }
        let administrator = link(&ADMINISTRATOR.to_owned()).position;
        let policy = Self {
            rules,
            actions,
            administrator,
            options,
        };
        Ok((policy, warnings))
    }

    /// Whether `caller` may do `action` to `target`.
    pub fn allows(&self, caller: &Caller, action: Action, target: &Target<'_>) -> bool {
        // A fieldless enum: its discriminants are the positions in `ALL`.
        self.actions.get(action as usize).is_some_and(|permission| {
            self.passes(permission.rule, caller, target)
                && permission
                    .ownership
                    .as_ref()
                    .is_none_or(|node| self.judge(node, caller, target) == Verdict::Holds)
        })
    }

    /// Whether `caller` is an administrator.
    pub fn is_admin(&self, caller: &Caller) -> bool {
        self.passes(self.administrator, caller, &Target::caller(caller))
    }

    /// Whether the rule of this name lets `caller` pass, on nothing in particular. None does where
    /// there is none.
    pub fn holds(&self, caller: &Caller, rule: &str) -> bool {
        self.passes(self.position(rule), caller, &Target::nothing())
    }

    /// Every rule, by name.
    pub fn all(&self) -> impl Iterator<Item = RuleInForce<'_>> {
        self.rules.iter().map(|rule| RuleInForce { rule })
    }

    /// Whether there is a rule of this name.
    pub fn has(&self, rule: &str) -> bool {
        self.position(rule).is_some()
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.rules
            .binary_search_by(|rule| rule.name.as_str().cmp(name))
            .ok()
    }

    /// Whether the scope of the caller's token is one that the rule is for.
    pub(super) fn is_in_scope(&self, rule: &Linked, caller: &Caller) -> bool {
        let for_projects = rule.default.is_some_and(|default| default.for_projects);
        let for_project = !caller.is_system_scoped() && caller.domain_scope().is_none();
        for_project || !for_projects || !self.options.scope
    }

    /// What has to hold besides the rule of an action.
    pub(super) fn ownership(&self, name: &str) -> Option<&Node<Link>> {
        let action = Action::ALL
            .iter()
            .position(|action| action.as_str() == name)?;
        self.actions.get(action)?.ownership.as_ref()
    }

    fn passes(&self, rule: Option<usize>, caller: &Caller, target: &Target<'_>) -> bool {
        rule.and_then(|position| self.rules.get(position))
            .is_some_and(|rule| {
                self.is_in_scope(rule, caller)
                    && self.judge(&rule.node, caller, target) == Verdict::Holds
            })
    }

    pub(super) fn judge(&self, node: &Node<Link>, caller: &Caller, target: &Target<'_>) -> Verdict {
        node.judge(caller, target, &|link: &Link| match link
            .position
            .and_then(|position| self.rules.get(position))
        {
            Some(rule) => self.judge(&rule.node, caller, target),
            None => Verdict::Unknown,
        })
    }
}

impl Default for Rules {
    fn default() -> Self {
        match Self::new([], PolicyOptions::default()) {
            Ok((rules, _)) => rules,
            // A test reads each of the defaults. Nobody passes where there is no rule.
            Err(_) => Self {
                rules: Vec::new(),
                actions: Vec::new(),
                administrator: None,
                options: PolicyOptions::default(),
            },
        }
    }
}

impl DefaultRule {
    fn rule(&self, options: PolicyOptions) -> Result<Rule, PolicyError> {
        let rule = read(self.name, self.text)?;
        match self.old.filter(|_| !options.new_defaults) {
            Some(old) => Ok(rule.or(read(self.name, old)?)),
            None => Ok(rule),
        }
    }
}

fn read(name: &str, text: &str) -> Result<Rule, PolicyError> {
    text.parse().map_err(|source| PolicyError::Rule {
        name: name.to_owned(),
        source,
    })
}

/// A rule as it is enforced.
#[derive(Debug, Clone, Copy)]
pub struct RuleInForce<'a> {
    rule: &'a Linked,
}

impl<'a> RuleInForce<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        &self.rule.name
    }

    /// What Glance's own rule says, as text; `None` where Glance has no such rule.
    pub fn default(&self) -> Option<&'static str> {
        self.rule.default.map(|default| default.text)
    }

    /// Whether no policy file says anything about it.
    pub fn is_default(&self) -> bool {
        self.rule.is_default
    }

    /// Whether only tokens for projects pass it.
    pub fn is_for_projects(&self) -> bool {
        self.rule
            .default
            .is_some_and(|default| default.for_projects)
    }
}

impl fmt::Display for RuleInForce<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule.node.fmt(f)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Something that an operator should know of a policy, though it can be enforced.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
#[non_exhaustive]
pub enum PolicyWarning {
    /// A rule refers to one that there is not.
    #[error(
        "rule `{rule}` refers to `rule:{name}`, which is not defined, and lets nobody pass by it"
    )]
    UndefinedRule {
        /// The rule.
        rule: String,
        /// What it refers to.
        name: String,
    },
    /// A rule asks for what no token has.
    #[error(
        "rule `{rule}` asks for `{credential}`, which no token has, and lets nobody pass by it"
    )]
    UnknownCredential {
        /// The rule.
        rule: String,
        /// What it asks for.
        credential: String,
    },
    /// A rule that nobody asks for.
    #[error("rule `{rule}` has no effect: it is none of Glance's, and no other refers to it")]
    UnusedRule {
        /// The rule.
        rule: String,
    },
}

/// Why rules are no policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Rules that refer to themselves.
    #[error("rules refer to each other in a circle: {}", names.join(" -> "))]
    Circle {
        /// Their names, from the first on and back to it.
        names: Vec<String>,
    },
    /// A text that is no rule.
    #[error("rule `{name}` cannot be understood")]
    Rule {
        /// The rule.
        name: String,
        /// Why.
        source: super::rule::RuleError,
    },
    /// Rules that refer to rules that refer to rules.
    #[error("rule `{name}` is reached by more references than a policy may have in a row")]
    TooDeep {
        /// The last of them.
        name: String,
    },
}

fn warnings(written: &BTreeMap<String, Rule>, custom: &BTreeSet<String>) -> Vec<PolicyWarning> {
    let mut warnings = BTreeSet::new();
    let mut used: BTreeSet<&str> = DEFAULTS.iter().map(|default| default.name).collect();
    for (rule, text) in written {
        text.node.walk(&mut |node| match node {
            Node::Named(name) => {
                used.insert(name);
                if !written.contains_key(name) {
                    warnings.insert(PolicyWarning::UndefinedRule {
                        rule: rule.clone(),
                        name: name.clone(),
                    });
                }
            }
            Node::Compare(Subject::Unknown(credential), _) => {
                warnings.insert(PolicyWarning::UnknownCredential {
                    rule: rule.clone(),
                    credential: credential.clone(),
                });
            }
            _ => {}
        });
    }
    let unused = custom.iter().filter(|name| !used.contains(name.as_str()));
    warnings.extend(unused.map(|rule| PolicyWarning::UnusedRule { rule: rule.clone() }));
    warnings.into_iter().collect()
}

/// Refuses rules that would be judged for ever.
fn check_cycles(rules: &[Linked]) -> Result<(), PolicyError> {
    let mut settled = vec![false; rules.len()];
    for start in 0..rules.len() {
        follow(rules, start, &mut Vec::new(), &mut settled)?;
    }
    Ok(())
}

fn follow(
    rules: &[Linked],
    position: usize,
    path: &mut Vec<usize>,
    settled: &mut [bool],
) -> Result<(), PolicyError> {
    let Some(rule) = rules.get(position) else {
        return Ok(());
    };
    if settled.get(position) == Some(&true) {
        return Ok(());
    }
    if let Some(first) = path.iter().position(|passed| *passed == position) {
        let circle = path.iter().skip(first).chain([&position]);
        let names = circle.filter_map(|position| rules.get(*position));
        return Err(PolicyError::Circle {
            names: names.map(|rule| rule.name.clone()).collect(),
        });
    }
    if path.len() >= MAX_REFERENCES {
        return Err(PolicyError::TooDeep {
            name: rule.name.clone(),
        });
    }
    let mut next = Vec::new();
    rule.node.walk(&mut |node| {
        if let Node::Named(link) = node {
            next.extend(link.position);
        }
    });
    path.push(position);
    for position in next {
        follow(rules, position, path, settled)?;
    }
    path.pop();
    if let Some(settled) = settled.get_mut(position) {
        *settled = true;
    }
    Ok(())
}

/// Policies of people have three or four.
const MAX_REFERENCES: usize = 32;

#[cfg(test)]
mod metadef_tests;
#[cfg(test)]
mod tests;
