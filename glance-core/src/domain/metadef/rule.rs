//! What a value breaks.

use std::fmt;

/// A rule of a definition that a value breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// It is none of the values that there are.
    Enum {
        /// Those there are.
        allowed: Vec<String>,
    },
    /// An item of the list is none of the values that there are.
    ItemEnum {
        /// Those there are.
        allowed: Vec<String>,
    },
    /// An item of the list is of another type.
    ItemType {
        /// The type it should be of.
        expected: String,
    },
    /// The list has too many items.
    MaxItems(i64),
    /// The text has too many characters.
    MaxLength(i64),
    /// The number is too large.
    Maximum(i64),
    /// The list has too few items.
    MinItems(i64),
    /// The text has too few characters.
    MinLength(i64),
    /// The number is too small.
    Minimum(i64),
    /// It starts with an operator that has no meaning here.
    Operators {
        /// Those that have.
        known: Vec<String>,
    },
    /// It is not of the form that is asked for.
    Pattern {
        /// That form.
        pattern: String,
    },
    /// It is of another type.
    Type {
        /// The type it should be of.
        expected: String,
    },
    /// An item is there twice.
    UniqueItems,
    /// Nobody can tell, for the form that is asked for is no regular expression that is known here.
    UnreadablePattern {
        /// That form.
        pattern: String,
    },
}

impl Rule {
    /// Where the rule stands in the definition, as steps of a JSON pointer.
    pub fn path(&self) -> &'static str {
        match self {
            Self::Enum { .. } => "enum",
            Self::ItemEnum { .. } => "items/enum",
            Self::ItemType { .. } => "items/type",
            Self::MaxItems(_) => "maxItems",
            Self::MaxLength(_) => "maxLength",
            Self::Maximum(_) => "maximum",
            Self::MinItems(_) => "minItems",
            Self::MinLength(_) => "minLength",
            Self::Minimum(_) => "minimum",
            Self::Operators { .. } => "operators",
            Self::Pattern { .. } | Self::UnreadablePattern { .. } => "pattern",
            Self::Type { .. } => "type",
            Self::UniqueItems => "uniqueItems",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enum { allowed } => write!(f, "is not one of {}", some(allowed)),
            Self::ItemEnum { allowed } => {
                write!(f, "has an item that is not one of {}", some(allowed))
            }
            Self::ItemType { expected } => write!(f, "has an item that is no {expected}"),
            Self::MaxItems(most) => write!(f, "has more than {most} items"),
            Self::MaxLength(most) => write!(f, "has more than {most} characters"),
            Self::Maximum(most) => write!(f, "is more than {most}"),
            Self::MinItems(fewest) => write!(f, "has fewer than {fewest} items"),
            Self::MinLength(fewest) => write!(f, "has fewer than {fewest} characters"),
            Self::Minimum(least) => write!(f, "is less than {least}"),
            Self::Operators { known } => {
                write!(
                    f,
                    "starts with an operator that is not one of {}",
                    some(known)
                )
            }
            Self::Pattern { pattern } => write!(f, "does not match {pattern}"),
            Self::Type { expected } => write!(f, "is no {expected}"),
            Self::UniqueItems => write!(f, "has an item twice"),
            Self::UnreadablePattern { pattern } => {
                write!(
                    f,
                    "cannot be checked: {pattern} is not a pattern that is known here"
                )
            }
        }
    }
}

/// The first of them, for people.
fn some(texts: &[String]) -> String {
    let shown = texts.iter().take(MOST_SHOWN).map(String::as_str);
    let shown = shown.collect::<Vec<_>>().join(", ");
    match texts.len().saturating_sub(MOST_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

const MOST_SHOWN: usize = 12;
