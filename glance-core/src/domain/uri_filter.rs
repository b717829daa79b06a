//! Which URIs imports may ask: `[import_filtering_opts]`. Pure.

use std::collections::BTreeSet;

use thiserror::Error;
use url::{Host, Url};

/// The lists of a filter, as an operator writes them. Where a list of what is allowed is not empty,
/// the list of what is not allowed beside it counts for nothing (upstream).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UriFilterOptions {
    /// Schemes that may be asked; where there are none, all.
    pub allowed_schemes: Vec<String>,
    /// Schemes that may not.
    pub disallowed_schemes: Vec<String>,
    /// Hosts that may be asked, as they stand in URIs; where there are none, all.
    pub allowed_hosts: Vec<String>,
    /// Hosts that may not.
    pub disallowed_hosts: Vec<String>,
    /// Ports that may be asked; where there are none, all.
    pub allowed_ports: Vec<u16>,
    /// Ports that may not.
    pub disallowed_ports: Vec<u16>,
}

impl Default for UriFilterOptions {
    /// Upstream's: the web, on its own ports.
    fn default() -> Self {
        Self {
            allowed_schemes: vec!["http".to_owned(), "https".to_owned()],
            disallowed_schemes: Vec::new(),
            allowed_hosts: Vec::new(),
            disallowed_hosts: Vec::new(),
            allowed_ports: vec![80, 443],
            disallowed_ports: Vec::new(),
        }
    }
}

/// Judges URIs by their scheme, host and port. Where a host leads is not known here.
///
/// A host is compared in one form, however it is written: names in lower case and punycode, without
/// the dot at their end; addresses as the address that they mean. The port that goes without saying
/// is judged like one that is written (upstream judges written ones alone).
///
/// ```
/// use glance_core::domain::{UriFilter, UriFilterOptions};
///
/// let filter = UriFilter::new(UriFilterOptions::default())?;
/// assert!(filter.check("https://images.example/ubuntu.img").is_ok());
/// assert!(filter.check("https://images.example:22/").is_err());
/// assert!(filter.check("file:///etc/passwd").is_err());
/// # Ok::<(), glance_core::domain::InvalidUriFilter>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UriFilter {
    schemes: Lists<String>,
    hosts: Lists<String>,
    ports: Lists<u16>,
}

impl UriFilter {
    /// A filter with these lists.
    ///
    /// # Errors
    /// A host could stand in no URI.
    pub fn new(options: UriFilterOptions) -> Result<Self, InvalidUriFilter> {
        let schemes = |schemes: Vec<String>| schemes.iter().map(|s| s.to_lowercase()).collect();
        Ok(Self {
            schemes: Lists {
                allowed: schemes(options.allowed_schemes),
                disallowed: schemes(options.disallowed_schemes),
            },
            hosts: Lists {
                allowed: hosts(options.allowed_hosts)?,
                disallowed: hosts(options.disallowed_hosts)?,
            },
            ports: Lists {
                allowed: options.allowed_ports.into_iter().collect(),
                disallowed: options.disallowed_ports.into_iter().collect(),
            },
        })
    }

    /// Whether the URI may be asked.
    ///
    /// # Errors
    /// It may not; the first reason is told, and never its credentials.
    pub fn check(&self, uri: &str) -> Result<(), UriRefused> {
        let url = Url::parse(uri).map_err(|_| UriRefused::NoUri)?;
        let scheme = url.scheme();
        if !self.schemes.allow(scheme) {
            return Err(UriRefused::Scheme {
                scheme: scheme.to_owned(),
            });
        }
        let host = url.host_str().and_then(canonical);
        let host = host.ok_or(UriRefused::NoHost)?;
        if !self.hosts.allow(&host) {
            return Err(UriRefused::Host { host });
        }
        match url.port_or_known_default() {
            Some(port) if !self.ports.allow(&port) => Err(UriRefused::Port { port }),
            Some(_) => Ok(()),
            None => Err(UriRefused::NoPort),
        }
    }

    /// Whether an address that a host turned out to be at is disallowed by itself. To be allowed is
    /// for names, which may be at any address.
    pub fn disallows_address(&self, address: &str) -> bool {
        let hosts = &self.hosts;
        let address = canonical(address);
        hosts.allowed.is_empty() && address.is_some_and(|it| hosts.disallowed.contains(&it))
    }
}

