//! A server that breaks off wherever a test wants.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(super) struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<Request>>>,
}

/// What a server was asked.
#[derive(Clone)]
pub(super) struct Request {
    /// How many came before.
    pub(super) number: usize,
    pub(super) head: String,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

impl Server {
    /// Answers each request with bytes, and closes.
    pub(super) async fn start(
        answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self::start_slowly(usize::MAX, Duration::ZERO, answer).await
    }

    /// The same, with a pause after so many bytes, again and again.
    pub(super) async fn start_slowly(
        piece: usize,
        pause: Duration,
        answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<Request>>>::default();
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let head = head(&mut stream).await;
                let number = log.lock().unwrap().len();
                let request = Request { number, head };
                let bytes = answer(&request);
                log.lock().unwrap().push(request);
                for (at, piece) in bytes.chunks(piece).enumerate() {
                    if at > 0 {
                        tokio::time::sleep(pause).await;
                    }
                    if stream.write_all(piece).await.is_err() {
                        break;
                    }
                }
            }
        });
        Self { port, asked }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/image", self.port)
    }

    pub(super) fn asked(&self) -> Vec<Request> {
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

/// The first answer, of whose data only so much comes.
pub(super) fn first(data: &[u8], headers: &str, bytes: usize) -> Vec<u8> {
    let length = data.len();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), &data[..bytes.min(length)]].concat()
}

/// The rest that a request asks for, of which only so much comes.
pub(super) fn rest(data: &[u8], headers: &str, request: &Request, bytes: usize) -> Vec<u8> {
    let range = request.header("range").unwrap_or_default();
    let from = range.trim_start_matches("bytes=").trim_end_matches('-');
    let from: usize = from.parse().unwrap();
    let (last, length) = (data.len() - 1, data.len());
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\n{headers}\r\nContent-Range: bytes {from}-{last}/{length}\
         \r\nContent-Length: {}\r\n\r\n",
        length - from
    );
    let end = from.saturating_add(bytes).min(length);
    [head.as_bytes(), &data[from..end]].concat()
}
