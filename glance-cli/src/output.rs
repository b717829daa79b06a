//! What is printed: tables for people, JSON for machines, and one sentence for what went wrong.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets,
};
use serde_json::{Map, Value};

/// An object as the service sends it.
pub(crate) type Object = Map<String, Value>;

/// How a table of properties looks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Looks {
    /// Sizes for people, like `1.5 GiB`.
    pub(crate) human_readable: bool,
    /// The widest a column gets.
    pub(crate) max_column_width: Option<u16>,
}

/// Prints one JSON value.
///
/// # Errors
///
/// Standard output cannot be written.
pub(crate) fn json(value: &Value) -> io::Result<()> {
    let mut text = if io::stdout().is_terminal() {
        format!("{value:#}")
    } else {
        value.to_string()
    };
    text.push('\n');
    print(&text)
}

/// Prints lines of text.
///
/// # Errors
///
/// Standard output cannot be written.
pub(crate) fn lines(text: &str) -> io::Result<()> {
    print(&format!("{text}\n"))
}

/// Prints an object as a table of its properties.
///
/// # Errors
///
/// Standard output cannot be written.
pub(crate) fn properties(object: &Object, looks: Looks) -> io::Result<()> {
    let mut names: Vec<&String> = object.keys().collect();
    names.sort_unstable();
    let rows = names.into_iter().map(|name| {
        let value = object.get(name).unwrap_or(&Value::Null);
        vec![clean(name), property(name, value, looks)]
    });
    print(&table(&["Property", "Value"], rows, looks.max_column_width))
}

/// Prints objects as a table with a column for each title; what is in it is called like the title,
/// in small letters and with `_` for blanks.
///
/// # Errors
///
/// Standard output cannot be written.
pub(crate) fn list(titles: &[&str], objects: &[Object]) -> io::Result<()> {
    let keys: Vec<String> = titles
        .iter()
        .map(|title| title.to_lowercase().replace(' ', "_"))
        .collect();
    let rows = objects.iter().map(|object| {
        let value = |key: &String| object.get(key).unwrap_or(&Value::Null);
        keys.iter().map(|key| list_cell(value(key))).collect()
    });
    print(&table(titles, rows, None))
}

/// Tells people something beside the result: one line on standard error.
pub(crate) fn note(text: &str) {
    // Nobody listens where this fails.
    let _ = writeln!(io::stderr().lock(), "{}", clean(text));
}

/// Says what went wrong: one sentence on standard error.
pub(crate) fn failure(error: &dyn Error) {
    note(&format!("glance: {}", sentence(error)));
}

/// An error with its causes, in one line.
pub(crate) fn sentence(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Bytes for people.
pub(crate) fn human_size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut size = bytes as f64;
    let mut unit = "B";
    for larger in UNITS {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    if unit == "B" {
        return format!("{bytes} B");
    }
    format!("{size:.1} {unit}")
}

fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

fn table(titles: &[&str], rows: impl Iterator<Item = Vec<String>>, widest: Option<u16>) -> String {
    let mut table = Table::new();
    let mut style = presets::ASCII_FULL_CONDENSED;
    style = style.header_separator(comfy_table::LineStyle::new('+', '-', '+', '+'));
    table.load_style(style);
    table.set_header(titles.iter().map(Cell::new));
    for row in rows {
        table.add_row(
            row.into_iter()
                .map(|text| Cell::new(text).set_alignment(CellAlignment::Left)),
        );
    }
    if let Some(widest) = widest {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::MAX);
        for column in table.column_iter_mut() {
            // The width of a column counts the blanks around the text.
            let width = Width::Fixed(widest.saturating_add(2));
            column.set_constraint(ColumnConstraint::UpperBoundary(width));
        }
    } else if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    format!("{table}\n")
}

fn property(name: &str, value: &Value, looks: Looks) -> String {
    match (name, value) {
        ("virtual_size", Value::Null) => "Not available".to_owned(),
        ("size" | "virtual_size", Value::Number(size)) if looks.human_readable => {
            size.as_u64().map_or_else(|| size.to_string(), human_size)
        }
        (_, value) => cell(value),
    }
}

/// A missing name is nothing in a list, as in Python's.
fn list_cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        value => cell(value),
    }
}

/// A value as Python's client shows it.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => clean(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            clean(&format!("[{}]", items.join(", ")))
        }
        Value::Object(_) => clean(&value.to_string()),
    }
}

/// The text without anything that a terminal would obey: names are given by strangers.
pub(crate) fn clean(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            // Writing to a string does not fail.
            let _ = write!(shown, "{}", character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Marks that turn the direction of text around.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::io;

    use serde_json::json;
    use thiserror::Error;

    use super::{Looks, cell, clean, human_size, property, sentence, table};

    #[derive(Debug, Error)]
    #[error("cannot read `x`")]
    struct Outer {
        source: io::Error,
    }

    #[test]
    fn an_error_and_its_causes_are_one_line() {
        let source = io::Error::other("the disk\n is gone");

        assert_eq!(
            sentence(&Outer { source }),
            "cannot read `x`: the disk is gone"
        );
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(clean("\u{1b}[2Jevil\n"), "\\u{1b}[2Jevil\\n");
        assert_eq!(clean("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(clean("Grüße 🦀"), "Grüße 🦀");
    }

    #[test]
    fn values_look_as_in_pythons_client() {
        for (value, shown) in [
            (json!(null), "None"),
            (json!(true), "True"),
            (json!(7), "7"),
            (json!("x"), "x"),
            (json!(["a", "b"]), "[\"a\", \"b\"]"),
            (json!([]), "[]"),
        ] {
            assert_eq!(cell(&value), shown);
        }
        let looks = Looks::default();
        assert_eq!(
            property("virtual_size", &json!(null), looks),
            "Not available"
        );
    }

    #[test]
    fn sizes_are_for_people_where_asked() {
        let looks = Looks {
            human_readable: true,
            ..Looks::default()
        };

        assert_eq!(property("size", &json!(1536), looks), "1.5 KiB");
        assert_eq!(property("min_ram", &json!(1536), looks), "1536");
        assert_eq!(human_size(5), "5 B");
        assert_eq!(human_size(10 << 30), "10.0 GiB");
    }

    #[test]
    fn a_table_has_lines_around_it_and_wraps_only_where_asked() {
        let row = || std::iter::once(vec!["k".to_owned(), "123456".to_owned()]);

        assert_eq!(
            table(&["A", "B"], row(), None),
            "+---+--------+\n| A | B      |\n+---+--------+\n| k | 123456 |\n+---+--------+\n"
        );
        assert_eq!(
            table(&["A", "B"], row(), Some(4)),
            "+---+------+\n| A | B    |\n+---+------+\n| k | 1234 |\n|   | 56   |\n+---+------+\n"
        );
    }
}
