//! Where a server of memcached is.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// Where a server of memcached is: `host`, `host:port`, `[::1]:port` or `unix:/path`; the first
/// three also with `inet:` or `inet6:` before them.
///
/// ```
/// use glance_http::keystone::MemcachedAddress;
///
/// let address: MemcachedAddress = "cache.example".parse()?;
/// assert_eq!(address.to_string(), "cache.example:11211");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemcachedAddress {
    /// A host, by its name or its address without brackets, and a port.
    Tcp(String, u16),
    /// A socket of this machine.
    Unix(PathBuf),
}

/// What is no address of a server of memcached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not `host`, `host:port`, `[IPv6]:port` or `unix:/path`")]
pub struct InvalidMemcachedAddress;

impl FromStr for MemcachedAddress {
    type Err = InvalidMemcachedAddress;

    fn from_str(text: &str) -> Result<Self, InvalidMemcachedAddress> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return match path.is_absolute() {
                true => Ok(Self::Unix(path)),
                false => Err(InvalidMemcachedAddress),
            };
        }
        let bare = ["inet:", "inet6:"].iter();
        let bare = bare.filter_map(|scheme| text.strip_prefix(scheme)).next();
        tcp(bare.unwrap_or(text)).ok_or(InvalidMemcachedAddress)
    }
}

fn tcp(text: &str) -> Option<MemcachedAddress> {
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (host, rest) = bracketed.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            let port = match rest {
                "" => None,
                rest => Some(rest.strip_prefix(':')?),
            };
            (host, port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let is_named =
        |character: char| character.is_ascii_alphanumeric() || "-._:".contains(character);
    if host.is_empty() || !host.chars().all(is_named) {
        return None;
    }
    let port = match port {
        None => DEFAULT_PORT,
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
    };
    Some(MemcachedAddress::Tcp(host.to_owned(), port))
}

impl fmt::Display for MemcachedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

const DEFAULT_PORT: u16 = 11_211;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_written_as_operators_of_upstream_write_it() {
        for (text, written) in [
            ("cache", "cache:11211"),
            ("cache.example:11212", "cache.example:11212"),
            ("192.0.2.7:1", "192.0.2.7:1"),
            ("[::1]", "[::1]:11211"),
            ("[2001:db8::7]:11212", "[2001:db8::7]:11212"),
            ("inet:cache:5", "cache:5"),
            ("inet6:[::1]:5", "[::1]:5"),
            ("unix:/run/memcached.sock", "unix:/run/memcached.sock"),
        ] {
            let address: MemcachedAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), written, "{text}");
            assert_eq!(written.parse(), Ok(address), "{text}");
        }
    }

    #[test]
    fn what_is_no_server_is_told() {
        for text in [
            "",
            ":11211",
            "cache:",
            "cache:0",
            "cache:65536",
            "cache:port",
            "::1:11211",
            "[::1",
            "[::1]11211",
            "[cache]:11211",
            "a b:11211",
            "user@cache",
            "cache/path",
            "unix:",
            "unix:relative",
            "memcached://cache",
        ] {
            let parsed = text.parse::<MemcachedAddress>();
            assert_eq!(parsed, Err(InvalidMemcachedAddress), "{text}");
        }
    }
}
