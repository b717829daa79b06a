//! The accept loop: timeouts, limits, and how it stops.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use glance_core::memory::MemoryGlance;
use glance_http::server::{ServerOptions, Stopped, serve};
use glance_http::{ApiOptions, HealthOptions, router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// A server on a port of its own.
pub(super) struct Running {
    pub(super) address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<Stopped>>,
}

impl Running {
    pub(super) async fn new(router: Router, options: ServerOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let served = tokio::spawn(serve(listener, router, options, shutdown));
        Self {
            address,
            stop,
            served,
        }
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends a request, and lets the server take it up.
    async fn ask(&self, path: &str) -> TcpStream {
        let mut stream = self.connect().await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream
    }

    /// Sends bytes and reads until the server closes.
    pub(super) async fn exchange(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
            .await
            .unwrap()
            .unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(super) async fn stop(self) -> Stopped {
        self.stop.send(()).unwrap();
        timeout(Duration::from_secs(10), self.served)
            .await
            .unwrap()
            .unwrap()
            .unwrap()
    }
}

fn slow(delay: Duration) -> Router {
    Router::new().route("/", get(|| async { "fast" })).route(
        "/slow",
        get(move || async move {
            tokio::time::sleep(delay).await;
            "slow"
        }),
    )
}

#[tokio::test]
async fn the_api_is_served_over_http_1_1() {
    let api = router(MemoryGlance::new().build().unwrap(), ApiOptions::default());
    let server = Running::new(api, ServerOptions::default()).await;

    let answer = server
        .exchange("GET /v2/images HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await;

    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.ends_with(r#"{"images":[],"first":"/v2/images","schema":"/v2/schemas/images"}"#)
    );
    assert_eq!(server.stop().await, Stopped::Drained);
}

#[tokio::test]
async fn the_health_check_knows_where_a_connection_comes_from() {
    for (network, status) in [("127.0.0.0/8", "200 OK"), ("10.0.0.0/8", "404 Not Found")] {
        let health = HealthOptions {
            allowed_sources: vec![network.parse().unwrap()],
            ..HealthOptions::default()
        };
        let options = ApiOptions {
            health,
            ..ApiOptions::default()
        };
        let api = router(MemoryGlance::new().build().unwrap(), options);
        let server = Running::new(api, ServerOptions::default()).await;

        let answer = server
            .exchange("GET /healthcheck HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await;

        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn who_speaks_http_2_is_cut_off() {
    let server = Running::new(slow(Duration::ZERO), ServerOptions::default()).await;

    let answer = server.exchange("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;

    assert_eq!(answer, "");
}

#[tokio::test]
async fn a_head_that_does_not_come_closes_the_connection() {
    let options = ServerOptions {
        header_timeout: Duration::from_millis(200),
        ..ServerOptions::default()
    };
    let server = Running::new(slow(Duration::ZERO), options).await;

    for sent in [
        "GET / HTTP/1.1\r\nHost:",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let started = Instant::now();
        server.exchange(sent).await;
        let elapsed = started.elapsed();
        assert!(
            elapsed >= Duration::from_millis(150) && elapsed < Duration::from_secs(5),
            "{sent}: {elapsed:?}"
        );
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_is_cut_off() {
    let options = ServerOptions {
        header_timeout: Duration::from_millis(200),
        ..ServerOptions::default()
    };
    let server = Running::new(slow(Duration::from_millis(600)), options).await;

    for sent in ["", "P", "GET / HTTP"] {
        let started = Instant::now();
        assert_eq!(server.exchange(sent).await, "", "{sent:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{sent:?}");
    }
    // A short head is a head: what takes long is the answer.
    let answer = server.exchange("GET /slow HTTP/1.0\r\n\r\n").await;
    assert!(answer.ends_with("slow"), "{answer}");
}

#[tokio::test]
async fn requests_that_are_going_on_finish_after_the_end() {
    let server = Running::new(slow(Duration::from_millis(300)), ServerOptions::default()).await;
    let mut stream = server.ask("/slow").await;
    let address = server.address;

    let stopping = tokio::spawn(server.stop());
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();

    assert!(answer.ends_with("slow"), "{answer}");
    assert_eq!(stopping.await.unwrap(), Stopped::Drained);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let server = Running::new(slow(Duration::ZERO), ServerOptions::default()).await;
    let _idle = server.connect().await;
    let _used = server.ask("/").await;
    let started = Instant::now();

    assert_eq!(server.stop().await, Stopped::Drained);
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn patience_with_requests_ends() {
    let options = ServerOptions {
        drain: Duration::from_millis(200),
        ..ServerOptions::default()
    };
    let server = Running::new(slow(Duration::from_secs(60)), options).await;
    let _asking = server.ask("/slow").await;

    assert_eq!(server.stop().await, Stopped::TimedOut);
}

#[tokio::test]
async fn connections_above_the_limit_wait() {
    let options = ServerOptions {
        max_connections: 1,
        ..ServerOptions::default()
    };
    let server = Running::new(slow(Duration::ZERO), options).await;
    let first = server.connect().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut second = server.connect().await;
    second
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();

    let waited = timeout(
        Duration::from_millis(300),
        second.read_to_string(&mut answer),
    )
    .await;
    assert!(waited.is_err());
    drop(first);
    timeout(Duration::from_secs(5), second.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();

    assert!(answer.ends_with("fast"), "{answer}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    let options = ServerOptions {
        write_timeout: Duration::from_millis(300),
        ..ServerOptions::default()
    };
    let endless = Router::new().route(
        "/",
        get(|| async {
            let chunk = bytes::Bytes::from(vec![0_u8; 1 << 20]);
            let chunks =
                futures::stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
            axum::body::Body::from_stream(chunks)
        }),
    );
    let server = Running::new(endless, options).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;

    // What the kernel held is there, and then the connection is gone.
    let mut taken = Vec::new();
    let ended = timeout(Duration::from_secs(5), stream.read_to_end(&mut taken)).await;

    assert!(ended.is_ok(), "the connection is still open");
}

#[tokio::test]
async fn a_panic_is_a_500_and_says_nothing() {
    use super::support::Answer;
    use axum::body::Body;
    use axum::http::Request;

    // A policy is the host's code, and may panic.
    #[derive(Debug)]
    struct Panicking;
    impl glance_core::ports::Policy for Panicking {
        fn check(
            &self,
            _: &glance_core::domain::Caller,
            _: glance_core::domain::policy::Action,
            _: &glance_core::domain::policy::Target<'_>,
        ) -> Result<(), glance_core::ports::Denied> {
            panic!("canary");
        }

        fn is_admin(&self, _: &glance_core::domain::Caller) -> bool {
            panic!("canary");
        }

        fn holds(&self, _: &glance_core::domain::Caller, _: &str) -> bool {
            panic!("canary");
        }
    }
    let memory = MemoryGlance::new().with_policy(std::sync::Arc::new(Panicking));
    let api = router(memory.build().unwrap(), ApiOptions::default());

    let answer = Answer::of(api, Request::get("/v2/images").body(Body::empty()).unwrap()).await;

    assert_eq!(answer.status, 500);
    assert!(!answer.text().contains("canary"));
    assert!(answer.header("x-openstack-request-id").starts_with("req-"));
}
