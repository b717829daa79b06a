//! The file that says who may touch which custom properties: `property_protection_file`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use glance_core::domain::policy::{PropertyUse, ProtectionError, Protections, Section};
use thiserror::Error;

use crate::config::ProtectionConfig;

/// Reads the file of a configuration.
///
/// # Errors
///
/// It is not there, cannot be read, or makes no sense: an operator counts on it.
pub(crate) fn load(config: &ProtectionConfig) -> Result<Protections, ProtectionFileError> {
    for path in &config.places {
        match fs::read_to_string(path) {
            Ok(text) => return read(path, &text, config),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) => {}
            Err(source) => {
                let path = path.clone();
                return Err(ProtectionFileError::Unreadable { path, source });
            }
        }
    }
    Err(ProtectionFileError::Absent {
        name: config.name.clone(),
    })
}

/// Why properties cannot be protected.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum ProtectionFileError {
    #[error("the property protection file `{name}` is not there")]
    Absent { name: String },
    #[error("the property protection file `{}` is wrong", path.display())]
    Section {
        path: PathBuf,
        source: ProtectionError,
    },
    #[error("the property protection file `{}` {problem} in line {line}", path.display())]
    Syntax {
        path: PathBuf,
        line: usize,
        problem: &'static str,
    },
    #[error("cannot read the property protection file `{}`", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
}

/// The dialect is that of Python's configparser.
fn read(
    path: &Path,
    text: &str,
    config: &ProtectionConfig,
) -> Result<Protections, ProtectionFileError> {
    let mut reader = Reader::default();
    for (index, line) in text.lines().enumerate() {
        reader
            .line(line)
            .map_err(|problem| ProtectionFileError::Syntax {
                path: path.to_owned(),
                line: index + 1,
                problem,
            })?;
    }
    let mut sections = Vec::new();
    for (pattern, values) in &reader.sections {
        let value = |operation: PropertyUse| {
            let own = values.get(operation.as_str());
            own.or_else(|| reader.defaults.get(operation.as_str()))
                .cloned()
        };
        let section = Section::new(pattern, config.format, value);
        sections.push(section.map_err(|source| ProtectionFileError::Section {
            path: path.to_owned(),
            source,
        })?);
    }
    Ok(Protections::new(sections))
}

type Values = BTreeMap<String, String>;

#[derive(Debug, Default)]
struct Reader {
    /// What stands in `[DEFAULT]` stands in every section that does not say otherwise.
    defaults: Values,
    sections: Vec<(String, Values)>,
    names: BTreeSet<String>,
    place: Place,
    /// The key that a line goes on with which is indented further, and how far the key is.
    open: Option<(String, usize)>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Nowhere,
    Defaults,
    Section,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        let text = line.trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            return Ok(());
        }
        let indent = line.len() - line.trim_start().len();
        match self.open.clone() {
            Some((key, at)) if indent > at => {
                let value = self.values()?.entry(key).or_default();
                value.push('\n');
                value.push_str(text);
                return Ok(());
            }
            _ => {}
        }
        match text.strip_prefix('[') {
            Some(header) => self.section(header),
            None => self.value(text, indent),
        }
    }

    /// A pattern may have brackets: it ends at the last one.
    fn section(&mut self, header: &str) -> Result<(), &'static str> {
        let name = header
            .strip_suffix(']')
            .filter(|name| !name.is_empty())
            .ok_or("has a section that is no `[pattern]`")?;
        self.open = None;
        if !self.names.insert(name.to_owned()) {
            return Err("has a section a second time");
        }
        if name == "DEFAULT" {
            self.place = Place::Defaults;
        } else {
            self.place = Place::Section;
            self.sections.push((name.to_owned(), Values::new()));
        }
        Ok(())
    }

    fn value(&mut self, text: &str, indent: usize) -> Result<(), &'static str> {
        let (key, value) = text.split_once(['=', ':']).ok_or("has no `=`")?;
        let key = key.trim().to_lowercase();
        if !PropertyUse::ALL.iter().any(|known| known.as_str() == key) {
            return Err("has something else than `create`, `read`, `update` and `delete`");
        }
        if value.contains('%') {
            return Err("has a `%`, which stands for nothing");
        }
        let values = self.values()?;
        if values.contains_key(&key) {
            return Err("says something a second time");
        }
        values.insert(key.clone(), value.trim().to_owned());
        self.open = Some((key, indent));
        Ok(())
    }

    fn values(&mut self) -> Result<&mut Values, &'static str> {
        let values = match self.place {
            Place::Nowhere => None,
            Place::Defaults => Some(&mut self.defaults),
            Place::Section => self.sections.last_mut().map(|(_, values)| values),
        };
        values.ok_or("says something before the first section")
    }
}

