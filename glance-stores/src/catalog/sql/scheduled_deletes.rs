//! Deletes that were delayed: upstream's rows in status `pending_delete`.

use std::collections::HashMap;

use glance_core::domain::{
    BlobUrl, Holder, IMPORT_LOCK, Image, ImageId, Intent, IntentId, Location, Status, Timestamp,
    Work,
};
use glance_core::ports::{CatalogError, Located, ScheduledDelete};
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement, UpdateStatement};

use super::change::set_updated;
use super::children::{LOCATION_COLUMNS, location};
use super::database::{Batch, Breach, Database, Row, Selects, Statement};
use super::dialect::Dialect;
use super::fields::{BadRow, Fields};
use super::images::{Gone, assemble, hold, select_by_ids, size};
use super::intents;
use super::keys::{image_column, null, time_value};
use super::odds::Odds;
use super::tables::{
    DELETED, DELETED_AT, ID, IMAGE_ID, IMAGES, INTENTS, LOCATION_ACTIVE, LOCATION_DELETED,
    LOCATION_PENDING, LOCATIONS, MEMBERS, NAME, PROPERTIES, STATUS, TAGS, UPDATED_AT, VALUE,
};

/// Deletes of `before` or earlier, in the order of ids, with where data is left.
pub(in crate::catalog) async fn due(
    database: &impl Database,
    before: Timestamp,
    after: Option<ImageId>,
    limit: u32,
) -> Result<Vec<ScheduledDelete>, CatalogError> {
    let mut after = after.map(|image| image.to_string());
    let mut odds = Odds::default();
    loop {
        let select = select_due(before, after.as_deref(), limit);
        let select = database.dialect().statement(&select);
        let found = database.read(Selects::new("find scheduled deletes", vec![select]));
        let rows: Vec<Row> = found.await?.found.into_iter().flatten().collect();
        let is_last = (rows.len() as u64) < u64::from(limit);
        let mut ids = Vec::new();
        for row in rows {
            let mut fields = Fields::of(IMAGES, &[ID], row);
            let id = fields.required()?;
            match id.parse() {
                Ok(id) => ids.push(id),
                Err(error) => odds.add(fields.bad(error)),
            }
            after = Some(id);
        }
        let mut places = left(database, &ids, &mut odds).await?;
        ids.retain(|image| !odds.contains(*image));
        if is_last || !ids.is_empty() {
            odds.warn();
            let due = ids.into_iter().map(|image| ScheduledDelete {
                image,
                locations: places.remove(&image).unwrap_or_default(),
            });
            return Ok(due.collect());
        }
    }
}

fn select_due(before: Timestamp, after: Option<&str>, limit: u32) -> SelectStatement {
    Query::select()
        .column((IMAGES, ID))
        .from(IMAGES)
        .and_where(is_scheduled())
        .and_where(image_column(DELETED_AT).lte(Expr::val(time_value(before))))
        .and_where_option(after.map(|after| image_column(ID).gt(after)))
        .order_by((IMAGES, ID), Order::Asc)
        .limit(u64::from(limit))
        .take()
}

/// Where data of images is left.
async fn left(
    database: &impl Database,
    ids: &[ImageId],
    odds: &mut Odds,
) -> Result<HashMap<ImageId, Vec<Location>>, CatalogError> {
    let mut places: HashMap<ImageId, Vec<Location>> = HashMap::new();
    if ids.is_empty() {
        return Ok(places);
    }
    let select = Query::select()
        .columns(LOCATION_COLUMNS)
        .from(LOCATIONS)
        .and_where(Expr::col((LOCATIONS, IMAGE_ID)).is_in(ids.iter().map(ImageId::as_str)))
        .and_where(Expr::col((LOCATIONS, STATUS)).eq(LOCATION_PENDING))
        .order_by((LOCATIONS, ID), Order::Asc)
        .take();
    let select = database.dialect().statement(&select);
    let found = database.read(Selects::new("read scheduled deletes", vec![select]));
    for row in found.await?.found.into_iter().flatten() {
        let mut fields = Fields::of(LOCATIONS, &LOCATION_COLUMNS, row);
        fields.skip();
        let image: ImageId = fields.parsed()?;
        match location(&mut fields) {
            Ok(place) => places.entry(image).or_default().push(place),
            Err(bad) => odds.add_of(image.to_string(), bad),
        }
    }
    Ok(places)
}

/// Where data of one image is left.
pub(in crate::catalog) async fn left_of(
    database: &impl Database,
    image: ImageId,
) -> Result<Vec<Location>, CatalogError> {
    let mut odds = Odds::default();
    let places = left(database, &[image], &mut odds).await?;
    match odds.into_first() {
        Some(bad) => Err(bad.into()),
        None => Ok(places.into_values().flatten().collect()),
    }
}

