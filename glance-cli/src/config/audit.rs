//! What is said about the options that were set: refusals and warnings.

use std::collections::BTreeMap;

use super::error::{ConfigError, Origin, Warning};
use super::options::{self, Group, OptionSpec, Others, Support, Table};
use super::settings::Settings;
use super::source::Assignment;
use super::value::{Kind, Value};

/// Says which options have no effect, and refuses those that must have one.
///
/// # Errors
///
/// [`ConfigError::Unsupported`], and any error in the value of an unsupported option. The
/// values of ignored options are not looked at.
pub(super) fn check(settings: &Settings, warnings: &mut Vec<Warning>) -> Result<(), ConfigError> {
    let mut ignored: BTreeMap<(&str, &'static str), Vec<(String, Origin)>> = BTreeMap::new();
    for (group, name) in settings.places() {
        let spec = settings.table().option(group, name);
        match support(settings.table().group(group), spec) {
            None | Some(Support::Honoured) => {}
            Some(Support::Ignored { reason }) => ignored
                .entry((group, reason))
                .or_default()
                .push((name.to_owned(), settings.origin(group, name))),
            Some(Support::Unsupported { reason }) => {
                let asks = match spec {
                    Some(spec) => asks_for_something(settings, group, spec)?,
                    None => true,
                };
                if asks {
                    return Err(settings.unsupported(group, name, reason));
                }
            }
        }
    }
    let ignored = ignored.into_iter();
    warnings.extend(ignored.map(|((group, reason), options)| Warning::Ignored {
        group: group.to_owned(),
        options,
        reason,
    }));
    Ok(())
}

/// What is known about the place a value was set at.
#[derive(Debug)]
pub(super) enum Place {
    Known,
    Renamed(&'static Group, &'static OptionSpec),
    Unknown,
}

impl Place {
    pub(super) fn of(assignment: &Assignment, table: &Table) -> Self {
        let (group, option) = (assignment.group.as_str(), assignment.option.as_str());
        let known_group = table.group(group);
        if known_group.is_some_and(|group| group.option(option).is_some()) {
            return Self::Known;
        }
        if let Some((group, option)) = options::renamed(group, option) {
            return Self::Renamed(group, option);
        }
        match known_group.map(|group| group.others) {
            Some(Others::All(_)) => Self::Known,
            Some(Others::Unknown) | None => Self::Unknown,
        }
    }

    pub(super) fn warning(&self, assignment: &Assignment) -> Option<Warning> {
        match self {
            Self::Known => None,
            Self::Renamed(group, option) => Some(Warning::Renamed {
                setting: assignment.setting(),
                now: format!("[{}] {}", group.name, option.name),
            }),
            Self::Unknown => Some(Warning::Unknown {
                setting: assignment.setting(),
                nearest: options::nearest(&assignment.group, &assignment.option),
            }),
        }
    }
}

/// Whether an unsupported option is set to more than its default or something harmless.
fn asks_for_something(
    settings: &Settings,
    group: &str,
    spec: &OptionSpec,
) -> Result<bool, ConfigError> {
    Ok(match settings.value(group, spec.name)? {
        None => false,
        Some(Value::List(items)) if spec.kind == Kind::Multi => items
            .iter()
            .any(|item| !spec.harmless.contains(&item.as_str())),
        Some(value) => !spec
            .default
            .iter()
            .chain(spec.harmless)
            .any(|text| spec.kind.parse(text).as_ref() == Some(&value)),
    })
}

/// What is done about a known option, listed or not; `None` for an unknown one.
fn support(group: Option<&Group>, spec: Option<&OptionSpec>) -> Option<Support> {
    match (spec, group?.others) {
        (Some(spec), _) => Some(spec.support),
        (None, Others::All(support)) => Some(support),
        (None, Others::Unknown) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, Settings, check};

    fn checked(text: &str) -> Result<Vec<String>, ConfigError> {
        let (settings, mut warnings) = Settings::of_texts(&[text], &[]);
        check(&settings, &mut warnings)?;
        Ok(warnings.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_unsupported_option_stops_the_start_unless_it_asks_for_nothing() {
        assert_eq!(
            checked("[DEFAULT]\nimage_cache_dir = /cache\n")
                .unwrap_err()
                .to_string(),
            "`[DEFAULT] image_cache_dir` in `0.conf` line 2 cannot be honoured: images are not cached \
             in this version"
        );
        for harmless in [
            "[DEFAULT]\nimage_cache_dir =\n",
            "[oslo_messaging_notifications]\ndriver = noop\ndriver =\n",
            "[barbican]\nbarbican_api_version = v1\n",
        ] {
            assert!(checked(harmless).unwrap().is_empty(), "{harmless}");
        }
        assert!(checked("[oslo_messaging_notifications]\ndriver = noop\ndriver = log\n").is_err());
        assert!(checked("[vault]\nwhatever = 1\n").is_err());
    }

    #[test]
    fn ignored_options_are_told_once_for_each_reason() {
        let warnings = checked(
            "[oslo_reports]\nlog_dir = e\nnew_option = 1\n\
             [database]\nconnection_debug = many\n",
        )
        .unwrap();

        assert_eq!(
            warnings,
            [
                "no effect of `[database]` `connection_debug` (`0.conf` line 5): it is about Python",
                "no effect of `[oslo_reports]` `log_dir` (`0.conf` line 2), `new_option` (`0.conf` \
                 line 3): there are no Guru Meditation reports",
            ]
        );
    }

    #[test]
    fn an_unknown_option_is_told_with_the_nearest_known_one() {
        assert_eq!(
            checked("[DEFAULT]\nbind_host = 0.0.0.0\n[colours]\nsky = blue\n").unwrap(),
            [
                "`[DEFAULT] bind_host` in `0.conf` line 2 is not a known option; did you mean \
                 `[glance_rs] bind_host`?",
                "`[colours] sky` in `0.conf` line 4 is not a known option",
            ]
        );
    }
}
