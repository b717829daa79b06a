//! The web as a source of imports: what servers do that real ones do not do on demand.

mod reasons;
mod remote;
mod server;
mod with_nginx;

use std::time::Duration;

use futures::TryStreamExt;
use glance_core::domain::{UriFilter, UriFilterOptions};
use glance_core::ports::{SourceError, WebSource};
use glance_stores::{HttpSource, HttpSourceOptions, Pace, Retries};

use self::server::{Server, first, rest};

/// A source that may reach these ports of 127.0.0.1, and that of the web.
fn source(ports: &[u16]) -> HttpSource {
    HttpSource::open(options(ports)).unwrap()
}

fn options(ports: &[u16]) -> HttpSourceOptions {
    let filter = UriFilterOptions {
        allowed_ports: [ports, &[80]].concat(),
        ..UriFilterOptions::default()
    };
    let mut options = HttpSourceOptions::new(UriFilter::new(filter).unwrap());
    options.hosts = vec!["127.0.0.1".to_owned()];
    options.retries = Retries {
        tries: TRIES,
        backoff: Duration::from_millis(1),
        most: Duration::from_millis(1),
    };
    options.pace = Pace {
        bytes: 1000,
        within: Duration::from_secs(60),
    };
    options
}

/// The data at the server, or why there is none: all that an error could show.
async fn read(source: &HttpSource, uri: &str) -> Result<Vec<u8>, String> {
    let incoming = source.open(uri).await.map_err(|error| chain(&error))?;
    let size = incoming.size;
    let chunks: Result<Vec<_>, _> = incoming.body.try_collect().await;
    let data = chunks.map_err(|error| chain(&error))?.concat();
    assert!(size.is_none_or(|size| size == data.len() as u64));
    Ok(data)
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text += &format!(": {error}");
        next = error.source();
    }
    text
}

async fn read_from(server: &Server) -> Result<Vec<u8>, String> {
    read(&source(&[server.port()]), &server.url()).await
}

#[tokio::test]
async fn data_that_breaks_off_twice_arrives_whole() {
    let validators = [
        ("ETag: \"v1\"", "\"v1\""),
        (
            "ETag: W/\"weak\"\r\nDate: Sun, 06 Nov 1994 08:49:38 GMT\r\n\
             Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT",
        ),
    ];
    for (headers, condition) in validators {
        let data = data();
        let answers = data.clone();
        let server = Server::start(move |request| match request.number {
            0 => first(&answers, headers, 30_000),
            1 => rest(&answers, headers, request, 40_000),
            _ => rest(&answers, headers, request, usize::MAX),
        })
        .await;

        let read = read_from(&server).await.unwrap();

        assert!(read == data);
        let asked = server.asked();
        let ranges: Vec<_> = asked.iter().map(|it| it.header("range")).collect();
        let expected = ["bytes=30000-", "bytes=70000-"];
        assert_eq!(ranges, [None, Some(expected[0]), Some(expected[1])]);
        for request in &asked {
            let is_first = request.header("range").is_none();
            assert_eq!(request.header("if-range"), (!is_first).then_some(condition));
            assert_eq!(request.header("accept-encoding"), Some("identity"));
        }
    }
}

#[tokio::test]
async fn data_of_unknown_length_is_taken_up_as_well() {
    let data = data();
    let answers = data.clone();
    let server = Server::start(move |request| match request.number {
        0 => {
            let head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
            [head.as_bytes(), b"3e8\r\n", &answers[..1000], b"\r\n"].concat()
        }
        _ => rest(&answers, "ETag: \"v1\"", request, usize::MAX),
    })
    .await;

    assert!(read_from(&server).await.unwrap() == data);
}

#[tokio::test]
async fn what_may_be_other_data_is_an_error() {
    let length = data().len();
    let total = length.to_string();
    let range = |first: usize, last: usize, total: &str| {
        format!("Content-Range: bytes {first}-{last}/{total}\r\nETag: \"v1\"")
    };
    let cases = [
        ("200 OK", "ETag: \"v1\"".to_owned(), "is another"),
        (
            "206 Partial Content",
            range(1000, length - 1, &total).replace("v1", "v2"),
            "is another",
        ),
        (
            "206 Partial Content",
            format!("Content-Range: bytes 1000-{}/{total}", length - 1),
            "is another",
        ),
        (
            "206 Partial Content",
            "ETag: \"v1\"".to_owned(),
            "other bytes",
        ),
        (
            "206 Partial Content",
            range(0, length - 1, &total),
            "other bytes",
        ),
        (
            "206 Partial Content",
            range(1001, length - 1, &total),
            "other bytes",
        ),
        (
            "206 Partial Content",
            range(1000, length, &(length + 1).to_string()),
            "other bytes",
        ),
        (
            "206 Partial Content",
            range(1000, length - 2, &total),
            "other bytes",
        ),
        (
            "206 Partial Content",
            range(1000, length - 1, &total) + "\r\nContent-Encoding: gzip",
            "other bytes",
        ),
        ("416 Range Not Satisfiable", String::new(), "answers 416"),
        ("404 Not Found", String::new(), "answers 404"),
    ];
    for (status, headers, expected) in cases {
        let shown = format!("{status} {headers}");
        let data = data();
        let server = Server::start(move |request| match request.number {
            0 => first(&data, "ETag: \"v1\"", 1000),
            _ => {
                let length = data.len() - 1000;
                let head =
                    format!("HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {length}\r\n\r\n")
                        .replace("\r\n\r\nContent", "\r\nContent");
                [head.as_bytes(), &data[1000..]].concat()
            }
        })
        .await;

        let error = read_from(&server).await.unwrap_err();

        assert!(error.contains(expected), "{shown}: {error}");
        assert_eq!(server.asked().len(), 2, "{shown}");
    }
}

