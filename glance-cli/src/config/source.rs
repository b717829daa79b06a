//! Where values come from: files, then the environment, then the command line on top.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Origin, Setting};
use super::{ini, options};

/// Everything a configuration is read from. Without any file the server is an embedded one, with
/// its data in `./glance-data`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    places: Vec<Place>,
    environment: Vec<(String, String)>,
    overrides: Vec<Assignment>,
}

/// One value that was set somewhere.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    pub(super) group: String,
    pub(super) option: String,
    pub(super) text: String,
    pub(super) origin: Origin,
    pub(super) layer: Layer,
}

impl Assignment {
    pub(super) fn setting(&self) -> Setting {
        Setting {
            origin: self.origin.clone(),
            group: self.group.clone(),
            option: self.option.clone(),
        }
    }
}

/// Later layers win. A file given later is a later layer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Layer {
    BuiltIn,
    File(usize),
    Environment,
    CommandLine,
}

#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    Folder(PathBuf),
}

impl Sources {
    /// The environment of this process. What is not text in it is marked where it is not.
    pub(crate) fn of_this_process() -> Self {
        let text = |part: OsString| part.to_string_lossy().into_owned();
        Self::new(env::vars_os().map(|(name, value)| (text(name), text(value))))
    }

    /// Only an environment. If it names a folder in `OS_GLANCE_CONFIG_DIR`, the files there are
    /// read unless others are given.
    pub(crate) fn new(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            environment: environment.into_iter().collect(),
            ..Self::default()
        }
    }

    /// `--config-file`: what it sets wins over what was given before.
    #[must_use]
    pub(crate) fn with_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.push(Place::File(path.into()));
        self
    }

    /// `--config-dir`: all `*.conf` of the folder, in the order of their names.
    #[must_use]
    pub(crate) fn with_folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.push(Place::Folder(path.into()));
        self
    }

    /// A flag of the command line that sets an option, over everything else.
    #[must_use]
    pub(crate) fn with_override(
        mut self,
        flag: &'static str,
        group: &'static str,
        option: &'static str,
        value: impl Into<String>,
    ) -> Self {
        self.overrides.push(Assignment {
            group: group.to_owned(),
            option: option.to_owned(),
            text: value.into(),
            origin: Origin::CommandLine { flag },
            layer: Layer::CommandLine,
        });
        self
    }

    /// The files to read, in order.
    ///
    /// # Errors
    ///
    /// [`ConfigError::FolderUnreadable`] if a folder cannot be listed.
    pub(super) fn files(&self) -> Result<Vec<PathBuf>, ConfigError> {
        let mut files = Vec::new();
        for place in &self.places {
            match place {
                Place::File(path) => files.push(path.clone()),
                Place::Folder(path) => files.extend(conf_files(path)?),
            }
        }
        if let Some(folder) = self.environment_folder() {
            let import = folder.join("glance-image-import.conf");
            if import.exists() {
                files.push(import);
            }
            files.push(folder.join("glance-api.conf"));
        }
        Ok(files)
    }

    /// The place to name when something is missing; `None` means there is no file at all.
    pub(super) fn last_place(&self) -> Option<PathBuf> {
        match self.places.last() {
            Some(Place::File(path) | Place::Folder(path)) => Some(path.clone()),
            None => Some(self.environment_folder()?.join("glance-api.conf")),
        }
    }

    /// Every value set in `files`, the environment and the command line, the weakest first.
    ///
    /// # Errors
    ///
    /// [`ConfigError::FileUnreadable`] and [`ConfigError::Syntax`].
    pub(super) fn assignments(&self, files: &[PathBuf]) -> Result<Vec<Assignment>, ConfigError> {
        let mut assignments = Vec::new();
        if self.last_place().is_none() {
            assignments.extend(embedded());
        }
        for (index, path) in files.iter().enumerate() {
            let text = fs::read_to_string(path).map_err(|source| ConfigError::FileUnreadable {
                path: path.clone(),
                source,
            })?;
            assignments.extend(of_file(path, &text, index)?);
        }
        assignments.extend(self.environment.iter().filter_map(from_environment));
        assignments.extend(self.overrides.iter().cloned());
        Ok(assignments)
    }

    /// The folders where files are looked for that an option names without a folder, in
    /// oslo.config's order. None for an embedded server.
    pub(super) fn search_folders(&self, files: &[PathBuf]) -> Vec<PathBuf> {
        if self.last_place().is_none() {
            return Vec::new();
        }
        let given = self.places.iter().filter_map(|place| match place {
            Place::Folder(path) => Some(path.clone()),
            Place::File(_) => None,
        });
        let beside = files
            .iter()
            .rev()
            .filter_map(|file| file.parent().map(Path::to_owned));
        let home = self.variable("HOME").map(PathBuf::from);
        let at_home = home
            .into_iter()
            .flat_map(|home| [home.join(".glance"), home]);
        given
            .chain(beside)
            .chain(at_home)
            .chain([PathBuf::from("/etc/glance"), PathBuf::from("/etc")])
            .collect()
    }

    fn environment_folder(&self) -> Option<PathBuf> {
        if !self.places.is_empty() {
            return None;
        }
        self.variable("OS_GLANCE_CONFIG_DIR").map(PathBuf::from)
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .iter()
            .find(|(variable, _)| variable == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }
}

