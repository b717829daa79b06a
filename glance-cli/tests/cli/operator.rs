//! `glance db` and `glance scrub`.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use crate::support::{Server, eventually, files_in, glance, run, with_config};

fn configured() -> Arc<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let text = "[database]\nconnection = sqlite:///g.sqlite\n\
                [glance_store]\nfilesystem_store_datadir = images\n";
    fs::write(folder.path().join("glance-api.conf"), text).unwrap();
    Arc::new(folder)
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
        "deleted images scrubbed: 0\nuploads undone: 0\ndeletes finished: 0\nqueued images expired: 0\n\
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

    assert!(done.text().contains("\nuploads undone: 1\n"), "{done:?}");
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

/// A server whose deletes leave the data where it is, for a scrubber.
fn with_delayed_delete(options: &str) -> Server {
    let folder = configured();
    let path = folder.path().join("glance-api.conf");
    let text = fs::read_to_string(&path).unwrap();
    let text = format!("[DEFAULT]\ndelayed_delete = true\n{options}\n{text}");
    fs::write(path, text).unwrap();
    with_config(&folder, "db sync").succeeded();
    fs::create_dir(folder.path().join("images")).unwrap();
    Server::start_in(&folder, &["--config-file", "glance-api.conf"])
}

fn images_of(server: &Server) -> Vec<String> {
    files_in(&server.folder.path().join("images"))
}

#[test]
fn data_of_deleted_images_stays_until_it_is_scrubbed() {
    let server = with_delayed_delete("");
    let image = server.image_of(b"data");
    server.run(&format!("image-delete {image}")).succeeded();
    assert_eq!(server.run(&format!("image-show {image}")).code, 1);
    assert_eq!(images_of(&server), [image.as_str()]);

    let done = with_config(&server.folder, "scrub").succeeded();

    let text = done.text();
    assert!(text.starts_with("deleted images scrubbed: 1\n"), "{text}");
    assert_eq!(images_of(&server), [""; 0]);
}

#[test]
fn a_delete_is_taken_back_once() {
    let server = with_delayed_delete("scrub_time = 3600");
    let image = server.image_of(b"data");
    server.run(&format!("image-delete {image}")).succeeded();
    let restore = format!("scrub --restore {image}");

    let too_early = with_config(&server.folder, "scrub").succeeded().text();
    let restored = with_config(&server.folder, &restore).succeeded();
    let again = with_config(&server.folder, &restore);

    assert!(too_early.starts_with("deleted images scrubbed: 0\n"));
    assert_eq!(restored.text(), format!("image {image} is active again\n"));
    assert_eq!(
        again.failed(),
        format!("image {image} is not in status pending_delete")
    );
    let shown = server.json(&format!("image-show {image}"));
    assert_eq!(shown["status"], "active");
    let data = server.run(&format!("image-download {image}")).succeeded();
    assert_eq!(data.stdout, b"data");
}

#[test]
fn a_scrubber_as_a_daemon_goes_on_until_it_is_told_to_stop() {
    let server = with_delayed_delete("wakeup_time = 1");
    let mut daemon = glance(server.folder.path())
        .args(["scrub", "-D", "--config-file", "glance-api.conf"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    for data in [b"first", b"other"] {
        let image = server.image_of(data);
        server.run(&format!("image-delete {image}")).succeeded();
        eventually(
            || images_of(&server).is_empty(),
            || format!("the data of {image} to go"),
        );
    }

    let pid = daemon.id().to_string();
    Command::new("kill").args(["-TERM", &pid]).status().unwrap();

    let mut said = String::new();
    daemon
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(daemon.wait().unwrap().code(), Some(0), "{said}");
    assert!(said.ends_with("glance: stopped\n"), "{said}");
}

#[test]
fn a_daemon_takes_nothing_back() {
    let folder = configured();

    let done = with_config(
        &folder,
        "scrub -D --restore 00000000-0000-0000-0000-000000000001",
    );

    assert_eq!(done.code, 2, "{done:?}");
}
