//! What projects have, and what they are granted: what `Usage::of` and `Claim::check` mean.

use glance_core::domain::{
    Area, Claim, Holder, IMPORTING_TO_STORES, IntentId, ProjectId, Resource, Status, Usage,
};
use glance_core::ports::CatalogError;
use sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement, UnionType};

use super::database::{Batch, Breach, Database, Selects, Statement};
use super::dialect::Dialect;
use super::fields::Fields;
use super::images::{hold_owner, is_owner, size};
use super::intents;
use super::keys::image_column;
use super::tables::{
    ID, IMAGE_ID, IMAGES, INTENTS, LOCATION_DELETED, LOCATIONS, NAME, OWNER, PROPERTIES,
    RESERVATIONS, STATUS, VALUE,
};

/// What a project has.
pub(in crate::catalog) async fn usage(
    database: &impl Database,
    project: &ProjectId,
) -> Result<Usage, CatalogError> {
    let dialect = database.dialect();
    let figures = figures(dialect, project).to_vec();
    let found = database.read(Selects::new("count what a project has", figures));
    let mut figures = found.await?.found.into_iter().flatten().map(|row| {
        let mut fields = Fields::of(IMAGES, &["figure"], row);
        fields.size().map(Option::unwrap_or_default)
    });
    let mut next = || figures.next().transpose().map(Option::unwrap_or_default);
    Ok(Usage {
        images: next()?,
        staged_bytes: next()?,
        stored_bytes: next()?,
        uploads: next()?,
    })
}

/// The figures of a [`Usage`], in the order of its fields.
pub(in crate::catalog) fn figures(dialect: Dialect, project: &ProjectId) -> [Statement; 4] {
    let images = owned(dialect, project).expr(Expr::cust("COUNT(*)")).take();
    [
        dialect.statement(&images),
        bytes(dialect, Area::Staging, project, None),
        bytes(dialect, Area::Stores, project, None),
        uploads(dialect, project),
    ]
}

/// Reserves bytes for an upload that is under way.
pub(in crate::catalog) async fn reserve(
    database: &impl Database,
    intent: &IntentId,
    holder: &Holder,
    wanted: &Claim,
) -> Result<(), CatalogError> {
    let dialect = database.dialect();
    let mut batch = Batch::new("reserve bytes");
    claim(&mut batch, dialect, wanted, Some(intent))?;
    let held = intents::count_held(dialect, intent, holder);
    batch.require(held, 1, Breach::Conflict);
    keep_reserved(&mut batch, dialect, wanted, intent)?;
    database.write(batch).await.map(|_| ())
}

/// The conditions of a claim, but for what an intent has reserved already. Others that claim for the
/// project wait until the batch is made.
pub(super) fn claim(
    batch: &mut Batch,
    dialect: Dialect,
    claim: &Claim,
    without: Option<&IntentId>,
) -> Result<(), CatalogError> {
    let Claim {
        project, limits, ..
    } = claim;
    hold_owner(batch, dialect, Some(project));
    if let Some(limit) = claim.byte_limit() {
        let bytes = bytes(dialect, claim.area, project, without);
        batch.limit(bytes, claim.resource(), limit, claim.bytes);
    }
    if let (Some(staged), Some(limit)) = (claim.staged, limits.staged_bytes) {
        let others = bytes(dialect, Area::Staging, project, without);
        batch.limit(others, Resource::StagedBytes, limit, staged);
    }
    if let Some(limit) = limits.uploads.filter(|_| claim.uploads > 0) {
        let others = uploads(dialect, project);
        batch.limit(others, Resource::Uploads, limit, claim.uploads);
    }
    Ok(())
}

/// Notes what a claim reserves for an intent, and lets go of what the project has reserved for
/// intents that have ended.
pub(super) fn keep_reserved(
    batch: &mut Batch,
    dialect: Dialect,
    claim: &Claim,
    intent: &IntentId,
) -> Result<(), CatalogError> {
    if claim.byte_limit().is_none() {
        return Ok(());
    }
    let ended = Query::delete()
        .from_table(RESERVATIONS)
        .and_where(Expr::col((RESERVATIONS, OWNER)).eq(claim.project.as_str()))
        .and_where(Expr::exists(intent_of_reservation()).not())
        .take();
    batch.change(dialect.statement(&ended));
    let bytes = size(Some(claim.bytes))?;
    let put = Query::insert()
        .into_table(RESERVATIONS)
        .columns([INTENT_ID, OWNER, BYTES])
        .values_panic([
            Expr::val(intent.as_str()),
            Expr::val(claim.project.as_str()),
            Expr::val(bytes.clone()),
        ])
        .on_conflict(
            OnConflict::column(INTENT_ID)
                .value(BYTES, Expr::val(bytes))
                .to_owned(),
        )
        .take();
    batch.change(dialect.statement(&put));
    Ok(())
}

