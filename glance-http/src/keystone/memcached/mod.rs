//! A client of memcached, for what may be lost: a server that is away, slow or out of its mind has
//! nothing, and is left alone for a while.
//!
//! ```text
//! address     where a server is, as an operator writes it
//! connection  one connection: `get` and `set` of the text protocol
//! pool        the connections to one server, and whether it is left alone
//! tls         encrypted connections
//! ```

mod address;
mod connection;
mod pool;
mod tls;

use std::cmp::Reverse;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

pub use self::address::{InvalidMemcachedAddress, MemcachedAddress};
use self::connection::{Reply, Request};
use self::pool::Pool;
use self::tls::Tls;
use super::error::KeystoneError;

/// How memcached is reached. The defaults are upstream's, but for the deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemcachedOptions {
    /// The servers. Each key is at one of them, which all who have the same servers agree on.
    pub servers: Vec<MemcachedAddress>,
    /// Whom TLS believes, and what it shows; `None` where connections are not encrypted.
    pub tls: Option<MemcachedTls>,
    /// How long a server may take to answer, the connection included.
    pub deadline: Duration,
    /// How long a server that does not answer is left alone.
    pub dead_retry: Duration,
    /// How many connections to one server there are at most.
    pub most_connections: usize,
    /// How long a connection stays open that nobody uses.
    pub idle_timeout: Duration,
}

impl MemcachedOptions {
    /// These servers, and the defaults for the rest.
    pub fn new(servers: Vec<MemcachedAddress>) -> Self {
        Self {
            servers,
            tls: None,
            deadline: Duration::from_millis(250),
            dead_retry: Duration::from_secs(300),
            most_connections: 10,
            idle_timeout: Duration::from_secs(60),
        }
    }
}

/// Whom TLS to memcached believes, and what it shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemcachedTls {
    /// The authorities that are believed, and no others; by default those of the system.
    pub authorities: Option<PathBuf>,
    /// A certificate that is shown to the server.
    pub certificate: Option<PathBuf>,
    /// Its key, if it is not in the same file.
    pub key: Option<PathBuf>,
}

/// Several servers as one.
#[derive(Debug)]
pub(super) struct Memcached {
    pools: Vec<Pool>,
}

impl Memcached {
    /// Reaches nobody yet.
    pub(super) fn new(options: &MemcachedOptions) -> Result<Self, KeystoneError> {
        let tls = options.tls.as_ref().map(Tls::new).transpose()?;
        let pool = |server: &MemcachedAddress| Pool::new(server.clone(), tls.clone(), options);
        Ok(Self {
            pools: options.servers.iter().map(pool).collect(),
        })
    }

    /// What is there, if anything is, and its server answers.
    pub(super) async fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self.pool(key)?.send(&Request::Get { key }).await? {
            Reply::Value(value) => Some(value),
            Reply::Done => None,
        }
    }

    /// Puts something there, if its server takes it. It is gone after that time, or sooner.
    pub(super) async fn set(&self, key: &str, value: &[u8], lifetime: Duration) {
        // Zero would be for ever, and more than 30 days a date.
        let seconds = lifetime.min(LONGEST).as_secs();
        if seconds == 0 || value.len() > connection::MOST_BYTES {
            return;
        }
        if let Some(pool) = self.pool(key) {
            let set = Request::Set {
                key,
                value,
                seconds,
            };
            pool.send(&set).await;
        }
    }

    /// The server of a key: of those that are not left alone, the one with the highest hash of both.
    /// So a server that goes takes its own keys with it, and moves no others.
    fn pool(&self, key: &str) -> Option<&Pool> {
        let mut pools: Vec<&Pool> = self.pools.iter().collect();
        pools.sort_by_cached_key(|pool| Reverse(weight(pool.server(), key)));
        pools.into_iter().find(|pool| pool.is_to_be_asked())
    }
}

fn weight(server: &MemcachedAddress, key: &str) -> [u8; 32] {
    Sha256::digest(format!("{server} {key}")).into()
}

/// What memcached takes for a time from now.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_goes_takes_its_own_keys_with_it_and_no_others() {
        let memcached = |servers: &[&str]| {
            let servers = servers.iter().map(|server| server.parse().unwrap());
            Memcached::new(&MemcachedOptions::new(servers.collect())).unwrap()
        };
        let server = |memcached: &Memcached, key: &str| {
            let pool = memcached.pool(key).unwrap();
            pool.server().to_string()
        };
        // In whatever order they are named.
        let three = memcached(&["a", "b", "c"]);
        let two = memcached(&["c", "a"]);

        let mut moved = 0;
        for number in 0..300 {
            let key = format!("key-{number}");
            let (before, after) = (server(&three, &key), server(&two, &key));
            if before == "b:11211" {
                moved += 1;
            } else {
                assert_eq!(after, before, "{key}");
            }
        }
        assert!((60..140).contains(&moved), "{moved} of 300");
    }
}
