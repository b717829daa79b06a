//! Nodes over HTTP.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::{Client, Response, Url};
use tokio::time::timeout;

use super::{NodeAnswer, NodeError, NodeRequest, Nodes};
use crate::tls::{TlsError, TlsOptions};

/// How nodes are asked. The defaults are upstream's where upstream has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeOptions {
    /// Whom TLS believes, and what it shows.
    pub tls: TlsOptions,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long a request may take.
    pub deadline: Duration,
    /// How many requests to one host may be under way.
    pub most_at_a_time: usize,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            tls: TlsOptions::default(),
            connect_timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(60),
            most_at_a_time: 16,
        }
    }
}

/// Nodes over HTTP, each with a bulkhead of its own.
#[derive(Debug)]
pub struct HttpNodes {
    client: Client,
    options: NodeOptions,
    /// How many requests are under way, by host.
    under_way: Mutex<HashMap<String, usize>>,
}

impl HttpNodes {
    /// A way to nodes.
    ///
    /// # Errors
    /// [`TlsError`] names the certificate or key that cannot be used.
    pub fn new(options: NodeOptions) -> Result<Self, TlsError> {
        Ok(Self {
            client: options.tls.client(options.connect_timeout)?,
            options,
            under_way: Mutex::default(),
        })
    }

    /// A place among the requests to a host.
    fn place(&self, host: &str) -> Result<Place<'_>, NodeError> {
        let most = self.options.most_at_a_time;
        let mut under_way = self.under_way();
        let taken = under_way.entry(host.to_owned()).or_default();
        if *taken >= most {
            return Err(NodeError::Busy { most });
        }
        *taken += 1;
        Ok(Place {
            nodes: self,
            host: host.to_owned(),
        })
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Nodes for HttpNodes {
    async fn ask(&self, host: &str, request: NodeRequest) -> Result<NodeAnswer, NodeError> {
        let url = url(host, &request.path)?;
        let _place = self.place(host)?;
        let mut asked = self
            .client
            .request(request.method, url)
            .headers(request.headers);
        if !request.body.is_empty() {
            asked = asked.body(request.body);
        }
        let answered = async {
            let response = asked.send().await.map_err(unanswered)?;
            Ok(NodeAnswer {
                status: response.status(),
                body: beginning(response).await?,
            })
        };
        let within = self.options.deadline;
        let slow = |_| NodeError::Slow { within };
        timeout(within, answered).await.map_err(slow)?
    }
}

/// A place among the requests to a host; dropped, it is free again.
#[derive(Debug)]
struct Place<'a> {
    nodes: &'a HttpNodes,
    host: String,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut under_way = self.nodes.under_way();
        if let Some(taken) = under_way.get_mut(&self.host) {
            *taken -= 1;
            if *taken == 0 {
                under_way.remove(&self.host);
            }
        }
    }
}

/// A path at a host, whose URL may have a path itself. One that holds credentials is none: they would
/// be sent, and logged (rule R6).
fn url(host: &str, path: &str) -> Result<Url, NodeError> {
    let url: Option<Url> = format!("{}{path}", host.trim_end_matches('/')).parse().ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .filter(|url| url.query().is_none() && url.fragment().is_none())
        .ok_or(NodeError::NotReachable)
}

/// As much of a body as an error needs.
async fn beginning(mut response: Response) -> Result<Bytes, NodeError> {
    let mut body = BytesMut::new();
    while body.len() < MOST_BYTES {
        match response.chunk().await.map_err(unanswered)? {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break,
        }
    }
    body.truncate(MOST_BYTES);
    Ok(body.freeze())
}

fn unanswered(error: reqwest::Error) -> NodeError {
    let is_absent = error.is_connect() || error.is_timeout();
    let source = error.without_url().into();
    match is_absent {
        true => NodeError::Unreachable { source },
        false => NodeError::Unreadable { source },
    }
}

/// The page of an error is a few hundred bytes.
const MOST_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_asked_only_where_its_url_is_one_of_the_web_without_secrets() {
        let at = |host| url(host, "/v2/images").map(|url| url.to_string()).ok();

        assert_eq!(at("http://h:1/").as_deref(), Some("http://h:1/v2/images"));
        assert_eq!(
            at("https://h/image").as_deref(),
            Some("https://h/image/v2/images")
        );
        for refused in [
            "",
            "h",
            "file:///etc",
            "ftp://h",
            "http://u:p@h",
            "http://h?",
        ] {
            assert_eq!(at(refused), None, "{refused}");
        }
    }

    #[test]
    fn a_host_has_so_many_places_and_others_have_theirs() {
        let options = NodeOptions {
            most_at_a_time: 1,
            ..NodeOptions::default()
        };
        let nodes = HttpNodes::new(options).unwrap();

        let place = nodes.place("a").unwrap();
        assert!(matches!(nodes.place("a"), Err(NodeError::Busy { most: 1 })));
        assert!(nodes.place("b").is_ok());
        drop(place);
        assert!(nodes.place("a").is_ok());
        assert!(nodes.under_way().is_empty());
    }
}
