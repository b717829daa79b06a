//! Where policy files are, and what they say together.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use glance_core::domain::policy::{PolicyError, PolicyWarning, Protections, Rules};
use thiserror::Error;

use super::read::{self, Entry, Problem};
use crate::config::PolicyConfig;

/// The policy files of a configuration.
#[derive(Debug, Clone)]
pub(crate) struct PolicyFiles {
    config: PolicyConfig,
    /// Rules that protect properties, each with the section that names it.
    protecting: Vec<(String, String)>,
}

/// A policy as its files have it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) rules: Rules,
    /// What the operator should know of it.
    pub(crate) warnings: Vec<String>,
    /// The files, in the order in which they stand over each other.
    pub(crate) files: Vec<PathBuf>,
}

/// How the files look from outside: they say the same while it is the same.
pub(super) type Stamp = Vec<(PathBuf, Option<SystemTime>, (i64, i64), u64)>;

/// Why there is no policy in the files.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum PolicyFileError {
    /// What they say together makes no policy.
    #[error("the policy files contradict themselves")]
    Policy(#[from] PolicyError),
    /// A file is no policy.
    #[error("the policy file `{}` is wrong in line {line}", path.display())]
    Wrong {
        path: PathBuf,
        line: usize,
        source: Problem,
    },
    /// A file or folder cannot be read.
    #[error("cannot read the policy in `{}`", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
}

impl PolicyFiles {
    pub(crate) fn new(config: &PolicyConfig) -> Self {
        Self {
            config: config.clone(),
            protecting: Vec::new(),
        }
    }

    /// The same, whose rules protect properties, too.
    pub(crate) fn protecting(mut self, protections: &Protections) -> Self {
        let rules = protections.rules();
        let owned = rules.map(|(section, rule)| (section.to_owned(), rule.to_owned()));
        self.protecting = owned.collect::<BTreeSet<_>>().into_iter().collect();
        self
    }

    /// Reads all of them. Later files stand over earlier ones; none is fine.
    ///
    /// # Errors
    ///
    /// One of them cannot be read, or is no policy.
    pub(crate) fn load(&self) -> Result<Loaded, PolicyFileError> {
        let files = self.find()?;
        let mut entries = Vec::new();
        for path in &files {
            entries.extend(read_file(path)?);
        }
        let over = entries.into_iter().map(|entry| (entry.name, entry.rule));
        let (rules, warnings) = Rules::new(over, self.config.options)?;
        let warnings = self.doubts(&rules, &files, &warnings);
        Ok(Loaded {
            rules,
            warnings,
            files,
        })
    }

    /// What the operator should know, in words.
    fn doubts(&self, rules: &Rules, files: &[PathBuf], of_rules: &[PolicyWarning]) -> Vec<String> {
        let absent = self.config.chosen_file.iter();
        let absent = absent
            .filter(|_| !files.iter().any(|file| self.config.files.contains(file)))
            .map(|name| format!("the policy file `{name}` is not there, so it changes nothing"));
        let of_rules = of_rules.iter().filter(|warning| match warning {
            PolicyWarning::UnusedRule { rule } => {
                !self.protecting.iter().any(|(_, used)| used == rule)
            }
            _ => true,
        });
        let protecting = self.protecting.iter();
        let undefined = protecting
            .filter(|(_, rule)| !rules.has(rule))
            .map(|(section, rule)| {
                format!(
                    "section `[{section}]` of the property protection file names the rule \
                     `{rule}`, which is not defined, and lets nobody pass by it"
                )
            });
        absent
            .chain(of_rules.map(ToString::to_string))
            .chain(undefined)
            .collect()
    }

    /// How the files look now.
    ///
    /// # Errors
    ///
    /// They cannot be looked at.
    pub(super) fn stamp(&self) -> Result<Stamp, PolicyFileError> {
        let files = self.find()?.into_iter();
        files
            .map(|path| match fs::metadata(&path) {
                Ok(metadata) => {
                    // When it was given other rights, too: then it may be readable at last.
                    let changed = (metadata.ctime(), metadata.ctime_nsec());
                    Ok((path, metadata.modified().ok(), changed, metadata.len()))
                }
                Err(source) => Err(PolicyFileError::Unreadable { path, source }),
            })
            .collect()
    }

    /// The file, then those in each folder by name, without hidden ones (oslo.policy).
    fn find(&self) -> Result<Vec<PathBuf>, PolicyFileError> {
        let mut files = Vec::new();
        files.extend(first(&self.config.files, Path::is_file)?);
        for places in &self.config.folders {
            if let Some(folder) = first(places, Path::is_dir)? {
                files.extend(
                    in_folder(&folder).map_err(|source| PolicyFileError::Unreadable {
                        path: folder.clone(),
                        source,
                    })?,
                );
            }
        }
        Ok(files)
    }
}