/// What a server without any file starts from.
fn embedded() -> [Assignment; 3] {
    let assignment = |group: &str, option: &str, text: &str| Assignment {
        group: group.to_owned(),
        option: option.to_owned(),
        text: text.to_owned(),
        origin: Origin::BuiltIn,
        layer: Layer::BuiltIn,
    };
    [
        assignment(
            "database",
            "connection",
            "sqlite:///glance-data/glance.sqlite",
        ),
        assignment(
            "glance_store",
            "filesystem_store_datadir",
            "glance-data/images",
        ),
        assignment("DEFAULT", "node_staging_uri", "file://glance-data/staging"),
    ]
}

fn conf_files(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let unreadable = |source| ConfigError::FolderUnreadable {
        path: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        // As the shell pattern `*.conf`: hidden files do not count.
        if name.to_str().is_some_and(|name| {
            !name.starts_with('.') && Path::new(name).extension().is_some_and(|end| end == "conf")
        }) {
            files.push(folder.join(name));
        }
    }
    files.sort();
    Ok(files)
}

/// What a file sets, the one at `index` of all.
pub(super) fn of_file(
    path: &Path,
    text: &str,
    index: usize,
) -> Result<impl Iterator<Item = Assignment>, ConfigError> {
    let entries = ini::parse(path, text)?.into_iter();
    Ok(entries.map(move |entry| Assignment {
        group: options::canonical_group(&entry.section),
        option: entry.key,
        text: entry.value,
        origin: Origin::File {
            path: path.to_owned(),
            line: entry.line,
        },
        layer: Layer::File(index),
    }))
}

