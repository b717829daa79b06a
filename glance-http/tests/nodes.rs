//! Other nodes, over real connections.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use glance_http::{HttpNodes, NodeAnswer, NodeError, NodeOptions, NodeRequest, Nodes, TlsOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Someone who hears what a client says and answers with these bytes, or never; gives their URL and
/// what they hear.
async fn host(answer: Option<&'static str>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let hearing = Arc::clone(&heard);
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut said = vec![0; 8192];
            let length = connection.read(&mut said).await.unwrap();
            let said = String::from_utf8_lossy(&said[..length]).into_owned();
            hearing.lock().unwrap().push(said);
            match answer {
                Some(answer) => connection.write_all(answer.as_bytes()).await.unwrap(),
                None => open.push(connection),
            }
        }
    });
    (url, heard)
}

fn nodes() -> HttpNodes {
    HttpNodes::new(NodeOptions {
        deadline: Duration::from_millis(300),
        most_at_a_time: 2,
        ..NodeOptions::default()
    })
    .unwrap()
}

async fn ask(nodes: &HttpNodes, url: &str) -> Result<NodeAnswer, NodeError> {
    let mut headers = HeaderMap::new();
    headers.insert("x-auth-token", HeaderValue::from_static("secret"));
    let request = NodeRequest {
        method: Method::POST,
        path: "/v2/images/1/import".to_owned(),
        headers,
        body: "{}".into(),
    };
    nodes.ask(url, request).await
}

#[tokio::test]
async fn a_node_is_asked_and_answers() {
    let (url, heard) = host(Some(
        "HTTP/1.1 409 Conflict\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n",
    ))
    .await;

    let answer = ask(&nodes(), &format!("{url}/image/")).await.unwrap();

    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(answer.body, "no\n");
    let heard = heard.lock().unwrap().remove(0).to_lowercase();
    assert!(
        heard.starts_with("post /image/v2/images/1/import http/1.1\r\n"),
        "{heard}"
    );
    assert!(heard.contains("\r\nx-auth-token: secret\r\n"), "{heard}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_takes_the_token_nowhere() {
    let (thief, stolen) = host(Some("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")).await;
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {thief}/\r\nContent-Length: 0\r\n\r\n"
    );
    let (url, _) = host(Some(redirect.leak())).await;

    let answer = ask(&nodes(), &url).await.unwrap();

    assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
    assert!(stolen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn why_a_node_does_not_answer_is_told() {
    let (silent, _) = host(None).await;
    let (babbling, _) = host(Some("what?\r\n\r\n")).await;
    let (breaking, _) = host(Some("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno")).await;
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let nodes = nodes();
    let begun = Instant::now();

    let slow = ask(&nodes, &silent).await.unwrap_err();
    assert!(matches!(slow, NodeError::Slow { .. }), "{slow:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    for url in [babbling, breaking] {
        let error = ask(&nodes, &url).await.unwrap_err();
        assert!(matches!(error, NodeError::Unreadable { .. }), "{error:?}");
    }
    for url in [nobody.as_str(), "http://127.0.0.1:1"] {
        let error = ask(&nodes, url).await.unwrap_err();
        assert!(matches!(error, NodeError::Unreachable { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains("/v2/images"), "{error:?}");
    }
    let error = ask(&nodes, "gopher://127.0.0.1").await.unwrap_err();
    assert!(matches!(error, NodeError::NotReachable), "{error:?}");
}

#[tokio::test]
async fn a_silent_node_holds_up_no_requests_to_others() {
    let (silent, heard) = host(None).await;
    let (url, _) = host(Some(
        "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ))
    .await;
    let nodes = nodes();

    let all = futures::future::join_all((0..5).map(|_| ask(&nodes, &silent)));
    let (all, other) = futures::future::join(all, ask(&nodes, &url)).await;

    let busy = |answer: &&Result<_, _>| matches!(answer, Err(NodeError::Busy { most: 2 }));
    assert_eq!(all.iter().filter(busy).count(), 3);
    assert_eq!(other.unwrap().status, StatusCode::ACCEPTED);
    assert_eq!(heard.lock().unwrap().len(), 2);
    let again = ask(&nodes, &silent).await.unwrap_err();
    assert!(matches!(again, NodeError::Slow { .. }), "{again:?}");
}

#[tokio::test]
async fn a_certificate_that_is_not_there_is_named() {
    let tls = TlsOptions {
        authorities: Some("/nowhere/ca.pem".into()),
        ..TlsOptions::default()
    };
    let options = NodeOptions {
        tls,
        ..NodeOptions::default()
    };

    let error = HttpNodes::new(options).unwrap_err();

    assert_eq!(error.to_string(), "cannot read `/nowhere/ca.pem`");
}
