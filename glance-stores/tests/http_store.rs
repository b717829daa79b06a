//! What reads from web servers: the store, and the source of imports. The former, and some of the
//! latter, against a real nginx: `tests/servers/nginx.sh`.
#![cfg(feature = "http-store")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod http_source;
mod nginx;

use std::collections::BTreeMap;
use std::future::Future;

use bytes::Bytes;
use futures::TryStreamExt;
use glance_core::conformance::published::Published;
use glance_core::domain::{BlobUrl, ByteRange};
use glance_core::ports::{ImageStore, Operation, StoreError};
use glance_stores::{AllowList, HttpOptions, HttpStore, ProxyAddress};
use proptest::test_runner::{Config, TestRunner};

use self::nginx::Nginx;

glance_core::published_store_conformance!(
    #[ignore = "needs nginx: .ci/run starts it"]
    http,
    run,
    (published("/"), ())
);
glance_core::published_store_conformance!(
    #[ignore = "needs nginx: .ci/run starts it"]
    http_without_head,
    run,
    (published("/no-head/"), ())
);
glance_core::published_store_conformance!(
    #[ignore = "needs nginx: .ci/run starts it"]
    http_through_redirects,
    run,
    (published("/hops-5/"), ())
);

fn published(place: &str) -> Published {
    let nginx = Nginx::find();
    let blobs = [0, 1, 1_000, 700_001].map(|length| {
        let (name, data) = nginx.publish(length);
        (nginx.url(&format!("{place}{name}")), Bytes::from(data))
    });
    Published {
        store: Box::new(nginx.store()),
        blobs: blobs.into(),
        absent: nginx.url(&format!("{place}absent")),
    }
}

#[test]
fn what_differs_in_a_fragment_alone_is_a_location_of_its_own() {
    let options = HttpOptions {
        id: "http".parse().unwrap(),
        allowed: AllowList::default(),
        proxies: BTreeMap::new(),
        ca_certificates: None,
        insecure: false,
    };
    let store = HttpStore::open(options).unwrap();

    for url in ["http://images.example/a", "http://images.example/a#new"] {
        let url = BlobUrl::new(url);
        assert_eq!(store.canonical(&url), url);
    }
}

/// What comes of reading it, in short.
async fn read(store: &HttpStore, url: &BlobUrl, range: Option<(u64, u64)>) -> String {
    let range = range.map(|(offset, length)| ByteRange { offset, length });
    match store.read(url, range).await {
        Ok(bytes) => match bytes.try_collect::<Vec<_>>().await {
            Ok(chunks) => format!("{} bytes", chunks.concat().len()),
            Err(error) => format!("broken: {}", chain(&error)),
        },
        Err(error) => explained(&error),
    }
}

async fn size(store: &HttpStore, url: &BlobUrl) -> String {
    match store.size(url).await {
        Ok(size) => format!("{size} bytes"),
        Err(error) => explained(&error),
    }
}

fn explained(error: &StoreError) -> String {
    let debug = format!("{error:?}");
    let variant = debug.split(' ').next().unwrap_or_default();
    format!("{variant}: {}", chain(error))
}

fn chain(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

#[test]
#[ignore = "needs nginx: .ci/run starts it"]
fn any_range_of_a_file_is_its_bytes_or_an_error() {
    let nginx = Nginx::find();
    let (name, data) = nginx.publish(100_000);
    let (store, url) = (nginx.store(), nginx.url(&format!("/{name}")));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config {
        cases: 500,
        failure_persistence: None,
        ..Config::default()
    };

    let ranges = (0_u64..110_000, 0_u64..110_000);
    let result = TestRunner::new(config).run(&ranges, |(offset, length)| {
        let read = runtime.block_on(async {
            let bytes = store.read(&url, Some(ByteRange { offset, length })).await;
            bytes.ok()?.try_collect::<Vec<_>>().await.ok()
        });
        let (start, end) = (offset as usize, (offset + length) as usize);
        let expected = data.get(start..end).map(<[u8]>::to_vec);
        assert!(read.map(|chunks| chunks.concat()) == expected);
        Ok(())
    });

    result.unwrap();
}

#[tokio::test]
#[ignore = "needs nginx: .ci/run starts it"]
async fn servers_match_the_golden_table() {
    let nginx = Nginx::find();
    let (name, _) = nginx.publish(1_000);
    let store = nginx.store();

    let mut table = String::new();
    for place in [
        "/",
        "/gzip/",
        "/encoded/",
        "/no-ranges/",
        "/chunked/",
        "/unframed/",
        "/no-head/",
        "/signed/",
        "/slow/",
        "/private/",
        "/moved/",
        "/found/",
        "/hops-5/",
        "/hops-6/",
        "/to-private/",
    ] {
        let url = nginx.url(&format!("{place}{name}"));
        table += &format!("{place}\n    size: {}\n", size(&store, &url).await);
        table += &format!("    whole: {}\n", read(&store, &url, None).await);
        table += &format!("    range: {}\n", read(&store, &url, Some((0, 5))).await);
    }
    for place in [
        "/other-range",
        "/longer-range",
        "/untold-range",
        "/to-other",
        "/to-temporary",
        "/to-permanent",
        "/to-file",
        "/to-metadata",
        "/to-neighbour",
        "/to-number",
        "/to-port",
        "/to-nothing",
        "/to-loop",
        "/status-400",
        "/status-401",
        "/status-403",
        "/status-404",
        "/status-410",
        "/status-429",
        "/status-451",
        "/status-500",
        "/status-502",
        "/status-503",
    ] {
        let url = nginx.url(place);
        table += &format!("{place}\n    size: {}\n", size(&store, &url).await);
        table += &format!("    range: {}\n", read(&store, &url, Some((0, 5))).await);
    }

    expect_test::expect_file!["golden/http_store.txt"].assert_eq(&table);
}

#[tokio::test]
#[ignore = "needs nginx: .ci/run starts it"]
async fn without_leave_everything_on_this_machine_is_refused() {
    let nginx = Nginx::find();
    let (name, _) = nginx.publish(10);
    let ports = vec![nginx.port()];
    let store = nginx.store_with(|options| {
        options.allowed = AllowList {
            ports,
            ..AllowList::default()
        };
    });

    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "localhost",
        "LOCALHOST",
        "user:pass@127.0.0.1",
        "%31%32%37.0.0.1",
        "0",
        "[::1]",
    ] {
        let url = BlobUrl::new(format!("http://{host}:{}/{name}", nginx.port()));
        let refused = store.read(&url, None).await.unwrap_err();
        assert!(
            matches!(refused, StoreError::Forbidden { .. }),
            "{host}: {refused:?}"
        );
        let why = chain(&refused);
        assert!(why.contains("is not allowed"), "{host}: {why}");
        assert!(!format!("{refused} {why}").contains("pass"), "{host}");
    }
}

