//! Who may touch which custom properties (spec/policy.md §5).

use std::collections::BTreeSet;
use std::fmt;

use regex::Regex;
use thiserror::Error;

use super::super::caller::Caller;
use super::super::property::PropertyName;
use super::super::role::role_names;

/// Who may touch which custom properties: of the sections whose pattern is found in a name, the
/// first decides. What is in no section nobody touches (rule R17).
///
/// ```
/// use glance_core::domain::Caller;
/// use glance_core::domain::policy::{Protections, PropertyUse, ProtectionFormat, Section};
///
/// let section = Section::new("^x_billing", ProtectionFormat::Roles, |operation| match operation {
///     PropertyUse::Read => Some("@".to_owned()),
///     _ => Some("billing, admin".to_owned()),
/// })?;
/// let protections = Protections::new([section]);
///
/// let name = "x_billing_code".parse()?;
/// let bob = Caller::anonymous().with_roles(["member"]);
/// assert!(protections.allow(&bob, &name, PropertyUse::Read, |_rule| false));
/// assert!(!protections.allow(&bob, &name, PropertyUse::Update, |_rule| false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Protections {
    sections: Vec<Section>,
}

impl Protections {
    /// These sections, in this order. Those about the service's own properties do not count: those
    /// everybody may read, and no user writes them.
    pub fn new(sections: impl IntoIterator<Item = Section>) -> Self {
        let sections = sections.into_iter();
        Self {
            sections: sections.filter(|section| !section.is_internal()).collect(),
        }
    }

    /// Whether `caller` may do this with a property of this name; `holds` tells whether a rule of
    /// the policy lets the caller pass.
    pub fn allow(
        &self,
        caller: &Caller,
        name: &PropertyName,
        operation: PropertyUse,
        holds: impl Fn(&str) -> bool,
    ) -> bool {
        if name.is_internal() {
            return true;
        }
        let mut sections = self.sections.iter();
        let found = sections.find(|section| section.pattern.is_match(name.as_str()));
        found.is_some_and(|section| match section.permission(operation) {
            Permission::Everyone => true,
            Permission::Nobody => false,
            Permission::Roles(roles) => roles.iter().any(|role| {
                let service = caller.service();
                caller.has_role(role) || service.is_some_and(|service| service.has_role(role))
            }),
            Permission::Rule(rule) => holds(rule),
        })
    }

    /// The rules of the policy that decide, with the section of each.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sections.iter().flat_map(|section| {
            let permissions = section.permissions.iter();
            permissions.filter_map(|permission| match permission {
                Permission::Rule(rule) => Some((section.pattern.as_str(), rule.as_str())),
                Permission::Everyone | Permission::Nobody | Permission::Roles(_) => None,
            })
        })
    }

    /// What nobody may do, with the section, because nothing stands there.
    pub fn empty(&self) -> impl Iterator<Item = (&str, PropertyUse)> {
        self.sections.iter().flat_map(|section| {
            let operations = section.empty.iter();
            operations.map(|operation| (section.pattern.as_str(), *operation))
        })
    }
}

/// Properties of a pattern, and who may touch them.
#[derive(Debug)]
pub struct Section {
    pattern: Regex,
    /// In the order of [`PropertyUse::ALL`].
    permissions: Vec<Permission>,
    /// Operations for which nothing stands there.
    empty: Vec<PropertyUse>,
}

impl Section {
    /// A section as a protection file has it; `value` gives the text for an operation.
    ///
    /// # Errors
    /// The pattern is no regular expression; an operation is missing, or its text makes no sense.
    pub fn new(
        pattern: &str,
        format: ProtectionFormat,
        mut value: impl FnMut(PropertyUse) -> Option<String>,
    ) -> Result<Self, ProtectionError> {
        let compiled = Regex::new(pattern).map_err(|error| ProtectionError::Pattern {
            section: pattern.to_owned(),
            problem: in_one_line(&error),
        })?;
        let mut permissions = Vec::new();
        let mut empty = Vec::new();
        for operation in PropertyUse::ALL {
            let text = value(operation).ok_or_else(|| ProtectionError::Missing {
                section: pattern.to_owned(),
                operation,
            })?;
            if text.trim().is_empty() {
                empty.push(operation);
            }
            let permission = Permission::read(text.trim(), format);
            permissions.push(permission.map_err(|problem| ProtectionError::Permission {
                section: pattern.to_owned(),
                operation,
                problem,
            })?);
        }
        Ok(Self {
            pattern: compiled,
            permissions,
            empty,
        })
    }

    fn permission(&self, operation: PropertyUse) -> &Permission {
        // A fieldless enum: its discriminants are the positions in `ALL`.
        self.permissions
            .get(operation as usize)
            .unwrap_or(&Permission::Nobody)
    }

    /// Upstream drops sections that begin like the names of the service's own properties.
    fn is_internal(&self) -> bool {
        self.pattern.as_str().starts_with("os_glance")
    }
}

/// What may be done with a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever reads a protection file must answer each"
)]
pub enum PropertyUse {
    /// Give an image one that it does not have.
    Create,
    /// See it.
    Read,
    /// Change its value.
    Update,
    /// Take it away.
    Delete,
}

impl PropertyUse {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Create, Self::Read, Self::Update, Self::Delete];

    /// The word in protection files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for PropertyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the texts in a protection file are: `property_protection_rule_format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::exhaustive_enums,
    reason = "there are two, and whoever configures must name one"
)]
pub enum ProtectionFormat {
    /// Names of roles.
    #[default]
    Roles,
    /// The name of a rule of the policy.
    Policies,
}

