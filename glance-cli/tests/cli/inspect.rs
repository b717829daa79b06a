//! `glance inspect`, and what a configuration makes of the gate.

use std::fs;
use std::sync::Arc;

use serde_json::json;

use crate::support::{Server, glance, run, run_with};

/// A qcow2 of 1 GiB, whose data is in another file if it is so said.
fn qcow2(features: u8) -> Vec<u8> {
    let mut data = vec![0; 4096];
    data[..8].copy_from_slice(b"QFI\xfb\0\0\0\x03");
    data[24..32].copy_from_slice(&(1_u64 << 30).to_be_bytes());
    data[79] = features;
    data
}

#[test]
fn a_file_is_told_to_be_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("disk"), qcow2(0)).unwrap();

    let text = run(glance(folder.path()).args(["inspect", "disk"])).succeeded();
    let json = run(glance(folder.path()).args(["inspect", "--json", "disk"])).succeeded();

    assert_eq!(
        text.text(),
        "size: 4.0 KiB (4096 B)\nformat: qcow2, virtual size 1.0 GiB (1073741824 B)\n\
         verdict: accepted as qcow2\n"
    );
    assert_eq!(
        json.json(),
        json!({
            "size": 4096, "virtual_size": 1_u64 << 30, "disk_format": "qcow2", "accepted": true,
            "reason": null,
            "findings": [{"format": "qcow2", "virtual_size": 1_u64 << 30, "faults": []}],
        })
    );
}

#[test]
fn a_file_that_an_upload_would_be_refused_for_is_told_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let command = || {
        let mut command = glance(folder.path());
        command.args(["inspect", "-"]);
        command
    };

    let bad = run_with(&mut command(), &qcow2(4));
    let other = run_with(command().args(["--disk-format", "iso"]), &qcow2(0));
    let none = run(glance(folder.path()).args(["inspect", "absent"]));

    assert_eq!((bad.code, other.code), (1, 1));
    assert!(
        bad.text()
            .contains("unsafe: its data is in another file (data_file)"),
        "{bad:?}"
    );
    assert!(bad.text().contains("verdict: refused as qcow2"), "{bad:?}");
    assert!(
        other.text().contains("does not match stream data qcow2"),
        "{other:?}"
    );
    assert!(none.failed().contains("cannot read `absent`"), "{none:?}");
}

#[test]
fn a_server_whose_gate_is_lax_says_so_and_is() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let config = "[database]\nconnection = sqlite:///g.sqlite\n[image_format]\n\
                  require_image_format_match = false\ngpt_safety_checks_nonfatal = mbr\n\
                  [glance_store]\nfilesystem_store_datadir = images\n";
    fs::write(folder.path().join("g.conf"), config).unwrap();
    fs::create_dir(folder.path().join("images")).unwrap();
    fs::write(folder.path().join("disk"), qcow2(0)).unwrap();
    run(glance(folder.path()).args(["db", "sync", "--config-file", "g.conf"])).succeeded();
    let server = Server::start_in(&folder, &["--config-file", "g.conf"]);

    let image = server.json("image-create --disk-format iso --container-format bare --file disk");

    assert_eq!(image["status"], "active");
    let said = server.said();
    for option in ["require_image_format_match", "gpt_safety_checks_nonfatal"] {
        assert!(said.contains(option), "{said}");
    }
    assert!(said.contains("this weakens rule R2"), "{said}");
}
