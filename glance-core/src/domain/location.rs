//! Where the data of an image is.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use super::id::{ImageId, StoreId};

/// The URL of a blob in a store. A URL is a capability and may hold credentials (rules R4, R6):
/// only [`as_str`](Self::as_str) gives it whole; `Display` and `Debug` hide what is before an `@`
/// and after a `?`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobUrl(String);

impl BlobUrl {
    /// The URL with this text.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole URL, credentials included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL as clients may see it.
    pub fn without_credentials(&self) -> Cow<'_, str> {
        let authority = self.0.split_once("://").map(|(scheme, rest)| {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            (scheme, rest.split_at(end))
        });
        match authority {
            Some((scheme, (authority, path))) if authority.contains('@') => {
                let host = authority.rsplit_once('@').map_or("", |(_, host)| host);
                Cow::Owned(format!("{scheme}://{host}{path}"))
            }
            _ => Cow::Borrowed(&self.0),
        }
    }

    /// Whether a name or a password stands before the host.
    pub fn has_credentials(&self) -> bool {
        matches!(self.without_credentials(), Cow::Owned(_))
    }

    /// The image that the blob is named after: this service and upstream name what they write after
    /// its image.
    pub fn image(&self) -> Option<ImageId> {
        self.0.rsplit('/').next()?.parse().ok()
    }

    /// What stands before `://`.
    pub fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }
}

impl fmt::Display for BlobUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = match (self.0.split_once("://"), self.0.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://***@{rest}"),
            _ => self.0.clone(),
        };
        if let Some(query) = shown.find('?') {
            shown.replace_range(query + 1.., "***");
        }
        f.write_str(&shown)
    }
}

impl fmt::Debug for BlobUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobUrl({self})")
    }
}

/// A place that holds the data of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Where.
    pub url: BlobUrl,
    /// What the store says of it; `store` names the store where several are configured.
    pub metadata: Map<String, Value>,
}

impl Location {
    /// A location without metadata.
    pub fn new(url: BlobUrl) -> Self {
        Self {
            url,
            metadata: Map::new(),
        }
    }

    /// The store that its metadata names.
    pub fn store(&self) -> Option<StoreId> {
        self.metadata.get("store")?.as_str()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_see_a_url_without_credentials() {
        for (url, shown) in [
            (
                "s3+https://key:secret@host/bucket/a@b",
                "s3+https://host/bucket/a@b",
            ),
            ("file:///srv/images/a@b", "file:///srv/images/a@b"),
            ("http://u:p@w@host:80/x?y=z@", "http://host:80/x?y=z@"),
        ] {
            assert_eq!(BlobUrl::new(url).without_credentials(), shown);
        }
    }

    #[test]
    fn credentials_are_never_printed() {
        for url in [
            "s3://key:canary@host/bucket/image",
            "https://host/image?signature=canary",
            "https://user:canary?canary@host/image?canary@?canary",
        ] {
            let url = BlobUrl::new(url);

            for text in [
                format!("{url}"),
                format!("{url:?}"),
                format!("{:?}", Location::new(url)),
            ] {
                assert!(!text.contains("canary"), "{text}");
            }
        }
    }

    #[test]
    fn a_place_is_printed() {
        let url = BlobUrl::new("https://user@host/image?key=value");

        assert_eq!(url.to_string(), "https://***@host/image?***");
    }
}
