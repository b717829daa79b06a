use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;

use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use glance_core::domain::UriFilterOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A server whose answers are bytes, for faults that real ones do not have. It tells what it was
/// asked.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers with `pieces`, a pause before each but the first, and closes.
    async fn start(host: &str, pieces: &'static [&'static [u8]], pause: Duration) -> Self {
        Self::answering(
            host,
            move |_| pieces.iter().map(|piece| piece.to_vec()).collect(),
            pause,
        )
        .await
    }

    async fn answering(
        host: &str,
        pieces: impl Fn(&str) -> Vec<Vec<u8>> + Send + Sync + 'static,
        pause: Duration,
    ) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = head(&mut stream).await;
                let answer = pieces(&request);
                log.lock().unwrap().push(request);
                for (at, piece) in answer.iter().enumerate() {
                    if at > 0 {
                        tokio::time::sleep(pause).await;
                    }
                    if stream.write_all(piece).await.is_err() {
                        break;
                    }
                }
            }
        });
        Self { address, asked }
    }

    fn url(&self, host: &str) -> Url {
        let port = self.address.port();
        format!("http://{host}:{port}/blob").parse().unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// Answers in this order; the last one for ever.
#[derive(Debug)]
struct Answers(Mutex<VecDeque<Vec<IpAddr>>>);

impl Answers {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(parse).collect())))
    }
}

impl Resolver for Answers {
    fn addresses(&self, _host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut answers = self.0.lock().unwrap();
        let answer = match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        };
        async move { Ok(answer) }.boxed()
    }
}

fn options(servers: &[&Server]) -> GuardOptions {
    GuardOptions {
        allowed: AllowList {
            hosts: Vec::new(),
            networks: vec!["127.0.0.1".parse().unwrap()],
            ports: servers.iter().map(|server| server.address.port()).collect(),
        },
        filter: None,
        redirects: Redirects {
            statuses: &[301, 302],
            most: 5,
        },
        deadlines: Deadlines {
            answer: Duration::from_millis(300),
            idle: Duration::from_millis(300),
            total: None,
        },
        most_bytes: None,
        trust: Trust::Anything,
        proxies: BTreeMap::new(),
    }
}

async fn get(guard: &Guard, url: Url) -> Result<Vec<u8>, String> {
    let answer = guard.fetch(Method::GET, url, HeaderMap::new()).await;
    let bytes = answer
        .and_then(Answer::into_bytes)
        .map_err(|error| said(&error))?;
    let chunks: Vec<_> = bytes.try_collect().await.map_err(|error| said(&error))?;
    Ok(chunks.concat())
}

/// All that an error could show.
fn said(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = format!("{error:?}");
    let mut next = Some(error);
    while let Some(error) = next {
        text += &format!(": {error}");
        next = error.source();
    }
    text
}

fn is_address_refusal(result: &Result<Vec<u8>, String>) -> bool {
    let text = result.as_ref().unwrap_err();
    text.contains("address that is not allowed: loopback") && !text.contains("127.0.0")
}

