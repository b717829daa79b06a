//! Every option there is: its kind, its default, its older names, and whether it is honoured.
//!
//! The table is the list in Glance's own documentation. A version that learns to honour an option
//! changes its line here and reads it in `config/read.rs`.

mod core;
mod drivers;
mod identity;
mod keys;
mod keystoneauth;
mod limits;
mod services;

use std::collections::BTreeSet;

use super::value::Kind;

/// What this version does about an option.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Support {
    /// It means here what it means in Glance.
    Honoured,
    /// Harmless to leave out: the server starts and says so.
    Ignored { reason: &'static str },
    /// Leaving it out would break a promise: set to anything but its default, it stops the start.
    Unsupported { reason: &'static str },
}

/// One option.
#[derive(Debug)]
pub(crate) struct OptionSpec {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// As it would stand in a file; parsed like one.
    pub(crate) default: Option<&'static str>,
    pub(crate) support: Support,
    /// Older names in the same group.
    old_names: &'static [&'static str],
    /// Where else it stood, as group and name.
    old_place: Option<(&'static str, &'static str)>,
    /// What an unsupported option may say besides its default, because it asks for nothing.
    pub(crate) harmless: &'static [&'static str],
}

/// What to do about options of a group that are not listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Others {
    /// They are unknown, and the operator is told.
    Unknown,
    /// They belong to a driver or service that is not built. Treated like this.
    All(Support),
}

/// The options of one `[group]`.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) others: Others,
    /// In parts, some of which several groups have.
    parts: &'static [&'static [OptionSpec]],
}

impl Group {
    const fn new(name: &'static str, parts: &'static [&'static [OptionSpec]]) -> Self {
        Self {
            name,
            others: Others::Unknown,
            parts,
        }
    }

    /// A group whose other options are harmless, for this reason.
    const fn ignored(
        name: &'static str,
        reason: &'static str,
        parts: &'static [&'static [OptionSpec]],
    ) -> Self {
        Self {
            others: Others::All(Support::Ignored { reason }),
            ..Self::new(name, parts)
        }
    }

    /// A group whose other options stop the start, for this reason.
    const fn unsupported(
        name: &'static str,
        reason: &'static str,
        parts: &'static [&'static [OptionSpec]],
    ) -> Self {
        Self {
            others: Others::All(Support::Unsupported { reason }),
            ..Self::new(name, parts)
        }
    }

    pub(crate) fn options(&self) -> impl Iterator<Item = &'static OptionSpec> + use<> {
        self.parts.iter().copied().flatten()
    }

    /// The option of this name.
    pub(crate) fn option(&self, name: &str) -> Option<&'static OptionSpec> {
        self.options().find(|option| option.name == name)
    }
}

impl OptionSpec {
    const fn new(
        name: &'static str,
        kind: Kind,
        default: Option<&'static str>,
        support: Support,
    ) -> Self {
        Self {
            name,
            kind,
            default,
            support,
            old_names: &[],
            old_place: None,
            harmless: &[],
        }
    }

    const fn formerly(mut self, old_names: &'static [&'static str]) -> Self {
        self.old_names = old_names;
        self
    }

    const fn formerly_in(mut self, group: &'static str, name: &'static str) -> Self {
        self.old_place = Some((group, name));
        self
    }

    const fn or(mut self, harmless: &'static [&'static str]) -> Self {
        self.harmless = harmless;
        self
    }
}

/// All groups of an installation: those of the table, and one for each store of
/// `enabled_backends`.
#[derive(Debug, Default)]
pub(crate) struct Table {
    stores: BTreeSet<String>,
}

