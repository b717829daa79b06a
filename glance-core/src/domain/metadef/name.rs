//! Names and texts of definitions, as long as their columns.

use std::fmt;
use std::str::FromStr;

use super::super::text::{self, InvalidText};

/// Declares a text of so many characters at most.
macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The most characters it may have.
            pub const MAX_CHARS: usize = $max;

            /// The text as a database holds it, whatever it is.
            pub fn stored(text: String) -> Self {
                Self(text)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, InvalidText> {
                $check($what, text, Self::MAX_CHARS)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

bounded_text! {
    /// The name of a namespace, `OS::Compute::Hypervisor`: no other has it.
    NamespaceName, "the name of a namespace", 80, text::check_filled
}
bounded_text! {
    /// The name of an object in its namespace.
    ObjectName, "the name of an object", 80, text::check_filled
}
bounded_text! {
    /// The name of a property in its namespace or object, without the prefix of a resource type.
    PropertyName, "the name of a property", 80, text::check_filled
}
bounded_text! {
    /// The name of a type of resources, as in Heat: `OS::Glance::Image`.
    ResourceTypeName, "the name of a resource type", 80, text::check_filled
}
bounded_text! {
    /// The name of a tag in its namespace.
    TagName, "the name of a tag", 80, text::check_filled
}
bounded_text! {
    /// What a namespace is called in front of users.
    DisplayName, "a display name", 80, text::check
}
bounded_text! {
    /// What a namespace is for.
    Description, "the description of a namespace", 500, text::check
}
bounded_text! {
    /// What an object is for: as much as MySQL's `TEXT` holds of any characters.
    ObjectDescription, "the description of an object", 21_845, text::check
}
bounded_text! {
    /// What comes before the names of properties on resources of a type: `hw_`.
    Prefix, "a prefix", 80, text::check
}
bounded_text! {
    /// Which part of a resource bears the properties: `image`, of a volume.
    PropertiesTarget, "a properties target", 80, text::check
}
