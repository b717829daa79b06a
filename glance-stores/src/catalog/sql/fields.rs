//! Rows to values, with errors that name the row.

use std::fmt::Display;
use std::str::FromStr;

use chrono::NaiveDate;
use glance_core::domain::Timestamp;
use glance_core::ports::CatalogError;
use thiserror::Error;

use super::database::{Cell, Row};

/// The columns of a row, taken one after the other. The first is its key, which errors name.
#[derive(Debug)]
pub(super) struct Fields {
    table: &'static str,
    columns: &'static [&'static str],
    cells: Row,
    taken: usize,
}

impl Fields {
    pub(super) fn of(table: &'static str, columns: &'static [&'static str], row: Row) -> Self {
        Self {
            table,
            columns,
            cells: row,
            taken: 0,
        }
    }

    /// Passes over a column.
    pub(super) fn skip(&mut self) {
        self.taken += 1;
    }

    pub(super) fn text(&mut self) -> Result<Option<String>, BadRow> {
        match self.next() {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            // SQLite keeps what it is given; upstream reads such a value as its text.
            Cell::Integer(number) => Ok(Some(number.to_string())),
            Cell::Time(time) => Ok(Some(time.to_string())),
            Cell::Odd(problem) => Err(self.bad(problem)),
        }
    }

    pub(super) fn integer(&mut self) -> Result<Option<i64>, BadRow> {
        match self.next() {
            Cell::Null => Ok(None),
            Cell::Integer(number) => Ok(Some(number)),
            Cell::Text(text) => Err(self.bad(format_args!("`{text}` is not a number"))),
            Cell::Time(time) => Err(self.bad(format_args!("{time} is not a number"))),
            Cell::Odd(problem) => Err(self.bad(problem)),
        }
    }

    /// A number of bytes.
    pub(super) fn size(&mut self) -> Result<Option<u64>, BadRow> {
        let number = self.integer()?;
        let size = number.map(u64::try_from).transpose();
        size.map_err(|_| self.bad(format_args!("{} is not a size", number.unwrap_or_default())))
    }

    pub(super) fn boolean(&mut self) -> Result<bool, BadRow> {
        match self.integer()? {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            Some(number) => Err(self.bad(format_args!("{number} is neither 0 nor 1"))),
            None => Err(self.bad("is NULL")),
        }
    }

    /// A time: text, where the database has no type for it.
    pub(super) fn time(&mut self) -> Result<Option<Timestamp>, BadRow> {
        let text = match self.next() {
            Cell::Null => return Ok(None),
            Cell::Time(time) => return Ok(Some(time)),
            Cell::Text(text) => text,
            Cell::Integer(number) => number.to_string(),
            Cell::Odd(problem) => return Err(self.bad(problem)),
        };
        match upstream_time(&text) {
            Some(time) => Ok(Some(time)),
            None => self.parse(&text).map(Some),
        }
    }

    /// A text that is there and means something.
    pub(super) fn parsed<T>(&mut self) -> Result<T, BadRow>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.required()?;
        self.parse(&text)
    }

    /// A value that is there.
    pub(super) fn required(&mut self) -> Result<String, BadRow> {
        let text = self.text()?;
        text.ok_or_else(|| self.bad("is NULL"))
    }

    /// The error that the column taken last is not as it should be.
    pub(super) fn bad(&self, problem: impl Display) -> BadRow {
        let column = self
            .taken
            .checked_sub(1)
            .and_then(|at| self.columns.get(at));
        BadRow {
            table: self.table,
            key: self.key(),
            column: column.copied().unwrap_or("?"),
            problem: problem.to_string(),
        }
    }

    fn parse<T>(&self, text: &str) -> Result<T, BadRow>
    where
        T: FromStr,
        T::Err: Display,
    {
        text.parse().map_err(|error: T::Err| self.bad(error))
    }

    fn next(&mut self) -> Cell {
        let cell = match (self.taken, self.cells.get_mut(self.taken)) {
            (_, None) => Cell::Null,
            // The key stays, for errors to name.
            (0, Some(key)) => key.clone(),
            (_, Some(cell)) => std::mem::replace(cell, Cell::Null),
        };
        self.taken += 1;
        cell
    }

    fn key(&self) -> String {
        match self.cells.first() {
            Some(Cell::Integer(number)) => number.to_string(),
            Some(Cell::Text(text)) => text.clone(),
            Some(Cell::Time(time)) => time.to_string(),
            Some(Cell::Odd(problem)) => problem.clone(),
            Some(Cell::Null) | None => "NULL".to_owned(),
        }
    }
}

/// Reads `YYYY-MM-DD HH:MM:SS.ffffff`, as upstream and we write it, many times faster than what
/// reads every form.
fn upstream_time(text: &str) -> Option<Timestamp> {
    let bytes: &[u8; 26] = text.as_bytes().try_into().ok()?;
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().try_fold(0_u32, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let separators = [
        bytes[4], bytes[7], bytes[10], bytes[13], bytes[16], bytes[19],
    ];
    if &separators != b"-- ::." {
        return None;
    }
    let year = i32::try_from(number(0, 4)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(5, 7)?, number(8, 10)?)?;
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let time = date.and_hms_micro_opt(hour, minute, second, number(20, 26)?)?;
    Some(time.and_utc().into())
}

/// A row that holds what no Glance writes.
#[derive(Debug, Error)]
#[error("in {table} `{key}`, {column}: {problem}")]
pub(super) struct BadRow {
    table: &'static str,
    key: String,
    column: &'static str,
    problem: String,
}

impl BadRow {
    /// The key of the row.
    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

impl From<BadRow> for CatalogError {
    fn from(bad: BadRow) -> Self {
        Self::Odd {
            source: Box::new(bad),
        }
    }
}

#[cfg(test)]
mod tests {
    use glance_core::domain::Status;

    use super::*;

    #[test]
    fn an_error_names_table_row_and_column() {
        let row = vec![Cell::Text("a1".into()), Cell::Text("lost".into())];
        let mut fields = Fields::of("images", &["id", "status"], row);
        fields.skip();

        let error = fields.parsed::<Status>().unwrap_err();

        assert_eq!(
            error.to_string(),
            "in images `a1`, status: `lost` is not an image status"
        );
    }

    #[test]
    fn times_in_upstreams_form_read_as_in_any_other() {
        for text in [
            "2026-11-22 02:00:05.641932",
            "1969-12-31 23:59:59.999999",
            "0000-02-29 00:00:00.000000",
            "9999-12-31 23:59:59.000001",
        ] {
            assert_eq!(upstream_time(text), text.parse().ok(), "{text}");
            assert!(upstream_time(text).is_some());
        }
        for text in [
            "2026-11-22 02:00:05",
            "2026-13-22 02:00:05.641932",
            "2026-11-22T02:00:05.641932",
        ] {
            assert_eq!(upstream_time(text), None, "{text}");
        }
    }

    #[test]
    fn a_row_that_is_too_short_reads_as_null() {
        let mut fields = Fields::of("images", &["id", "name"], vec![Cell::Integer(1)]);
        fields.skip();

        assert_eq!(fields.text().unwrap(), None);
    }
}
