//! A location that a caller gives: data that the service has not written.

use thiserror::Error;

use super::content::{Content, Multihash};
use super::image::Image;
use super::inspect::Report;
use super::location::{BlobUrl, Location};
use super::property::{PropertyName, PropertyValue};
use super::status::{Event, Status};
use super::text::{self, InvalidText};
use super::time::Timestamp;
use super::upload::CannotUpload;
use super::validation::ValidationData;

/// A location that a caller gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLocation {
    /// Where the data is.
    pub location: Location,
    /// What the caller says of it.
    pub validation: Option<ValidationData>,
    /// Bytes of it, as its store tells; `None` until the store was asked.
    pub size: Option<u64>,
    /// What its data was found to be; `None` until it was looked at, and where the image has it
    /// already.
    pub report: Option<Report>,
}

impl NewLocation {
    /// A location at a URL, whatever it is, of which nothing is said.
    pub fn at(url: &str) -> Self {
        Self {
            location: Location::new(BlobUrl::new(url)),
            validation: None,
            size: None,
            report: None,
        }
    }
}

impl BlobUrl {
    /// The most characters of a URL that a caller gives.
    pub const MAX_GIVEN_CHARS: usize = 8192;

    /// A URL that a caller gives (rules R4, R6): of no place that only the service may name, and
    /// without credentials, for stores have their own.
    ///
    /// # Errors
    /// [`LocationFault`] for any other.
    pub fn given(text: &str) -> Result<Self, LocationFault> {
        text::check("a location", text, Self::MAX_GIVEN_CHARS)?;
        let url = Self::new(text);
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        // Parsers of URLs pass over these, each in its own way: then the URL that was judged would
        // not be the one that is used.
        let ambiguous = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let is_malformed = url.scheme().is_empty()
            || !url.scheme().chars().all(is_scheme)
            || rest.is_empty()
            || text.contains(ambiguous);
        if is_malformed {
            return Err(LocationFault::Malformed);
        }
        let scheme = url.scheme().to_ascii_lowercase();
        if RESTRICTED.contains(&scheme.as_str()) {
            return Err(LocationFault::Restricted { scheme });
        }
        if rest.starts_with(['/', '?', '#']) {
            return Err(LocationFault::Malformed);
        }
        if url.has_credentials() {
            return Err(LocationFault::Credentials);
        }
        Ok(url)
    }
}

impl Image {
    /// The image with its first location: active at once, or importing until its data was found
    /// to have the hash, and the signature, that is expected of it.
    ///
    /// # Errors
    /// It is not queued, or lacks a format.
    pub fn registered(
        &self,
        location: Location,
        size: u64,
        hash: Option<Multihash>,
        verification: Verification,
        now: Timestamp,
    ) -> Result<Self, CannotUpload> {
        let event = match verification {
            Verification::Before => Event::ImportStarted,
            Verification::Never => Event::DataStored,
        };
        let mut image = self.after(event, now)?;
        self.require_formats()?;
        image.size = Some(size);
        image.multihash = hash;
        image.locations = vec![location];
        Ok(image)
    }
}

impl Image {
    /// Whether the data at `url` is still to be read for its hash.
    pub fn awaits_hash(&self, url: &BlobUrl) -> bool {
        let open = match self.status() {
            Status::Importing => true,
            Status::Active | Status::Deactivated => self.multihash.is_none(),
            _ => false,
        };
        open && self.locations.iter().any(|location| location.url == *url)
    }

    /// The image with the hash that its data turned out to have; `None` where another one was
    /// expected before it is active.
    pub fn hashed(&self, content: &Content, now: Timestamp) -> Option<Self> {
        let mut image = match self.status() {
            Status::Importing => {
                let expected = self.multihash.as_ref();
                let is_other = expected.is_some_and(|hash| *hash != content.multihash);
                let active = self.after(Event::DataStored, now).ok();
                active.filter(|_| !is_other)?
            }
            _ => {
                let mut image = self.clone();
                image.touch(now);
                image
            }
        };
        image.checksum = Some(content.checksum.clone());
        image.multihash = Some(content.multihash.clone());
        image.hash_awaited = None;
        Some(image)
    }

    /// The image with a note that its data turned out to be what is refused. Python nodes keep the
    /// note, and do not mind it.
    #[must_use]
    pub fn with_refused_data(mut self) -> Self {
        if let Some(hash) = &self.multihash {
            let hash = PropertyValue::stored(Some(hash.value.clone()));
            self.properties.insert(PropertyName::refused_hash(), hash);
        }
        self
    }

    /// Whether the data that it has turned out to be what is refused. Other data is not concerned.
    pub fn has_refused_data(&self) -> bool {
        let noted = self.properties.get(&PropertyName::refused_hash());
        let hash = self.multihash.as_ref();
        hash.zip(noted)
            .is_some_and(|(hash, noted)| noted.as_str() == hash.value)
    }
}

