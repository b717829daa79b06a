//! What stands in a policy file: names and rules, in YAML or in JSON, which is YAML as well.

use std::collections::BTreeSet;

use glance_core::domain::policy::{Rule, RuleError};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};
use thiserror::Error;

/// A rule, and the line where its name stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) rule: Rule,
}

/// What is wrong with a file, and in which line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) problem: Problem,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Problem {
    #[error("rule `{name}` is there twice")]
    Duplicate { name: String },
    /// YAML reads nothing, or a lone `!`, where people mean a rule.
    #[error(
        "rule `{name}` says nothing: write \"@\" with its quotes for everybody, \"!\" for nobody"
    )]
    Empty { name: String },
    #[error("rule `{name}` cannot be understood")]
    Rule { name: String, source: RuleError },
    #[error("it has to be one mapping of names to rules, each a text or a list")]
    Shape,
    #[error("it is no YAML: {0}")]
    Syntax(String),
}

/// Reads a policy file. One of comments only is empty.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, Fault> {
    let mut reader = Reader {
        events: Parser::new_from_str(text),
    };
    let mut entries = Vec::new();
    let mut names = BTreeSet::new();
    match reader.next()? {
        (Event::MappingStart(_, None), _) => {}
        (Event::StreamEnd, _) => return Ok(entries),
        // A document with nothing in it.
        (Event::Scalar(text, ScalarStyle::Plain, _, None), _) if is_null(&text) => {
            return match reader.next()? {
                (Event::StreamEnd, _) => Ok(entries),
                (_, span) => Err(fault(span, Problem::Shape)),
            };
        }
        (_, span) => return Err(fault(span, Problem::Shape)),
    }
    loop {
        let (name, span) = match reader.next()? {
            (Event::Scalar(name, _, _, None), span) => (name.into_owned(), span),
            (Event::MappingEnd, _) => break,
            (_, span) => return Err(fault(span, Problem::Shape)),
        };
        let rule = reader.rule(&name)?;
        if !names.insert(name.clone()) {
            return Err(fault(span, Problem::Duplicate { name }));
        }
        entries.push(Entry {
            name,
            line: span.start.line(),
            rule,
        });
    }
    match reader.next()? {
        (Event::StreamEnd, _) => Ok(entries),
        (_, span) => Err(fault(span, Problem::Shape)),
    }
}

struct Reader<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
}

