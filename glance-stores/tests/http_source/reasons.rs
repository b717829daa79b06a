//! Why data does not come to its end: what its reader is told, and what slow servers get.

use std::time::{Duration, Instant};

use futures::TryStreamExt;
use glance_core::ports::{SourceError, WebSource};
use glance_stores::{HttpSource, Pace, Retries};

use super::server::{Server, first, rest};
use super::{TRIES, data, options, source};

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

/// A source that gives up where fewer than 1000 bytes come in 300 ms of waiting.
fn impatient(port: u16) -> HttpSource {
    let mut options = options(&[port]);
    options.pace = Pace {
        bytes: 1000,
        within: Duration::from_millis(300),
    };
    HttpSource::open(options).unwrap()
}

#[tokio::test]
async fn a_server_that_drips_is_given_up() {
    let headers = "ETag: \"v1\"";
    let pause = Duration::from_millis(20);
    let server = Server::start_slowly(5, pause, move |request| match request.number {
        0 => first(&data(), headers, usize::from(u16::MAX)),
        _ => rest(&data(), headers, request, usize::MAX),
    })
    .await;

    let source = impatient(server.port());
    let reading = reason(&source, &server);
    let told = tokio::time::timeout(Duration::from_secs(20), reading).await;

    let expected = "the data comes too slowly: fewer than 1000 bytes in 0.3 s of waiting for them";
    assert_eq!(told.as_deref(), Ok(expected));
    assert_eq!(server.asked().len(), 1);
}

/// It would go on for ever if each byte were worth all the tries.
#[tokio::test]
async fn a_server_that_breaks_off_after_each_byte_is_given_up() {
    let headers = "ETag: \"v1\"";
    let server = Server::start(move |request| match request.number {
        0 => first(&data(), headers, 1),
        _ => rest(&data(), headers, request, 1),
    })
    .await;

    let told = reason(&source(&[server.port()]), &server).await;

    assert!(told.contains("end of file"), "{told}");
    assert_eq!(server.asked().len(), 1 + TRIES as usize);
}

#[tokio::test]
async fn a_slow_reader_is_not_the_server_s_fault() {
    let server = Server::start(|_| first(&data(), "ETag: \"v1\"", usize::MAX)).await;
    let mut options = options(&[server.port()]);
    options.pace = Pace {
        bytes: u64::MAX,
        within: Duration::from_secs(1),
    };
    options.retries = Retries {
        tries: 0,
        ..options.retries
    };
    let source = HttpSource::open(options).unwrap();
    let begun = Instant::now();

    let incoming = source.open(&server.url()).await.unwrap();
    let read = incoming.body.try_fold(0, async |read, chunk| {
        if read == 0 {
            tokio::time::sleep(Duration::from_millis(1200)).await;
        }
        Ok(read + chunk.len())
    });
    let read = read.await.unwrap();

    assert_eq!(read, data().len());
    assert!(begun.elapsed() > Duration::from_secs(1));
}