/// The first of these places where something is. What is there and is something else is an error:
/// nobody would see that its rules do not hold.
fn first(
    places: &[PathBuf],
    is_right: impl Fn(&Path) -> bool,
) -> Result<Option<PathBuf>, PolicyFileError> {
    for place in places {
        let unreadable = |source| PolicyFileError::Unreadable {
            path: place.clone(),
            source,
        };
        match fs::metadata(place) {
            Ok(_) if is_right(place) => return Ok(Some(place.clone())),
            Ok(metadata) if metadata.is_dir() => {
                return Err(unreadable(io::ErrorKind::IsADirectory.into()));
            }
            Ok(_) => return Err(unreadable(io::ErrorKind::NotADirectory.into())),
            Err(error) if is_absent(&error) => {}
            Err(source) => return Err(unreadable(source)),
        }
    }
    Ok(None)
}

fn in_folder(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // A link that leads nowhere is an error, when it is read.
        if !is_hidden && !path.is_dir() {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn read_file(path: &Path) -> Result<Vec<Entry>, PolicyFileError> {
    let text = fs::read_to_string(path).map_err(|source| PolicyFileError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    read::entries(&text).map_err(|fault| PolicyFileError::Wrong {
        path: path.to_owned(),
        line: fault.line,
        source: fault.problem,
    })
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;

    use glance_core::domain::Caller;
    use glance_core::domain::policy::PolicyOptions;
    use tempfile::TempDir;

    use super::*;

    fn files(folder: &TempDir) -> PolicyFiles {
        let at = |name: &str| vec![folder.path().join("absent"), folder.path().join(name)];
        PolicyFiles::new(&PolicyConfig {
            files: at("policy.yaml"),
            folders: vec![at("policy.d"), at("more.d")],
            chosen_file: Some("policy.yaml".to_owned()),
            options: PolicyOptions::default(),
        })
    }

    fn write(folder: &TempDir, path: &str, text: &str) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn holds(loaded: &Loaded, role: &str, rule: &str) -> bool {
        loaded
            .rules
            .holds(&Caller::anonymous().with_roles([role]), rule)
    }

    #[test]
    fn a_file_looks_another_once_it_was_given_other_rights() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder, "policy.yaml", "a: role:x");
        let path = folder.path().join("policy.yaml");
        let before = files(&folder).stamp().unwrap();
        assert_eq!(files(&folder).stamp().unwrap(), before);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();

        assert_ne!(files(&folder).stamp().unwrap(), before);
    }

    #[test]
    fn later_files_stand_over_earlier_ones_and_no_file_is_fine() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = files(&folder).load().unwrap();
        assert!(nothing.files.is_empty());
        assert_eq!(
            nothing.warnings,
            ["the policy file `policy.yaml` is not there, so it changes nothing"]
        );

        write(
            &folder,
            "policy.yaml",
            "a: role:main\nb: role:main\nc: role:main\n",
        );
        write(&folder, "policy.d/20.json", "{\"b\": \"role:twenty\"}");
        write(&folder, "policy.d/10.yaml", "b: role:ten\nc: role:ten\n");
        write(&folder, "policy.d/.hidden.yaml", "a: role:hidden\n");
        write(&folder, "policy.d/folder/x.yaml", "a: role:deep\n");
        write(&folder, "more.d/x", "d: role:more\n");
        let loaded = files(&folder).load().unwrap();

        assert_eq!(loaded.files.len(), 4);
        assert_eq!(loaded.warnings.len(), 4, "nothing uses a, b, c and d");
        for (role, rule) in [("main", "a"), ("twenty", "b"), ("ten", "c"), ("more", "d")] {
            assert!(holds(&loaded, role, rule), "{role}");
        }
        assert!(!holds(&loaded, "main", "b"));
    }

    #[test]
    fn files_that_cannot_be_read_or_understood_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let failure = |files: PolicyFiles| {
            let error = files.load().unwrap_err();
            let source = std::error::Error::source(&error).map(ToString::to_string);
            let place = folder.path().display().to_string();
            format!("{error}: {}", source.unwrap_or_default()).replace(&place, "")
        };

        write(&folder, "policy.yaml", "\na: role admin\n");
        assert_eq!(
            failure(files(&folder)),
            "the policy file `/policy.yaml` is wrong in line 2: rule `a` cannot be understood"
        );
        write(&folder, "policy.yaml", "a: rule:a\n");
        assert_eq!(
            failure(files(&folder)),
            "the policy files contradict themselves: rules refer to each other in a circle: a -> a"
        );
        fs::remove_file(folder.path().join("policy.yaml")).unwrap();
        fs::create_dir(folder.path().join("policy.yaml")).unwrap();
        assert!(failure(files(&folder)).starts_with("cannot read the policy in `/policy.yaml`"));
        fs::remove_dir(folder.path().join("policy.yaml")).unwrap();
        fs::create_dir(folder.path().join("policy.d")).unwrap();
        symlink("nowhere", folder.path().join("policy.d/x.yaml")).unwrap();
        assert!(
            failure(files(&folder)).starts_with("cannot read the policy in `/policy.d/x.yaml`")
        );
    }
}