#[tokio::test]
#[ignore = "needs nginx: .ci/run starts it"]
async fn credentials_of_a_url_are_sent_and_never_shown() {
    let nginx = Nginx::find();
    let (name, data) = nginx.publish(100);
    let store = nginx.store();
    let with = |credentials: &str| {
        let authority = format!("{credentials}@127.0.0.1:{}", nginx.port());
        BlobUrl::new(format!("http://{authority}/private/{name}"))
    };

    let url = with("user:pass%20word");
    assert_eq!(store.size(&url).await.unwrap(), data.len() as u64);
    let refused = store.read(&with("user:canary"), None).await.unwrap_err();

    assert!(
        matches!(refused, StoreError::PermissionDenied { .. }),
        "{refused:?}"
    );
    assert!(!format!("{refused} {refused:?}").contains("canary"));
}

#[tokio::test]
#[ignore = "needs nginx: .ci/run starts it"]
async fn certificates_are_believed_as_configured() {
    let nginx = Nginx::find();
    let (name, _) = nginx.publish(10);
    let url = nginx.tls_url(&format!("/{name}"));

    let system = nginx.store();
    let insecure = nginx.store_with(|options| options.insecure = true);
    let authority = nginx.store_with(|options| {
        options.insecure = true;
        options.ca_certificates = Some(nginx.ca());
    });
    let (folder, of_another) = nginx::another_authority();
    let wrong = nginx.store_with(|options| {
        options.insecure = true;
        options.ca_certificates = Some(of_another);
    });

    assert!(read(&system, &url, None).await.starts_with("Unavailable"));
    assert_eq!(read(&insecure, &url, None).await, "10 bytes");
    assert_eq!(read(&authority, &url, None).await, "10 bytes");
    assert!(read(&wrong, &url, None).await.starts_with("Unavailable"));
    drop(folder);
}

#[tokio::test]
#[ignore = "needs nginx: .ci/run starts it"]
async fn a_proxy_is_asked_where_one_is_configured() {
    let nginx = Nginx::find();
    let (name, _) = nginx.publish(10);
    let address = format!("127.0.0.1:{}", nginx.port());
    let store = nginx.store_with(|options| {
        options.allowed = AllowList::default();
        let proxy = ProxyAddress::new(address);
        options.proxies.insert("http".to_owned(), proxy);
    });

    let through = BlobUrl::new(format!("http://images.invalid/{name}"));
    assert_eq!(read(&store, &through, None).await, "10 bytes");
    let local = BlobUrl::new(format!("http://127.0.0.1/{name}"));
    assert!(read(&store, &local, None).await.starts_with("Forbidden"));
}

#[tokio::test]
#[ignore = "needs nginx: .ci/run starts it"]
async fn a_proxy_of_the_environment_is_not_asked() {
    let nginx = Nginx::find();
    let (name, _) = nginx.publish(10);
    let test = "a_proxy_of_the_environment_is_not_asked";

    if std::env::var_os("http_proxy").is_none() {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        for variable in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
            again.env(variable, "http://127.0.0.1:1");
        }
        let status = again.args([test, "--exact", "--include-ignored"]).status();
        assert!(status.unwrap().success());
    }

    let url = nginx.url(&format!("/{name}"));
    assert_eq!(read(&nginx.store(), &url, None).await, "10 bytes");
}

#[tokio::test]
#[ignore = "needs nginx: .ci/run starts it"]
async fn a_server_that_is_gone_is_unavailable() {
    let nginx = Nginx::find();
    let store = nginx.store_with(|options| options.allowed.ports.push(1));
    let url = BlobUrl::new("http://127.0.0.1:1/blob");

    for (operation, error) in [
        (Operation::Size, store.size(&url).await.unwrap_err()),
        (Operation::Read, store.read(&url, None).await.unwrap_err()),
    ] {
        assert!(
            matches!(&error, StoreError::Unavailable { operation: asked, .. } if *asked == operation),
            "{error:?}"
        );
    }
}

fn run(clause: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(clause);
}
