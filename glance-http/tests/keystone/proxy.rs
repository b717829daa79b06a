//! Something between Glance and Keystone that counts, and that can be taken away.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http_body_util::BodyExt;
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::keystone;

/// Something between Glance and Keystone. What Keystone says of its own address is made that of the
/// proxy.
pub(crate) struct Proxy {
    address: SocketAddr,
    seen: Seen,
    served: JoinHandle<()>,
}

/// Methods and paths.
type Seen = Arc<Mutex<Vec<String>>>;

impl Proxy {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve(listener, Arc::default())
    }

    fn serve(listener: TcpListener, seen: Seen) -> Self {
        let address = listener.local_addr().unwrap();
        let state = (Client::new(), address, Arc::clone(&seen));
        let router = Router::new().fallback(forward).with_state(state);
        let served = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            seen,
            served,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests of this method were for tokens: `POST` is a login, `GET` a validation.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.asked(&format!("{method} /v3/auth/tokens"))
    }

    /// How often was asked for this method and path.
    pub(crate) fn asked(&self, wanted: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|request| *request == wanted).count()
    }

    /// Takes Keystone away. What it gives brings it back.
    pub(crate) async fn stop(self) -> impl AsyncFnOnce() -> Self {
        self.served.abort();
        let _ = self.served.await;
        let (address, seen) = (self.address, self.seen);
        async move || {
            let listener = TcpListener::bind(address).await.unwrap();
            Self::serve(listener, seen)
        }
    }
}

async fn forward(
    State((client, own, seen)): State<(Client, SocketAddr, Seen)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let asked = format!("{} {}", parts.method, parts.uri.path());
    seen.lock().unwrap().push(asked);
    let body = body.collect().await.unwrap().to_bytes();
    let mut headers = parts.headers;
    headers.remove("host");
    let answer = client
        .request(parts.method, format!("{}{}", keystone(), parts.uri))
        .headers(headers)
        .body(body)
        .send()
        .await
        .unwrap();
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if name == "content-type" || name == "x-subject-token" {
            response = response.header(name, value);
        }
    }
    let text = answer.text().await.unwrap();
    let text = text.replace(&keystone(), &format!("http://{own}"));
    response.body(Body::from(text)).unwrap()
}
