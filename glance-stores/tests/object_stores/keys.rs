//! Credentials stay where they are (rule R6).

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use glance_core::domain::BlobUrl;
use glance_core::ports::{ImageStore, StoreError};
use glance_stores::{ObjectBridge, S3Options};
use tracing_subscriber::fmt::MakeWriter;

use crate::servers::{PART, data, key, read, s3_options, write};

/// All that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// An error with all its causes.
fn told(error: &StoreError) -> String {
    let mut text = format!("{error:?} {error:#?}");
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        write!(text, " {error}").unwrap();
        next = error.source();
    }
    text
}

#[tokio::test]
#[ignore = "needs s3s-fs: tests/servers/run.sh starts it"]
async fn neither_errors_nor_logs_tell_the_keys() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let fine = s3_options("GLANCE_TEST_S3_S3S");
    let url = write(
        &ObjectBridge::open_s3(fine.clone()).unwrap(),
        &key(1),
        data(10),
    )
    .await;
    let mut text = String::new();

    for (access, secret) in [("canary-access", "secret"), ("access", "canary-secret")] {
        let store = ObjectBridge::open_s3(S3Options {
            access_key: access.into(),
            secret_key: secret.into(),
            ..fine.clone()
        })
        .unwrap();
        let read = store.read(&url, None).await.unwrap_err();
        let deleted = store.delete(&url).await.unwrap_err();
        let swept = store.sweep(std::time::Duration::ZERO).await.unwrap_err();
        let writer = store.start(&key(2)).await.unwrap();
        let committed = writer.commit().await.unwrap_err();

        for error in [read, deleted, swept, committed] {
            assert!(
                matches!(error, StoreError::PermissionDenied { .. }),
                "{error:?}"
            );
            text += &told(&error);
        }
        write!(text, "{store:?} {store:#?}").unwrap();
    }

    assert!(!text.contains("canary"), "{text}");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!log.is_empty());
    assert!(!log.contains("canary-secret"), "{log}");
}

#[tokio::test]
#[ignore = "needs moto: tests/servers/run.sh starts it"]
async fn a_url_with_credentials_is_read_and_none_is_written() {
    let options = s3_options("GLANCE_TEST_S3_MOTO");
    let host = options.host.clone();
    let store = ObjectBridge::open_s3(options).unwrap();

    let url = write(&store, &key(1), data(PART + 1)).await;

    let place = host.replace("http://", "");
    assert!(url.as_str().starts_with(&format!("s3://{place}/glance-")));
    assert!(!url.as_str().contains('@'), "{}", url.as_str());
    let old = url.as_str().replace("s3://", "s3+http://old:se/cret@");
    let old = BlobUrl::new(old);
    assert!(store.owns(&old));
    assert!(read(&store, &old, None).await == data(PART + 1));
    store.delete(&old).await.unwrap();
    store.size(&url).await.unwrap_err();
}
