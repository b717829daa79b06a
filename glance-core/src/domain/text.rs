//! What text of users may be: bounded, and storable in every database Glance runs on.

use thiserror::Error;

/// Declares text that is checked when it is parsed.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:path, $what:literal, $max:expr, $error:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text as a database holds it, whatever it is.
            pub fn stored(text: String) -> Self {
                Self(text)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                $check($what, text, $max)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

/// Declares text of so many characters at most.
macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal, $check:path) => {
        $crate::domain::text::checked_text! {
            $(#[$doc])*
            $name, $check, $what, Self::MAX_CHARS, $crate::domain::text::InvalidText
        }

        impl $name {
            /// The most characters it may have.
            pub const MAX_CHARS: usize = $max;
        }
    };
}

/// Writes an enum as the words that its values have, and reads them. An error shows as much of
/// another word as `$shown` makes of it.
macro_rules! spelled {
    ($name:ident, $unknown:ident, $shown:path) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $unknown;

            fn from_str(text: &str) -> Result<Self, $unknown> {
                let known = Self::ALL.into_iter().find(|known| known.as_str() == text);
                known.ok_or_else(|| $unknown { text: $shown(text) })
            }
        }
    };
}

pub(super) use {bounded_text, checked_text, spelled};

/// The first characters of a text, for an error that shows what cannot be understood.
pub(super) fn beginning(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Checks text that will be stored.
///
/// Upstream's MySQL tables are `utf8mb3`, so it refuses characters from U+10000 on in every
/// database; NUL cannot be stored in PostgreSQL.
///
/// # Errors
/// [`InvalidText`] that names `what` and the reason.
pub(crate) fn check(what: &'static str, text: &str, max_chars: usize) -> Result<(), InvalidText> {
    let reason = if text.contains('\0') {
        TextFault::Nul
    } else if text.chars().any(|c| u32::from(c) >= 0x1_0000) {
        TextFault::FourBytes
    } else if text.chars().count() > max_chars {
        TextFault::TooLong { max_chars }
    } else {
        return Ok(());
    };
    Err(InvalidText { what, reason })
}

/// Like [`check`], and empty text is refused.
pub(crate) fn check_filled(
    what: &'static str,
    text: &str,
    max_chars: usize,
) -> Result<(), InvalidText> {
    if text.is_empty() {
        return Err(InvalidText {
            what,
            reason: TextFault::Empty,
        });
    }
    check(what, text, max_chars)
}

/// Text that cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} {reason}")]
pub struct InvalidText {
    /// What the text was to be: "a tag".
    pub what: &'static str,
    /// What is wrong with it.
    pub reason: TextFault,
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextFault {
    /// Nothing is there.
    #[error("must not be empty")]
    Empty,
    /// A character that takes four bytes of UTF-8.
    #[error("can't contain 4 byte unicode characters")]
    FourBytes,
    /// The character NUL.
    #[error("can't contain the character NUL")]
    Nul,
    /// Too many characters.
    #[error("may have at most {max_chars} characters")]
    TooLong {
        /// How many are allowed.
        max_chars: usize,
    },
}
