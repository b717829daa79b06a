//! Text to value, by the kind an option is declared as.

use std::fmt;

/// What an option accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Bool,
    /// A list that must be wrapped in `[...]`.
    BoundedList,
    Choice(&'static [&'static str]),
    Dict,
    Float,
    Integer {
        min: i128,
        max: i128,
    },
    List,
    /// Given once for each value; every value counts.
    Multi,
    /// A number of bytes with an optional unit, in powers of 1024.
    Size,
    Text,
}

impl Kind {
    /// Any whole number.
    pub(crate) const INTEGER: Self = Self::Integer {
        min: i64::MIN as i128,
        max: i64::MAX as i128,
    };
    /// A whole number from 0.
    pub(crate) const NATURAL: Self = Self::Integer {
        min: 0,
        max: i64::MAX as i128,
    };
    /// A port; 0 lets the system choose.
    pub(crate) const PORT: Self = Self::Integer {
        min: 0,
        max: 65_535,
    };
    /// A whole number from 1.
    pub(crate) const POSITIVE: Self = Self::Integer {
        min: 1,
        max: i64::MAX as i128,
    };

    /// The value a text stands for, or `None` if it stands for none.
    pub(crate) fn parse(self, text: &str) -> Option<Value> {
        Some(match self {
            Self::Bool => Value::Bool(boolean(text)?),
            Self::BoundedList => Value::List(bounded_list(text)?),
            Self::Choice(choices) => {
                Value::Text((*choices.iter().find(|choice| **choice == text)?).to_owned())
            }
            Self::Dict => Value::Dict(dictionary(text)?),
            Self::Float => Value::Float(text.trim().parse().ok()?),
            Self::Integer { min, max } => {
                let number = text.trim().parse().ok()?;
                Value::Integer((min..=max).contains(&number).then_some(number)?)
            }
            Self::List => Value::List(list(text)),
            Self::Multi => Value::List(vec![text.to_owned()]),
            Self::Size => Value::Integer(size(text)?),
            Self::Text => Value::Text(text.to_owned()),
        })
    }
}

/// What is allowed, as the end of a sentence: "must be ...".
impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => formatter.write_str("true or false (or yes, no, on, off, 1, 0)"),
            Self::BoundedList => formatter.write_str("a list like `[a,b]`, with its brackets"),
            Self::Choice(choices) => write!(formatter, "one of {}", choices.join(", ")),
            Self::Dict => formatter.write_str("pairs like `a:b,c:d`, each name once"),
            Self::Float => formatter.write_str("a number"),
            Self::Integer { min, max } if *max >= i128::from(i64::MAX) => match min {
                0 | 1 => write!(formatter, "a whole number of at least {min}"),
                _ => formatter.write_str("a whole number"),
            },
            Self::Integer { min, max } => {
                write!(formatter, "a whole number from {min} to {max}")
            }
            Self::List => formatter.write_str("a list like `a,b`"),
            Self::Multi | Self::Text => formatter.write_str("a text"),
            Self::Size => {
                formatter.write_str("a size like `0`, `512MB` or `10GB` (B, KB, MB, GB, TB)")
            }
        }
    }
}

/// A value of any kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Dict(Vec<(String, String)>),
    Float(f64),
    Integer(i128),
    List(Vec<String>),
    Text(String),
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Some(true),
        "false" | "0" | "off" | "no" => Some(false),
        _ => None,
    }
}

/// As in oslo.config: commas at the end do not count, blanks around an item do not either.
fn list(text: &str) -> Vec<String> {
    let text = text.trim().trim_end_matches(',');
    if text.is_empty() {
        return Vec::new();
    }
    text.split(',').map(|item| item.trim().to_owned()).collect()
}

fn bounded_list(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().trim_end_matches(',');
    let inner = inner.strip_prefix('[')?.strip_suffix(']')?;
    if inner.is_empty() {
        return Some(Vec::new());
    }
    Some(
        inner
            .split(',')
            .map(|item| item.trim().to_owned())
            .collect(),
    )
}

fn dictionary(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    if text.trim().is_empty() {
        return Some(pairs);
    }
    for pair in text.split(',') {
        let (name, value) = pair.split_once(':')?;
        let name = name.trim();
        if name.is_empty() || pairs.iter().any(|(known, _)| known == name) {
            return None;
        }
        pairs.push((name.to_owned(), value.trim().to_owned()));
    }
    Some(pairs)
}

