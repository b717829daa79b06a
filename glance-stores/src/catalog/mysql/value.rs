//! Values and cells as MySQL has them.

use chrono::{Datelike, NaiveDate, Timelike};
use glance_core::domain::Timestamp;
use glance_core::ports::{BoxError, CatalogError};
use mysql_async::Value as Given;
use sea_query::Value;

use super::super::sql::database::{Cell, Row};

/// A value on its way to MySQL.
pub(super) fn bound(operation: &'static str, value: &Value) -> Result<Given, CatalogError> {
    Ok(match value {
        Value::Bool(value) => integer(value.map(i64::from)),
        Value::Int(value) => integer(value.map(i64::from)),
        Value::Unsigned(value) => integer(value.map(i64::from)),
        Value::BigInt(value) => integer(*value),
        Value::BigUnsigned(value) => value.map_or(Given::NULL, Given::UInt),
        Value::String(text) => text
            .as_ref()
            .map_or(Given::NULL, |text| Given::Bytes(text.as_bytes().to_vec())),
        Value::ChronoDateTime(None) => Given::NULL,
        Value::ChronoDateTime(Some(time)) => {
            let small = |number: u32| u8::try_from(number).unwrap_or_default();
            Given::Date(
                u16::try_from(time.year()).unwrap_or_default(),
                small(time.month()),
                small(time.day()),
                small(time.hour()),
                small(time.minute()),
                small(time.second()),
                time.nanosecond() / 1000,
            )
        }
        other => {
            let reason = format!("MySQL is given no such value as {other:?}");
            return Err(backend(operation, reason));
        }
    })
}

fn integer(number: Option<i64>) -> Given {
    number.map_or(Given::NULL, Given::Int)
}

/// The cells of a row that was found.
pub(super) fn cells(row: mysql_async::Row) -> Row {
    row.unwrap().into_iter().map(cell).collect()
}

fn cell(value: Given) -> Cell {
    match value {
        Given::NULL => Cell::Null,
        Given::Int(number) => Cell::Integer(number),
        Given::UInt(number) => match i64::try_from(number) {
            Ok(number) => Cell::Integer(number),
            Err(error) => Cell::Odd(error.to_string()),
        },
        Given::Bytes(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Cell::Text(text),
            Err(error) => Cell::Odd(error.to_string()),
        },
        Given::Date(year, month, day, hour, minute, second, micros) => {
            let time =
                NaiveDate::from_ymd_opt(year.into(), month.into(), day.into()).and_then(|date| {
                    date.and_hms_micro_opt(hour.into(), minute.into(), second.into(), micros)
                });
            match time {
                Some(time) => Cell::Time(Timestamp::from(time.and_utc())),
                None => Cell::Odd(format!("{year}-{month}-{day} is no day")),
            }
        }
        other @ (Given::Float(_) | Given::Double(_) | Given::Time(..)) => {
            Cell::Odd(format!("Glance keeps nothing like {other:?}"))
        }
    }
}

fn backend(operation: &'static str, reason: impl Into<BoxError>) -> CatalogError {
    CatalogError::Backend {
        operation,
        source: reason.into(),
    }
}