impl<'a> Reader<'a> {
    /// The next event that says something.
    fn next(&mut self) -> Result<(Event<'a>, Span), Fault> {
        loop {
            match self.events.next_event() {
                Some(Ok((
                    Event::Nothing
                    | Event::StreamStart
                    | Event::DocumentStart(_)
                    | Event::DocumentEnd,
                    _,
                ))) => {}
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => return Err(syntax(&error)),
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    fn rule(&mut self, name: &str) -> Result<Rule, Fault> {
        let (event, span) = self.next()?;
        let rule = match event {
            Event::Scalar(text, style, _, tag) => {
                check(name, &text, style, tag.as_deref(), span)?.parse()
            }
            Event::SequenceStart(_, None) => Rule::of_lists(&self.lists(name)?),
            _ => return Err(fault(span, Problem::Shape)),
        };
        rule.map_err(|source| {
            let name = name.to_owned();
            fault(span, Problem::Rule { name, source })
        })
    }

    /// A list of checks and of lists of checks, after its start.
    fn lists(&mut self, name: &str) -> Result<Vec<Vec<String>>, Fault> {
        let mut lists = Vec::new();
        loop {
            let (event, span) = self.next()?;
            lists.push(match event {
                Event::Scalar(text, style, _, tag) => {
                    vec![check(name, &text, style, tag.as_deref(), span)?.to_owned()]
                }
                Event::SequenceStart(_, None) => self.checks(name)?,
                Event::SequenceEnd => return Ok(lists),
                _ => return Err(fault(span, Problem::Shape)),
            });
        }
    }

    fn checks(&mut self, name: &str) -> Result<Vec<String>, Fault> {
        let mut checks = Vec::new();
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::Scalar(text, style, _, tag) => {
                    checks.push(check(name, &text, style, tag.as_deref(), span)?.to_owned());
                }
                Event::SequenceEnd => return Ok(checks),
                _ => return Err(fault(span, Problem::Shape)),
            }
        }
    }
}

/// The text of a rule. What YAML takes for nothing is refused: to say nothing lets everybody pass,
/// and nobody means that who writes `!` without quotes, which is a tag.
fn check<'t>(
    name: &str,
    text: &'t str,
    style: ScalarStyle,
    tag: Option<&Tag>,
    span: Span,
) -> Result<&'t str, Fault> {
    let says_nothing = style == ScalarStyle::Plain && is_null(text);
    match says_nothing || tag.is_some() {
        true => Err(fault(
            span,
            Problem::Empty {
                name: name.to_owned(),
            },
        )),
        false => Ok(text),
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn fault(span: Span, problem: Problem) -> Fault {
    Fault {
        line: span.start.line(),
        problem,
    }
}

fn syntax(error: &ScanError) -> Fault {
    Fault {
        line: error.marker().line(),
        problem: Problem::Syntax(error.info().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, usize, String)>, String> {
        match entries(text) {
            Ok(entries) => Ok(entries
                .into_iter()
                .map(|entry| (entry.name, entry.line, entry.rule.to_string()))
                .collect()),
            Err(Fault { line, problem }) => Err(format!("{line}: {problem}")),
        }
    }

    fn entry(name: &str, line: usize, rule: &str) -> (String, usize, String) {
        (name.to_owned(), line, rule.to_owned())
    }

    #[test]
    fn yaml_is_read_with_its_lines() {
        let text = "# mine\n\"get_image\": \"role:a or\n  role:b\"\n\nadd_image: role:c # why\n\
                    nobody: '!'\nall: \"\"\nold: [[\"role:a\", \"role:b\"], \"role:c\"]\n\
                    block:\n- - role:x\n- role:y\n";

        assert_eq!(
            read(text).unwrap(),
            [
                entry("get_image", 2, "role:a or role:b"),
                entry("add_image", 5, "role:c"),
                entry("nobody", 6, "!"),
                entry("all", 7, "@"),
                entry("old", 8, "(role:a and role:b) or role:c"),
                entry("block", 9, "role:x or role:y"),
            ]
        );
    }

    #[test]
    fn json_is_read_too() {
        let text = "{\n\t\"a\": \"role:x\",\n\t\"b\": [],\n    \"c\": \"\\u0040\"\n}\n";

        assert_eq!(
            read(text).unwrap(),
            [
                entry("a", 2, "role:x"),
                entry("b", 3, "@"),
                entry("c", 4, "@")
            ]
        );
    }

    #[test]
    fn files_of_comments_are_empty() {
        for text in [
            "",
            "# get_image: role:a\n",
            "---\n...\n",
            "{}",
            "---\n# x\n",
            "~",
        ] {
            assert_eq!(read(text), Ok(Vec::new()), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_policy_is_refused_with_its_line() {
        let says_nothing = "says nothing: write \"@\" with its quotes for everybody, \"!\" for \
                            nobody";
        let shape = "it has to be one mapping of names to rules, each a text or a list";
        for (text, problem) in [
            ("a: !\n", format!("rule `a` {says_nothing}")),
            ("a:\nb: role:x\n", format!("rule `a` {says_nothing}")),
            ("a: ~\n", format!("rule `a` {says_nothing}")),
            ("a: !!str role:x\n", format!("rule `a` {says_nothing}")),
            ("a: [[null]]\n", format!("rule `a` {says_nothing}")),
            (
                "a: role:x\nA: role:x\na: role:y\n",
                "rule `a` is there twice".to_owned(),
            ),
            ("- a\n", shape.to_owned()),
            ("a: {b: c}\n", shape.to_owned()),
            ("a: &x role:y\nb: *x\n", shape.to_owned()),
            ("a: [[[role:x]]]\n", shape.to_owned()),
            ("a: role:x\n---\nb: role:y\n", shape.to_owned()),
            ("text\n", shape.to_owned()),
            (
                "b: role:y\na: true\n",
                "rule `a` cannot be understood".to_owned(),
            ),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.ends_with(&problem), "{text:?}: {told}");
        }
        assert_eq!(read("x: @\n").unwrap_err().split(':').next(), Some("1"));
        assert!(read("b: role:y\na: true\n").unwrap_err().starts_with("2: "));
        assert!(read("a: \"role:x\n").is_err() && read("{a: role:x").is_err());
    }
}
