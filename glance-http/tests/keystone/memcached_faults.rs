//! Servers that are no memcached, or a bad one.

use std::io;
use std::time::{Duration, Instant};

use axum::response::IntoResponse;
use futures::future::join_all;
use glance_core::ports::{TokenVerifier, Tokens};
use glance_http::TlsError;
use glance_http::keystone::{KeystoneError, MemcachedOptions, MemcachedTls, SharedAnswers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::fake_keystone::keystone;
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
            assert!(
                matches!(error, KeystoneError::Tls(TlsError::File { .. })),
                "{error:?}"
            );
            assert!(
                error.to_string().contains(&path.display().to_string()),
                "{error}"
            );
        }
    }
}
