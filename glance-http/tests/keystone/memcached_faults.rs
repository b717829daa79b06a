//! Servers that are no memcached, or a bad one.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use futures::future::join_all;
use glance_core::ports::{TokenVerifier, Tokens};
use glance_http::keystone::{KeystoneError, MemcachedOptions, MemcachedTls, SharedAnswers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tracing_subscriber::fmt::MakeWriter;

use crate::faults::keystone;
use crate::memcached::{at, process};

/// Everybody's token is valid.
async fn lenient() -> String {
    let body = r#"{"token": {"expires_at": "2999-01-01T00:00:00Z", "user": {"id": "u"}}}"#;
    keystone(move || async move { body.into_response() }).await
}

/// What says this to whatever it is told; nothing for ever, where that is `None`.
async fn server(says: Option<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut heard = [0; 4096];
                while stream.read(&mut heard).await? > 0 {
                    match says {
                        Some(says) => stream.write_all(says).await?,
                        None => std::future::pending().await,
                    }
                }
                io::Result::Ok(())
            });
        }
    });
    address
}

async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn twenty_users(memcached: &MemcachedOptions) -> Duration {
    let verifier = process(&lenient().await, memcached);
    let begun = Instant::now();
    let verified = (0..20).map(async |number| {
        let tokens = Tokens::of_user(format!("token-{number}").parse().unwrap());
        verifier.verify(&tokens).await
    });
    for caller in join_all(verified).await {
        assert_eq!(caller.unwrap().user().unwrap().as_str(), "u");
    }
    begun.elapsed()
}

#[tokio::test]
async fn no_memcached_refuses_anybody_or_takes_longer_than_its_deadlines() {
    let answers: [Option<&'static [u8]>; 7] = [
        None,
        Some(b"END\r\n"),
        Some(b"ERROR\r\n"),
        Some(b"SERVER_ERROR out of memory storing object\r\n"),
        Some(b"VALUE k 0 999999999\r\n"),
        Some(b"\xff\0\r\n\r\n"),
        Some(b"no end of the line"),
    ];
    let mut servers = vec![nobody().await];
    for says in answers {
        servers.push(server(says).await);
    }
    for server in servers {
        let memcached = at(std::slice::from_ref(&server));
        let took = twenty_users(&memcached).await;
        // One for a connection, one for the answer.
        assert!(
            took < 2 * memcached.deadline + Duration::from_secs(2),
            "{server}: {took:?}"
        );
    }
}

#[tokio::test]
async fn an_outage_is_one_line_of_the_log_and_so_is_its_end() {
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

    impl MakeWriter<'_> for Log {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let lines = |wanted: &str| {
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        text.matches(wanted).count()
    };
    let (down, up) = ("memcached does not answer", "memcached answers again");
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let verifier = process(&lenient().await, &at(&[address.to_string()]));
    let ask = async |number: u32| {
        let tokens = Tokens::of_user(format!("token-{number}").parse().unwrap());
        verifier.verify(&tokens).await.unwrap();
    };

    join_all((0..20).map(ask)).await;
    // Once more when it is tried again.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    join_all((20..40).map(ask)).await;
    assert_eq!((lines(down), lines(up)), (1, 0));

    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut heard = [0; 4096];
                while let Ok(1..) = stream.read(&mut heard).await {
                    let says: &[u8] = match &heard[..3] {
                        b"get" => b"END\r\n",
                        _ => b"STORED\r\n",
                    };
                    stream.write_all(says).await.unwrap();
                }
            });
        }
    });
    tokio::time::sleep(Duration::from_millis(1100)).await;
    join_all((40..60).map(ask)).await;
    assert_eq!((lines(down), lines(up)), (1, 1));
}

#[test]
fn a_certificate_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, missing) = (
        folder.path().join("empty.pem"),
        folder.path().join("missing.pem"),
    );
    std::fs::write(&empty, "nothing").unwrap();
    let refused = |tls: MemcachedTls| {
        let mut options = at(&["127.0.0.1:1".to_owned()]);
        options.tls = Some(tls);
        let url = "http://keystone.example".parse().unwrap();
        SharedAnswers::new(&options, &"secret".into(), &url).unwrap_err()
    };
    for path in [empty, missing] {
        let of_authorities = MemcachedTls {
            authorities: Some(path.clone()),
            ..MemcachedTls::default()
        };
        let own = MemcachedTls {
            certificate: Some(path.clone()),
            ..MemcachedTls::default()
        };
        for tls in [of_authorities, own] {
            let error = refused(tls);
            assert!(matches!(error, KeystoneError::File { .. }), "{error:?}");
            assert!(
                error.to_string().contains(&path.display().to_string()),
                "{error}"
            );
        }
    }
}
