//! The same against a real nginx.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::super::nginx::Nginx;
use super::server::Server;
use super::{read, source};

#[tokio::test]
#[ignore = "needs nginx: .ci/run starts it"]
async fn servers_match_the_golden_table() {
    let nginx = Nginx::find();
    let (name, data) = nginx.publish(700_001);
    let source = source(&[nginx.port()]);

    let mut table = String::new();
    for place in [
        "/",
        "/gzip/",
        "/encoded/",
        "/no-ranges/",
        "/chunked/",
        "/unframed/",
        "/private/",
        "/moved/",
        "/found/",
        "/hops-6/",
    ] {
        let url = nginx.url(&format!("{place}{name}"));
        let told = match read(&source, url.as_str()).await {
            Ok(read) if read == data => "the data".to_owned(),
            Ok(_) => "other data".to_owned(),
            Err(error) => error,
        };
        table += &format!("{place}: {told}\n");
    }
    for place in [
        "/other-range",
        "/to-file",
        "/to-metadata",
        "/to-neighbour",
        "/to-number",
        "/to-port",
        "/to-nothing",
        "/to-loop",
        "/status-404",
        "/status-503",
    ] {
        let error = read(&source, nginx.url(place).as_str()).await.unwrap_err();
        table += &format!("{place}: {error}\n");
    }

    expect_test::expect_file!["../golden/http_source.txt"].assert_eq(&table);
}

#[tokio::test]
#[ignore = "needs nginx: .ci/run starts it"]
async fn credentials_of_a_uri_are_sent_and_never_shown() {
    let nginx = Nginx::find();
    let (name, data) = nginx.publish(1000);
    let source = source(&[nginx.port()]);
    let with = |credentials: &str| {
        let port = nginx.port();
        format!("http://{credentials}@127.0.0.1:{port}/private/{name}")
    };

    assert!(read(&source, &with("user:pass%20word")).await.unwrap() == data);
    let refused = read(&source, &with("user:canary")).await.unwrap_err();

    assert_eq!(refused, "the server answers 401");
}

#[tokio::test]
#[ignore = "needs nginx: .ci/run starts it"]
async fn what_nginx_sends_is_taken_up_where_it_broke_off() {
    let nginx = Nginx::find();
    let (name, data) = nginx.publish(700_001);
    let port = nginx.port();
    // Between the two, every connection breaks after so many bytes.
    let breaking = Server::start(move |request| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let head = request.head.replace("/image", &format!("/{name}"));
        let head = head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer.truncate(200_000);
        answer
    })
    .await;

    let read = read(&source(&[breaking.port()]), &breaking.url()).await;

    assert!(read.unwrap() == data);
    assert_eq!(breaking.asked().len(), 4);
}
