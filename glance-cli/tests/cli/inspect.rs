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

/// A disk with a partition, and the head of an encrypted one: no `disk_format` is named after either.
fn disks() -> [(&'static str, Vec<u8>); 2] {
    let mut disk = vec![0; 4096];
    disk[446..462].copy_from_slice(&[0x80, 0, 2, 0, 0x83, 0, 8, 0, 1, 0, 0, 0, 7, 0, 0, 0]);
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    let mut luks = vec![0; 4096];
    luks[..8].copy_from_slice(b"LUKS\xba\xbe\0\x01");
    luks[107] = 4;
    [("gpt", disk), ("luks", luks)]
}

#[test]
fn what_is_told_of_a_file_is_what_its_upload_meets() {
    let server = Server::start();
    let folder = server.folder.path();
    for (format, data) in disks() {
        fs::write(folder.join(format), data).unwrap();
        let text = run(glance(folder).args(["inspect", format])).succeeded();
        let text = text.text();
        assert!(text.contains(&format!("\nformat: {format},")), "{text}");
        assert!(text.ends_with("\nverdict: accepted as raw\n"), "{text}");
    }
    fs::write(folder.join("qcow2"), qcow2(0)).unwrap();
    fs::write(folder.join("open"), qcow2(4)).unwrap();
    fs::write(folder.join("qed"), b"QED\0".repeat(200)).unwrap();

    for (file, is_accepted) in [
        ("gpt", true),
        ("luks", true),
        ("qcow2", true),
        ("open", false),
        ("qed", false),
    ] {
        let told = run(glance(folder).args(["inspect", "--json", file])).json();
        let format = told["disk_format"].as_str().unwrap();
        let uploaded = server.run(&format!(
            "image-create --disk-format {format} --container-format bare --file {file} --json"
        ));

        assert_eq!(told["accepted"], is_accepted, "{file}: {told}");
        assert_eq!(uploaded.code == 0, is_accepted, "{file}: {uploaded:?}");
        if is_accepted {
            let size = &uploaded.json()["virtual_size"];
            assert_eq!(size, &told["virtual_size"], "{file}");
        } else {
            assert!(uploaded.stderr.contains("415"), "{file}: {uploaded:?}");
        }
    }
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
