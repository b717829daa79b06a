//! Text that is never printed.

use std::fmt;

/// A password or a key. It is never printed (rule R6): `Debug` hides it, and there is no `Display`.
///
/// ```
/// let key = glance_core::domain::Secret::from("canary");
/// assert!(!format!("{key:?}").contains("canary"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for whoever signs or logs in with it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
