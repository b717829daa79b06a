//! The commands about images and members.

use std::fs;
use std::sync::Arc;

use serde_json::json;

use crate::support::{Server, glance, run};

#[test]
fn an_image_is_created_shown_changed_and_deleted() {
    let server = Server::start();

    let image = server.json(
        "image-create --name first --disk-format qcow2 --container-format bare --min-ram 64 \
         --property os=linux --property note=a=b --tags one two",
    );
    let id = image["id"].as_str().unwrap();

    assert_eq!(image["status"], "queued");
    assert_eq!(image["note"], "a=b");
    assert_eq!(image["tags"], json!(["one", "two"]));

    let changed = server.json(&format!(
        "image-update {id} --name second --min-ram 64 --property note=c --remove-property os \
         --remove-property absent --visibility public"
    ));
    assert_eq!(changed["name"], "second");
    assert_eq!(changed["note"], "c");
    assert_eq!(changed["visibility"], "public");
    assert_eq!(changed.get("os"), None);

    let shown = server.run(&format!("image-show {id}")).succeeded().text();
    assert!(shown.contains("| name             | second "), "{shown}");
    assert!(
        shown.contains("| virtual_size     | Not available "),
        "{shown}"
    );
    assert!(!shown.contains("/v2/"), "{shown}");

    server.run(&format!("image-delete {id}")).succeeded();
    let gone = server.run(&format!("image-show {id}"));
    assert_eq!(
        gone.failed(),
        format!("No image found with ID {id} (HTTP 404)")
    );
}

#[test]
fn an_update_that_changes_nothing_sends_none() {
    let server = Server::start();
    let image = server.json("image-create --name same");
    let id = image["id"].as_str().unwrap();

    let done = server.run(&format!("-d image-update {id} --name same"));

    let done = done.succeeded();
    assert!(done.stderr.contains("> GET "), "{done:?}");
    assert!(!done.stderr.contains("> PATCH "), "{done:?}");
}

#[test]
fn lists_follow_pages_and_stop_at_the_limit() {
    let server = Server::start();
    for name in ["e", "b", "d", "a", "c"] {
        let tag = if name < "c" { " --tags low" } else { "" };
        server.json(&format!("image-create --name {name}{tag}"));
    }
    let names = |line: &str| -> String {
        let images = server.json(line);
        let images = images.as_array().unwrap().iter();
        images
            .map(|image| image["name"].as_str().unwrap())
            .collect()
    };

    assert_eq!(names("image-list --page-size 2"), "abcde");
    assert_eq!(names("image-list --page-size 2 --limit 3"), "abc");
    assert_eq!(names("image-list --limit 0"), "");
    assert_eq!(names("image-list --sort name:desc"), "edcba");
    assert_eq!(names("image-list --sort-key name --sort-dir desc"), "edcba");
    assert_eq!(names("image-list --tag low"), "ab");
    assert_eq!(names("image-list --property-filter name=c"), "c");
}

#[test]
fn a_list_is_a_table_of_ids_and_names_and_more_if_asked() {
    let server = Server::start();
    let image = server.json("image-create --name n");
    let id = image["id"].as_str().unwrap();

    let short = server.run("image-list").succeeded().text();
    let long = server
        .run("-v image-list --include-stores")
        .succeeded()
        .text();

    let line = format!("+{}+------+", "-".repeat(38));
    assert_eq!(
        short,
        format!(
            "{line}\n| ID                                   | Name |\n{line}\n| {id} | n    |\n{line}\n"
        )
    );
    assert!(
        long.contains("| Disk_format | Container_format | Size | Status | Owner | Stores |"),
        "{long}"
    );
    assert!(!short.contains('\u{1b}') && !long.contains('\u{1b}'));
}

#[test]
fn deleting_several_images_goes_on_after_a_failure() {
    let server = Server::start();
    let first = server.json("image-create --name a");
    let last = server.json("image-create --name b");
    let (first, last) = (first["id"].as_str().unwrap(), last["id"].as_str().unwrap());

    let done = server.run(&format!("image-delete {first} absent {last} --json"));

    assert!(
        done.failed().contains("cannot delete image absent"),
        "{done:?}"
    );
    assert_eq!(
        done.json(),
        json!([
            {"id": first, "deleted": true},
            {"id": "absent", "deleted": false,
             "error": "No image found with ID absent (HTTP 404)"},
            {"id": last, "deleted": true},
        ])
    );
    assert_eq!(server.json("image-list"), json!([]));
}

