//! `glance fsck`: from outside, on files.

use std::fs;

use serde_json::Value;

use crate::support::{Done, Server, glance, run};

const NOBODY: &str = "00000000-0000-0000-0000-00000000beef";

fn fsck(server: &Server, options: &[&str]) -> Done {
    run(glance(server.folder.path()).arg("fsck").args(options))
}

#[test]
fn what_is_in_order_is_told_so_while_an_upload_goes_on() {
    let server = Server::start();
    server.image_of(b"data");
    let image = server.json("image-create --disk-format raw --container-format bare");
    let _stream = server.begin_upload(image["id"].as_str().unwrap(), 4_000_000, &[7; 2_000_000]);

    let done = fsck(&server, &["--repair"]).succeeded();

    assert_eq!(
        done.text(),
        "images checked: 2\nblobs checked: 1\nfound: 0\nrepaired: 0\n"
    );
    assert_eq!(done.stderr, "");
}

#[test]
fn what_is_found_is_told_in_one_line_and_repaired_where_that_is_safe() {
    let server = Server::start();
    let (lost, cut) = (server.image_of(b"lost"), server.image_of(b"cut short"));
    fs::remove_file(server.stored(&lost)).unwrap();
    fs::write(server.stored(&cut), b"cut").unwrap();
    fs::write(server.stored(NOBODY), b"of nobody").unwrap();
    fs::write(server.stored("notes.txt"), b"by hand").unwrap();

    let told = fsck(&server, &[]);
    let files = server.files();
    let repaired = fsck(&server, &["--repair"]);
    let again = fsck(&server, &["--repair"]);

    assert_eq!(
        (told.code, repaired.code, again.code),
        (1, 1, 1),
        "{told:?}"
    );
    let text = told.text();
    let folder = server.stored("");
    let stray = format!(
        "stray_blob image {NOBODY} store file at file://{}{NOBODY}: no location, no work and no \
         delayed delete explains this blob of 9 bytes; told: --repair removes it\n",
        folder.display()
    );
    assert!(text.contains(&stray), "{text}");
    assert!(text.contains(&format!("missing_blob image {lost} store file at ")));
    assert!(text.contains("the image has 9 bytes, and the blob at its location 3"));
    assert!(text.contains("notes.txt: "), "{text}");
    assert!(text.ends_with("images checked: 2\nblobs checked: 3\nfound: 4\nrepaired: 0\n"));
    assert!(files.contains(&NOBODY.to_owned()));
    let text = repaired.text();
    assert!(
        text.contains("bytes; repaired: the blob is removed\n"),
        "{text}"
    );
    assert!(text.ends_with("found: 4\nrepaired: 1\n"), "{text}");
    let mut left = vec![cut.clone(), "notes.txt".to_owned()];
    left.sort();
    assert_eq!(server.files(), left);
    assert!(again.text().ends_with("found: 3\nrepaired: 0\n"));
    let shown = server.json(&format!("image-show {cut}"));
    assert_eq!(shown["status"], "active");
}

#[test]
fn machines_get_one_value_and_all_repaired_is_a_success() {
    let server = Server::start();
    server.image_of(b"data");
    let others = ["1", "2"].map(|end| format!("{}{end}", &NOBODY[..35]));
    for name in &others {
        fs::write(server.stored(name), b"of nobody").unwrap();
    }

    let repaired = fsck(&server, &["--repair", "--json"]).succeeded().json();
    let quiet = fsck(&server, &["--json"]).succeeded().json();

    let findings = repaired["findings"].as_array().unwrap();
    let told: Vec<&Value> = findings.iter().map(|finding| &finding["image"]).collect();
    assert_eq!(told, [&others[0], &others[1]]);
    assert_eq!(findings[0]["finding"], "stray_blob");
    assert_eq!(findings[0]["outcome"], "repaired");
    assert_eq!(
        (&repaired["found"], &repaired["repaired"]),
        (&2.into(), &2.into())
    );
    assert_eq!(quiet["findings"], Value::Array(vec![]));
    assert_eq!(quiet["blobs"], 1);
}

#[test]
fn what_cannot_be_checked_ends_with_two() {
    let server = Server::start();
    let empty = tempfile::tempdir().unwrap();

    let unknown = fsck(&server, &["--store", "nosuch"]);
    let absent = run(glance(empty.path()).arg("fsck"));
    let too_young = fsck(&server, &["--min-age", "5"]);

    for done in [&unknown, &absent, &too_young] {
        assert_eq!(done.code, 2, "{done:?}");
        assert_eq!(done.text(), "", "{done:?}");
    }
    assert!(unknown.stderr.contains("nosuch"), "{unknown:?}");
    assert!(
        absent.stderr.contains("`glance db sync` makes it"),
        "{absent:?}"
    );
    assert!(too_young.stderr.contains("from 60"), "{too_young:?}");
    let one = fsck(&server, &["--store", "file"]).succeeded();
    assert!(one.text().starts_with("images checked: 0\n"), "{one:?}");
}