/// `OS_<GROUP>__<OPTION>`. Variables of groups we do not know are somebody else's.
fn from_environment((variable, text): &(String, String)) -> Option<Assignment> {
    let (group, option) = variable.strip_prefix("OS_")?.split_once("__")?;
    let group = options::groups().find(|known| known.name.to_uppercase() == group)?;
    Some(Assignment {
        group: group.name.to_owned(),
        option: option.to_lowercase(),
        text: text.clone(),
        origin: Origin::Environment {
            variable: variable.clone(),
        },
        layer: Layer::Environment,
    })
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fs;
    use std::path::PathBuf;

    use super::{Layer, Sources};

    fn names(files: &[PathBuf]) -> Vec<String> {
        files
            .iter()
            .map(|file| file.file_name().unwrap().to_str().unwrap().to_owned())
            .collect()
    }

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            fs::write(folder.path().join(file), "[DEFAULT]\ndebug = true\n").unwrap();
        }
        folder
    }

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_folder_gives_its_conf_files_sorted() {
        let folder = folder(&["20-b.conf", "10-a.conf", "notes.txt", ".hidden.conf"]);

        let files = Sources::default()
            .with_folder(folder.path())
            .files()
            .unwrap();

        assert_eq!(names(&files), ["10-a.conf", "20-b.conf"]);
    }

    #[test]
    fn files_and_folders_are_read_in_the_order_given() {
        let folder = folder(&["b.conf"]);

        let files = Sources::default()
            .with_file("z.conf")
            .with_folder(folder.path())
            .with_file("a.conf")
            .files()
            .unwrap();

        assert_eq!(names(&files), ["z.conf", "b.conf", "a.conf"]);
    }

    #[test]
    fn the_folder_of_the_environment_gives_the_two_files_of_glance() {
        let folder = folder(&["glance-api.conf", "other.conf"]);
        let sources = Sources::new(variables(&[(
            "OS_GLANCE_CONFIG_DIR",
            folder.path().to_str().unwrap(),
        )]));

        assert_eq!(names(&sources.files().unwrap()), ["glance-api.conf"]);

        fs::write(folder.path().join("glance-image-import.conf"), "").unwrap();

        assert_eq!(
            names(&sources.files().unwrap()),
            ["glance-image-import.conf", "glance-api.conf"]
        );
        assert_eq!(
            names(&sources.with_file("mine.conf").files().unwrap()),
            ["mine.conf"]
        );
    }

    #[test]
    fn a_missing_file_or_folder_is_named_and_its_cause_kept() {
        let sources = Sources::default().with_file("/absent/glance-api.conf");
        let error = sources.assignments(&sources.files().unwrap()).unwrap_err();

        assert_eq!(
            error.to_string(),
            "cannot read configuration file `/absent/glance-api.conf`"
        );
        assert!(error.source().is_some());
        assert_eq!(
            Sources::default()
                .with_folder("/absent")
                .files()
                .unwrap_err()
                .to_string(),
            "cannot read configuration folder `/absent`"
        );
    }

    #[test]
    fn the_environment_sets_options_of_known_groups_only() {
        let sources = Sources::new(variables(&[
            ("OS_DEFAULT__API_LIMIT_MAX", "5"),
            ("OS_GLANCE_STORE__STORES", "file"),
            ("OS_PLACEMENT_DATABASE__CONNECTION", "mysql://x"),
            ("OS_AUTH_URL", "http://keystone"),
            ("PATH", "/bin"),
        ]));

        let set: Vec<_> = sources
            .assignments(&[])
            .unwrap()
            .into_iter()
            .filter(|assignment| assignment.layer == Layer::Environment)
            .map(|assignment| (assignment.group, assignment.option, assignment.text))
            .collect();

        let set: Vec<_> = set
            .iter()
            .map(|(group, option, text)| (group.as_str(), option.as_str(), text.as_str()))
            .collect();
        assert_eq!(
            set,
            [
                ("DEFAULT", "api_limit_max", "5"),
                ("glance_store", "stores", "file"),
            ]
        );
    }

    #[test]
    fn the_environment_of_this_process_is_read() {
        assert!(Sources::of_this_process().variable("PATH").is_some());
    }

    #[test]
    fn files_named_without_a_folder_are_looked_for_beside_the_configuration() {
        let sources = Sources::new(variables(&[("HOME", "/home/op")]))
            .with_file("/srv/glance/glance-api.conf");

        assert_eq!(
            sources.search_folders(&sources.files().unwrap()),
            [
                "/srv/glance",
                "/home/op/.glance",
                "/home/op",
                "/etc/glance",
                "/etc"
            ]
            .map(PathBuf::from)
        );
        assert!(Sources::default().search_folders(&[]).is_empty());
    }
}