/// Where images lead, and scheduled deletes, by the rows of locations alone.
pub(in crate::catalog) async fn located(
    database: &impl Database,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<Located>, CatalogError> {
    let dialect = database.dialect();
    let is_pending = Expr::col((LOCATIONS, STATUS)).eq(LOCATION_PENDING);
    let after = size(Some(after.unwrap_or_default()))?;
    let select = Query::select()
        .columns([ID, VALUE])
        .from(LOCATIONS)
        .and_where(Expr::col((LOCATIONS, ID)).gt(Expr::val(after)))
        .and_where(dialect.live(LOCATIONS).or(is_pending))
        .order_by((LOCATIONS, ID), Order::Asc)
        .limit(u64::from(limit))
        .take();
    let selects = Selects::new("read where images lead", vec![dialect.statement(&select)]);
    let found = database.read(selects).await?.found;
    let located = found.into_iter().flatten().map(|row| {
        let mut fields = Fields::of(LOCATIONS, &[ID, VALUE], row);
        let at = fields.size()?.ok_or_else(|| fields.bad("is NULL"))?;
        let url = BlobUrl::new(fields.required()?);
        Ok::<_, BadRow>(Located { at, url })
    });
    Ok(located.collect::<Result<_, _>>()?)
}

/// Records an intent while the delete is scheduled.
pub(in crate::catalog) async fn claim(
    database: &impl Database,
    intent: &Intent,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let dialect = database.dialect();
    let mut batch = Batch::new("claim a scheduled delete");
    hold(&mut batch, dialect, intent.image);
    let there = dialect.statement(&count(intent.image));
    batch.require(there, 1, Breach::Conflict);
    intents::claim(&mut batch, dialect, intent, now);
    database.write(batch).await.map(|_| ())
}

/// Records an intent to delete while its image is neither there nor scheduled to go.
pub(in crate::catalog) async fn begin_delete(
    database: &impl Database,
    intent: &Intent,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let dialect = database.dialect();
    let mut batch = Batch::new("begin to delete data of nobody");
    hold(&mut batch, dialect, intent.image);
    let there = Query::select()
        .expr(Expr::cust("COUNT(*)"))
        .from(IMAGES)
        .and_where(image_column(ID).eq(intent.image.as_str()))
        .and_where(image_column(DELETED).eq(false))
        .take();
    batch.require(dialect.statement(&there), 0, Breach::Conflict);
    batch.require(dialect.statement(&count(intent.image)), 0, Breach::Conflict);
    intents::claim(&mut batch, dialect, intent, now);
    database.write(batch).await.map(|_| ())
}

/// Notes that the data of an intent is gone, of a delayed delete or not.
pub(in crate::catalog) async fn finish_delete(
    database: &impl Database,
    intent: &Intent,
    holder: &Holder,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let dialect = database.dialect();
    let mut batch = Batch::new("finish a delete");
    hold(&mut batch, dialect, intent.image);
    batch.change(intents::delete(dialect, &intent.id, holder));
    if let Work::Delete(url) = &intent.work {
        batch.change(mark_scrubbed(dialect, intent.image, url, now));
    }
    database.write(batch).await.map(|_| ())
}

/// Notes that a location is let go of.
pub(in crate::catalog) async fn scrubbed(
    database: &impl Database,
    image: ImageId,
    url: &BlobUrl,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let dialect = database.dialect();
    let mut batch = Batch::new("note that data is gone");
    batch.change(mark_scrubbed(dialect, image, url, now));
    database.write(batch).await.map(|_| ())
}

fn mark_scrubbed(dialect: Dialect, image: ImageId, url: &BlobUrl, now: Timestamp) -> Statement {
    let update = pending_locations(image)
        .value(STATUS, LOCATION_DELETED)
        .value(DELETED_AT, time_value(now))
        .value(UPDATED_AT, time_value(now))
        .and_where(dialect.is_text(Expr::col((LOCATIONS, VALUE)), url.as_str()))
        .take();
    dialect.statement(&update)
}

/// Makes an image `deleted` of which no data is left.
pub(in crate::catalog) async fn finish(
    database: &impl Database,
    image: ImageId,
    now: Timestamp,
) -> Result<bool, CatalogError> {
    let dialect = database.dialect();
    let mut batch = Batch::new("finish a scheduled delete");
    let left = Query::select()
        .expr(Expr::cust("COUNT(*)"))
        .from(LOCATIONS)
        .and_where(Expr::col((LOCATIONS, IMAGE_ID)).eq(image.as_str()))
        .and_where(Expr::col((LOCATIONS, STATUS)).eq(LOCATION_PENDING))
        .take();
    batch.require(dialect.statement(&left), 0, Breach::Conflict);
    let mut update = Query::update();
    update.table(IMAGES);
    set_updated(&mut update, dialect, Expr::val(time_value(now)));
    update
        .value(STATUS, Status::Deleted.as_str())
        .and_where(image_column(ID).eq(image.as_str()))
        .and_where(is_scheduled());
    batch.change_some(dialect.statement(&update), Breach::Conflict);
    match database.write(batch).await {
        Ok(_) => Ok(true),
        Err(CatalogError::Conflict) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes a delete back. Upstream brings back the row of the image alone, and so an image without
/// data.
pub(in crate::catalog) async fn restore(
    database: &impl Database,
    image: ImageId,
    unrelated: &[IntentId],
    now: Timestamp,
) -> Result<Image, CatalogError> {
    let dialect = database.dialect();
    let mut batch = Batch::new("take a delete back");
    hold(&mut batch, dialect, image);
    batch.require(dialect.statement(&count(image)), 1, Breach::NotFound);
    let mut claims = intents::deletes_of(image);
    claims.expr(Expr::cust("COUNT(*)"));
    for intent in unrelated {
        claims.and_where(Expr::col((INTENTS, ID)).ne(intent.as_str()));
    }
    batch.require(dialect.statement(&claims), 0, Breach::Conflict);
    // What was removed before the delete was no location any more.
    let gone = Query::select()
        .expr(Expr::cust("COUNT(*)"))
        .from(LOCATIONS)
        .and_where(Expr::col((LOCATIONS, IMAGE_ID)).eq(image.as_str()))
        .and_where(Expr::col((LOCATIONS, STATUS)).eq(LOCATION_DELETED))
        .and_where(Expr::col((LOCATIONS, DELETED_AT)).gt(Expr::from(deleted_at(image))))
        .take();
    batch.require(dialect.statement(&gone), 0, Breach::Conflict);
    let locations = pending_locations(image)
        .value(STATUS, LOCATION_ACTIVE)
        .value(DELETED, false)
        .value(DELETED_AT, null())
        .value(UPDATED_AT, time_value(now))
        .take();
    batch.change_some(dialect.statement(&locations), Breach::Conflict);
    for table in [PROPERTIES, TAGS, MEMBERS] {
        batch.change(dialect.statement(&restore_rows(table, image, now)));
    }
    let mut update = Query::update();
    update.table(IMAGES);
    set_updated(&mut update, dialect, Expr::val(time_value(now)));
    update
        .value(STATUS, Status::Active.as_str())
        .value(DELETED, false)
        .value(DELETED_AT, null())
        .and_where(image_column(ID).eq(image.as_str()));
    batch.change(dialect.statement(&update));
    batch.then = select_by_ids(dialect, &[image], Gone::Hidden);

    let found = database.write(batch).await?;
    assemble(found)?.pop().ok_or(CatalogError::NotFound)
}

/// What went in the same delete as the image comes back with it, but for the lock of an import.
fn restore_rows(table: &'static str, image: ImageId, now: Timestamp) -> UpdateStatement {
    let mut update = Query::update();
    if table == PROPERTIES {
        update.and_where(Expr::col((PROPERTIES, NAME)).ne(IMPORT_LOCK));
    }
    update
        .table(table)
        .value(DELETED, false)
        .value(DELETED_AT, null())
        .value(UPDATED_AT, time_value(now))
        .and_where(Expr::col((table, IMAGE_ID)).eq(image.as_str()))
        .and_where(Expr::col((table, DELETED)).eq(true))
        .and_where(Expr::col((table, DELETED_AT)).in_subquery(deleted_at(image)))
        .take()
}

fn deleted_at(image: ImageId) -> SelectStatement {
    Query::select()
        .column((IMAGES, DELETED_AT))
        .from(IMAGES)
        .and_where(image_column(ID).eq(image.as_str()))
        .take()
}

fn pending_locations(image: ImageId) -> UpdateStatement {
    Query::update()
        .table(LOCATIONS)
        .and_where(Expr::col((LOCATIONS, IMAGE_ID)).eq(image.as_str()))
        .and_where(Expr::col((LOCATIONS, STATUS)).eq(LOCATION_PENDING))
        .take()
}

/// How many scheduled deletes there are of an image: 1 or 0.
fn count(image: ImageId) -> SelectStatement {
    Query::select()
        .expr(Expr::cust("COUNT(*)"))
        .from(IMAGES)
        .and_where(image_column(ID).eq(image.as_str()))
        .and_where(is_scheduled())
        .take()
}

fn is_scheduled() -> Expr {
    image_column(STATUS)
        .eq(Status::PendingDelete.as_str())
        .and(image_column(DELETED).eq(true))
}
