//! A server that cannot start: one sentence, exit code 1, and nothing created.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{files_in, glance, glance_at, run};

/// The sentence, after a start that left the folder as it was.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let before = files_in(folder);
    let mut serve = glance(folder);

    let done = run(serve.arg("serve").args(arguments));

    assert_eq!(files_in(folder), before, "{done:?}");
    assert!(done.stdout.is_empty(), "{done:?}");
    done.failed().to_owned()
}

fn refused_config(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("g.conf"), text).unwrap();
    refused(
        folder.path(),
        &["--bind", "127.0.0.1:0", "--config-file", "g.conf"],
    )
}

#[test]
fn a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();

    assert_eq!(
        refused(folder.path(), &["--bind", &address]),
        format!("cannot listen on {address}: Address already in use (os error 98)")
    );
}

#[test]
fn an_address_beyond_this_machine_without_identity() {
    let folder = tempfile::tempdir().unwrap();

    let sentence = refused(folder.path(), &["--bind", "0.0.0.0:0"]);

    assert!(
        sentence.starts_with("refusing to listen on 0.0.0.0:0 without identity"),
        "{sentence}"
    );
}

#[test]
fn a_folder_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("glance-data"), "a file is in the way").unwrap();

    let sentence = refused(folder.path(), &["--bind", "127.0.0.1:0"]);

    assert!(sentence.contains("glance-data"), "{sentence}");
    assert!(sentence.contains("Not a directory"), "{sentence}");
}

#[test]
fn a_data_folder_that_cannot_be_made() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "in the way").unwrap();
    let text = "[database]\nconnection = sqlite:///g.sqlite\n\
                [glance_store]\nfilesystem_store_datadirs = new/images:1\n\
                filesystem_store_datadirs = file/images:2\n";
    fs::write(folder.path().join("g.conf"), text).unwrap();
    let config = ["--config-file", "g.conf"];
    run(glance(folder.path()).args(["db", "sync"]).args(config)).succeeded();

    let sentence = refused(
        folder.path(),
        &["--bind", "127.0.0.1:0", config[0], config[1]],
    );

    assert!(sentence.contains("file/images"), "{sentence}");
}

#[test]
fn a_broken_database_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("glance-data")).unwrap();
    let database = folder.path().join("glance-data/glance.sqlite");
    fs::write(&database, "not a database at all").unwrap();

    let sentence = refused(folder.path(), &["--bind", "127.0.0.1:0"]);

    assert!(sentence.contains("glance-data/glance.sqlite"), "{sentence}");
    assert_eq!(
        files_in(&folder.path().join("glance-data")),
        ["glance.sqlite"]
    );
    assert_eq!(
        fs::read_to_string(database).unwrap(),
        "not a database at all"
    );
}

#[test]
fn a_misspelt_value() {
    assert_eq!(
        refused_config("[DEFAULT]\nlimit_param_default = twenty\n"),
        "`[DEFAULT] limit_param_default` in `g.conf` line 2 is `twenty`, but must be a whole \
         number of at least 1"
    );
}

#[test]
fn a_configuration_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();

    assert_eq!(
        refused(folder.path(), &["--config-file", "absent.conf"]),
        "cannot read configuration file `absent.conf`: No such file or directory (os error 2)"
    );
}

#[test]
fn a_log_file_that_cannot_be_written() {
    let sentence = refused_config(
        "[DEFAULT]\nlog_file = absent/glance.log\n[database]\nconnection = sqlite:///g.sqlite\n",
    );

    assert_eq!(
        sentence,
        "cannot write the log file `absent/glance.log`: No such file or directory (os error 2)"
    );
}

