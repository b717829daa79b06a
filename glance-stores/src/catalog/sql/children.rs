//! What belongs to an image: properties, tags and locations.

use glance_core::domain::{
    BlobUrl, Image, ImageId, Location, PropertyName, PropertyValue, Tag, Timestamp,
};
use glance_core::ports::CatalogError;
use sea_query::{Expr, ExprTrait, OnConflict, Order, Query, SelectStatement};
use serde_json::{Map, Value as Json};

use super::database::{Batch, Breach, Row, Statement};
use super::dialect::Dialect;
use super::fields::{BadRow, Fields};
use super::images::text;
use super::keys::{null, time_value};
use super::tables::{
    CREATED_AT, DELETED, DELETED_AT, ID, IMAGE_ID, LOCATION_ACTIVE, LOCATIONS, META_DATA, NAME,
    PROPERTIES, STATUS, TAGS, UPDATED_AT, VALUE,
};

/// How many tables there are, and so the statements of [`select`].
pub(super) const TABLES: usize = 3;

/// The statements that read all that belongs to some images.
pub(super) fn select<'a, I>(dialect: Dialect, ids: impl Fn() -> I) -> [Statement; TABLES]
where
    I: Iterator<Item = &'a str>,
{
    let of = |table| Expr::col((table, IMAGE_ID)).is_in(ids());
    let properties = Query::select()
        .columns(PROPERTY_COLUMNS)
        .from(PROPERTIES)
        .and_where(of(PROPERTIES))
        .and_where(dialect.live(PROPERTIES))
        .take();
    let tags = Query::select()
        .columns(TAG_COLUMNS)
        .from(TAGS)
        .and_where(of(TAGS))
        .and_where(dialect.live(TAGS))
        .take();
    let locations = Query::select()
        .columns(LOCATION_COLUMNS)
        .from(LOCATIONS)
        .and_where(of(LOCATIONS))
        .and_where(dialect.live(LOCATIONS))
        .and_where(Expr::col((LOCATIONS, STATUS)).eq(LOCATION_ACTIVE))
        .order_by((LOCATIONS, ID), Order::Asc)
        .take();
    [&properties, &tags, &locations].map(|select| dialect.statement(select))
}

/// Puts a row of the statement at this place of [`select`], counted from 1, to its image. A row that
/// is odd comes back with the id of the image.
pub(super) fn attach<'a>(
    table: usize,
    row: Row,
    image: impl FnOnce(ImageId) -> Option<&'a mut Image>,
) -> Result<(), (ImageId, BadRow)> {
    let (name, columns): (_, &'static [&'static str]) = match table {
        1 => (PROPERTIES, &PROPERTY_COLUMNS),
        2 => (TAGS, &TAG_COLUMNS),
        _ => (LOCATIONS, &LOCATION_COLUMNS),
    };
    let mut fields = Fields::of(name, columns, row);
    fields.skip();
    // To MySQL, `a ` is `a`: it may find what belongs to no image.
    let Some(image) = fields.parsed().ok().and_then(image) else {
        return Ok(());
    };
    put(table, &mut fields, image).map_err(|bad| (image.id, bad))
}

fn put(table: usize, fields: &mut Fields, image: &mut Image) -> Result<(), BadRow> {
    match table {
        1 => {
            let property = PropertyName::stored(fields.required()?);
            image
                .properties
                .insert(property, PropertyValue::stored(fields.text()?));
        }
        2 => {
            image.tags.insert(Tag::stored(fields.required()?));
        }
        _ => {
            image.locations.push(location(fields)?);
        }
    }
    Ok(())
}

/// Adds all that belongs to a new image.
pub(super) fn insert_all(
    batch: &mut Batch,
    dialect: Dialect,
    image: &Image,
) -> Result<(), CatalogError> {
    let now = image.created_at;
    put_properties(batch, dialect, image, now, image.properties.iter());
    let tags: Vec<&Tag> = image.tags.iter().collect();
    for tags in tags.chunks(MOST_ROWS) {
        let mut insert = Query::insert();
        insert
            .into_table(TAGS)
            .columns([IMAGE_ID, VALUE, CREATED_AT, UPDATED_AT, DELETED]);
        for tag in tags {
            insert.values_panic(child(image, tag.as_str(), now));
        }
        batch.change(dialect.statement(&insert));
    }
    for location in &image.locations {
        add_location(batch, dialect, image, location, now)?;
    }
    Ok(())
}

/// Sets properties; rows that were deleted are used again, for a name is there once (upstream).
pub(super) fn put_properties<'a>(
    batch: &mut Batch,
    dialect: Dialect,
    image: &Image,
    now: Timestamp,
    properties: impl Iterator<Item = (&'a PropertyName, &'a PropertyValue)>,
) {
    let properties: Vec<_> = properties.collect();
    for properties in properties.chunks(MOST_ROWS) {
        let mut insert = Query::insert();
        insert
            .into_table(PROPERTIES)
            .columns([NAME, IMAGE_ID, VALUE, CREATED_AT, UPDATED_AT, DELETED]);
        for (name, value) in properties {
            let [of, _, created, updated, deleted] = child(image, value.as_str(), now);
            let value = Expr::val(text(value.text()));
            insert.values_panic([
                Expr::val(name.as_str()),
                of,
                value,
                created,
                updated,
                deleted,
            ]);
        }
        insert.on_conflict(
            OnConflict::columns([IMAGE_ID, NAME])
                .update_columns([NAME, VALUE, UPDATED_AT, DELETED])
                .value(DELETED_AT, null())
                .to_owned(),
        );
        batch.change(dialect.statement(&insert));
        if dialect.folds_names() && properties.len() > 1 {
            let names = properties.iter().map(|(name, _)| name.as_str());
            let there = live_properties(dialect, image)
                .and_where(dialect.is_one_of(Expr::col((PROPERTIES, NAME)), names))
                .take();
            let there = dialect.statement(&there);
            batch.require(there, properties.len() as u64, Breach::Unstorable);
        }
    }
}