/// When data is compared with what is expected of it: a hash, a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third time")]
pub enum Verification {
    /// Before the image is active.
    Before,
    /// Not at all.
    Never,
}

/// Why a location that a caller gives is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LocationFault {
    /// A name or password in the URL.
    #[error("invalid location: it must not hold credentials")]
    Credentials,
    /// No byte is there.
    #[error("invalid location: there is no data")]
    Empty,
    /// The service may not connect to where it leads.
    #[error("invalid location: the URL does not pass filtering")]
    Filtered,
    /// It is where the data of another image belongs.
    #[error("invalid location: it is the place of another image")]
    Foreign,
    /// Not a URL with a scheme and a host.
    #[error("invalid location: it is not a URL with a scheme and a host")]
    Malformed,
    /// Only the service itself may name such places.
    #[error("invalid location: `{scheme}` is not accepted")]
    Restricted {
        /// Of what kind it is.
        scheme: String,
    },
    /// The image is said to be signed, and is not to have data that nobody verified.
    #[error(
        "invalid location: the image is signed, and its data would not be verified; upload it, or add \
         the location by POST where the service reads it (do_secure_hash)"
    )]
    Signed,
    /// It cannot be stored.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// No store reads it.
    #[error("invalid location: no configured store knows it")]
    UnknownStore,
}

/// Files of the server, and accounts by the name of their configuration (upstream).
const RESTRICTED: [&str; 3] = ["file", "filesystem", "swift+config"];

#[cfg(test)]
mod tests {
    use super::super::id::ImageId;
    use super::*;

    #[test]
    fn urls_of_stores_are_taken_as_they_are() {
        for text in [
            "http://images.example/a.img#1",
            "https://images.example:8443/a?signature=x@y",
            "rbd://fsid/pool/image/snap",
            "cinder://fast/6a5b",
        ] {
            assert_eq!(BlobUrl::given(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn urls_that_only_the_service_may_name_are_refused() {
        for text in [
            "file:///etc/passwd",
            "FILE:///etc/passwd",
            "filesystem:///etc/passwd",
            "swift+config://ref1/images/a",
            "Swift+Config://ref1/images/a",
        ] {
            let refused = BlobUrl::given(text);

            assert!(
                matches!(refused, Err(LocationFault::Restricted { .. })),
                "{text}: {refused:?}"
            );
        }
    }

    #[test]
    fn no_notation_gets_credentials_in() {
        for text in [
            "http://user:secret@images.example/a",
            "s3://key:secret@host/bucket/a",
            "http://user@images.example/a",
            "http:///user:secret@images.example/a",
            "http:\\\\user:secret@images.example/a",
            "http://images.example\\@user/a",
            "ht\ttp://user:secret@images.example/a",
            " http://images.example/a",
            "http:user:secret@images.example",
            "http://",
            "://x",
            "",
            "images.example/a",
        ] {
            assert!(BlobUrl::given(text).is_err(), "{text}");
        }
    }

    #[test]
    fn texts_that_no_database_keeps_are_refused() {
        let long = format!("http://a/{}", "x".repeat(BlobUrl::MAX_GIVEN_CHARS));

        assert!(BlobUrl::given("http://a/🚀").is_err());
        assert!(BlobUrl::given(&long).is_err());
    }

    #[test]
    fn refused_data_is_noted_for_as_long_as_the_image_has_it() {
        let now = Timestamp::from_micros(5);
        let mut image = Image::queued(ImageId::from_bits(1), now).stored_as(Status::Deactivated);
        let hash = |value: &str| {
            let value = value.to_owned();
            let algorithm = "sha512".to_owned();
            Some(Multihash { algorithm, value })
        };
        image.multihash = hash("bad");

        let mut noted = image.clone().with_refused_data();

        assert!(!image.has_refused_data());
        assert!(noted.has_refused_data());
        let shown = noted.properties.keys().filter(|name| name.is_shown());
        assert_eq!(shown.count(), 0);
        noted.multihash = hash("other");
        assert!(!noted.has_refused_data());
    }

    #[test]
    fn an_image_is_active_at_once_or_importing_until_it_was_verified() {
        let now = Timestamp::from_micros(5);
        let mut image = Image::queued(ImageId::from_bits(1), now);
        let location = NewLocation::at("http://a/b").location;
        let bare = image.registered(location.clone(), 7, None, Verification::Never, now);
        image.disk_format = Some("raw".parse().unwrap());
        image.container_format = Some("bare".parse().unwrap());

        for (verification, status) in [
            (Verification::Never, Status::Active),
            (Verification::Before, Status::Importing),
        ] {
            let after = image
                .registered(location.clone(), 7, None, verification, now)
                .unwrap();
            assert_eq!(after.status(), status);
            assert_eq!((after.size, after.locations.len()), (Some(7), 1));
            assert!(
                after
                    .registered(location.clone(), 7, None, verification, now)
                    .is_err()
            );
        }
        assert!(matches!(bare, Err(CannotUpload::FormatMissing { .. })));
    }
}
