//! Tags.

use std::fmt;
use std::str::FromStr;

use super::text::{self, InvalidText};

/// A tag: 1 to 255 characters. Holding a `Tag` is the proof that it was checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

impl Tag {
    /// The most characters a tag may have.
    pub const MAX_CHARS: usize = 255;

    /// A tag as a database holds it, whatever its text.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        text::check_filled("a tag", text, Self::MAX_CHARS)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
