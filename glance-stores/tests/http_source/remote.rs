//! Images of other Glances.

use glance_core::domain::ImageId;
use glance_core::ports::{RemoteImages, Token};
use glance_stores::HttpRemoteImages;
use serde_json::json;

use super::server::{Request, Server, first, rest};
use super::{TRIES, chain, data, options};
use futures::TryStreamExt;

fn image() -> ImageId {
    ImageId::from_bits(7)
}

fn token() -> Token {
    "canary".parse().unwrap()
}

fn remote(ports: &[u16]) -> HttpRemoteImages {
    HttpRemoteImages::open(options(ports)).unwrap()
}

fn service(server: &Server) -> String {
    format!("http://127.0.0.1:{}/v2/", server.port())
}

fn json_answer(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").into()
}

/// The data of the image, or all that an error could show.
async fn read(server: &Server, is_checked: bool) -> Result<Vec<u8>, String> {
    let remote = remote(&[server.port()]);
    let service = service(server);
    let opened = remote.open(&service, image(), &token(), is_checked).await;
    let incoming = opened.map_err(|error| format!("{} {error:?}", chain(&error)))?;
    let chunks: Result<Vec<_>, _> = incoming.body.try_collect().await;
    Ok(chunks.map_err(|error| chain(&error))?.concat())
}

async fn described(server: &Server) -> Result<String, String> {
    let remote = remote(&[server.port()]);
    let told = remote.describe(&service(server), image(), &token()).await;
    let told = told.map_err(|error| format!("{} {error:?}", chain(&error)))?;
    Ok(told.status)
}

#[tokio::test]
async fn an_image_is_asked_for_with_the_caller_s_token() {
    let body = json!({"id": image().as_str(), "status": "active"}).to_string();
    let server = Server::start(move |_| json_answer(&body)).await;

    assert_eq!(described(&server).await.unwrap(), "active");
    read(&server, false).await.unwrap();

    let asked = server.asked();
    let path = format!("GET /v2/images/{}", image());
    for (request, end) in asked.iter().zip(["", "/file"]) {
        assert!(request.head.starts_with(&format!("{path}{end} HTTP/1.1")));
        assert_eq!(request.header("x-auth-token"), Some("canary"));
    }
}

#[tokio::test]
async fn the_token_goes_nowhere_else() {
    let other = Server::start(|_| json_answer("{}")).await;
    let elsewhere = other.url();
    let server = Server::start(move |_| {
        format!("HTTP/1.1 302 Found\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n").into()
    })
    .await;

    let refusals = [
        described(&server).await.unwrap_err(),
        read(&server, false).await.unwrap_err(),
    ];

    for refused in refusals {
        assert!(refused.contains("redirects with status 302"), "{refused}");
        assert!(!refused.contains("canary"), "{refused}");
    }
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn what_the_filter_forbids_is_not_asked_for_metadata_or_data() {
    let server = Server::start(|_| json_answer("{}")).await;
    let closed = HttpRemoteImages::open(options(&[])).unwrap();
    for service in [
        service(&server),
        "http://169.254.169.254".to_owned(),
        "ftp://images.example".to_owned(),
        "glance".to_owned(),
    ] {
        let told = closed.describe(&service, image(), &token()).await;
        let data = closed.open(&service, image(), &token(), true).await;

        for refused in [told.map(drop).unwrap_err(), data.map(drop).unwrap_err()] {
            let refused = chain(&refused);
            assert!(refused.contains("is not allowed"), "{service}: {refused}");
        }
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn checked_data_is_taken_up_without_a_validator() {
    let data = data();
    let answers = data.clone();
    let breaking = move |request: &Request| match request.number {
        0 => first(&answers, "X-Other: 1", 30_000),
        1 => rest(&answers, "X-Other: 1", request, 40_000),
        _ => rest(&answers, "X-Other: 1", request, usize::MAX),
    };
    let server = Server::start(breaking).await;

    assert!(read(&server, true).await.unwrap() == data);

    let asked = server.asked();
    let ranges: Vec<_> = asked.iter().map(|it| it.header("range")).collect();
    assert_eq!(ranges, [None, Some("bytes=30000-"), Some("bytes=70000-")]);
    for request in asked {
        assert_eq!(request.header("if-range"), None);
        assert_eq!(request.header("x-auth-token"), Some("canary"));
    }
}

#[tokio::test]
async fn data_that_nobody_checks_or_that_has_no_ranges_is_not_taken_up() {
    let answers = data();
    let server = Server::start(move |_| first(&answers, "X-Other: 1", 30_000)).await;

    read(&server, false).await.unwrap_err();
    assert_eq!(server.asked().len(), 1);
    let error = read(&server, true).await.unwrap_err();

    assert!(error.contains("then answers 200"), "{error}");
    assert!(server.asked().len() <= 2 + TRIES as usize);
}

#[tokio::test]
async fn what_describes_no_image_or_another_one_is_refused() {
    let other = json!({"id": ImageId::from_bits(8).as_str(), "status": "active"});
    for (body, expected) in [
        ("<html>".to_owned(), "does not describe the image"),
        ("[]".to_owned(), "does not describe the image"),
        (other.to_string(), "does not describe the image"),
        ("\"".to_owned() + &"x".repeat(9 << 20), "more of the image"),
    ] {
        let server = Server::start(move |_| json_answer(&body)).await;

        let refused = described(&server).await.unwrap_err();

        assert!(refused.contains(expected), "{refused}");
    }
    let server = Server::start(|_| b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n".into()).await;
    assert!(described(&server).await.unwrap_err().contains("404"));
}
