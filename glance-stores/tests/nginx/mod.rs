//! The nginx that `tests/servers/nginx.sh` started.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use glance_core::domain::BlobUrl;
use glance_stores::{AllowList, HttpOptions, HttpStore};
use tempfile::TempDir;

pub(crate) struct Nginx {
    base: String,
    tls: String,
    root: PathBuf,
    ca: PathBuf,
}

impl Nginx {
    pub(crate) fn find() -> Self {
        let variable = |name: &str| {
            std::env::var(name).unwrap_or_else(|_| {
                panic!("{name} is not set: run start_nginx of tests/servers/nginx.sh")
            })
        };
        Self {
            base: variable("GLANCE_TEST_NGINX"),
            tls: variable("GLANCE_TEST_NGINX_TLS"),
            root: variable("GLANCE_TEST_NGINX_ROOT").into(),
            ca: variable("GLANCE_TEST_NGINX_CA").into(),
        }
    }

    /// A new file of so many bytes, and its name.
    pub(crate) fn publish(&self, length: usize) -> (String, Vec<u8>) {
        let name = format!("{}.img", uuid::Uuid::new_v4());
        let data: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        std::fs::write(self.root.join(&name), &data).unwrap();
        (name, data)
    }

    pub(crate) fn url(&self, path: &str) -> BlobUrl {
        BlobUrl::new(format!("{}{path}", self.base))
    }

    pub(crate) fn tls_url(&self, path: &str) -> BlobUrl {
        BlobUrl::new(format!("{}{path}", self.tls))
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.ca.clone()
    }

    pub(crate) fn port(&self) -> u16 {
        port(&self.base)
    }

    /// A store that may reach it.
    pub(crate) fn store(&self) -> HttpStore {
        self.store_with(|_| ())
    }

    pub(crate) fn store_with(&self, change: impl FnOnce(&mut HttpOptions)) -> HttpStore {
        let mut options = HttpOptions {
            id: "http".parse().unwrap(),
            allowed: AllowList {
                hosts: vec!["127.0.0.1".to_owned()],
                networks: Vec::new(),
                ports: vec![port(&self.base), port(&self.tls)],
            },
            proxies: BTreeMap::new(),
            ca_certificates: None,
            insecure: false,
        };
        change(&mut options);
        HttpStore::open(options).unwrap()
    }
}

fn port(base: &str) -> u16 {
    base.rsplit(':').next().unwrap().parse().unwrap()
}

/// The certificate of an authority that signed nothing.
pub(crate) fn another_authority() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("openssl")
        .current_dir(&folder)
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args(["-subj", "/CN=another", "-keyout", "key", "-out", "ca.pem"])
        .output();
    assert!(status.unwrap().status.success());
    let certificate = folder.path().join("ca.pem");
    (folder, certificate)
}
