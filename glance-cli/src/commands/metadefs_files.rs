//! `glance metadefs`: the definitions in the catalog, and the files they come from and go to.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use glance_core::domain::metadef::{Existing, NamespaceDocument};
use glance_core::ports::CatalogError;
use glance_core::{Error, Glance, Loaded};
use tempfile::NamedTempFile;

use super::open::{Backends, Missing, unreadable};
use super::operator::{OperatorError, sources};
use super::serve::runtime;
use crate::args::{ConfigArgs, ExportMetadefs, LoadMetadefs, Metadefs};
use crate::config::{Config, Database};
use crate::output;

/// Loads definitions, removes them all, or writes them to files.
///
/// # Errors
///
/// The database cannot be used; a file cannot be read or written, or holds no namespace.
pub(crate) fn run(command: &Metadefs, is_debug: bool) -> Result<ExitCode, OperatorError> {
    let args = match command {
        Metadefs::Load(args) => &args.config,
        Metadefs::Unload(args) => args,
        Metadefs::Export(args) => &args.config,
    };
    let config = config(args, is_debug)?;
    runtime()?.block_on(async {
        let (text, code) = match command {
            Metadefs::Load(args) => (load(&config, args).await?, ExitCode::SUCCESS),
            Metadefs::Unload(_) => {
                glance(&config).await?.metadefs()?.unload().await?;
                let text = "all metadata definitions are removed".to_owned();
                (text, ExitCode::SUCCESS)
            }
            Metadefs::Export(args) => export(&config, args).await?,
        };
        output::lines(&text).map_err(OperatorError::Output)?;
        Ok(code)
    })
}

fn config(args: &ConfigArgs, is_debug: bool) -> Result<Config, OperatorError> {
    let (config, warnings) = Config::load(&sources(args, is_debug))?;
    for warning in warnings {
        output::note(&format!("glance: {warning}"));
    }
    match config.catalog.database {
        Database::SqliteInMemory => Err(OperatorError::InMemory),
        _ => Ok(config),
    }
}

async fn glance(config: &Config) -> Result<Glance, OperatorError> {
    let backends = Backends::open(config, Missing::IsRefused).await?;
    backends.glance(config, None)
}

async fn load(config: &Config, args: &LoadMetadefs) -> Result<String, OperatorError> {
    let existing = match (args.merge, args.prefer_new, args.overwrite) {
        (false, ..) => Existing::Refused,
        (true, true, _) => Existing::Renewed,
        (true, false, true) => Existing::Replaced,
        (true, false, false) => Existing::Kept,
    };
    let path = args.path.as_ref().unwrap_or(&config.metadefs_folder);
    let documents = documents(path)?;
    let glance = glance(config).await?;
    let metadefs = glance.metadefs()?;
    let (mut stored, mut skipped) = (0, 0);
    for document in &documents {
        match metadefs.load(document, existing).await? {
            Loaded::Stored => stored += 1,
            Loaded::Skipped => skipped += 1,
        }
    }
    Ok(format!(
        "namespaces loaded: {stored}\nnamespaces skipped, for they are there: {skipped}"
    ))
}

/// The namespaces in a file, or in all files of a folder, in the order of their names.
fn documents(path: &Path) -> Result<Vec<NamespaceDocument>, OperatorError> {
    let files = if path.is_dir() {
        json_files(path).map_err(|source| unreadable(path.to_owned(), source))?
    } else {
        vec![path.to_owned()]
    };
    if files.is_empty() {
        return Err(OperatorError::NoMetadefFiles {
            path: path.to_owned(),
        });
    }
    files.into_iter().map(document).collect()
}

fn document(path: PathBuf) -> Result<NamespaceDocument, OperatorError> {
    match fs::read_to_string(&path) {
        Ok(text) => NamespaceDocument::from_file(&text)
            .map_err(|source| OperatorError::MetadefFile { path, source }),
        Err(source) => Err(unreadable(path, source)),
    }
}

fn json_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && path.is_file()
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Writes what can be loaded again; what cannot is named, and left out.
async fn export(
    config: &Config,
    args: &ExportMetadefs,
) -> Result<(String, ExitCode), OperatorError> {
    let folder = args.path.as_ref().unwrap_or(&config.metadefs_folder);
    if !folder.is_dir() {
        let source = io::ErrorKind::NotADirectory.into();
        return Err(unwritable(folder.clone(), source));
    }
    let glance = glance(config).await?;
    let metadefs = glance.metadefs()?;
    let (mut files, mut left_out) = (BTreeSet::new(), 0);
    for name in metadefs.names().await? {
        let no_file = |source| OperatorError::NoMetadefFile {
            name: name.to_string(),
            source,
        };
        let text = match metadefs.export(&name).await {
            // Somebody removed it meanwhile.
            Ok(None) => continue,
            Ok(Some(document)) => match document.to_file() {
                Ok(text) => Ok((document, text)),
                Err(invalid) => Err(no_file(invalid.into())),
            },
            Err(Error::Catalog(CatalogError::Odd { source })) => Err(no_file(source)),
            Err(error) => return Err(error.into()),
        };
        match text {
            Ok((document, text)) => {
                let path = folder.join(file_name(&document, &mut files));
                write(folder, &path, &text).map_err(|source| unwritable(path, source))?;
            }
            Err(error) => {
                output::failure(&error);
                left_out += 1;
            }
        }
    }
    let written = format!("namespaces written: {}", files.len());
    Ok(match left_out {
        0 => (written, ExitCode::SUCCESS),
        _ => {
            let text = format!("{written}\nnamespaces left out: {left_out}");
            (text, ExitCode::FAILURE)
        }
    })
}

/// What a file is called: where two namespaces would share a name, the second gets its own.
fn file_name(document: &NamespaceDocument, taken: &mut BTreeSet<String>) -> String {
    let name = document.file_name();
    if taken.insert(name.to_lowercase()) {
        return name;
    }
    let own = document.namespace.name.as_str();
    let own = own.replace(|each: char| !each.is_alphanumeric(), "_");
    let mut name = format!("{own}.json");
    while !taken.insert(name.to_lowercase()) {
        name.insert(0, '_');
    }
    name
}

/// A file is there whole or as it was.
fn write(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = NamedTempFile::with_prefix_in(".glance-", folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file()
        .set_permissions(Permissions::from_mode(0o644))?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn unwritable(path: PathBuf, source: io::Error) -> OperatorError {
    OperatorError::File {
        action: "write to",
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{NamespaceDocument, file_name};

    #[test]
    fn namespaces_of_one_display_name_get_files_of_their_own() {
        let mut taken = BTreeSet::new();
        let mut name = |namespace: &str, display_name: &str| {
            let text =
                format!(r#"{{"namespace": "{namespace}", "display_name": "{display_name}"}}"#);
            file_name(&NamespaceDocument::from_file(&text).unwrap(), &mut taken)
        };

        assert_eq!(name("OS::A", "Same name"), "Samename.json");
        assert_eq!(name("OS::B", "same-name"), "OS__B.json");
        assert_eq!(name("OS--B", "same-name"), "_OS__B.json");
    }
}
