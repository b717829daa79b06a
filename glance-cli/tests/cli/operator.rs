//! `glance db` and `glance scrub`.

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;

use crate::support::{Done, Server, files_in, glance, run};

fn configured() -> Arc<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let text = "[database]\nconnection = sqlite:///g.sqlite\n\
                [glance_store]\nfilesystem_store_datadir = images\n";
    fs::write(folder.path().join("glance-api.conf"), text).unwrap();
    Arc::new(folder)
}

fn with_config(folder: &TempDir, line: &str) -> Done {
    let mut command = glance(folder.path());
    command.args(line.split_whitespace());
    run(command.args(["--config-file", "glance-api.conf"]))
}

#[test]
fn a_database_is_made_once_and_tells_its_revision() {
    let folder = configured();

    let absent = with_config(&folder, "db version");
    assert_eq!(
        absent.failed(),
        "there is no database `g.sqlite`: `glance db sync` makes it"
    );
    let made = with_config(&folder, "db sync").succeeded().text();
    assert_eq!(
        made,
        "g.sqlite: schema created, at revision 2024_1_contract01\n"
    );
    let again = with_config(&folder, "db sync").succeeded().text();
    assert!(
        again.contains("at revision 2024_1_contract01, with all"),
        "{again}"
    );
    let version = with_config(&folder, "db version").succeeded().text();
    assert_eq!(version, "2024_1_contract01\n");
}

#[test]
fn the_database_of_an_embedded_server_is_made_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();

    let made = run(glance(folder.path()).args(["db", "sync"])).succeeded();

    assert!(
        made.text()
            .starts_with("glance-data/glance.sqlite: schema created"),
        "{made:?}"
    );
    let version = run(glance(folder.path()).args(["db", "version"])).succeeded();
    assert_eq!(version.text(), "2024_1_contract01\n");
}

#[test]
fn a_configured_server_wants_its_database_made_first() {
    let folder = configured();

    let refused = with_config(&folder, "serve --bind 127.0.0.1:0");

    assert_eq!(
        refused.failed(),
        "there is no database `g.sqlite`: `glance db sync` makes it"
    );
    assert_eq!(files_in(folder.path()), ["glance-api.conf"]);
}

#[test]
fn scrubbing_says_what_it_did() {
    let server = Server::start();
    server.image_of(b"data");

    let done = run(glance(server.folder.path()).arg("scrub")).succeeded();

    assert_eq!(
        done.text(),
        "uploads undone: 0\ndeletes finished: 0\nqueued images expired: 0\n\
         stray files removed: 0\nfailures: 0\nstill being worked on: 0\n"
    );
}

#[test]
fn scrubbing_undoes_what_a_killed_server_left() {
    let mut server = Server::start();
    let image = server.json("image-create --disk-format raw --container-format bare");
    let _stream = server.begin_upload(image["id"].as_str().unwrap(), 4_000_000, &[7; 2_000_000]);
    server.kill();
    assert_eq!(server.files().len(), 1);

    let done = run(glance(server.folder.path()).arg("scrub")).succeeded();

    assert!(done.text().starts_with("uploads undone: 1\n"), "{done:?}");
    assert!(
        done.stderr.contains("unfinished uploads and deletes: 1"),
        "{done:?}"
    );
    assert_eq!(server.files(), [""; 0]);
}

#[test]
fn scrubbing_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();

    let done = run(glance(folder.path()).arg("scrub"));

    assert_eq!(
        done.failed(),
        "there is no database `glance-data/glance.sqlite`: `glance db sync` makes it"
    );
    assert_eq!(files_in(folder.path()), [""; 0]);
}
