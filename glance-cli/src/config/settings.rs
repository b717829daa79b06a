//! All assignments sorted out: which value counts for each option, and what it is as a type.

use std::collections::BTreeMap;
use std::time::Duration;

use super::audit::Place;
use super::error::{ConfigError, Origin, Setting, Warning, redacted};
use super::interpolate;
use super::options::{self, Table};
use super::source::{Assignment, Layer};
use super::value::{Kind, Value};

/// The values that were set, by group and name as they are called today.
#[derive(Debug)]
pub(super) struct Settings {
    /// The weakest first, so that the last one counts.
    found: BTreeMap<(String, String), Vec<Assignment>>,
    table: Table,
}

impl Settings {
    /// Sorts out what was set, the weakest first. Old names are followed; names that nobody knows
    /// are warned about, and kept for values that refer to them.
    pub(super) fn new(assignments: Vec<Assignment>, warnings: &mut Vec<Warning>) -> Self {
        let table = table(&assignments);
        let mut found: BTreeMap<(String, String), Vec<(bool, Assignment)>> = BTreeMap::new();
        for mut assignment in assignments {
            let place = Place::of(&assignment, &table);
            warnings.extend(place.warning(&assignment));
            let renamed = if let Place::Renamed(group, option) = place {
                group.name.clone_into(&mut assignment.group);
                option.name.clone_into(&mut assignment.option);
                true
            } else {
                false
            };
            found
                .entry((assignment.group.clone(), assignment.option.clone()))
                .or_default()
                .push((renamed, assignment));
        }
        // Within one file the new name wins over the old one, wherever they stand.
        let found = found.into_iter().map(|(place, mut assignments)| {
            assignments.sort_by_key(|(renamed, assignment)| (assignment.layer, !renamed));
            let assignments = assignments.into_iter().map(|(_, assignment)| assignment);
            (place, assignments.collect())
        });
        Self {
            found: found.collect(),
            table,
        }
    }

    /// Every option that there is.
    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// The options that were set, by group and name.
    pub(super) fn places(&self) -> impl Iterator<Item = (&str, &str)> {
        self.found
            .keys()
            .map(|(group, option)| (group.as_str(), option.as_str()))
    }

    /// Whether the option was set, rather than left to its default.
    pub(super) fn is_set(&self, group: &str, option: &str) -> bool {
        self.effective(group, option)
            .is_some_and(|assignment| assignment.layer != Layer::BuiltIn)
    }

    /// Where the option has its value from.
    pub(super) fn origin(&self, group: &str, option: &str) -> Origin {
        self.effective(group, option)
            .map_or(Origin::BuiltIn, |assignment| assignment.origin.clone())
    }

    /// The option with where it has its value from, for an error.
    pub(super) fn setting(&self, group: &str, option: &str) -> Box<Setting> {
        Box::new(Setting {
            origin: self.origin(group, option),
            group: group.to_owned(),
            option: option.to_owned(),
        })
    }

    /// A yes or no.
    pub(super) fn flag(&self, group: &str, option: &str) -> Result<bool, ConfigError> {
        match self.value(group, option)? {
            Some(Value::Bool(value)) => Ok(value),
            _ => Err(undeclared(group, option)),
        }
    }

    /// A whole number that cannot be negative.
    pub(super) fn number(&self, group: &str, option: &str) -> Result<u64, ConfigError> {
        self.limit(group, option)?
            .ok_or_else(|| undeclared(group, option))
    }

    /// A limit: a negative number means none.
    pub(super) fn limit(&self, group: &str, option: &str) -> Result<Option<u64>, ConfigError> {
        match self.value(group, option)? {
            Some(Value::Integer(value)) => Ok(u64::try_from(value).ok()),
            _ => Err(undeclared(group, option)),
        }
    }