#[tokio::test]
async fn data_that_cannot_be_told_apart_is_not_taken_up() {
    for headers in [
        "X-Other: 1",
        "ETag: W/\"weak\"",
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
    ] {
        let server = Server::start(move |_| first(&data(), headers, 1000)).await;

        assert!(read_from(&server).await.is_err());

        assert_eq!(server.asked().len(), 1, "{headers}");
    }
}

#[tokio::test]
async fn tries_without_progress_are_bounded_and_progress_begins_anew() {
    let answers = data();
    let server = Server::start(move |request| match request.number {
        0 => first(&answers, "ETag: \"v1\"", 1000),
        5 => rest(&answers, "ETag: \"v1\"", request, 1000),
        _ => b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n".to_vec(),
    })
    .await;

    let error = read_from(&server).await.unwrap_err();

    assert!(error.contains("answers 503"), "{error}");
    // All but the first and the one that brought bytes.
    assert_eq!(TRIES, 5);
    assert_eq!(server.asked().len(), 1 + 4 + 1 + 5);
}

#[tokio::test]
async fn a_redirect_to_what_is_refused_connects_to_nothing() {
    let inside = tokio::net::TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = inside.local_addr().unwrap().port();
    for (target, expected) in [
        (format!("http://127.0.0.2:{port}/"), "loopback"),
        (format!("http://[::ffff:127.0.0.2]:{port}/"), "loopback"),
        (format!("http://2130706434:{port}/"), "loopback"),
        (format!("http://localhost:{port}/"), "loopback"),
        ("http://169.254.169.254/".to_owned(), "cloud metadata"),
        ("http://127.0.0.1:1/".to_owned(), "port 1 is not allowed"),
        ("file:///etc/passwd".to_owned(), "scheme `file`"),
        ("ftp://images.example/".to_owned(), "scheme `ftp`"),
    ] {
        for at in [0, 1] {
            let location = target.clone();
            let server = Server::start(move |request| match request.number == at {
                true => format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n").into(),
                false => first(&data(), "ETag: \"v1\"", 1000),
            })
            .await;

            let source = source(&[server.port(), port]);
            let error = read(&source, &server.url()).await.unwrap_err();

            assert!(error.contains(expected), "{target}: {error}");
        }
    }

    let connected = tokio::time::timeout(Duration::ZERO, inside.accept()).await;
    assert!(connected.is_err(), "something connected");
}

#[tokio::test]
async fn what_the_uri_alone_shows_is_refused_at_once() {
    let source = source(&[]);
    for uri in [
        "",
        "images.example",
        "file:///etc/passwd",
        "http://images.example:22/",
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://[::1]/",
        "http://user:canary@0x7f.2/",
    ] {
        let refused = source.check(uri).unwrap_err();
        assert!(
            matches!(refused, SourceError::Forbidden { .. }),
            "{uri}: {refused:?}"
        );
        assert!(!format!("{refused:?}").contains("canary"));
    }
    assert!(source.check("http://127.0.0.1/").is_ok());
}

#[tokio::test]
async fn a_body_whose_end_or_form_is_unknown_is_refused() {
    for (headers, expected) in [
        ("X-Other: 1", "where the data ends"),
        ("Content-Length: 3\r\nContent-Encoding: gzip", "encoded"),
    ] {
        let server = Server::start(move |_| {
            format!("HTTP/1.1 200 OK\r\n{headers}\r\nConnection: close\r\n\r\nabc").into()
        })
        .await;

        let error = read_from(&server).await.unwrap_err();

        assert!(error.contains(expected), "{error}");
    }
}

fn data() -> Vec<u8> {
    (0..100_000_u32).map(|at| (at % 251) as u8).collect()
}

const TRIES: u32 = 5;