#[test]
fn tags_and_the_state_of_an_image_are_changed() {
    let server = Server::start();
    let id = server.image_of(b"data");

    let tagged = server.run(&format!("image-tag-update {id} v1")).succeeded();
    assert!(tagged.text().contains("[\"v1\"]"), "{tagged:?}");
    let untagged = server.json(&format!("image-tag-delete {id} v1"));
    assert_eq!(untagged["tags"], json!([]));
    assert_eq!(server.run(&format!("image-tag-delete {id} v1")).code, 1);

    let silent = server.run(&format!("image-deactivate {id}")).succeeded();
    assert!(silent.stdout.is_empty(), "{silent:?}");
    let image = server.json(&format!("image-reactivate {id}"));
    assert_eq!(image["status"], "active");
}

#[test]
fn an_image_is_shared_between_projects() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let config = format!(
        "[database]\nconnection = sqlite:///{0}/g.sqlite\n[paste_deploy]\nflavor = headers\n\
         [glance_store]\nfilesystem_store_datadir = {0}/images\n",
        folder.path().display()
    );
    fs::write(folder.path().join("glance-api.conf"), config).unwrap();
    let configured = ["--config-file", "glance-api.conf"];
    run(glance(folder.path()).args(["db", "sync"]).args(configured)).succeeded();
    let server = Server::start_in(&folder, &configured);
    let as_project = |project: &str, line: &str| {
        let mut command = server.command(line);
        command.args(["--json", "--header", "X-Identity-Status: Confirmed"]);
        command.args(["--header", "X-Roles: member,reader"]);
        command.args(["--header", &format!("X-Project-Id: {project}")]);
        command.args(["--header", &format!("X-User-Id: user-of-{project}")]);
        run(&mut command)
    };

    assert_eq!(server.run("image-list").code, 1);
    let image = as_project("alice", "image-create --name shared")
        .succeeded()
        .json();
    let id = image["id"].as_str().unwrap();
    assert_eq!(image["owner"], "alice");
    assert_eq!(as_project("bob", &format!("image-show {id}")).code, 1);

    let member = as_project("alice", &format!("member-create {id} bob"))
        .succeeded()
        .json();
    assert_eq!(member["status"], "pending");
    assert_eq!(
        as_project("bob", "image-list").succeeded().json(),
        json!([])
    );
    as_project("bob", &format!("member-update {id} bob accepted")).succeeded();
    let listed = as_project("bob", "image-list --member-status accepted")
        .succeeded()
        .json();
    assert_eq!(listed[0]["id"], id);
    let members = as_project("alice", &format!("member-list --image-id {id}"))
        .succeeded()
        .json();
    assert_eq!(members[0]["status"], "accepted");
    let one = as_project("alice", &format!("member-get {id} bob"))
        .succeeded()
        .json();
    assert_eq!(one["member_id"], "bob");

    as_project("alice", &format!("member-delete {id} bob")).succeeded();
    assert_eq!(as_project("bob", &format!("image-show {id}")).code, 1);
}

#[test]
fn what_a_stranger_put_into_a_name_does_not_reach_the_terminal() {
    let server = Server::start();

    run(server.command("image-create --name").arg("\u{1b}[2Jevil")).succeeded();
    let shown = server.run("image-list").succeeded().text();

    assert!(shown.contains("\\u{1b}[2Jevil"), "{shown}");
}

#[test]
fn debug_output_shows_requests_and_no_secret() {
    let server = Server::start();

    let done = run(server
        .command("-d image-list --os-auth-token secret-a --header X-Roles:reader")
        .args(["--header", "X-Service-Token: secret-b"]));

    let done = done.succeeded();
    assert!(done.stderr.contains("> GET http://"), "{done:?}");
    assert!(done.stderr.contains("< 200 OK"), "{done:?}");
    assert!(!done.stderr.contains("secret"), "{done:?}");
}

#[test]
fn a_service_that_is_not_there_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = glance(folder.path());

    let done = run(command.args(["image-list", "--os-image-url", "http://127.0.0.1:1"]));

    assert_eq!(
        done.failed(),
        "cannot reach the image service at http://127.0.0.1:1/: Connection refused (os error 111)"
    );
}