    /// A whole number of either sign.
    pub(super) fn whole_number(&self, group: &str, option: &str) -> Result<i64, ConfigError> {
        match self.value(group, option)? {
            Some(Value::Integer(value)) => {
                i64::try_from(value).map_err(|_| undeclared(group, option))
            }
            _ => Err(undeclared(group, option)),
        }
    }

    /// A number of seconds.
    pub(super) fn seconds(&self, group: &str, option: &str) -> Result<Duration, ConfigError> {
        Ok(Duration::from_secs(self.number(group, option)?))
    }

    /// A text. An empty one is none.
    pub(super) fn text(&self, group: &str, option: &str) -> Result<Option<String>, ConfigError> {
        match self.value(group, option)? {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(undeclared(group, option)),
        }
    }

    /// Pairs of names and values.
    pub(super) fn pairs(
        &self,
        group: &str,
        option: &str,
    ) -> Result<Vec<(String, String)>, ConfigError> {
        match self.value(group, option)? {
            None => Ok(Vec::new()),
            Some(Value::Dict(pairs)) => Ok(pairs),
            Some(_) => Err(undeclared(group, option)),
        }
    }

    /// A list, or all values of an option that may be given several times.
    pub(super) fn list(&self, group: &str, option: &str) -> Result<Vec<String>, ConfigError> {
        match self.value(group, option)? {
            None => Ok(Vec::new()),
            Some(Value::List(items)) => Ok(items),
            Some(_) => Err(undeclared(group, option)),
        }
    }

    /// The error for a value that is of its kind but still not allowed.
    pub(super) fn invalid(
        &self,
        group: &str,
        option: &str,
        value: &str,
        allowed: impl Into<String>,
    ) -> ConfigError {
        ConfigError::InvalidValue {
            setting: self.setting(group, option),
            value: redacted(value),
            allowed: allowed.into(),
        }
    }

    /// The error for an option that asks for what this version does not do.
    pub(super) fn unsupported(
        &self,
        group: &str,
        option: &str,
        reason: &'static str,
    ) -> ConfigError {
        ConfigError::Unsupported {
            setting: self.setting(group, option),
            reason,
        }
    }

    /// The value that counts, or the default. An empty text without a default is no value.
    pub(super) fn value(&self, group: &str, option: &str) -> Result<Option<Value>, ConfigError> {
        let spec = self
            .table
            .option(group, option)
            .ok_or_else(|| undeclared(group, option))?;
        let texts = match self.effective(group, option) {
            Some(_) if spec.kind == Kind::Multi => self.all_texts(group, option)?,
            Some(effective) => vec![self.expanded(effective, &mut Vec::new())?],
            None => spec.default.iter().map(ToString::to_string).collect(),
        };
        if spec.default.is_none() && texts.iter().all(|text| text.trim().is_empty()) {
            return Ok(None);
        }
        if spec.kind == Kind::Multi {
            return Ok(Some(Value::List(texts)));
        }
        let parse = |text: &String| {
            let value = spec.kind.parse(text);
            value.ok_or_else(|| self.invalid(group, option, text, spec.kind.to_string()))
        };
        texts.first().map(parse).transpose()
    }

    /// All values of an option that may be given several times: those of all files, unless the
    /// environment or the command line gives another.
    fn all_texts(&self, group: &str, option: &str) -> Result<Vec<String>, ConfigError> {
        let in_file = |assignment: &&Assignment| matches!(assignment.layer, Layer::File(_));
        let place = (group.to_owned(), option.to_owned());
        let assignments = self.found.get(&place).map_or(&[][..], Vec::as_slice);
        match assignments.last() {
            Some(last) if !in_file(&last) => Ok(vec![self.expanded(last, &mut Vec::new())?]),
            _ => assignments
                .iter()
                .filter(in_file)
                .map(|assignment| self.expanded(assignment, &mut Vec::new()))
                .collect(),
        }
    }

