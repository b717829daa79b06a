//! What is logged of a memcached that is away. In a process of its own: what is logged is decided for
//! all threads at once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fake_keystone;
mod kept_log;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::response::IntoResponse;
use futures::future::join_all;
use glance_core::memory::VirtualClock;
use glance_core::ports::{TokenVerifier, Tokens};
use glance_http::keystone::{
    KeystoneVerifier, Login, MemcachedOptions, Session, SessionOptions, SharedAnswers,
    VerifierOptions,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use self::fake_keystone::keystone;
use self::kept_log::Log;

/// What a Keystone says to which every token is valid.
const VALID: &str = r#"{"token": {"expires_at": "2999-01-01T00:00:00Z", "user": {"id": "u"}}}"#;

/// A memcached that has nothing and takes everything.
async fn memcached(address: SocketAddr) {
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
}

#[tokio::test]
async fn an_outage_is_one_line_of_the_log_and_so_is_its_end() {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(log.clone())
        .init();
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let mut servers = MemcachedOptions::new(vec![address.to_string().parse().unwrap()]);
    servers.dead_retry = Duration::from_secs(1);
    let login = Login::ApplicationCredential {
        id: "id".into(),
        secret: "secret".into(),
    };
    let keystone = keystone(|| async { VALID.into_response() });
    let options = SessionOptions::new(keystone.await.parse().unwrap(), login);
    let answers = SharedAnswers::new(&servers, options.login.secret(), &options.auth_url);
    let clock = Arc::new(VirtualClock::default());
    let verifier = KeystoneVerifier::sharing(
        Session::new(options, Arc::<VirtualClock>::clone(&clock)).unwrap(),
        VerifierOptions::default(),
        answers.unwrap(),
        clock,
    );
    let ask = async |number: u32| {
        let tokens = Tokens::of_user(format!("token-{number}").parse().unwrap());
        verifier.verify(&tokens).await.unwrap();
    };
    let (down, up) = ("memcached does not answer", "memcached answers again");
    let times = |said: &str| log.text().matches(said).count();

    join_all((0..20).map(ask)).await;
    // Once more when it is tried again.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    join_all((20..40).map(ask)).await;
    assert_eq!((times(down), times(up)), (1, 0));

    memcached(address).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    join_all((40..60).map(ask)).await;
    assert_eq!((times(down), times(up)), (1, 1));
}