#[test]
fn policy_that_cannot_be_understood() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("policy.yaml"),
        "# mine\nget_images: http://example.test/\n",
    )
    .unwrap();
    let text = "[database]\nconnection = sqlite:///g.sqlite\n";
    fs::write(folder.path().join("g.conf"), text).unwrap();

    let sentence = refused(folder.path(), &["--config-file", "g.conf"]);

    assert_eq!(
        sentence,
        "the policy file `policy.yaml` is wrong in line 2: rule `get_images` cannot be understood: \
         `http://example.test/` asks another service, which this version does not do: write the \
         rule with `role:`, `rule:` and attributes of the token"
    );
}

/// A folder of somebody whom permissions bind, unlike root, with a program to run there.
struct Ordinary {
    folder: TempDir,
    program: PathBuf,
}

impl Ordinary {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("glance");
        fs::copy(env!("CARGO_BIN_EXE_glance"), &program).unwrap();
        let text = "[database]\nconnection = sqlite:///data/g.sqlite\n\
                    [glance_store]\nfilesystem_store_datadir = data/images\n";
        fs::write(folder.path().join("g.conf"), text).unwrap();
        fs::create_dir_all(folder.path().join("data/images")).unwrap();
        let it = Self { folder, program };
        for path in ["", "data", "data/images"] {
            it.give(path);
        }
        it.set_mode("", 0o755);
        it
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn give(&self, path: &str) {
        if is_root() {
            chown(self.path(path), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    fn set_mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), Permissions::from_mode(mode)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = glance_at(&self.program, self.folder.path());
        command.args(arguments).args(["--config-file", "g.conf"]);
        // Where policy is looked for, too.
        command.env("HOME", self.folder.path());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    fn with_database(self) -> Self {
        run(&mut self.command(&["db", "sync"])).succeeded();
        self
    }

    /// The sentence, after a start that left everything as it was.
    #[track_caller]
    fn refused(&self) -> String {
        let seen = || ["", "data", "data/images"].map(|path| files_in(&self.path(path)));
        let before = seen();
        let done = run(&mut self.command(&["serve", "--bind", "127.0.0.1:0"]));
        assert_eq!(seen(), before, "{done:?}");
        done.failed().to_owned()
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

const NOBODY: u32 = 65534;

#[test]
fn a_database_file_that_cannot_be_read() {
    let ordinary = Ordinary::new().with_database();
    ordinary.set_mode("data/g.sqlite", 0o000);

    let sentence = ordinary.refused();

    assert!(sentence.contains("data/g.sqlite"), "{sentence}");
}

#[test]
fn a_database_file_that_cannot_be_written() {
    let ordinary = Ordinary::new().with_database();
    ordinary.set_mode("data/g.sqlite", 0o444);

    let sentence = ordinary.refused();

    assert!(sentence.contains("data/g.sqlite"), "{sentence}");
}

#[test]
fn a_folder_of_images_that_cannot_be_written() {
    let ordinary = Ordinary::new().with_database();
    ordinary.set_mode("data/images", 0o555);

    let sentence = ordinary.refused();

    assert!(sentence.contains("data/images"), "{sentence}");
}

#[test]
fn a_folder_of_the_database_that_cannot_be_written() {
    let ordinary = Ordinary::new();
    ordinary.set_mode("data", 0o555);

    let sentence = ordinary.refused();

    assert!(sentence.contains("data"), "{sentence}");
    ordinary.set_mode("data", 0o755);
}

#[test]
fn a_schema_of_custom_properties_that_conflicts_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[database]\nconnection = sqlite:///g.sqlite\n\
                [glance_store]\nfilesystem_store_datadir = images\n";
    fs::write(folder.path().join("glance-api.conf"), text).unwrap();
    let schema = r#"{"size": {"type": "string"}}"#;
    fs::write(folder.path().join("schema-image.json"), schema).unwrap();
    let config = folder.path().join("glance-api.conf");

    let refused = run(glance(folder.path())
        .args(["serve", "--config-file"])
        .arg(config));

    let said = refused.failed();
    assert!(said.contains("schema-image.json"), "{said}");
    assert!(
        said.contains("`size` is an attribute of every image"),
        "{said}"
    );
}
