//! `glance store`, and a server with several stores.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Server, files_in, with_config};

fn configured() -> Arc<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let text = "[DEFAULT]\nenabled_backends = fast:file, cheap:file\n\
                [database]\nconnection = sqlite:///g.sqlite\n\
                [glance_store]\ndefault_backend = fast\n\
                [fast]\nfilesystem_store_datadir = fast\n\
                [cheap]\nfilesystem_store_datadir = cheap\nweight = 5\n\
                store_description = big disks\n";
    fs::write(folder.path().join("glance-api.conf"), text).unwrap();
    for store in ["fast", "cheap"] {
        fs::create_dir(folder.path().join(store)).unwrap();
    }
    Arc::new(folder)
}

#[test]
fn what_each_store_did_is_told_to_monitoring_systems() {
    let folder = configured();
    // Free a moment ago.
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let config = folder.path().join("glance-api.conf");
    let text = fs::read_to_string(&config).unwrap();
    let text = format!("{text}[glance_rs]\nmetrics_bind = {address}\n");
    fs::write(&config, text).unwrap();
    with_config(&folder, "db sync").succeeded();
    let server = Server::start_in(&folder, &["--config-file", "glance-api.conf"]);

    let before = metrics(address);
    server.image_of(b"twelve bytes");
    let after = metrics(address);

    let received = |store: &str, bytes: u64| {
        format!("\nglance_store_received_bytes_total{{store=\"{store}\"}} {bytes}\n")
    };
    for (text, bytes) in [(&before, 0), (&after, 12)] {
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        assert!(text.contains("text/plain; version=0.0.4"), "{text}");
        assert!(text.contains(&received("fast", bytes)), "{text}");
        assert!(text.contains(&received("cheap", 0)), "{text}");
    }
    assert!(server.said().contains(&format!("http://{address}/metrics")));
}

/// The whole answer.
fn metrics(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: glance\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn an_address_for_metrics_that_is_none_is_named() {
    let folder = configured();
    let config = folder.path().join("glance-api.conf");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}[glance_rs]\nmetrics_bind = 9293\n")).unwrap();

    let refused = with_config(&folder, "serve");

    let sentence = refused.failed();
    assert!(sentence.contains("metrics_bind"), "{sentence}");
    assert!(sentence.contains("127.0.0.1:9293"), "{sentence}");
}

#[test]
fn stores_are_listed_with_what_they_can_do() {
    let folder = configured();

    let table = with_config(&folder, "store list").succeeded().text();
    let listed = with_config(&folder, "store list --json").succeeded().json();

    assert!(table.contains("| fast  | file | True"), "{table}");
    assert_eq!(
        listed[1],
        json!({
            "store": "cheap", "type": "file", "default": false, "weight": 5,
            "can": "read, ranges, write, delete", "data": "cheap", "description": "big disks",
        })
    );
}

#[test]
fn a_store_that_works_passes_the_check_and_is_left_as_it_was() {
    let folder = configured();

    let checked = with_config(&folder, "store check cheap --size 3 --json").succeeded();

    let steps = checked.json();
    let results: Vec<_> = steps
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["result"])
        .collect();
    assert_eq!(results, ["ok"; 8]);
    assert!(steps[0]["speed"].as_str().unwrap().ends_with("MiB/s"));
    assert_eq!(files_in(&folder.path().join("cheap")), Vec::<String>::new());
}

#[test]
fn a_store_that_does_not_work_fails_the_check() {
    let folder = configured();
    let full = folder.path().join("cheap");
    fs::remove_dir(&full).unwrap();
    fs::write(&full, "a file where a folder should be").unwrap();

    let checked = with_config(&folder, "store check cheap");

    assert_eq!(checked.code, 1, "{checked:?}");
    assert!(checked.stderr.contains("cheap"), "{checked:?}");
}

#[test]
fn a_store_that_is_not_there_is_named_with_those_that_are() {
    let folder = configured();

    assert_eq!(
        with_config(&folder, "store check nowhere").failed(),
        "there is no store `nowhere`: the configuration has fast, cheap"
    );
}

#[test]
fn a_client_chooses_the_store_of_an_image() {
    let folder = configured();
    with_config(&folder, "db sync").succeeded();
    let server = Server::start_in(&folder, &["--config-file", "glance-api.conf"]);
    fs::write(folder.path().join("disk"), "data").unwrap();

    let line =
        "image-create --disk-format raw --container-format bare --file disk --store cheap --json";
    let image = server.run(line).succeeded().json();

    assert_eq!(image["stores"], "cheap");
    let id = image["id"].as_str().unwrap();
    assert_eq!(files_in(&folder.path().join("cheap")), [id]);
    server.run(&format!("image-delete {id}")).succeeded();
    assert_eq!(files_in(&folder.path().join("cheap")), Vec::<String>::new());
}

#[test]
fn a_server_whose_store_is_dead_serves_after_a_few_seconds() {
    // It takes connections, and never answers.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let text = format!(
        "[DEFAULT]\nenabled_backends = fast:file, dead:s3\n\
         [database]\nconnection = sqlite:///g.sqlite\n\
         [glance_store]\ndefault_backend = fast\n\
         [fast]\nfilesystem_store_datadir = fast\n\
         [dead]\ns3_store_host = http://{}\ns3_store_bucket = images\n\
         s3_store_access_key = a\ns3_store_secret_key = s\n",
        dead.local_addr().unwrap()
    );
    fs::write(folder.path().join("glance-api.conf"), text).unwrap();
    fs::create_dir(folder.path().join("fast")).unwrap();
    with_config(&folder, "db sync").succeeded();

    let start = Instant::now();
    let server = Server::start_in(&folder, &["--config-file", "glance-api.conf"]);
    server.run("image-list").succeeded();

    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    server.wait_for("leftovers are still being removed; the service starts meanwhile");
    assert_eq!(server.image_of(b"data").len(), 36);
}
