//! One connection to memcached, in its text protocol.

use std::fmt;
use std::io::{self, ErrorKind};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};

use super::address::MemcachedAddress;
use super::tls::Tls;

/// What is asked of a server. A key is up to 250 visible characters of ASCII.
#[derive(Debug, Clone, Copy)]
pub(super) enum Request<'a> {
    Get {
        key: &'a str,
    },
    Set {
        key: &'a str,
        value: &'a [u8],
        seconds: u64,
    },
}

/// What a server said that understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// It has this.
    Value(Vec<u8>),
    /// It has nothing, or keeps what it was given.
    Done,
}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum NoReply {
    /// The server does not do it now: it is full, say. There is nothing wrong with it.
    Refused(String),
    /// It went away, or said what memcached does not say.
    Broken(io::Error),
}

/// One connection. After anything but a reply it is in no state that can be used.
pub(super) struct Connection<S = Box<dyn Stream>> {
    stream: BufReader<S>,
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Connection {
    pub(super) async fn open(server: &MemcachedAddress, tls: Option<&Tls>) -> io::Result<Self> {
        let stream: Box<dyn Stream> = match server {
            MemcachedAddress::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                match tls {
                    Some(tls) => Box::new(tls.encrypted(host, stream).await?),
                    None => Box::new(stream),
                }
            }
            MemcachedAddress::Unix(path) => Box::new(UnixStream::connect(path).await?),
        };
        Ok(Self::over(stream))
    }
}

impl<S: Stream> Connection<S> {
    fn over(stream: S) -> Self {
        Self {
            stream: BufReader::new(stream),
        }
    }

    pub(super) async fn send(&mut self, request: &Request<'_>) -> Result<Reply, NoReply> {
        match *request {
            Request::Get { key } => {
                self.write(format!("get {key}\r\n").as_bytes()).await?;
                self.value(key).await
            }
            Request::Set {
                key,
                value,
                seconds,
            } => {
                let mut command = format!("set {key} 0 {seconds} {}\r\n", value.len()).into_bytes();
                command.extend_from_slice(value);
                command.extend_from_slice(b"\r\n");
                self.write(&command).await?;
                match self.line().await?.as_str() {
                    "STORED" => Ok(Reply::Done),
                    line => Err(refusal(line)),
                }
            }
        }
    }

    async fn write(&mut self, command: &[u8]) -> io::Result<()> {
        self.stream.write_all(command).await?;
        self.stream.flush().await
    }

    /// `VALUE key flags length`, so many bytes, `END`; or `END` alone.
    async fn value(&mut self, key: &str) -> Result<Reply, NoReply> {
        let line = self.line().await?;
        if line == "END" {
            return Ok(Reply::Done);
        }
        let mut words = line.split(' ');
        if words.next() != Some("VALUE") {
            return Err(refusal(&line));
        }
        let (found, _flags) = (words.next(), words.next());
        let length = words.next().and_then(|length| length.parse().ok());
        let length = length.filter(|length| *length <= MOST_BYTES);
        let (Some(length), true) = (length, found == Some(key)) else {
            return Err(NoReply::Broken(nonsense()));
        };
        let mut value = vec![0; length];
        self.stream.read_exact(&mut value).await?;
        for expected in ["", "END"] {
            if self.line().await? != expected {
                return Err(NoReply::Broken(nonsense()));
            }
        }
        Ok(Reply::Value(value))
    }

    /// A line without its end.
    async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(LONGEST_LINE);
        limited.read_until(b'\n', &mut line).await?;
        match line.strip_suffix(b"\r\n") {
            Some(line) => String::from_utf8(line.to_vec()).map_err(|_| nonsense()),
            None if line.len() < LONGEST_LINE as usize => Err(ErrorKind::UnexpectedEof.into()),
            None => Err(nonsense()),
        }
    }
}

impl From<io::Error> for NoReply {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

fn refusal(line: &str) -> NoReply {
    match line.strip_prefix("SERVER_ERROR ") {
        Some(reason) => NoReply::Refused(reason.escape_debug().to_string()),
        None => NoReply::Broken(nonsense()),
    }
}

fn nonsense() -> io::Error {
    io::Error::new(
        ErrorKind::InvalidData,
        "what it answers is not memcached's protocol",
    )
}

impl<S> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// A server refuses more by default.
pub(super) const MOST_BYTES: usize = 1_000_000;
const LONGEST_LINE: u64 = 2048;

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// What comes of a server that says this and then hangs up.
    async fn answered(request: Request<'_>, says: &[u8]) -> (Result<Reply, NoReply>, Vec<u8>) {
        let (near, mut far) = duplex(64 * 1024);
        far.write_all(says).await.unwrap();
        far.shutdown().await.unwrap();
        let mut connection = Connection::over(near);
        let reply = connection.send(&request).await;
        drop(connection);
        let mut heard = Vec::new();
        far.read_to_end(&mut heard).await.unwrap();
        (reply, heard)
    }

    const GET: Request<'_> = Request::Get { key: "k" };
    const SET: Request<'_> = Request::Set {
        key: "k",
        value: b"\0\r\nEND\r\n",
        seconds: 7,
    };

    #[tokio::test]
    async fn a_value_is_any_bytes_and_its_length_says_where_it_ends() {
        let (reply, heard) = answered(GET, b"VALUE k 0 7\r\n\0END\r\n\xff\r\nEND\r\n").await;
        assert_eq!(reply.unwrap(), Reply::Value(b"\0END\r\n\xff".to_vec()));
        assert_eq!(heard, b"get k\r\n");

        let (reply, _) = answered(GET, b"END\r\n").await;
        assert_eq!(reply.unwrap(), Reply::Done);

        let (reply, heard) = answered(SET, b"STORED\r\n").await;
        assert_eq!(reply.unwrap(), Reply::Done);
        assert_eq!(heard, b"set k 0 7 8\r\n\0\r\nEND\r\n\r\n");
    }

    #[tokio::test]
    async fn a_server_that_is_full_is_not_broken() {
        for request in [GET, SET] {
            let (reply, _) = answered(request, b"SERVER_ERROR out of memory\r\n").await;
            let Err(NoReply::Refused(reason)) = reply else {
                panic!("{reply:?}");
            };
            assert_eq!(reason, "out of memory");
        }
    }

    #[tokio::test]
    async fn what_memcached_does_not_say_is_no_reply() {
        let endless = vec![b'x'; 10_000];
        let answers: [&[u8]; 16] = [
            b"",
            b"\r\n",
            b"END",
            b"END\n",
            b"ERROR\r\n",
            b"CLIENT_ERROR bad\r\n",
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            b"VALUE\r\n",
            b"VALUE k 0\r\n",
            b"VALUE other 0 1\r\nx\r\nEND\r\n",
            b"VALUE k 0 -1\r\nx\r\nEND\r\n",
            b"VALUE k 0 1000001\r\n",
            b"VALUE k 0 5\r\nxx\r\nEND\r\n",
            b"VALUE k 0 1\r\nxxxxxxxxx\r\nEND\r\n",
            b"VALUE k 0 1\r\nx\r\nVALUE k 0 1\r\ny\r\nEND\r\n",
            &endless,
        ];
        for says in answers {
            for request in [GET, SET] {
                let (reply, _) = answered(request, says).await;
                assert!(
                    matches!(reply, Err(NoReply::Broken(_))),
                    "{request:?} {:?}: {reply:?}",
                    says.escape_ascii().to_string()
                );
            }
        }
    }
}