/// Glance's own notation: digits and a unit in capitals, without a blank between.
fn size(text: &str) -> Option<i128> {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let factor = match unit {
        "" | "B" => 1,
        "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        "TB" => 1 << 40,
        _ => return None,
    };
    digits.parse::<i128>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::{Kind, Value};

    fn items(items: &[&str]) -> Option<Value> {
        Some(Value::List(items.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn booleans_are_what_oslo_config_takes_for_one() {
        for text in ["true", "True", "YES", "on", "1"] {
            assert_eq!(Kind::Bool.parse(text), Some(Value::Bool(true)), "{text}");
        }
        for text in ["false", "No", "OFF", "0"] {
            assert_eq!(Kind::Bool.parse(text), Some(Value::Bool(false)), "{text}");
        }
        for text in ["", "t", "2", "enabled"] {
            assert_eq!(Kind::Bool.parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_whole_number_must_lie_in_its_range() {
        let kind = Kind::Integer { min: 1, max: 10 };

        assert_eq!(kind.parse(" 10 "), Some(Value::Integer(10)));
        assert_eq!(kind.parse("0"), None);
        assert_eq!(kind.parse("11"), None);
        assert_eq!(kind.parse("1.5"), None);
        assert_eq!(Kind::PORT.parse("65536"), None);
        assert_eq!(Kind::INTEGER.parse("-1"), Some(Value::Integer(-1)));
    }

    #[test]
    fn a_number_may_have_a_fraction() {
        assert_eq!(Kind::Float.parse("0.5"), Some(Value::Float(0.5)));
        assert_eq!(Kind::Float.parse("half"), None);
    }

    #[test]
    fn a_list_is_cut_at_commas() {
        assert_eq!(Kind::List.parse("a, b ,c,"), items(&["a", "b", "c"]));
        assert_eq!(Kind::List.parse(" "), items(&[]));
        assert_eq!(Kind::List.parse("a,\nb"), items(&["a", "b"]));
    }

    #[test]
    fn a_bounded_list_needs_its_brackets() {
        assert_eq!(Kind::BoundedList.parse("[a, b]"), items(&["a", "b"]));
        assert_eq!(Kind::BoundedList.parse("[]"), items(&[]));
        assert_eq!(Kind::BoundedList.parse("a,b"), None);
        assert_eq!(Kind::BoundedList.parse("[a,b"), None);
    }

    #[test]
    fn a_dictionary_has_each_name_once() {
        assert_eq!(
            Kind::Dict.parse("fast:file, slow:http://x"),
            Some(Value::Dict(vec![
                ("fast".to_owned(), "file".to_owned()),
                ("slow".to_owned(), "http://x".to_owned()),
            ]))
        );
        assert_eq!(Kind::Dict.parse(""), Some(Value::Dict(Vec::new())));
        assert_eq!(Kind::Dict.parse("a:b,a:c"), None);
        assert_eq!(Kind::Dict.parse("a"), None);
        assert_eq!(Kind::Dict.parse(":b"), None);
    }

    #[test]
    fn a_size_counts_in_powers_of_1024() {
        assert_eq!(Kind::Size.parse("0"), Some(Value::Integer(0)));
        assert_eq!(Kind::Size.parse("7B"), Some(Value::Integer(7)));
        assert_eq!(Kind::Size.parse("2KB"), Some(Value::Integer(2048)));
        assert_eq!(Kind::Size.parse("1TB"), Some(Value::Integer(1 << 40)));
        for text in ["", "GB", "1 GB", "1gb", "-1", "1PB"] {
            assert_eq!(Kind::Size.parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_choice_is_one_of_the_named() {
        let kind = Kind::Choice(&["roles", "policies"]);

        assert_eq!(kind.parse("roles"), Some(Value::Text("roles".to_owned())));
        assert_eq!(kind.parse("Roles"), None);
        assert_eq!(kind.to_string(), "one of roles, policies");
    }

    #[test]
    fn the_allowed_numbers_are_told_in_words() {
        assert_eq!(Kind::POSITIVE.to_string(), "a whole number of at least 1");
        assert_eq!(Kind::INTEGER.to_string(), "a whole number");
        assert_eq!(Kind::PORT.to_string(), "a whole number from 0 to 65535");
    }
}
