//! What may be fetched. Pure.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use glance_core::domain::{UriFilter, UriRefused};
use thiserror::Error;
use url::{Host, Url};

use super::address::{self, DeniedRange};
use super::network::Network;
use crate::OpenError;

/// What an operator allows beyond the rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowList {
    /// Hosts, as they stand in URLs, that may be at any address.
    pub hosts: Vec<String>,
    /// Networks that any host may be in.
    pub networks: Vec<Network>,
    /// Ports, beside 80 and 443.
    pub ports: Vec<u16>,
}

/// The rules, with what is allowed beyond them.
#[derive(Debug)]
pub(super) struct Rules {
    hosts: BTreeSet<String>,
    networks: Vec<Network>,
    ports: BTreeSet<u16>,
    /// An operator's own rules, which say which ports are allowed in place of `ports`.
    filter: Option<UriFilter>,
}

impl Rules {
    pub(super) fn new(allowed: AllowList, filter: Option<UriFilter>) -> Result<Self, OpenError> {
        let hosts = allowed.hosts.iter().map(|host| {
            canonical_host(host).ok_or_else(|| OpenError::Setting {
                setting: format!("allowed host `{host}`"),
                reason: "it is not a host name: write it as it stands in URLs".into(),
            })
        });
        Ok(Self {
            hosts: hosts.collect::<Result<_, _>>()?,
            networks: allowed.networks,
            ports: allowed.ports.into_iter().chain(WEB_PORTS).collect(),
            filter,
        })
    }

    /// Judges a URL by all that is known before its name is resolved. A host that is an address,
    /// in whatever notation, has become that address when the URL was parsed.
    pub(super) fn judge_url(&self, url: &Url) -> Result<(), Refusal> {
        if !SCHEMES.contains(&url.scheme()) {
            return Err(Refusal::Scheme {
                scheme: url.scheme().to_owned(),
            });
        }
        let port = url.port_or_known_default().unwrap_or_default();
        match &self.filter {
            Some(filter) => filter.check(url.as_str())?,
            None if !self.ports.contains(&port) => return Err(Refusal::Port { port }),
            None => {}
        }
        match url.host() {
            Some(Host::Ipv4(address)) => self.judge_address(&address.to_string(), address.into()),
            Some(Host::Ipv6(address)) => self.judge_address(&address.to_string(), address.into()),
            Some(Host::Domain(name)) if !name.trim_end_matches('.').is_empty() => Ok(()),
            Some(Host::Domain(_)) | None => Err(Refusal::NoHost),
        }
    }

    /// Judges an address that a host is at.
    pub(super) fn judge_address(&self, host: &str, address: IpAddr) -> Result<(), Refusal> {
        let reached = address::reached(address);
        if let Some(filter) = &self.filter
            && (filter.disallows_address(&address.to_string())
                || filter.disallows_address(&reached.to_string()))
        {
            return Err(Refusal::Disallowed);
        }
        let Some(range) = address::denied(address) else {
            return Ok(());
        };
        let allowed = self.hosts.contains(bare(host))
            || self
                .networks
                .iter()
                .any(|network| network.contains(address) || network.contains(reached));
        if allowed {
            return Ok(());
        }
        Err(Refusal::Address { range })
    }
}

/// The rule that forbids a URL. It never tells the address that a name leads to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    #[error("the host is at an address that is not allowed: {range}")]
    Address { range: DeniedRange },
    #[error("the host is at an address that is not allowed")]
    Disallowed,
    #[error(transparent)]
    Filtered(#[from] UriRefused),
    #[error("the URL has no host")]
    NoHost,
    #[error("port {port} is not allowed")]
    Port { port: u16 },
    #[error("scheme `{scheme}` is not allowed")]
    Scheme { scheme: String },
}

