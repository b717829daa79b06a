//! The INI dialect of oslo.config: text in, assignments out. No file is opened here.

use std::path::Path;

use super::error::{ConfigError, redacted};

/// One `key = value`, with the section it stands in and the line it starts at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    /// The section as written.
    pub(super) section: String,
    /// The key as written.
    pub(super) key: String,
    /// The value: quotes taken off, continuation lines joined by line ends, `$` untouched.
    pub(super) value: String,
    /// Counted from 1.
    pub(super) line: usize,
}

/// Reads one file's text. `path` is only named in errors.
///
/// # Errors
///
/// [`ConfigError::Syntax`] for the first line that is neither a section, an assignment, a
/// continuation, a comment, nor blank.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<Entry>, ConfigError> {
    let mut reader = Reader::default();
    for (index, raw) in text.lines().enumerate() {
        let line = raw.trim_end();
        reader
            .line(index + 1, line)
            .map_err(|problem| ConfigError::Syntax {
                path: path.to_owned(),
                line: index + 1,
                text: redacted(line),
                problem,
            })?;
    }
    Ok(reader.entries)
}

/// The state between two lines.
#[derive(Debug, Default)]
struct Reader {
    entries: Vec<Entry>,
    section: Option<String>,
    /// Whether the last entry may be continued: a blank line, a comment or a section ends it.
    open: bool,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Result<(), &'static str> {
        if line.starts_with([' ', '\t']) {
            return self.continuation(line.trim_start());
        }
        self.open = false;
        if line.is_empty() || line.starts_with(['#', ';']) {
            return Ok(());
        }
        if line.starts_with('[') {
            return self.section(line);
        }
        self.assignment(number, line)
    }

    /// As in oslo.config an indented `#` is part of the value, not a comment.
    fn continuation(&mut self, text: &str) -> Result<(), &'static str> {
        match self.entries.last_mut().filter(|_| self.open) {
            Some(entry) => {
                // oslo.config keeps the line end before the first continuation, too; for a path
                // or a name that starts on the next line it would only be in the way.
                if !entry.value.is_empty() {
                    entry.value.push('\n');
                }
                entry.value.push_str(text);
                Ok(())
            }
            None => Err("is indented but continues no value"),
        }
    }

    fn section(&mut self, line: &str) -> Result<(), &'static str> {
        let name = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .ok_or("starts a section that does not end with `]`")?;
        if name.is_empty() {
            return Err("starts a section without a name");
        }
        self.section = Some(name.to_owned());
        Ok(())
    }

    fn assignment(&mut self, number: usize, line: &str) -> Result<(), &'static str> {
        let (key, value) = line.split_once(['=', ':']).ok_or("has no `=` or `:`")?;
        let key = key.trim();
        if key.is_empty() {
            return Err("sets a value without a name");
        }
        let section = self
            .section
            .as_ref()
            .ok_or("sets a value before the first `[section]`")?;
        self.entries.push(Entry {
            section: section.clone(),
            key: key.to_owned(),
            value: unquoted(value.trim()).to_owned(),
            line: number,
        });
        self.open = true;
        Ok(())
    }
}

/// As in oslo.config: one pair of equal quotes around the first line is taken off, and a single
/// quote character alone is an empty value.
fn unquoted(value: &str) -> &str {
    let mut characters = value.chars();
    match (characters.next(), characters.next_back()) {
        (Some(first @ ('"' | '\'')), Some(last)) if first == last => characters.as_str(),
        (Some('"' | '\''), None) => "",
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::parse;

    fn values(text: &str) -> Vec<(String, String, String)> {
        parse(Path::new("a.conf"), text)
            .unwrap()
            .into_iter()
            .map(|entry| (entry.section, entry.key, entry.value))
            .collect()
    }

    fn value(text: &str) -> String {
        values(&format!("[DEFAULT]\n{text}\n"))[0].2.clone()
    }

    fn failure(text: &str) -> String {
        parse(Path::new("a.conf"), text).unwrap_err().to_string()
    }

    #[test]
    fn both_separators_assign_and_the_first_one_counts() {
        assert_eq!(value("a = 1"), "1");
        assert_eq!(value("a: 1"), "1");
        assert_eq!(value("a = sqlite://x?y=z"), "sqlite://x?y=z");
        assert_eq!(value("a: b=c"), "b=c");
        assert_eq!(value("a ="), "");
    }

    #[test]
    fn repeated_keys_are_all_kept_in_order() {
        let entries = values("[DEFAULT]\na = 1\n[x]\nb = 2\n[DEFAULT]\na = 3\n");

        assert_eq!(entries.len(), 3);
        assert_eq!(entries[0].2, "1");
        assert_eq!(entries[1].0, "x");
        assert_eq!(entries[2].2, "3");
    }

    #[test]
    fn comments_and_blank_lines_are_skipped() {
        assert_eq!(
            values("# x\n; y\n\n[DEFAULT]\n#a = 1\na = 2 # not a comment\n")[0].2,
            "2 # not a comment"
        );
    }

    #[test]
    fn an_indented_line_continues_the_value() {
        assert_eq!(value("a = 1,\n  2,\n\t3"), "1,\n2,\n3");
        assert_eq!(value("a =\n  /srv/images"), "/srv/images");
        assert_eq!(value("a = 1\n  # 2"), "1\n# 2");
    }

    #[test]
    fn one_pair_of_quotes_is_taken_off() {
        assert_eq!(value("a = \" x \""), " x ");
        assert_eq!(value("a = 'x'"), "x");
        assert_eq!(value("a = ''x''"), "'x'");
        assert_eq!(value("a = 'x\""), "'x\"");
        assert_eq!(value("a = '"), "");
    }

    #[test]
    fn the_line_of_an_entry_is_where_its_key_stands() {
        let entries = parse(Path::new("a.conf"), "\n[a]\nb = 1\n  2\nc = 3").unwrap();

        assert_eq!(entries[0].line, 3);
        assert_eq!(entries[1].line, 5);
    }

    #[test]
    fn windows_line_ends_are_accepted() {
        assert_eq!(values("[a]\r\nb = 1\r\n")[0].2, "1");
    }

    #[test]
    fn a_line_that_is_nothing_is_refused_with_file_line_and_text() {
        assert_eq!(
            failure("[DEFAULT]\ndebug\n"),
            "`a.conf` line 2 has no `=` or `:`: `debug`"
        );
        assert_eq!(
            failure("[DEFAULT]\n= 3\n"),
            "`a.conf` line 2 sets a value without a name: `= 3`"
        );
    }

    #[test]
    fn a_value_before_any_section_is_refused() {
        assert_eq!(
            failure("debug = true\n"),
            "`a.conf` line 1 sets a value before the first `[section]`: `debug = true`"
        );
    }

    #[test]
    fn a_broken_section_is_refused() {
        assert_eq!(
            failure("[DEFAULT\n"),
            "`a.conf` line 1 starts a section that does not end with `]`: `[DEFAULT`"
        );
        assert_eq!(
            failure("[]\n"),
            "`a.conf` line 1 starts a section without a name: `[]`"
        );
    }

    #[test]
    fn an_indented_line_after_a_comment_or_a_blank_line_is_refused() {
        for between in ["", "# note"] {
            assert_eq!(
                failure(&format!("[DEFAULT]\na = 1\n{between}\n  2\n")),
                "`a.conf` line 4 is indented but continues no value: `  2`"
            );
        }
    }

    #[test]
    fn a_refused_line_does_not_show_a_password() {
        let message = failure("connection = mysql://glance:secret@db/glance\n");

        assert!(message.contains("mysql://***@db/glance"), "{message}");
    }
}
