//! Imports into Ceph, through its S3 gateway.

use std::env;
use std::fs;
use std::process;
use std::sync::Arc;

use crate::support::{Server, glance, run};

#[test]
#[ignore = "needs radosgw: .ci/run starts it"]
fn what_is_staged_and_what_is_copied_comes_back_from_ceph() {
    let server = server();
    // Three parts, the last of which is smaller.
    let data: Vec<u8> = (0..(11_u32 << 20) / 4).flat_map(u32::to_le_bytes).collect();
    fs::write(server.folder.path().join("disk"), &data).unwrap();
    let raw = "image-create --disk-format raw --container-format bare --json";
    let id = |line: &str| {
        let image = server.run(line).succeeded().json();
        image["id"].as_str().unwrap().to_owned()
    };

    let staged = id(raw);
    let stage = format!("image-stage {staged} --file disk");
    server.run(&stage).succeeded();
    let import = format!("image-import {staged} --import-method glance-direct --store ceph --wait");
    server.run(&import).succeeded();

    let copied = id(&format!("{raw} --file disk --store near"));
    let import = format!("image-import {copied} --import-method copy-image --stores ceph --wait");
    server.run(&import).succeeded();
    let first = format!("stores-delete --store near {copied}");
    server.run(&first).succeeded();

    for id in [staged, copied] {
        let image = server.json(&format!("image-show {id}"));
        assert_eq!(
            (&image["status"], &image["stores"]),
            (&"active".into(), &"ceph".into())
        );
        assert_eq!(image["size"], data.len());
        let download = format!("image-download {id}");
        assert!(server.run(&download).succeeded().stdout == data);
        server.run(&format!("image-delete {id}")).succeeded();
    }
}

/// With a folder, and with a bucket that its first upload makes.
fn server() -> Server {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let gateway = env::var("GLANCE_TEST_S3_RGW").unwrap();
    let bucket = format!("imports-{}", process::id());
    let text = format!(
        "[DEFAULT]\nenabled_backends = near:file, ceph:s3\n\
         enabled_import_methods = [glance-direct,copy-image]\n\
         [database]\nconnection = sqlite:///g.sqlite\n\
         [glance_store]\ndefault_backend = near\n\
         [near]\nfilesystem_store_datadir = near\n\
         [os_glance_staging_store]\nfilesystem_store_datadir = staging\n\
         [ceph]\ns3_store_host = {gateway}\ns3_store_bucket = {bucket}\n\
         s3_store_access_key = access\ns3_store_secret_key = secret\n\
         s3_store_bucket_url_format = path\ns3_store_create_bucket_on_put = true\n\
         s3_store_large_object_size = 5\ns3_store_large_object_chunk_size = 5\n"
    );
    fs::write(folder.path().join("glance-api.conf"), text).unwrap();
    fs::create_dir(folder.path().join("near")).unwrap();
    let configured = ["--config-file", "glance-api.conf"];
    run(glance(folder.path()).args(["db", "sync"]).args(configured)).succeeded();
    Server::start_in(&folder, &configured)
}
