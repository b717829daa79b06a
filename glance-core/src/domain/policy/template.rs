//! Text with facts of the target in it: `%(project_id)s`.

use std::fmt;

use super::credential::python_flag;
use super::rule::RuleError;
use super::target::{Fact, Target, Value};

/// Text with facts of the target in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Fact { name: String, fact: Fact },
    Text(String),
}

/// What an empty value is as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Empty {
    /// As in Python, `None`.
    IsNone,
    /// Nothing that anything equals: a caller without a project owns no image without an owner.
    IsNothing,
}

/// Whether letters are compared in their case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Counts,
    /// What it is compared with is in lower case.
    IsIgnored,
}

impl Template {
    /// Reads Python's `%` notation, as far as rules use it: `%(name)s` and `%%`.
    pub(super) fn read(text: &str) -> Result<Self, RuleError> {
        let mut pieces = Vec::new();
        let mut constant = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            constant.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                constant.push('%');
                rest = after;
                continue;
            }
            let name = after
                .strip_prefix('(')
                .and_then(|name| name.split_once(")s"));
            let Some((name, after)) = name else {
                return Err(RuleError::Template {
                    text: text.to_owned(),
                });
            };
            let fact = Fact::named(name).ok_or_else(|| RuleError::Incomparable {
                name: name.to_owned(),
            })?;
            if !constant.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut constant)));
            }
            let name = name.to_owned();
            pieces.push(Piece::Fact { name, fact });
            rest = after;
        }
        constant.push_str(rest);
        if !constant.is_empty() {
            pieces.push(Piece::Text(constant));
        }
        Ok(Self { pieces })
    }

    /// The same in lower case, as far as it is known.
    pub(super) fn in_lower_case(mut self) -> Self {
        for piece in &mut self.pieces {
            if let Piece::Text(text) = piece {
                *text = text.to_lowercase();
            }
        }
        self
    }

    /// The text, if no fact is in it.
    pub(super) fn constant(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it is `expected` once the facts of `target` are in it.
    pub(super) fn is(&self, expected: &str, target: &Target<'_>, empty: Empty, case: Case) -> bool {
        let mut rest = expected;
        for piece in &self.pieces {
            let goes_on = match piece {
                Piece::Text(text) => strip(&mut rest, text, case),
                Piece::Fact { fact, .. } => target.is(fact, |value| match value {
                    Value::Absent => false,
                    Value::Empty => empty == Empty::IsNone && strip(&mut rest, "None", case),
                    Value::Flag(flag) => strip(&mut rest, python_flag(flag), case),
                    Value::Number(number) => strip(&mut rest, digits(number, &mut [0; 20]), case),
                    Value::Text(text) => strip(&mut rest, text, case),
                }),
            };
            if !goes_on {
                return false;
            }
        }
        rest.is_empty()
    }
}

/// Takes `text` off the front of `rest`, or tells that it is not there.
fn strip(rest: &mut &str, text: &str, case: Case) -> bool {
    match case {
        Case::Counts => match rest.strip_prefix(text) {
            Some(after) => {
                *rest = after;
                true
            }
            None => false,
        },
        Case::IsIgnored => {
            let mut left = rest.chars();
            for wanted in text.chars().flat_map(char::to_lowercase) {
                if left.next() != Some(wanted) {
                    return false;
                }
            }
            *rest = left.as_str();
            true
        }
    }
}

/// A number in decimal, without a heap.
fn digits(mut number: u64, buffer: &mut [u8; 20]) -> &str {
    let mut start = buffer.len();
    for (position, slot) in buffer.iter_mut().enumerate().rev() {
        *slot = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        start = position;
        if number == 0 {
            break;
        }
    }
    let digits = buffer.get(start..).unwrap_or_default();
    std::str::from_utf8(digits).unwrap_or_default()
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Fact { name, .. } => write!(f, "%({name})s")?,
                Piece::Text(text) => f.write_str(&text.replace('%', "%%"))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::caller::Caller;
    use super::super::super::id::ImageId;
    use super::super::super::image::Image;
    use super::super::super::time::Timestamp;
    use super::*;

    fn is(template: &str, expected: &str, empty: Empty) -> bool {
        let mut image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(0));
        image.size = Some(u64::MAX);
        let caller = Caller::anonymous();
        let target = Target::image(&image, &caller);
        let template = Template::read(template).unwrap();
        template.is(expected, &target, empty, Case::Counts)
    }

    #[test]
    fn facts_are_compared_as_python_prints_them() {
        assert!(is("%(size)s", "18446744073709551615", Empty::IsNone));
        assert!(is("%(min_ram)s/%(protected)s%%", "0/False%", Empty::IsNone));
        assert!(is("%(owner)s", "None", Empty::IsNone));
        assert!(!is("%(owner)s", "None", Empty::IsNothing));
        assert!(!is("%(size)s", "1844674407370955161", Empty::IsNone));
        assert!(!is("%(no_such_property)s", "None", Empty::IsNone));
    }

    #[test]
    fn other_notations_are_refused() {
        for text in ["%(owner)d", "%s", "100%", "%(owner"] {
            assert!(
                matches!(Template::read(text), Err(RuleError::Template { .. })),
                "{text}"
            );
        }
        assert!(matches!(
            Template::read("%(tags)s"),
            Err(RuleError::Incomparable { .. })
        ));
    }
}
