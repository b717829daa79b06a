//! Values and cells as PostgreSQL has them: of exact types.

use bytes::BytesMut;
use chrono::NaiveDateTime;
use glance_core::domain::Timestamp;
use glance_core::ports::BoxError;
use sea_query::Value;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::super::sql::database::Cell;

/// A value on its way to PostgreSQL, as the type that the statement wants there.
#[derive(Debug)]
pub(super) struct Bound<'a>(pub(super) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        match self.0 {
            Value::Bool(value) => value.to_sql(ty, out),
            Value::Int(value) => number(value.map(i64::from), ty, out),
            Value::Unsigned(value) => number(value.map(i64::from), ty, out),
            Value::BigInt(value) => number(*value, ty, out),
            Value::BigUnsigned(value) => number(value.map(i64::try_from).transpose()?, ty, out),
            // Of an enum, too, the binary form is its text.
            Value::String(text) => text.as_deref().to_sql(ty, out),
            Value::ChronoDateTime(time) => time.to_sql(ty, out),
            other => Err(format!("PostgreSQL is given no such value as {other:?}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn number(number: Option<i64>, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
    match *ty {
        Type::INT2 => number.map(i16::try_from).transpose()?.to_sql(ty, out),
        Type::INT4 => number.map(i32::try_from).transpose()?.to_sql(ty, out),
        Type::INT8 => number.to_sql(ty, out),
        _ => Err(format!("PostgreSQL wants a value of {ty} where there is a number").into()),
    }
}

/// A cell that was found.
#[derive(Debug)]
pub(super) struct Found(pub(super) Cell);

impl<'a> FromSql<'a> for Found {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        let cell = cell(ty, raw);
        Ok(Self(
            cell.unwrap_or_else(|error| Cell::Odd(error.to_string())),
        ))
    }

    fn from_sql_null(_: &Type) -> Result<Self, BoxError> {
        Ok(Self(Cell::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn cell(ty: &Type, raw: &[u8]) -> Result<Cell, BoxError> {
    Ok(match *ty {
        Type::BOOL => Cell::Integer(bool::from_sql(ty, raw)?.into()),
        Type::INT2 => Cell::Integer(i16::from_sql(ty, raw)?.into()),
        Type::INT4 => Cell::Integer(i32::from_sql(ty, raw)?.into()),
        Type::INT8 => Cell::Integer(i64::from_sql(ty, raw)?),
        Type::TIMESTAMP => {
            let time = NaiveDateTime::from_sql(ty, raw)?;
            Cell::Time(Timestamp::from(time.and_utc()))
        }
        // Enums are not known by their name.
        _ => Cell::Text(std::str::from_utf8(raw)?.to_owned()),
    })
}
