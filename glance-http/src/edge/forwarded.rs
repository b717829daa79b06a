//! Where a request came from and went to, as a trusted proxy in front tells (oslo.middleware's
//! `http_proxy_to_wsgi`).

use axum::http::header::FORWARDED;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName};

/// What a proxy tells of a request. What makes no sense is as good as not told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Forwarded {
    /// Who asks.
    pub(crate) client: Option<String>,
    /// The host that was asked.
    pub(crate) host: Option<String>,
    /// What the proxy cut off the path.
    pub(crate) prefix: String,
    /// `http` or `https`.
    pub(crate) scheme: Option<String>,
}

impl Forwarded {
    /// Reads `Forwarded` (RFC 7239), or else the `X-Forwarded-...` headers. Of several proxies the
    /// first is meant: the one that the client met.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let prefix = text(headers, &PREFIX)
            .map(|prefix| prefix.trim_end_matches('/'))
            .filter(|prefix| prefix.starts_with('/') && prefix.chars().all(is_of_path))
            .unwrap_or_default()
            .to_owned();
        let told = match text(headers, &FORWARDED) {
            Some(forwarded) => Self::of_rfc7239(forwarded),
            None => Self {
                client: first(headers, &CLIENT),
                host: first(headers, &HOST),
                scheme: first(headers, &SCHEME),
                prefix: String::new(),
            },
        };
        Self { prefix, ..told }.sane()
    }

    fn of_rfc7239(text: &str) -> Self {
        let mut told = Self::default();
        for pair in text.split(',').next().unwrap_or_default().split(';') {
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let value = Some(value.trim().trim_matches('"').to_owned());
            match name.trim().to_ascii_lowercase().as_str() {
                "for" => told.client = value,
                "host" => told.host = value,
                "proto" => told.scheme = value,
                _ => {}
            }
        }
        told
    }

    fn sane(mut self) -> Self {
        self.client.take_if(|client| client.is_empty());
        self.host
            .take_if(|host| host.contains('@') || host.parse::<Authority>().is_err());
        self.scheme
            .take_if(|scheme| !matches!(scheme.as_str(), "http" | "https"));
        self
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn first(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let first = text(headers, name)?.split(',').next()?;
    Some(first.trim().to_owned())
}

fn is_of_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/-._~%".contains(c)
}

const CLIENT: HeaderName = HeaderName::from_static("x-forwarded-for");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const SCHEME: HeaderName = HeaderName::from_static("x-forwarded-proto");

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn told(pairs: &[(&'static str, &'static str)]) -> Forwarded {
        let headers = pairs.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        Forwarded::of(&headers.collect())
    }

    #[test]
    fn the_first_proxy_is_believed() {
        let rfc = told(&[
            (
                "forwarded",
                "For=192.0.2.6;proto=https;host=\"a:8\", for=1.1.1.1;host=b",
            ),
            ("x-forwarded-host", "ignored"),
            ("x-forwarded-prefix", "/image/"),
        ]);
        let older = told(&[
            ("x-forwarded-for", "192.0.2.6, 1.1.1.1"),
            ("x-forwarded-host", "a:8, b"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/image"),
        ]);

        assert_eq!(rfc, older);
        assert_eq!(rfc.client.as_deref(), Some("192.0.2.6"));
        assert_eq!(rfc.host.as_deref(), Some("a:8"));
        assert_eq!(rfc.scheme.as_deref(), Some("https"));
        assert_eq!(rfc.prefix, "/image");
    }

    #[test]
    fn what_makes_no_sense_is_not_told() {
        let nonsense = told(&[
            ("x-forwarded-for", ""),
            ("x-forwarded-host", "a/b"),
            ("x-forwarded-proto", "javascript"),
            ("x-forwarded-prefix", "image\"<"),
        ]);

        assert_eq!(nonsense, Forwarded::default());
        assert_eq!(told(&[]), Forwarded::default());
        assert_eq!(told(&[("forwarded", "host=me@b")]), Forwarded::default());
    }
}