impl Table {
    /// The table of an installation with these stores.
    pub(crate) fn with_stores<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            stores: names.into_iter().map(canonical_group).collect(),
        }
    }

    /// The group of this name, as [`canonical_group`] gives it.
    pub(crate) fn group(&self, name: &str) -> Option<&'static Group> {
        let known = groups().find(|group| group.name == name);
        let of_store = || self.stores.contains(name).then_some(&drivers::STORE);
        known.or_else(of_store).or_else(|| {
            let origin = name.strip_prefix(CORS_PREFIX)?;
            (!origin.is_empty()).then_some(&services::CORS_ORIGIN)
        })
    }

    /// The option at this place.
    pub(crate) fn option(&self, group: &str, name: &str) -> Option<&'static OptionSpec> {
        self.group(group)?.option(name)
    }
}

/// What the groups of single origins begin with.
pub(super) const CORS_PREFIX: &str = "cors.";

/// The groups that every installation has.
pub(crate) fn groups() -> impl Iterator<Item = &'static Group> {
    [
        core::GROUPS,
        services::GROUPS,
        identity::GROUPS,
        keys::GROUPS,
        limits::GROUPS,
        drivers::GROUPS,
    ]
    .into_iter()
    .flatten()
}

/// The option that once stood at this place, with the group it stands in now.
pub(crate) fn renamed(
    group_name: &str,
    name: &str,
) -> Option<(&'static Group, &'static OptionSpec)> {
    groups()
        .flat_map(|group| group.options().map(move |option| (group, option)))
        .find(|(group, option)| {
            group.name == group_name && option.old_names.contains(&name)
                || option.old_place == Some((group_name, name))
        })
}

/// The name a section is looked up by: as in oslo.config the case counts in `DEFAULT` only.
/// `[app:healthcheck]` is where Glance's paste file sets what `[healthcheck]` sets, and
/// `[filter:authtoken]` what `[keystone_authtoken]` sets.
pub(crate) fn canonical_group(section: &str) -> String {
    match section {
        "DEFAULT" => section.to_owned(),
        _ => match section.to_lowercase().as_str() {
            "app:healthcheck" => "healthcheck".to_owned(),
            "filter:authtoken" => "keystone_authtoken".to_owned(),
            lower => lower.to_owned(),
        },
    }
}

/// The known option an unknown one was probably meant to be, as `[group] name`.
///
/// That is one with a similar name in a group with a similar name, else one that is honoured and
/// has just this name in whatever group.
pub(crate) fn nearest(group_name: &str, name: &str) -> Option<String> {
    let similar = |left: &str, right: &str| {
        let edits = edits(left, right);
        (edits <= left.len().max(3) / 3).then_some(edits)
    };
    let misspelt = groups()
        .flat_map(|group| group.options().map(move |option| (group, option)))
        .filter_map(|(group, option)| {
            let edits = similar(group_name, group.name)? + similar(name, option.name)?;
            Some((edits, group, option))
        })
        .min_by_key(|(edits, ..)| *edits)
        .map(|(_, group, option)| (group, option));
    let misplaced = || {
        groups()
            .filter_map(|group| Some((group, group.option(name)?)))
            .find(|(_, option)| option.support == Support::Honoured)
    };
    let (group, option) = misspelt.or_else(misplaced)?;
    Some(format!("[{}] {}", group.name, option.name))
}