#[derive(Debug, PartialEq, Eq)]
enum Permission {
    Everyone,
    Nobody,
    Roles(BTreeSet<String>),
    Rule(String),
}

impl Permission {
    fn read(text: &str, format: ProtectionFormat) -> Result<Self, &'static str> {
        let names: Vec<&str> = text.split(',').map(str::trim).collect();
        match (names.contains(&"@"), names.contains(&"!"), format) {
            (true, true, _) => Err("`@` for everybody and `!` for nobody exclude each other"),
            (_, _, ProtectionFormat::Policies) if names.len() > 1 => {
                Err("it takes one rule of the policy, in which others can be combined")
            }
            (_, true, _) => Ok(Self::Nobody),
            (true, _, _) => Ok(Self::Everyone),
            _ if text.is_empty() => Ok(Self::Nobody),
            (_, _, ProtectionFormat::Roles) => Ok(Self::Roles(role_names(names))),
            (_, _, ProtectionFormat::Policies) => Ok(Self::Rule(text.to_owned())),
        }
    }
}

/// The last line of the error says it; those before draw a picture.
fn in_one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().next_back().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

/// Why a section protects nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProtectionError {
    /// Every operation has to be there.
    #[error("section `[{section}]` does not say who may {operation}")]
    Missing {
        /// The pattern.
        section: String,
        /// What is missing.
        operation: PropertyUse,
    },
    /// The pattern is no regular expression.
    #[error(
        "section `[{section}]` is no regular expression that this version understands: {problem}"
    )]
    Pattern {
        /// The pattern.
        section: String,
        /// Why.
        problem: String,
    },
    /// Those who may are told in a way that makes no sense.
    #[error("section `[{section}]` is wrong in who may {operation}: {problem}")]
    Permission {
        /// The pattern.
        section: String,
        /// For what.
        operation: PropertyUse,
        /// What is wrong.
        problem: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::super::super::service_user::ServiceUser;
    use super::*;

    fn section(pattern: &str, format: ProtectionFormat, all: &str) -> Section {
        Section::new(pattern, format, |_| Some(all.to_owned())).unwrap()
    }

    fn allow(sections: Vec<Section>, roles: &[&str], name: &str) -> bool {
        let caller = Caller::anonymous().with_roles(roles);
        let name = PropertyName::stored(name.to_owned());
        Protections::new(sections).allow(&caller, &name, PropertyUse::Read, |rule| rule == "passes")
    }

    fn of_roles(pattern: &str, roles: &str) -> Section {
        section(pattern, ProtectionFormat::Roles, roles)
    }

    #[test]
    fn the_first_section_that_matches_decides_and_no_section_is_no() {
        let sections = || {
            vec![
                of_roles("^x_open", "@"),
                of_roles("x_", "Admin, billing"),
                of_roles("^x_late", "@"),
                of_roles("closed", ""),
            ]
        };

        assert!(allow(sections(), &[], "x_open_to_all"));
        assert!(
            allow(sections(), &["ADMIN"], "a_x_b"),
            "it is found anywhere in a name"
        );
        assert!(!allow(sections(), &["member"], "x_late"));
        assert!(!allow(sections(), &["admin"], "closed"));
        assert!(!allow(sections(), &["admin"], "other"));
        assert!(!allow(
            vec![of_roles(".*", "member, !")],
            &["member"],
            "other"
        ));
    }

    #[test]
    fn what_is_the_services_own_is_read_by_all_whatever_a_file_says() {
        let sections = vec![of_roles("os_glance_.*", "!"), of_roles(".*", "!")];

        assert!(allow(sections, &[], "os_glance_importing_to_stores"));
    }

    #[test]
    fn roles_of_the_service_in_between_count() {
        let nova = ServiceUser::default().with_roles(["service"]);
        let caller = Caller::anonymous().with_service(Some(nova));
        let protections = Protections::new([of_roles(".*", "service")]);

        assert!(
            protections.allow(&caller, &"a".parse().unwrap(), PropertyUse::Create, |_| {
                false
            })
        );
    }

    #[test]
    fn rules_of_the_policy_decide_in_the_other_format() {
        let of = |rule| vec![section("a", ProtectionFormat::Policies, rule)];

        assert!(allow(of("passes"), &[], "a") && allow(of("@"), &[], "a"));
        assert!(!allow(of("fails"), &[], "a") && !allow(of("!"), &[], "a"));
        let protections = Protections::new(of("passes"));
        assert_eq!(protections.rules().next(), Some(("a", "passes")));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        use ProtectionFormat::{Policies, Roles};
        let refused = |pattern: &str, format, text: Option<&str>| {
            let section = Section::new(pattern, format, |_| text.map(str::to_owned));
            section.unwrap_err().to_string()
        };

        assert_eq!(
            [
                refused("a", Roles, None),
                refused("(a", Roles, Some("@")),
                refused("a(?!b)", Roles, Some("@")),
                refused("a", Roles, Some("@, !")),
                refused("a", Policies, Some("one, two")),
            ],
            [
                "section `[a]` does not say who may create",
                "section `[(a]` is no regular expression that this version understands: unclosed \
                 group",
                "section `[a(?!b)]` is no regular expression that this version understands: \
                 look-around, including look-ahead and look-behind, is not supported",
                "section `[a]` is wrong in who may create: `@` for everybody and `!` for nobody \
                 exclude each other",
                "section `[a]` is wrong in who may create: it takes one rule of the policy, in \
                 which others can be combined",
            ]
        );
    }
}