#[cfg(test)]
mod tests {
    use glance_core::domain::Caller;
    use glance_core::domain::policy::ProtectionFormat;

    use super::*;

    fn protections(text: &str) -> Result<Protections, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.conf");
        fs::write(&path, text).unwrap();
        let config = ProtectionConfig {
            name: "p.conf".to_owned(),
            places: vec![folder.path().join("absent/p.conf"), path],
            format: ProtectionFormat::Roles,
        };
        load(&config).map_err(|error| {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
            let place = format!("{}/", folder.path().display());
            format!("{error}{}", source.unwrap_or_default()).replace(&place, "")
        })
    }

    #[test]
    fn a_line_goes_on_only_with_a_key_that_it_is_indented_further_than() {
        let protections = protections(
            "[DEFAULT]\ncreate = @\nread = @\nupdate = @\ndelete = @\n[secret]\n  create = admin\n  \
             read = admin,\n    auditor\n  update = admin\n  delete = admin\n",
        )
        .unwrap();
        let member = Caller::anonymous().with_roles(["member"]);
        let auditor = Caller::anonymous().with_roles(["auditor"]);
        let may = |caller, operation| {
            protections.allow(caller, &"secret".parse().unwrap(), operation, |_| false)
        };

        for operation in PropertyUse::ALL {
            assert!(!may(&member, operation), "{operation:?}");
            assert_eq!(may(&auditor, operation), operation == PropertyUse::Read);
        }
    }

    #[test]
    fn sections_are_patterns_in_the_order_of_the_file() {
        let protections = protections(
            "# who may\n[DEFAULT]\ndelete = admin\n\n[^x_[a-c]+$]\nCreate = admin,\n  member\n\
             read: @\nupdate =\n; nobody\n[.*]\ncreate = @\nread = @\nupdate = @\ndelete = @\n",
        )
        .unwrap();
        let member = Caller::anonymous().with_roles(["member"]);
        let may = |name: &str, operation| {
            protections.allow(&member, &name.parse().unwrap(), operation, |_| false)
        };

        assert!(may("x_abc", PropertyUse::Create) && may("x_abc", PropertyUse::Read));
        assert!(!may("x_abc", PropertyUse::Update) && !may("x_abc", PropertyUse::Delete));
        assert!(may("x_xyz", PropertyUse::Delete));
        assert_eq!(
            protections.empty().collect::<Vec<_>>(),
            [("^x_[a-c]+$", PropertyUse::Update)]
        );
    }

    #[test]
    fn a_file_that_makes_no_sense_is_refused() {
        let all = "create = @\nread = @\nupdate = @\ndelete = @\n";
        for (text, told) in [
            (
                "[a]\ncreate = @\n",
                "`p.conf` is wrong: section `[a]` does not say who may read",
            ),
            (
                "[a]\n",
                "`p.conf` is wrong: section `[a]` does not say who may create",
            ),
            (
                &format!("[(]\n{all}"),
                "`[(]` is no regular expression that this version understands",
            ),
            (
                &format!("[a]\n{all}[a]\n{all}"),
                "has a section a second time in line 6",
            ),
            (
                "[a]\nread = @\nread = !\n",
                "says something a second time in line 3",
            ),
            (
                "read = @\n",
                "says something before the first section in line 1",
            ),
            (
                "[a]\nlist = @\n",
                "has something else than `create`, `read`, `update` and `delete`",
            ),
            ("[a]\nread\n", "has no `=` in line 2"),
            ("[a\n", "has a section that is no `[pattern]` in line 1"),
            (
                "[a]\nread = %(x)s\n",
                "has a `%`, which stands for nothing in line 2",
            ),
        ] {
            let refused = protections(text).unwrap_err();
            assert!(refused.contains(told), "{text:?}: {refused}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_refused() {
        let config = ProtectionConfig {
            name: "p.conf".to_owned(),
            places: vec!["/absent/p.conf".into()],
            format: ProtectionFormat::Roles,
        };

        assert_eq!(
            load(&config).unwrap_err().to_string(),
            "the property protection file `p.conf` is not there"
        );
    }
}