/// Refuses properties whose name an image has in another spelling, where the database takes both
/// for one.
pub(super) fn refuse_other_spellings<'a>(
    batch: &mut Batch,
    dialect: Dialect,
    image: &Image,
    properties: impl Iterator<Item = (&'a PropertyName, &'a PropertyValue)>,
) {
    if !dialect.folds_names() {
        return;
    }
    let names: Vec<&str> = properties.map(|(name, _)| name.as_str()).collect();
    for names in names.chunks(MOST_ROWS) {
        let name = || Expr::col((PROPERTIES, NAME));
        let others = live_properties(dialect, image)
            .and_where(name().is_in(names.iter().copied()))
            .and_where(dialect.is_one_of(name(), names.iter().copied()).not())
            .take();
        batch.require(dialect.statement(&others), 0, Breach::Unstorable);
    }
}

fn live_properties(dialect: Dialect, image: &Image) -> SelectStatement {
    Query::select()
        .expr(Expr::cust("COUNT(*)"))
        .from(PROPERTIES)
        .and_where(Expr::col((PROPERTIES, IMAGE_ID)).eq(image.id.as_str()))
        .and_where(dialect.live(PROPERTIES))
        .take()
}

/// Puts a tag on an image that may bear it already.
pub(super) fn add_tag(
    batch: &mut Batch,
    dialect: Dialect,
    image: &Image,
    tag: &Tag,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let there = Query::select()
        .expr(Expr::cust("1"))
        .from(TAGS)
        .and_where(Expr::col((TAGS, IMAGE_ID)).eq(image.id.as_str()))
        .and_where(dialect.is_text(Expr::col((TAGS, VALUE)), tag.as_str()))
        .and_where(dialect.live(TAGS))
        .take();
    let new = Query::select()
        .exprs(child(image, tag.as_str(), now))
        .and_where(Expr::not_exists(there))
        .take();
    let mut insert = Query::insert();
    insert
        .into_table(TAGS)
        .columns([IMAGE_ID, VALUE, CREATED_AT, UPDATED_AT, DELETED])
        .select_from(new)
        .map_err(|error| CatalogError::Backend {
            operation: "put the insertion of a tag in words",
            source: Box::new(error),
        })?;
    batch.change(dialect.statement(&insert));
    Ok(())
}

/// Adds a location.
pub(super) fn add_location(
    batch: &mut Batch,
    dialect: Dialect,
    image: &Image,
    location: &Location,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let metadata =
        serde_json::to_string(&location.metadata).map_err(|error| CatalogError::Backend {
            operation: "store a location",
            source: Box::new(error),
        })?;
    let [of, url, created, updated, deleted] = child(image, location.url.as_str(), now);
    let insert = Query::insert()
        .into_table(LOCATIONS)
        .columns([
            IMAGE_ID, VALUE, CREATED_AT, UPDATED_AT, DELETED, META_DATA, STATUS,
        ])
        .values_panic([
            of,
            url,
            created,
            updated,
            deleted,
            Expr::val(metadata),
            Expr::val(LOCATION_ACTIVE),
        ])
        .take();
    batch.change(dialect.statement(&insert));
    Ok(())
}

/// The values that all these tables have: image, value, times, and not deleted.
fn child(image: &Image, value: &str, now: Timestamp) -> [Expr; 5] {
    [
        Expr::val(image.id.as_str()),
        Expr::val(value),
        Expr::val(time_value(now)),
        Expr::val(time_value(now)),
        Expr::val(false),
    ]
}

/// A location, from its `value` on.
pub(super) fn location(fields: &mut Fields) -> Result<Location, BadRow> {
    Ok(Location {
        url: BlobUrl::new(fields.required()?),
        metadata: metadata(fields)?,
    })
}

fn metadata(fields: &mut Fields) -> Result<Map<String, Json>, BadRow> {
    let Some(text) = fields.text()? else {
        return Ok(Map::new());
    };
    match serde_json::from_str(&text) {
        Ok(Json::Object(metadata)) => Ok(metadata),
        Ok(Json::Null) => Ok(Map::new()),
        Ok(_) => Err(fields.bad("is not an object of JSON")),
        Err(error) => Err(fields.bad(format_args!("is not JSON: {error}"))),
    }
}

const PROPERTY_COLUMNS: [&str; 4] = [ID, IMAGE_ID, NAME, VALUE];
const TAG_COLUMNS: [&str; 3] = [ID, IMAGE_ID, VALUE];
pub(super) const LOCATION_COLUMNS: [&str; 4] = [ID, IMAGE_ID, VALUE, META_DATA];

/// The most rows in one statement: databases bound the placeholders of a statement.
const MOST_ROWS: usize = 500;