/// The bytes that a project has in an area, and what is reserved there.
fn bytes(
    dialect: Dialect,
    area: Area,
    project: &ProjectId,
    without: Option<&IntentId>,
) -> Statement {
    let mut rows = match area {
        Area::Staging => staged(dialect, project),
        Area::Stores => stored(dialect, project),
    };
    let mut intent = intent_of_reservation();
    let is_stage = Expr::col((INTENTS, intents::WORK)).eq(intents::STAGE);
    intent.and_where(match area {
        Area::Staging => is_stage,
        Area::Stores => is_stage.not(),
    });
    let mut reserved = Query::select();
    reserved
        .expr_as(Expr::col((RESERVATIONS, BYTES)), BYTES)
        .from(RESERVATIONS)
        .and_where(Expr::col((RESERVATIONS, OWNER)).eq(project.as_str()))
        .and_where(Expr::exists(intent));
    if let Some(intent) = without {
        reserved.and_where(Expr::col((RESERVATIONS, INTENT_ID)).ne(intent.as_str()));
    }
    rows.union(UnionType::All, reserved);
    let sum = Query::select()
        .expr(dialect.sum(Expr::col(BYTES)))
        .from_subquery(rows, "counted")
        .take();
    dialect.statement(&sum)
}

/// The bytes of each image once for each of its locations.
fn stored(dialect: Dialect, project: &ProjectId) -> SelectStatement {
    let mut rows = sizes(dialect, project);
    dialect.join_in_order(
        &mut rows,
        LOCATIONS,
        Expr::col((LOCATIONS, IMAGE_ID)).equals((IMAGES, ID)),
    );
    // Upstream: what is still to be removed counts, whether it is marked as deleted or not.
    rows.and_where(
        dialect
            .without_index(Expr::col((LOCATIONS, STATUS)))
            .ne(LOCATION_DELETED),
    );
    rows
}

/// The bytes of each image that is being imported, or copied.
fn staged(dialect: Dialect, project: &ProjectId) -> SelectStatement {
    sizes(dialect, project).and_where(is_staged(dialect)).take()
}

/// The sizes of the images that have one.
fn sizes(dialect: Dialect, project: &ProjectId) -> SelectStatement {
    owned(dialect, project)
        .expr_as(image_column(SIZE), BYTES)
        .and_where(image_column(SIZE).gt(Expr::cust("0")))
        .take()
}

fn intent_of_reservation() -> SelectStatement {
    Query::select()
        .expr(Expr::cust("1"))
        .from(INTENTS)
        .and_where(Expr::col((INTENTS, ID)).equals((RESERVATIONS, INTENT_ID)))
        .take()
}

fn uploads(dialect: Dialect, project: &ProjectId) -> Statement {
    let saving = image_column(STATUS).eq(Status::Saving.as_str());
    let select = owned(dialect, project)
        .expr(Expr::cust("COUNT(*)"))
        .and_where(saving.or(is_staged(dialect)))
        .take();
    dialect.statement(&select)
}

/// `FROM images`, of those of a project.
fn owned(dialect: Dialect, project: &ProjectId) -> SelectStatement {
    Query::select()
        .from(IMAGES)
        .and_where(is_owner(dialect, Some(project)))
        .and_where(dialect.live_by_index(IMAGES))
        .take()
}

/// That an image is being imported, or copied to more stores.
fn is_staged(dialect: Dialect) -> Expr {
    let column = |name: &'static str| Expr::col((PROPERTIES, name));
    let copied = Query::select()
        .expr(Expr::cust("1"))
        .from(PROPERTIES)
        .and_where(column(IMAGE_ID).equals((IMAGES, ID)))
        .and_where(column(NAME).eq(IMPORTING_TO_STORES))
        .and_where(column(VALUE).ne(""))
        .and_where(dialect.live(PROPERTIES))
        .take();
    let statuses = [Status::Importing, Status::Uploading].map(Status::as_str);
    image_column(STATUS)
        .is_in(statuses)
        .or(dialect.exists(copied))
}

const SIZE: &str = "size";
const BYTES: &str = "bytes";
const INTENT_ID: &str = "intent_id";