/// A host as `judge_address` sees it in URLs.
fn canonical_host(host: &str) -> Option<String> {
    if let Ok(address) = host.parse::<Ipv6Addr>() {
        return Some(address.to_string());
    }
    match Host::parse(host).ok()? {
        Host::Domain(name) => Some(bare(&name).to_owned()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

/// A name without the dot that ends it where it is fully qualified.
fn bare(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

const SCHEMES: [&str; 2] = ["http", "https"];

const WEB_PORTS: [u16; 2] = [80, 443];

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(hosts: &[&str], networks: &[&str], ports: &[u16]) -> Rules {
        Rules::new(
            AllowList {
                hosts: hosts.iter().map(ToString::to_string).collect(),
                networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
                ports: ports.to_vec(),
            },
            None,
        )
        .unwrap()
    }

    fn judged(rules: &Rules, url: &str) -> String {
        match Url::parse(url).map(|url| rules.judge_url(&url)) {
            Ok(Ok(())) => "allowed".to_owned(),
            Ok(Err(refusal)) => refusal.to_string(),
            Err(error) => format!("not a URL: {error}"),
        }
    }

    #[test]
    fn urls_match_the_golden_table() {
        let rules = rules(&[], &[], &[8080]);
        let mut table = String::new();
        for url in [
            "http://images.example/a",
            "https://images.example:443/a",
            "http://images.example:8080/a",
            "http://images.example:22/a",
            "http://images.example:0/a",
            "HTTP://IMAGES.EXAMPLE/a",
            "ftp://images.example/a",
            "file:///etc/passwd",
            "file://images.example/etc/passwd",
            "gopher://127.0.0.1:70/",
            "data:,a",
            "http://",
            "http://./",
            "http://:80/",
            "http://8.8.8.8/",
            "http://127.0.0.1/",
            "http://127.0.0.1./",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0x7F000001/",
            "http://0177.0.0.01/",
            "http://0/",
            "http://%31%32%37.0.0.1/",
            "http://%6c/",
            "http://①②⑦.⓪.⓪.①/",
            "http://127。0。0。1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[64:ff9b::169.254.169.254]/",
            "http://[fe80::1%25eth0]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://2852039166/",
            "http://images.example@127.0.0.1/",
            "http://images.example:80@127.0.0.1/",
            "http://127.0.0.1@images.example/",
            "http://127.0.0.1\\@images.example/",
            "http://images.example#@127.0.0.1/",
            "http:127.0.0.1/",
            "http:\\\\127.0.0.1\\",
            "http:///127.0.0.1/",
            "ht\ntp://127.0.\t0.1/",
            " http://127.0.0.1/",
            "http://127.0.0.1:99999/",
            "http://256.0.0.1/",
        ] {
            table += &format!("{url:?}: {}\n", judged(&rules, url));
        }

        expect_test::expect_file!["golden/urls.txt"].assert_eq(&table);
    }

    #[test]
    fn an_allowed_host_may_be_anywhere() {
        let rules = rules(
            &["Images.Example", "127.0.0.1", "[::1]", "fd00::1"],
            &[],
            &[],
        );
        let local: IpAddr = "10.0.0.1".parse().unwrap();

        assert_eq!(rules.judge_address("images.example", local), Ok(()));
        assert_eq!(rules.judge_address("images.example.", local), Ok(()));
        assert!(rules.judge_address("other.images.example", local).is_err());
        assert_eq!(judged(&rules, "http://0x7f.1/"), "allowed");
        assert_eq!(judged(&rules, "http://[::1]/"), "allowed");
        assert_eq!(judged(&rules, "http://[fd00::1]/"), "allowed");
        assert_ne!(judged(&rules, "http://127.0.0.2/"), "allowed");
        assert_ne!(judged(&rules, "http://[::ffff:127.0.0.1]/"), "allowed");
    }

    #[test]
    fn any_host_may_be_in_an_allowed_network() {
        let rules = rules(&[], &["10.1.0.0/16", "::1"], &[]);

        assert_eq!(judged(&rules, "http://10.1.2.3/"), "allowed");
        assert_eq!(judged(&rules, "http://[::ffff:10.1.2.3]/"), "allowed");
        assert_eq!(judged(&rules, "http://[::1]/"), "allowed");
        assert_ne!(judged(&rules, "http://10.2.0.1/"), "allowed");
        assert_ne!(judged(&rules, "http://127.0.0.1/"), "allowed");
    }

    #[test]
    fn what_is_no_host_is_refused_by_name() {
        let allowed = AllowList {
            hosts: vec!["images.example/path".to_owned()],
            ..AllowList::default()
        };

        let error = Rules::new(allowed, None).unwrap_err().to_string();

        assert!(error.contains("`images.example/path`"), "{error}");
    }
}
