//! A memcached of one test, and what can be done to it.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use glance_core::domain::Timestamp;
use glance_core::ports::Clock;
use glance_http::keystone::{
    CacheTime, KeystoneVerifier, MemcachedOptions, Session, SharedAnswers, VerifierOptions,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{SystemClock, eventually, session_options};

/// A server that is up.
pub(crate) struct Memcached {
    process: Child,
    pub(crate) port: u16,
}

impl Memcached {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        Self::start_at(port).await
    }

    pub(crate) async fn start_at(port: u16) -> Self {
        let process = Command::new("memcached")
            .args(["-l", "127.0.0.1", "-p", &port.to_string(), "-u", "nobody"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, port };
        eventually(async || TcpStream::connect(server.address()).await.is_ok()).await;
        server
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// It takes connections and answers nothing, until told to go on.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    async fn answered(&self, command: &[u8], end: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        stream.write_all(command).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(end.as_bytes()) {
            assert!(
                stream.read_buf(&mut answer).await.unwrap() > 0,
                "it hung up"
            );
        }
        answer
    }

    /// Every key that it has.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let dump = self
            .answered(b"lru_crawler metadump all\r\n", "END\r\n")
            .await;
        let dump = String::from_utf8(dump).unwrap();
        let keys = dump.lines().filter_map(|line| line.strip_prefix("key="));
        keys.map(|line| line.split(' ').next().unwrap().replace("%2F", "/"))
            .collect()
    }

    /// The one key that it has before long.
    pub(crate) async fn only_key(&self) -> String {
        eventually(async || !self.keys().await.is_empty()).await;
        let keys = self.keys().await;
        assert_eq!(keys.len(), 1, "{keys:?}");
        keys[0].clone()
    }

    pub(crate) async fn get(&self, key: &str) -> Vec<u8> {
        let answer = self
            .answered(format!("get {key}\r\n").as_bytes(), "END\r\n")
            .await;
        let start = answer.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        answer[start..answer.len() - b"\r\nEND\r\n".len()].to_vec()
    }

    pub(crate) async fn set(&self, key: &str, value: &[u8]) {
        let header = format!("set {key} 0 0 {}\r\n", value.len());
        let command = [header.as_bytes(), value, b"\r\n"].concat();
        assert_eq!(self.answered(&command, "\r\n").await, b"STORED\r\n");
    }
}

impl Drop for Memcached {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Servers that are tried again after a second.
pub(crate) fn at(servers: &[String]) -> MemcachedOptions {
    let servers = servers.iter().map(|server| server.parse().unwrap());
    let mut options = MemcachedOptions::new(servers.collect());
    options.dead_retry = Duration::from_secs(1);
    options
}

/// What one server process of several is to Keystone.
pub(crate) fn process(keystone: &str, memcached: &MemcachedOptions) -> KeystoneVerifier {
    Process::default().of(keystone, memcached)
}

/// One server process of several.
pub(crate) struct Process {
    secret: &'static str,
    options: VerifierOptions,
    ahead: i64,
}

impl Default for Process {
    fn default() -> Self {
        Self {
            secret: "secret",
            options: VerifierOptions::default(),
            ahead: 0,
        }
    }
}

impl Process {
    pub(crate) fn knowing(self, secret: &'static str) -> Self {
        Self { secret, ..self }
    }

    pub(crate) fn remembering(mut self, cache_time: CacheTime) -> Self {
        self.options.cache_time = cache_time;
        self
    }

    /// For it, so many seconds more have passed.
    pub(crate) fn at_second(self, ahead: i64) -> Self {
        Self { ahead, ..self }
    }

    pub(crate) fn of(self, keystone: &str, memcached: &MemcachedOptions) -> KeystoneVerifier {
        let session_options = session_options(keystone);
        let secret = self.secret.into();
        let answers = SharedAnswers::new(memcached, &secret, &session_options.auth_url);
        let clock: Arc<dyn Clock> = Arc::new(ClockAhead(self.ahead));
        let session = Session::new(session_options, Arc::clone(&clock)).unwrap();
        KeystoneVerifier::sharing(session, self.options, answers.unwrap(), clock)
    }
}

/// So many seconds before the system's clock.
#[derive(Debug)]
struct ClockAhead(i64);

impl Clock for ClockAhead {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().as_micros() + self.0 * 1_000_000)
    }
}