/// Why a URI may not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UriRefused {
    /// Its host may not.
    #[error("host `{host}` is not allowed")]
    Host {
        /// As it is compared.
        host: String,
    },
    /// It names no host.
    #[error("the URI has no host")]
    NoHost,
    /// Its scheme has no port of its own, and it names none.
    #[error("the URI has no port")]
    NoPort,
    /// It is none.
    #[error("it is not a URI")]
    NoUri,
    /// Its port may not.
    #[error("port {port} is not allowed")]
    Port {
        /// Which.
        port: u16,
    },
    /// Its scheme may not.
    #[error("scheme `{scheme}` is not allowed")]
    Scheme {
        /// Which.
        scheme: String,
    },
}

/// A host in a list that could stand in no URI.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{host}` is not a host: write it as it stands in URIs, without scheme or port")]
pub struct InvalidUriFilter {
    /// As it was written.
    pub host: String,
}

/// What is allowed, or else what is not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lists<T> {
    allowed: BTreeSet<T>,
    disallowed: BTreeSet<T>,
}

impl<T: Ord> Lists<T> {
    fn allow<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: std::borrow::Borrow<Q>,
    {
        match self.allowed.is_empty() {
            true => !self.disallowed.contains(item),
            false => self.allowed.contains(item),
        }
    }
}

fn hosts(hosts: Vec<String>) -> Result<BTreeSet<String>, InvalidUriFilter> {
    let hosts = hosts.into_iter();
    hosts
        .map(|host| canonical(&host).ok_or(InvalidUriFilter { host }))
        .collect()
}

