//! Ids: one type for each kind of thing, so that they cannot be mixed up.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::text::{self, InvalidText, beginning, checked_text};

/// The id of an image: a UUID as text, kept in the case in which it was given.
///
/// Upstream compares ids as text, and a database that it filled may hold upper-case ones.
///
/// ```
/// use glance_core::domain::ImageId;
///
/// let id: ImageId = "8DAB5C5F-9B36-4c5e-a4b8-6ab21a1ff1a0".parse()?;
/// assert_eq!(id.to_string(), "8DAB5C5F-9B36-4c5e-a4b8-6ab21a1ff1a0");
/// assert!("not-a-uuid".parse::<ImageId>().is_err());
/// # Ok::<(), glance_core::domain::InvalidId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageId([u8; 36]);

impl ImageId {
    /// The id whose 128 bits are given, in lower case.
    pub fn from_bits(bits: u128) -> Self {
        let hex = format!("{bits:032x}");
        let mut text = [b'-'; 36];
        let mut digits = hex.bytes();
        for (position, slot) in text.iter_mut().enumerate() {
            if !Self::is_dash(position) {
                *slot = digits.next().unwrap_or(b'0');
            }
        }
        Self(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever stored.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn is_dash(position: usize) -> bool {
        matches!(position, 8 | 13 | 18 | 23)
    }
}

impl FromStr for ImageId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let bytes: [u8; 36] = text
            .as_bytes()
            .try_into()
            .map_err(|_| InvalidId::of(text))?;
        let well_formed = bytes.iter().enumerate().all(|(position, byte)| {
            if Self::is_dash(position) {
                *byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        });
        if well_formed {
            Ok(Self(bytes))
        } else {
            Err(InvalidId::of(text))
        }
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text that is not a UUID.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a UUID")]
pub struct InvalidId {
    /// The first characters of what was given.
    pub text: String,
}

impl InvalidId {
    fn of(text: &str) -> Self {
        Self {
            text: beginning(text),
        }
    }
}

/// Declares an id that is short text.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        checked_text! {
            $(#[$doc])*
            $name, text::check_filled, $what, MAX_TEXT_ID_CHARS, InvalidTextId
        }
    };
}

text_id! {
    /// The id of a project (a tenant): who owns images and shares them.
    ProjectId, "a project id"
}
text_id! {
    /// The id of a user.
    UserId, "a user id"
}
text_id! {
    /// The id of a domain: Keystone's group of projects and users.
    DomainId, "a domain id"
}
text_id! {
    /// The name of a store, as in `enabled_backends`.
    StoreId, "a store id"
}
text_id! {
    /// The id of an intent: work on a blob that is under way (design D8).
    IntentId, "an intent id"
}
text_id! {
    /// The id of a task: work on an image that goes on after its request is answered.
    TaskId, "a task id"
}

impl StoreId {
    /// A name that stands in the code.
    pub(crate) fn literal(name: &'static str) -> Self {
        Self(name.to_owned())
    }
}

impl From<ImageId> for IntentId {
    /// A new intent bears a UUID, as images do.
    fn from(id: ImageId) -> Self {
        Self(id.to_string())
    }
}

impl From<ImageId> for TaskId {
    /// A new task bears a UUID, as images do.
    fn from(id: ImageId) -> Self {
        Self(id.to_string())
    }
}

/// An id that is empty, too long, or cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct InvalidTextId(#[from] InvalidText);

impl From<InvalidTextId> for InvalidText {
    fn from(invalid: InvalidTextId) -> Self {
        invalid.0
    }
}

/// What the database columns hold (`String(255)`).
const MAX_TEXT_ID_CHARS: usize = 255;
