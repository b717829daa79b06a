//! Where the data of an image is.

use std::fmt;

use serde_json::{Map, Value};

use super::id::StoreId;

/// The URL of a blob in a store. A URL is a capability and may hold credentials (rules R4, R6):
/// only [`as_str`](Self::as_str) gives it whole; `Display` and `Debug` hide what is before an `@`.
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

    /// What stands before `://`.
    pub fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }
}

impl fmt::Display for BlobUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.split_once("://"), self.0.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, rest))) => write!(f, "{scheme}://***@{rest}"),
            _ => f.write_str(&self.0),
        }
    }
}

impl fmt::Debug for BlobUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobUrl({self})")
    }
}

/// A place that holds the data of an image.
#[derive(Debug, Clone, PartialEq)]
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
    fn credentials_are_never_printed() {
        let url = BlobUrl::new("s3://key:canary@host/bucket/image");

        for text in [
            format!("{url}"),
            format!("{url:?}"),
            format!("{:?}", Location::new(url)),
        ] {
            assert!(!text.contains("canary"), "{text}");
        }
    }
}
