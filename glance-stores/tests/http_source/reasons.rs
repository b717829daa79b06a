//! Why data does not come to its end: what its reader is told.

use futures::TryStreamExt;
use glance_core::ports::{SourceError, WebSource};
use glance_stores::HttpSource;

use super::server::{Server, first};
use super::{data, source};

/// Why the data does not come to its end, as it is told to whoever asked for it.
async fn reason(source: &HttpSource, server: &Server) -> String {
    let port = server.port();
    let uri = format!("http://user:canary@127.0.0.1:{port}/image?token=canary");
    let incoming = source.open(&uri).await.unwrap();
    let error = incoming.body.try_for_each(async |_| Ok(())).await;
    let error = error.unwrap_err().0;
    let shown = format!("{error:?} {}", super::chain(error.as_ref()));
    assert!(!shown.contains("canary"), "{shown}");
    error.downcast::<SourceError>().unwrap().to_string()
}

#[tokio::test]
async fn each_way_to_break_off_is_told_by_its_name() {
    let unavailable = "503 Service Unavailable";
    for (then, validator, expected) in [
        ("200 OK", "ETag: \"v1\"", "and is another by now"),
        ("404 Not Found", "ETag: \"v1\"", "answers 404"),
        (unavailable, "ETag: \"v1\"", "answers 503"),
        (
            unavailable,
            "X-Other: 1",
            "end of file before message length",
        ),
    ] {
        let server = Server::start(move |request| match request.number {
            0 => first(&data(), validator, 1000),
            _ => format!("HTTP/1.1 {then}\r\nContent-Length: 0\r\n\r\n").into(),
        })
        .await;

        let told = reason(&source(&[server.port()]), &server).await;

        assert!(told.starts_with("the data broke off"), "{told}");
        assert!(told.contains(expected), "{told}");
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_of_as_such() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let to_nobody = format!("http://127.0.0.1:{port}/");
    let server = Server::start(move |request| match request.number {
        0 => first(&data(), "ETag: \"v1\"", 1000),
        _ => format!("HTTP/1.1 302 Found\r\nLocation: {to_nobody}\r\n\r\n").into(),
    })
    .await;

    let told = reason(&source(&[server.port(), port]), &server).await;

    let expected = "the data broke off: the server cannot be reached";
    assert_eq!(told, expected);
}