const BLOB: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nblob";

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_before_anything_connects() {
    let server = Server::start("127.0.0.2", &[BLOB], Duration::ZERO).await;

    for answer in [
        &["127.0.0.2"][..],
        &["::ffff:127.0.0.2"],
        &["93.184.216.34", "127.0.0.2"],
    ] {
        let guard = Guard::with_resolver(options(&[&server]), Answers::new(&[answer])).unwrap();
        let result = get(&guard, server.url("images.example")).await;
        assert!(is_address_refusal(&result), "{result:?}");
    }

    assert_eq!(server.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_that_moves_inside_is_refused_when_it_has_moved() {
    let outside = Server::start("127.0.0.1", &[BLOB], Duration::ZERO).await;
    let inside = TcpListener::bind(("127.0.0.2", outside.address.port()))
        .await
        .unwrap();
    let rebinding = Answers::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let guard = Guard::with_resolver(options(&[&outside]), rebinding).unwrap();

    // What was judged is what is connected to: there is no second look-up in between.
    assert_eq!(
        get(&guard, outside.url("images.example")).await.unwrap(),
        b"blob"
    );
    let moved = get(&guard, outside.url("images.example")).await;

    assert!(is_address_refusal(&moved), "{moved:?}");
    assert_eq!(outside.asked().len(), 1);
    assert!(
        inside.accept().now_or_never().is_none(),
        "something connected"
    );
}

#[tokio::test]
async fn every_redirect_is_judged_anew() {
    const INSIDE: &[u8] = b"HTTP/1.1 302 Found\r\nLocation: http://images.example/\r\n\r\n";
    let server = Server::start("127.0.0.1", &[INSIDE], Duration::ZERO).await;
    let answers = Answers::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let guard = Guard::with_resolver(options(&[&server]), answers).unwrap();

    let result = get(&guard, server.url("images.example")).await;

    assert!(is_address_refusal(&result), "{result:?}");
}

#[tokio::test]
async fn a_name_that_leads_to_a_disallowed_address_is_refused_before_anything_connects() {
    let server = Server::start("127.0.0.1", &[BLOB], Duration::ZERO).await;
    let filter = UriFilterOptions {
        disallowed_hosts: vec!["127.0.0.1".to_owned()],
        allowed_ports: vec![server.address.port()],
        ..UriFilterOptions::default()
    };
    let mut options = options(&[&server]);
    options.filter = Some(UriFilter::new(filter).unwrap());
    let guard = Guard::with_resolver(options, Answers::new(&[&["127.0.0.1"]])).unwrap();

    for host in ["images.example", "127.0.0.1"] {
        let refused = get(&guard, server.url(host)).await.unwrap_err();
        assert!(refused.contains("not allowed"), "{refused}");
    }

    assert_eq!(server.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_name_without_addresses_is_out_of_reach() {
    let server = Server::start("127.0.0.1", &[BLOB], Duration::ZERO).await;
    let guard = Guard::with_resolver(options(&[&server]), Answers::new(&[&[]])).unwrap();
    let url = server.url("images.example");

    let result = guard.fetch(Method::GET, url, HeaderMap::new()).await;

    assert!(
        matches!(result, Err(FetchError::Unreachable(_))),
        "{result:?}"
    );
}

#[tokio::test]
async fn credentials_stay_with_the_origin_of_their_url() {
    let second = Server::start("127.0.0.1", &[BLOB], Duration::ZERO).await;
    let elsewhere = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://planted:secret@{}/\r\nConnection: close\r\n\r\n",
        second.address
    );
    let here = b"HTTP/1.1 302 Found\r\nLocation: /again\r\nConnection: close\r\n\r\n";
    let first = Server::answering(
        "127.0.0.1",
        move |request| {
            let again = request.starts_with("GET /again");
            vec![if again {
                elsewhere.clone().into_bytes()
            } else {
                here.to_vec()
            }]
        },
        Duration::ZERO,
    )
    .await;
    let guard = Guard::new(options(&[&first, &second])).unwrap();

    let url = first.url("us%20er:pass%40word@127.0.0.1");
    assert_eq!(get(&guard, url).await.unwrap(), b"blob");

    let credentials = |asked: &[String]| -> Vec<Option<String>> {
        let line = |text: &String| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix("authorization: ").map(str::to_owned))
        };
        asked.iter().map(line).collect()
    };
    // base64 of `us er:pass@word`
    let own = Some("Basic dXMgZXI6cGFzc0B3b3Jk".to_owned());
    assert_eq!(credentials(&first.asked()), [own.clone(), own]);
    assert_eq!(credentials(&second.asked()), [None]);
}

#[tokio::test]
async fn no_error_shows_the_url() {
    let server = Server::start("127.0.0.1", &[b"nonsense\r\n\r\n"], Duration::ZERO).await;
    let guard = Guard::new(options(&[&server])).unwrap();
    let mut url = server.url("canary:canary@127.0.0.1");
    url.set_query(Some("signature=canary"));

    let mut errors = vec![get(&guard, url.clone()).await.unwrap_err()];
    url.set_host(Some("canary.invalid")).unwrap();
    errors.push(get(&guard, url.clone()).await.unwrap_err());
    url.set_host(Some("127.0.0.3")).unwrap();
    errors.push(get(&guard, url).await.unwrap_err());

    for error in errors {
        assert!(!error.contains("canary"), "{error}");
    }
    let proxy = ProxyAddress::new("http://user:canary@proxy.example:3128");
    assert_eq!(format!("{proxy:?}"), "ProxyAddress(proxy.example:3128)");
}

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n";
const ENDLESS: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const CHUNK: &[u8] = b"5\r\nbytes\r\n";

#[tokio::test]
async fn bodies_that_come_late_or_not_at_all_are_cut() {
    let (long, short) = (Duration::from_secs(60), Duration::from_millis(100));
    let cases: [(&'static [&'static [u8]], Duration, &str); 5] = [
        (&[b"", HEAD], long, "does not answer"),
        (&[b"HTTP/1.1 200", HEAD], long, "does not answer"),
        (&[HEAD, b"more"], long, "no byte came"),
        (
            &[HEAD, b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h"],
            short,
            "takes too long",
        ),
        (
            &[ENDLESS, CHUNK, CHUNK, CHUNK, CHUNK, CHUNK, CHUNK, CHUNK],
            short,
            "takes too long",
        ),
    ];
    for (pieces, pause, expected) in cases {
        let server = Server::start("127.0.0.1", pieces, pause).await;
        let mut options = options(&[&server]);
        options.deadlines.total = Some(Duration::from_millis(500));
        let begun = Instant::now();

        let result = get(&Guard::new(options).unwrap(), server.url("127.0.0.1")).await;

        let error = result.unwrap_err();
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{expected}");
    }
}

#[tokio::test]
async fn bodies_that_are_too_long_are_cut() {
    let cases: [&'static [&'static [u8]]; 2] = [&[HEAD], &[ENDLESS, CHUNK, CHUNK, CHUNK]];
    for pieces in cases {
        let server = Server::start("127.0.0.1", pieces, Duration::from_millis(1)).await;
        let mut options = options(&[&server]);
        options.most_bytes = Some(10);

        let result = get(&Guard::new(options).unwrap(), server.url("127.0.0.1")).await;

        let error = result.unwrap_err();
        assert!(error.contains("no more than 10 are taken"), "{error}");
    }
}

#[tokio::test]
async fn bodies_that_are_too_short_are_errors() {
    let cases: [&'static [&'static [u8]]; 2] = [&[HEAD, b"short"], &[ENDLESS, CHUNK]];
    for pieces in cases {
        let server = Server::start("127.0.0.1", pieces, Duration::from_millis(1)).await;
        let guard = Guard::new(options(&[&server])).unwrap();

        let result = get(&guard, server.url("127.0.0.1")).await;

        assert!(result.is_err(), "{result:?}");
    }
}
