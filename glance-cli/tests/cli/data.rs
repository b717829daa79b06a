//! Image data on its way in and out.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::support::{Server, files_in, run, run_with};

/// Bytes that repeat in no chunk.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn data_goes_in_and_comes_out_through_files() {
    let server = Server::start();
    let folder = server.folder.path();
    let data = bytes(5_000_001);
    fs::write(folder.join("disk"), &data).unwrap();

    let image = server.json(
        "image-create --name x --disk-format raw --container-format bare --file disk --progress",
    );
    let id = image["id"].as_str().unwrap();
    let saved = server.json(&format!("image-download {id} --file got --progress"));

    assert_eq!(image["status"], "active");
    assert_eq!(image["size"], 5_000_001);
    assert!(fs::read(folder.join("got")).unwrap() == data);
    assert_eq!(saved["verified_algo"], "sha512");
    assert_eq!(saved["verified_value"], image["os_hash_value"]);
    let mode = fs::metadata(folder.join("got"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o400, 0o400);
}

#[test]
fn data_goes_in_and_comes_out_through_pipes() {
    let server = Server::start();
    let data = bytes(1_000_000);

    let id = server.image_of(&data);
    let got = server.run(&format!("image-download {id}")).succeeded();

    assert!(got.stdout == data);
    assert_eq!(got.stderr, "");
}

#[test]
fn data_is_uploaded_to_an_image_that_waits_for_it() {
    let server = Server::start();
    let image = server.json("image-create --disk-format raw --container-format bare");
    let id = image["id"].as_str().unwrap();
    let upload = format!("image-upload {id}");
    fs::write(server.folder.path().join("disk"), "from a file").unwrap();

    assert_eq!(
        server.run(&upload).failed(),
        "there is no data to upload: name a file with --file, or pipe the data in"
    );
    assert_eq!(
        server
            .run(&format!("image-download {id} --file got"))
            .failed(),
        format!("image {id} has no data")
    );
    let redirected = File::open(server.folder.path().join("disk")).unwrap();
    run(server.command(&upload).stdin(redirected)).succeeded();

    let got = server.run(&format!("image-download {id}")).succeeded();
    assert_eq!(got.text(), "from a file");
    let again = run_with(&mut server.command(&upload), b"more");
    assert!(again.failed().ends_with("(HTTP 409)"), "{again:?}");
    assert!(!server.folder.path().join("got").exists());
}

#[test]
fn an_empty_file_is_an_image_without_bytes() {
    let server = Server::start();

    let id = server.image_of(b"");
    let got = server.run(&format!("image-download {id}")).succeeded();

    assert!(got.stdout.is_empty());
    assert_eq!(server.json(&format!("image-show {id}"))["size"], 0);
}

#[test]
fn data_of_another_size_than_announced_is_refused() {
    let server = Server::start();
    let image = server.json("image-create --disk-format raw --container-format bare");
    let id = image["id"].as_str().unwrap();
    fs::write(server.folder.path().join("disk"), "12345").unwrap();

    let file = server.run(&format!("image-upload {id} --file disk --size 4"));
    assert_eq!(file.failed(), "--size says 4 bytes, but `disk` has 5");
    for (size, sentence) in [
        (4, "the data has 5 bytes, where 4 were announced"),
        (6, "the data has 5 bytes, where 6 were announced"),
    ] {
        let mut upload = server.command(&format!("image-upload {id} --size {size}"));
        let pipe = run_with(&mut upload, b"12345");
        assert_eq!(pipe.failed(), sentence);
        crate::support::eventually(
            || server.json(&format!("image-show {id}"))["status"] == "queued",
            || "the image to be queued again".to_owned(),
        );
    }

    assert_eq!(server.files(), [""; 0]);
}

#[test]
fn formats_are_asked_for_before_an_image_is_made() {
    let server = Server::start();

    let done = run_with(&mut server.command("image-create --name x"), b"data");

    assert_eq!(done.code, 2, "{done:?}");
    assert!(
        done.stderr.contains("--disk-format and --container-format"),
        "{done:?}"
    );
    assert_eq!(server.json("image-list"), serde_json::json!([]));
}

#[test]
fn damaged_data_is_noticed_and_not_kept() {
    let server = Server::start();
    let folder = server.folder.path().join("downloads");
    fs::create_dir(&folder).unwrap();
    let data = bytes(600_000);
    let id = server.image_of(&data);
    let image = server.json(&format!("image-show {id}"));
    let mut damaged = data;
    damaged[300_000] ^= 1;
    fs::write(server.stored(&id), damaged).unwrap();
    fs::write(folder.join("kept"), "old").unwrap();

    let to_file = server.run(&format!("image-download {id} --file downloads/new"));
    let over_file = server.run(&format!("image-download {id} --file downloads/kept"));
    let to_pipe = server.run(&format!("image-download {id}"));

    let hash = image["os_hash_value"].as_str().unwrap();
    let sentence = to_file.failed();
    let start = format!("the data of image {id} is damaged: its sha512 should be {hash}, but what");
    assert!(sentence.starts_with(&start), "{sentence}");
    assert_eq!(sentence, over_file.failed());
    assert_eq!(sentence, to_pipe.failed());
    assert_eq!(files_in(&folder), ["kept"]);
    assert_eq!(fs::read_to_string(folder.join("kept")).unwrap(), "old");
}

#[test]
fn a_reader_that_has_enough_ends_a_download_quietly() {
    let server = Server::start();
    let id = server.image_of(&bytes(3_000_000));

    let mut download = server.command(&format!("image-download {id}"));
    let child = download
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();

    assert_eq!(done.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
}

#[test]
fn a_device_is_written_to() {
    let server = Server::start();
    let id = server.image_of(b"data");

    server
        .run(&format!("image-download {id} --file /dev/null"))
        .succeeded();

    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let server = Server::start();
    let id = server.image_of(b"data");
    let cause = "No such file or directory (os error 2)";

    let up = server.run("image-create --disk-format raw --container-format bare --file absent");
    let down = server.run(&format!("image-download {id} --file absent/got"));

    assert_eq!(up.failed(), format!("cannot read `absent`: {cause}"));
    assert!(
        down.failed().starts_with("cannot write `absent/got`: "),
        "{down:?}"
    );
    assert_eq!(server.json("image-list").as_array().unwrap().len(), 1);
}

#[test]
fn a_refusal_is_heard_while_data_is_still_being_sent() {
    let server = Server::start();
    let id = server.image_of(b"data");
    let file = File::create(server.folder.path().join("big")).unwrap();
    file.set_len(1 << 30).unwrap();

    let done = server.run(&format!("image-upload {id} --file big"));

    assert!(done.failed().ends_with("(HTTP 409)"), "{done:?}");
}
