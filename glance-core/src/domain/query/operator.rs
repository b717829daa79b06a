//! The operators of filter values: `in:a,"b,c"`, `eq:x`, `gte:2020-01-01` (spec/api-images.md §6).

use thiserror::Error;

use super::super::text::beginning;
use super::super::time::{InvalidTimestamp, Timestamp};
use super::filter::Compare;

/// Texts of which one is wanted. Empty, it is met by none.
///
/// ```
/// use glance_core::domain::query::OneOf;
///
/// let names = OneOf::parse(r#"in:plain,"with, comma""#)?;
/// assert!(names.contains("with, comma"));
/// assert!(OneOf::parse("eq:a:b")?.contains("a:b"));
/// assert!(OneOf::parse("like:x").is_err());
/// # Ok::<(), glance_core::domain::query::InvalidOperator>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOf(Vec<String>);

impl OneOf {
    /// The most values that `in:` takes (rule R15).
    pub const MAX_VALUES: usize = 1000;

    /// This text and no other.
    pub fn exactly(text: impl Into<String>) -> Self {
        Self(vec![text.into()])
    }

    /// Reads a filter value: bare text, `eq:text` or `in:list`.
    ///
    /// # Errors
    /// Another operator, quotes that do not close, too many values.
    pub fn parse(value: &str) -> Result<Self, InvalidOperator> {
        match value.split_once(':') {
            None => Ok(Self::exactly(value)),
            Some(("eq", text)) => Ok(Self::exactly(text)),
            Some(("in", list)) => split_quoted(list).map(Self),
            Some((operator, _)) => Err(InvalidOperator::unknown(operator)),
        }
    }

    /// Whether `text` is one of them.
    pub fn contains(&self, text: &str) -> bool {
        self.0.iter().any(|wanted| wanted == text)
    }

    /// The texts.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// Reads the value of a time filter: a time, by default with `eq`, or after `gt:` and the like.
///
/// # Errors
/// Another operator, or what is not a time.
pub fn compared_time(value: &str) -> Result<(Compare, Timestamp), InvalidOperator> {
    const OPERATORS: [(&str, Compare); 6] = [
        ("eq", Compare::Equal),
        ("neq", Compare::NotEqual),
        ("lt", Compare::Less),
        ("lte", Compare::AtMost),
        ("gt", Compare::Greater),
        ("gte", Compare::AtLeast),
    ];
    let (prefix, rest) = value.split_once(':').unwrap_or(("", value));
    if let Some((_, compare)) = OPERATORS.into_iter().find(|(name, _)| *name == prefix) {
        return Ok((compare, rest.parse()?));
    }
    // A colon also stands in every time of day.
    value
        .parse()
        .map(|time| (Compare::Equal, time))
        .map_err(|invalid: InvalidTimestamp| {
            if prefix.chars().all(|c| c.is_ascii_lowercase()) && !prefix.is_empty() {
                InvalidOperator::unknown(prefix)
            } else {
                invalid.into()
            }
        })
}

/// Splits at commas outside double quotes; `\"` is a quote.
fn split_quoted(list: &str) -> Result<Vec<String>, InvalidOperator> {
    let mut values = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        if values.len() == OneOf::MAX_VALUES {
            return Err(InvalidOperator::TooMany);
        }
        let (value, after) = match rest.strip_prefix('"') {
            Some(quoted) => take_quoted(quoted)?,
            None => take_bare(rest)?,
        };
        values.push(value);
        rest = match after.strip_prefix(',') {
            Some(more) => more,
            None if after.is_empty() => after,
            None => return Err(InvalidOperator::Unbalanced),
        };
    }
    Ok(values)
}

fn take_bare(text: &str) -> Result<(String, &str), InvalidOperator> {
    let end = text.find(',').unwrap_or(text.len());
    let (value, after) = text.split_at(end);
    if value.contains('"') {
        Err(InvalidOperator::Unbalanced)
    } else {
        Ok((value.to_owned(), after))
    }
}

fn take_quoted(text: &str) -> Result<(String, &str), InvalidOperator> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, '"')) => value.push('"'),
                Some((_, other)) => value.extend(['\\', other]),
                None => break,
            },
            other => value.push(other),
        }
    }
    Err(InvalidOperator::Unbalanced)
}

/// A filter value that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidOperator {
    /// Not a time.
    #[error(transparent)]
    Time(#[from] InvalidTimestamp),
    /// More values than a list may have.
    #[error("a list may have at most {} values", OneOf::MAX_VALUES)]
    TooMany,
    /// A quote that does not close, or closes in mid-value.
    #[error("the double quotes of the list do not balance")]
    Unbalanced,
    /// No operator of this kind of filter.
    #[error(
        "unable to filter by unknown operator '{operator}'; put eq: before a text with a colon"
    )]
    UnknownOperator {
        /// What stood before the colon.
        operator: String,
    },
}

impl InvalidOperator {
    fn unknown(operator: &str) -> Self {
        Self::UnknownOperator {
            operator: beginning(operator),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        OneOf::parse(text).unwrap().as_slice().to_vec()
    }

    #[test]
    fn lists_are_split_at_commas_outside_quotes() {
        assert_eq!(values(r#"in:a,"b,c",d"#), ["a", "b,c", "d"]);
        assert_eq!(values(r#"in:"say \"hi\"""#), [r#"say "hi""#]);
        assert_eq!(values("in:"), [""; 0]);
    }

    #[test]
    fn quotes_that_do_not_balance_are_refused() {
        for text in [r#"in:"a"#, r#"in:a"b"#, r#"in:"a"b"#] {
            assert_eq!(
                OneOf::parse(text),
                Err(InvalidOperator::Unbalanced),
                "{text}"
            );
        }
    }

    #[test]
    fn a_text_with_a_colon_needs_its_operator() {
        assert!(matches!(
            OneOf::parse("foo:bar"),
            Err(InvalidOperator::UnknownOperator { .. })
        ));
        assert_eq!(values("eq:foo:bar"), ["foo:bar"]);
    }

    #[test]
    fn times_compare_as_their_operator_says() {
        let (compare, time) = compared_time("gte:2020-01-01T00:00:00Z").unwrap();
        assert_eq!(
            (compare, time.to_string().as_str()),
            (Compare::AtLeast, "2020-01-01T00:00:00Z")
        );

        let (compare, _) = compared_time("2020-01-01T00:00:00Z").unwrap();
        assert_eq!(compare, Compare::Equal);

        assert!(compared_time("like:2020-01-01").is_err());
        assert!(compared_time("gt:soon").is_err());
    }
}
