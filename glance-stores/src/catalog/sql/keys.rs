//! Columns and values: what a sort key or a time is in SQL.

use glance_core::domain::query::{SortKey, SortValue};
use glance_core::domain::{ImageId, Timestamp};
use sea_query::{Expr, Value};

use super::database::Row;
use super::dialect::Dialect;
use super::fields::{BadRow, Fields};
use super::tables::IMAGES;

/// A column of images.
pub(super) fn image_column(name: &'static str) -> Expr {
    Expr::col((IMAGES, name))
}

/// What a key sorts by.
pub(super) fn key_column(dialect: Dialect, key: SortKey) -> Expr {
    match key {
        SortKey::CreatedAt => dialect.created_at(),
        SortKey::UpdatedAt => dialect.updated_at(),
        SortKey::Size => image_column(key.as_str()),
        SortKey::ContainerFormat
        | SortKey::DiskFormat
        | SortKey::Id
        | SortKey::Name
        | SortKey::Status => dialect.text_key(key.as_str()),
    }
}

/// Whether images may lack what a key sorts by.
pub(super) fn may_lack(key: SortKey) -> bool {
    match key {
        SortKey::ContainerFormat | SortKey::DiskFormat | SortKey::Name | SortKey::Size => true,
        SortKey::CreatedAt | SortKey::Id | SortKey::Status | SortKey::UpdatedAt => false,
    }
}

/// A value that is sorted by; `None` where it stands for nothing.
pub(super) fn key_value(value: &SortValue) -> Option<Value> {
    match value {
        // No column holds more.
        SortValue::Number(number) => number.map(|n| i64::try_from(n).unwrap_or(i64::MAX).into()),
        SortValue::Text(text) => text.as_deref().map(Value::from),
        SortValue::Time(time) => Some(time_value(*time)),
    }
}

/// What is not greater than any value a key may have; NULL aside.
pub(super) fn least_value(value: &SortValue) -> Value {
    match value {
        SortValue::Number(_) => i64::MIN.into(),
        SortValue::Text(_) | SortValue::Time(_) => "".into(),
    }
}

/// Reads the values of the keys, which follow the id.
pub(super) fn read_position(
    dialect: Dialect,
    keys: impl Iterator<Item = SortKey>,
    row: Row,
) -> Result<(ImageId, Vec<SortValue>), BadRow> {
    let mut fields = Fields::of(IMAGES, &["id"], row);
    let id = fields.parsed()?;
    let position = keys
        .map(|key| read_key(dialect, key, &mut fields))
        .collect::<Result<_, _>>()?;
    Ok((id, position))
}

fn read_key(dialect: Dialect, key: SortKey, fields: &mut Fields) -> Result<SortValue, BadRow> {
    Ok(match key {
        SortKey::Size => SortValue::Number(fields.size()?),
        SortKey::CreatedAt | SortKey::UpdatedAt => {
            let time = fields.time()?;
            SortValue::Time(time.ok_or_else(|| fields.bad("is NULL"))?)
        }
        SortKey::Id => SortValue::Text(fields.text()?.map(|id| dialect.id_key(id))),
        SortKey::ContainerFormat | SortKey::DiskFormat | SortKey::Name | SortKey::Status => {
            SortValue::Text(fields.text()?)
        }
    })
}

pub(super) fn null() -> Expr {
    Expr::cust("NULL")
}

/// A time as a value: UTC without a zone, as upstream's columns are.
pub(super) fn time_value(time: Timestamp) -> Value {
    time.to_datetime().naive_utc().into()
}