/// How many letters to add, drop or replace to get from one word to the other.
fn edits(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (column, to) in right.chars().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

const fn honoured(name: &'static str, kind: Kind, default: Option<&'static str>) -> OptionSpec {
    OptionSpec::new(name, kind, default, Support::Honoured)
}

const fn ignored(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    reason: &'static str,
) -> OptionSpec {
    OptionSpec::new(name, kind, default, Support::Ignored { reason })
}

const fn unsupported(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    reason: &'static str,
) -> OptionSpec {
    OptionSpec::new(name, kind, default, Support::Unsupported { reason })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Group, Support, Table, canonical_group, edits, groups, nearest, renamed};

    #[test]
    fn every_option_is_named_once_under_its_new_and_its_old_names() {
        let mut seen = BTreeMap::new();
        let mut names = BTreeSet::new();
        for group in groups() {
            assert!(names.insert(group.name), "[{}] twice", group.name);
            for option in group.options() {
                let own = (group.name, option.name);
                assert!(seen.insert(own, option.name).is_none(), "{own:?} twice");
                let old_names = option.old_names.iter().map(|name| (group.name, *name));
                for place in old_names.chain(option.old_place) {
                    let other = seen.insert(place, option.name);
                    assert!(other.is_none_or(|name| name == option.name), "{place:?}");
                }
            }
        }
    }

    #[test]
    fn every_default_and_every_harmless_value_is_of_its_kind() {
        for group in groups() {
            for option in group.options() {
                for text in option.default.iter().chain(option.harmless) {
                    assert!(option.kind.parse(text).is_some(), "{option:?}");
                }
            }
        }
    }

    #[test]
    fn only_unsupported_options_have_harmless_values_and_reasons_are_clauses() {
        for group in groups() {
            for option in group.options() {
                let reason = match option.support {
                    Support::Unsupported { reason } => reason,
                    Support::Ignored { reason } => {
                        assert!(option.harmless.is_empty(), "{option:?}");
                        reason
                    }
                    Support::Honoured => {
                        assert!(option.harmless.is_empty(), "{option:?}");
                        continue;
                    }
                };
                assert!(!reason.is_empty() && !reason.ends_with('.'), "{option:?}");
            }
        }
    }

    #[test]
    fn every_honoured_option_is_read() {
        let reader = [
            include_str!("../edge.rs"),
            include_str!("../read.rs"),
            include_str!("../identity.rs"),
            include_str!("../import.rs"),
            include_str!("../import_plugins.rs"),
            include_str!("../import_web.rs"),
            include_str!("../keystone_group.rs"),
            include_str!("../limits.rs"),
            include_str!("../memcached.rs"),
            include_str!("../signatures.rs"),
            include_str!("../stores.rs"),
            include_str!("../store_group.rs"),
        ]
        .concat();
        for option in groups().flat_map(Group::options) {
            let is_read = reader.contains(&format!("\"{}\"", option.name));
            if option.support == Support::Honoured {
                assert!(is_read, "{option:?}");
            }
        }
    }

    #[test]
    fn group_names_are_those_sections_are_looked_up_by() {
        for group in groups() {
            assert_eq!(canonical_group(group.name), group.name);
        }
        assert_eq!(canonical_group("Database"), "database");
        assert_eq!(canonical_group("default"), "default");
        assert_eq!(canonical_group("app:healthcheck"), "healthcheck");
        assert_eq!(canonical_group("filter:authtoken"), "keystone_authtoken");
    }

    #[test]
    fn an_option_is_found_by_its_place_and_by_its_old_place() {
        let table = Table::with_stores(["Fast"]);
        assert!(table.option("DEFAULT", "debug").is_some());
        assert!(table.option("DEFAULT", "connection").is_none());
        assert!(table.option("fast", "filesystem_store_datadir").is_some());
        assert!(table.option("cheap", "filesystem_store_datadir").is_none());

        let (group, option) = renamed("DEFAULT", "disk_formats").unwrap();

        assert_eq!((group.name, option.name), ("image_format", "disk_formats"));
    }

    #[test]
    fn a_misspelt_option_is_recognized() {
        assert_eq!(
            nearest("DEFAULT", "image_size_kap").as_deref(),
            Some("[DEFAULT] image_size_cap")
        );
        assert_eq!(
            nearest("databse", "conection").as_deref(),
            Some("[database] connection")
        );
        assert_eq!(
            nearest("default", "debug").as_deref(),
            Some("[DEFAULT] debug")
        );
        assert_eq!(nearest("DEFAULT", "colour_of_the_sky"), None);
    }

    #[test]
    fn an_option_in_the_wrong_group_is_recognized() {
        assert_eq!(
            nearest("DEFAULT", "bind_port").as_deref(),
            Some("[glance_rs] bind_port")
        );
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("same", "same"), 0);
    }
}