    /// The text with its `$` references followed. The trail holds what is being expanded.
    fn expanded<'a>(
        &'a self,
        assignment: &'a Assignment,
        trail: &mut Vec<&'a Assignment>,
    ) -> Result<String, ConfigError> {
        let start = *trail.first().unwrap_or(&assignment);
        if trail
            .iter()
            .any(|above| above.group == assignment.group && above.option == assignment.option)
        {
            return Err(ConfigError::Cycle {
                setting: Box::new(start.setting()),
            });
        }
        trail.push(assignment);
        let expanded = interpolate::expand(&assignment.text, |reference| {
            let own_group = match reference.split_once('.') {
                Some((group, option)) => (options::canonical_group(group), option),
                None => (assignment.group.clone(), reference),
            };
            for (group, option) in [own_group, ("DEFAULT".to_owned(), reference)] {
                if let Some(found) = self.effective(&group, option) {
                    return self.expanded(found, trail);
                }
                if let Some(spec) = self.table.option(&group, option) {
                    return Ok(spec.default.unwrap_or_default().to_owned());
                }
            }
            Err(ConfigError::UnknownReference {
                setting: Box::new(start.setting()),
            })
        });
        trail.pop();
        expanded
    }

    fn effective(&self, group: &str, option: &str) -> Option<&Assignment> {
        self.found
            .get(&(group.to_owned(), option.to_owned()))
            .and_then(|assignments| assignments.last())
    }
}

/// The table with the groups of the stores that `enabled_backends` and its mirrors name. What is wrong with the
/// option is found when it is read.
fn table(assignments: &[Assignment]) -> Table {
    let names = assignments
        .iter()
        .filter(|assignment| {
            let names_stores =
                assignment.group == "DEFAULT" && assignment.option == "enabled_backends";
            names_stores || assignment.option == "mirrored_stores"
        })
        .flat_map(|assignment| assignment.text.split(','))
        .filter_map(|pair| Some(pair.split_once(':')?.0.trim()));
    Table::with_stores(names)
}