/// The one form of a host.
fn canonical(host: &str) -> Option<String> {
    let bracketed = host.contains(':') && !host.starts_with('[');
    let parsed = match bracketed {
        true => Host::parse(&format!("[{host}]")),
        false => Host::parse(host),
    };
    match parsed.ok()? {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(&name);
            (!name.is_empty()).then(|| name.to_owned())
        }
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(match address.to_ipv4_mapped() {
            Some(mapped) => mapped.to_string(),
            None => address.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(change: impl FnOnce(&mut UriFilterOptions)) -> UriFilter {
        let mut options = UriFilterOptions::default();
        change(&mut options);
        UriFilter::new(options).unwrap()
    }

    fn owned(items: &[&str]) -> Vec<String> {
        items.iter().map(ToString::to_string).collect()
    }

    fn table(filter: &UriFilter, uris: &[&str]) -> String {
        let judged = |uri: &&str| match filter.check(uri) {
            Ok(()) => format!("{uri:?}: allowed\n"),
            Err(refused) => format!("{uri:?}: {refused}\n"),
        };
        uris.iter().map(judged).collect()
    }

    #[test]
    fn by_default_the_web_is_allowed_on_its_own_ports() {
        let judged = table(
            &filter(|_| ()),
            &[
                "http://images.example/a",
                "HTTPS://IMAGES.EXAMPLE:443/a",
                "http://images.example:443/a",
                "http://images.example:8080/a",
                "http://images.example:0/a",
                "http://user:canary@images.example:22/a",
                "http://images.example:80@other.example:81/",
                "http://10.0.0.1/",
                "http://[::1]/",
                "http://[::1]:99/",
                "ftp://images.example/a",
                "file:///etc/passwd",
                "file://images.example/a",
                "data:,a",
                "http://",
                "http://./",
                "http://images.example:99999/",
                "//images.example/a",
                "images.example",
                "",
            ],
        );

        let refused = filter(|_| ()).check("ftp://user:canary@images.example/");
        assert!(!format!("{refused:?}").contains("canary"));
        expect_test::expect![[r#"
            "http://images.example/a": allowed
            "HTTPS://IMAGES.EXAMPLE:443/a": allowed
            "http://images.example:443/a": allowed
            "http://images.example:8080/a": port 8080 is not allowed
            "http://images.example:0/a": port 0 is not allowed
            "http://user:canary@images.example:22/a": port 22 is not allowed
            "http://images.example:80@other.example:81/": port 81 is not allowed
            "http://10.0.0.1/": allowed
            "http://[::1]/": allowed
            "http://[::1]:99/": port 99 is not allowed
            "ftp://images.example/a": scheme `ftp` is not allowed
            "file:///etc/passwd": scheme `file` is not allowed
            "file://images.example/a": scheme `file` is not allowed
            "data:,a": scheme `data` is not allowed
            "http://": it is not a URI
            "http://./": the URI has no host
            "http://images.example:99999/": it is not a URI
            "//images.example/a": it is not a URI
            "images.example": it is not a URI
            "": it is not a URI
        "#]]
        .assert_eq(&judged);
    }

    #[test]
    fn a_host_is_the_same_however_it_is_written() {
        let refusing = filter(|options| {
            options.disallowed_hosts = owned(&["Bücher.Example.", "127.0.0.1", "fd00::1"]);
        });

        let judged = table(
            &refusing,
            &[
                "http://bücher.example/",
                "http://BÜCHER.EXAMPLE/",
                "http://xn--bcher-kva.example./",
                "http://b%C3%BCcher.example/",
                "http://user@bücher.example/",
                "http://bücher.example@images.example/",
                "http://images.example\\@bücher.example/",
                "http://sub.bücher.example/",
                "http://127.0.0.1/",
                "http://127.1/",
                "http://2130706433/",
                "http://0x7f.1/",
                "http://0177.0.0.1/",
                "http://%31%32%37.0.0.1/",
                "http://[::ffff:127.0.0.1]/",
                "http://[::ffff:7f00:1]/",
                "http://[FD00:0::1]/",
                "http://①②⑦.0.0.1/",
            ],
        );

        expect_test::expect![[r#"
            "http://bücher.example/": host `xn--bcher-kva.example` is not allowed
            "http://BÜCHER.EXAMPLE/": host `xn--bcher-kva.example` is not allowed
            "http://xn--bcher-kva.example./": host `xn--bcher-kva.example` is not allowed
            "http://b%C3%BCcher.example/": host `xn--bcher-kva.example` is not allowed
            "http://user@bücher.example/": host `xn--bcher-kva.example` is not allowed
            "http://bücher.example@images.example/": allowed
            "http://images.example\\@bücher.example/": allowed
            "http://sub.bücher.example/": allowed
            "http://127.0.0.1/": host `127.0.0.1` is not allowed
            "http://127.1/": host `127.0.0.1` is not allowed
            "http://2130706433/": host `127.0.0.1` is not allowed
            "http://0x7f.1/": host `127.0.0.1` is not allowed
            "http://0177.0.0.1/": host `127.0.0.1` is not allowed
            "http://%31%32%37.0.0.1/": host `127.0.0.1` is not allowed
            "http://[::ffff:127.0.0.1]/": host `127.0.0.1` is not allowed
            "http://[::ffff:7f00:1]/": host `127.0.0.1` is not allowed
            "http://[FD00:0::1]/": host `fd00::1` is not allowed
            "http://①②⑦.0.0.1/": host `127.0.0.1` is not allowed
        "#]]
        .assert_eq(&judged);
    }

    #[test]
    fn what_is_allowed_wins_over_what_is_not() {
        let both = filter(|options| {
            options.disallowed_schemes = owned(&["http"]);
            options.allowed_hosts = owned(&["images.example"]);
            options.disallowed_hosts = owned(&["images.example"]);
            options.disallowed_ports = vec![80];
        });

        assert_eq!(both.check("http://images.example/"), Ok(()));
        assert!(both.check("http://other.example/").is_err());
    }

    #[test]
    fn without_a_list_of_what_is_allowed_all_is_that_is_not_disallowed() {
        let open = filter(|options| {
            options.allowed_schemes = Vec::new();
            options.allowed_ports = Vec::new();
            options.disallowed_schemes = owned(&["HTTP"]);
            options.disallowed_ports = vec![443, 22];
        });

        assert_eq!(open.check("https://images.example:8443/"), Ok(()));
        assert_eq!(open.check("ftp://images.example/"), Ok(()));
        assert_eq!(
            open.check("http://images.example:8080/"),
            Err(UriRefused::Scheme {
                scheme: "http".to_owned()
            })
        );
        // The port that goes without saying is one, too.
        let refused = Err(UriRefused::Port { port: 443 });
        assert_eq!(open.check("https://images.example/"), refused);
        assert_eq!(open.check("odd://images.example/"), Err(UriRefused::NoPort));
    }

    #[test]
    fn an_address_that_a_name_leads_to_is_refused_where_it_is_disallowed() {
        let refusing =
            filter(|options| options.disallowed_hosts = owned(&["[fd00::1]", "1.1.1.1"]));
        let allowing = filter(|options| {
            options.disallowed_hosts = owned(&["1.1.1.1"]);
            options.allowed_hosts = owned(&["images.example"]);
        });

        assert!(refusing.disallows_address("fd00::1"));
        assert!(refusing.disallows_address("::ffff:1.1.1.1"));
        assert!(!refusing.disallows_address("1.1.1.2"));
        assert!(!allowing.disallows_address("1.1.1.1"));
    }

    #[test]
    fn what_is_no_host_is_refused_by_name() {
        for host in ["http://images.example", "images.example/a", "a b", "", "*?"] {
            let options = UriFilterOptions {
                allowed_hosts: owned(&[host]),
                ..UriFilterOptions::default()
            };
            let error = UriFilter::new(options).unwrap_err();
            assert_eq!(error.host, host);
        }
    }
}