fn undeclared(group: &str, option: &str) -> ConfigError {
    ConfigError::Undeclared {
        group: group.to_owned(),
        option: option.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Assignment, Layer, Origin, Settings, Warning};
    use crate::config::source;

    impl Settings {
        /// Settings from several files, then from environment-like triples.
        pub(in crate::config) fn of_texts(
            files: &[&str],
            environment: &[(&str, &str, &str)],
        ) -> (Self, Vec<Warning>) {
            let mut assignments = Vec::new();
            for (index, text) in files.iter().enumerate() {
                let path = PathBuf::from(format!("{index}.conf"));
                assignments.extend(source::of_file(&path, text, index).unwrap());
            }
            for (group, option, text) in environment {
                assignments.push(Assignment {
                    group: (*group).to_owned(),
                    option: (*option).to_owned(),
                    text: (*text).to_owned(),
                    origin: Origin::Environment {
                        variable: "OS_X__Y".to_owned(),
                    },
                    layer: Layer::Environment,
                });
            }
            let mut warnings = Vec::new();
            let settings = Self::new(assignments, &mut warnings);
            (settings, warnings)
        }
    }

    fn settings(files: &[&str], environment: &[(&str, &str, &str)]) -> (Settings, Vec<Warning>) {
        Settings::of_texts(files, environment)
    }

    #[test]
    fn the_last_line_wins_then_the_last_file_then_the_environment() {
        let (first, second) = (
            "[DEFAULT]\nlog_dir = a\nlog_dir = b\n",
            "[DEFAULT]\nlog_dir = c\n",
        );
        let log_dir = |settings: &Settings| settings.text("DEFAULT", "log_dir").unwrap().unwrap();

        assert_eq!(log_dir(&settings(&[first], &[]).0), "b");
        assert_eq!(log_dir(&settings(&[first, second], &[]).0), "c");
        assert_eq!(
            log_dir(&settings(&[first, second], &[("DEFAULT", "log_dir", "d")]).0),
            "d"
        );
    }

    #[test]
    fn values_of_a_repeatable_option_add_up_over_files_but_not_with_the_environment() {
        let group = "glance_store";
        let name = "filesystem_store_datadirs";
        let files = [
            "[glance_store]\nfilesystem_store_datadirs = /a:1\nfilesystem_store_datadirs = /b\n",
            "[glance_store]\nfilesystem_store_datadirs = /c\n",
        ];

        assert_eq!(
            settings(&files, &[]).0.list(group, name).unwrap(),
            ["/a:1", "/b", "/c"]
        );
        assert_eq!(
            settings(&files, &[(group, name, "/d")])
                .0
                .list(group, name)
                .unwrap(),
            ["/d"]
        );
    }

    #[test]
    fn an_old_name_is_followed_and_the_new_one_wins_beside_it() {
        let old = "[DEFAULT]\nlogdir = old\n";
        let both = "[DEFAULT]\nlog_dir = new\nlogdir = old\n";
        let log_dir = |settings: &Settings| settings.text("DEFAULT", "log_dir").unwrap().unwrap();

        let (only_old, warnings) = settings(&[old], &[]);

        assert_eq!(log_dir(&only_old), "old");
        assert_eq!(
            warnings[0].to_string(),
            "`[DEFAULT] logdir` in `0.conf` line 2 is now called `[DEFAULT] log_dir`"
        );
        assert_eq!(log_dir(&settings(&[both], &[]).0), "new");
        assert_eq!(log_dir(&settings(&[both, old], &[]).0), "old");
    }

    #[test]
    fn references_are_followed_in_the_own_group_then_in_default_then_to_the_table() {
        let (settings, _) = settings(
            &[
                "[DEFAULT]\nlog_dir = /var/$image_format.disk_formats\nlog_file = ${log_dir}/$$/$own\n\
               own = x\n[image_format]\ndisk_formats = raw\n\
               [glance_store]\nfilesystem_store_datadir = $own/$glance_rs.bind_port$public_endpoint\n",
            ],
            &[],
        );

        assert_eq!(
            settings.text("DEFAULT", "log_file").unwrap().unwrap(),
            "/var/raw/$/x"
        );
        assert_eq!(
            settings
                .text("glance_store", "filesystem_store_datadir")
                .unwrap()
                .unwrap(),
            "x/9292"
        );
    }

    #[test]
    fn a_reference_to_nothing_is_refused_without_showing_it() {
        let (settings, _) = settings(
            &["[database]\nconnection = mysql://glance:pa$sword@db/glance\n"],
            &[],
        );

        assert_eq!(
            settings
                .text("database", "connection")
                .unwrap_err()
                .to_string(),
            "`[database] connection` in `0.conf` line 2 contains a `$name` that names no option; \
             a literal `$` is written `$$`"
        );
    }

    #[test]
    fn references_in_a_circle_are_refused() {
        let (settings, _) = settings(
            &["[DEFAULT]\nlog_dir = $log_file\nlog_file = $log_dir\n"],
            &[],
        );

        assert_eq!(
            settings
                .text("DEFAULT", "log_file")
                .unwrap_err()
                .to_string(),
            "`[DEFAULT] log_file` in `0.conf` line 3 refers to itself through its `$` references"
        );
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_place_and_what_is_allowed() {
        let (settings, _) = settings(&["[DEFAULT]\n\napi_limit_max = 0\ndebug =\n"], &[]);

        assert_eq!(
            settings
                .number("DEFAULT", "api_limit_max")
                .unwrap_err()
                .to_string(),
            "`[DEFAULT] api_limit_max` in `0.conf` line 3 is `0`, but must be a whole number of at \
             least 1"
        );
        assert_eq!(
            settings.flag("DEFAULT", "debug").unwrap_err().to_string(),
            "`[DEFAULT] debug` in `0.conf` line 4 is ``, but must be true or false \
             (or yes, no, on, off, 1, 0)"
        );
    }
}
