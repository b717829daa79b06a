//! Images as rows: how they are read, found and inserted.

use std::collections::HashMap;

use glance_core::domain::query::Direction;
use glance_core::domain::{
    ContainerFormat, Creation, DiskFormat, Image, ImageId, ImageName, ImageQuotas, Minimum,
    Multihash, ProjectId, Resource, Status, Timestamp,
};
use glance_core::ports::{CatalogError, SeenImage};
use sea_query::{Expr, ExprTrait, LockType, OnConflict, Query, SelectStatement, Value};

use super::children;
use super::database::{Batch, Database, Row, Selects, Statement};
use super::dialect::Dialect;
use super::fields::{BadRow, Fields};
use super::intents;
use super::keys::{image_column, read_position, time_value};
use super::members;
use super::odds::Odds;
use super::tables::{
    CREATED_AT, ID, IMAGES, LOCKS, NAME, OS_HIDDEN, OWNER, PROTECTED, STATUS, UPDATED_AT,
};
use super::tasks;
use super::usage;

/// Stores a new image.
pub(in crate::catalog) async fn insert(
    database: &impl Database,
    image: &Image,
    quotas: Option<ImageQuotas>,
) -> Result<(), CatalogError> {
    let mut batch = Batch::new("insert an image");
    add(
        &mut batch,
        database.dialect(),
        image,
        quotas.unwrap_or_default(),
    )?;
    database.write(batch).await.map(|_| ())
}

/// Stores a new image with the import that is to bring its data.
pub(in crate::catalog) async fn create(
    database: &impl Database,
    creation: &Creation,
) -> Result<(), CatalogError> {
    let Creation {
        image,
        quotas,
        claim,
        intent,
        task,
    } = creation;
    let dialect = database.dialect();
    let mut batch = Batch::new("create an image to import");
    if let Some(claim) = claim {
        usage::claim(&mut batch, dialect, claim, None)?;
    }
    add(&mut batch, dialect, image, *quotas)?;
    tasks::add(&mut batch, dialect, task)?;
    batch.change(intents::insert(dialect, intent));
    if let Some(claim) = claim {
        usage::keep_reserved(&mut batch, dialect, claim, &intent.id)?;
    }
    database.write(batch).await.map(|_| ())
}

/// The steps that store a new image, if it is within quotas.
fn add(
    batch: &mut Batch,
    dialect: Dialect,
    image: &Image,
    quotas: ImageQuotas,
) -> Result<(), CatalogError> {
    if quotas.all.is_some() || quotas.queued.is_some() {
        hold_owner(batch, dialect, image.owner.as_ref());
    }
    let mut owned = count();
    owned
        .and_where(is_owner(dialect, image.owner.as_ref()))
        .and_where(dialect.live_by_index(IMAGES));
    if let Some(limit) = quotas.all {
        batch.limit(dialect.statement(&owned), Resource::Images, limit, 1);
    }
    if let Some(limit) = quotas.queued {
        // Hidden or not: the index of owner and status has that between the two.
        owned
            .and_where(image_column(OS_HIDDEN).is_in([false, true]))
            .and_where(is_queued(dialect));
        batch.limit(dialect.statement(&owned), Resource::QueuedImages, limit, 1);
    }
    let mut columns = STORED.to_vec();
    let mut values = stored(image)?.to_vec();
    if let Some(exact) = dialect.exact_times() {
        let times = [image.created_at, image.updated_at];
        columns.extend(exact);
        values.extend(times.map(|time| Expr::val(time_value(time))));
    }
    let row = Query::insert()
        .into_table(IMAGES)
        .columns(columns)
        .values_panic(values)
        .take();
    batch.change(dialect.statement(&row));
    children::insert_all(batch, dialect, image)
}

/// Queued images that are not protected and did not change since `before`.
pub(in crate::catalog) async fn idle_queued(
    database: &impl Database,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<Image>, CatalogError> {
    let dialect = database.dialect();
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut images, mut odds, mut passed) = (Vec::new(), Odds::default(), 0);
    loop {
        let select = select_idle(dialect, before, limit, passed);
        let found = database.read(Selects::new("find idle images", vec![select]));
        let rows: Vec<Row> = found.await?.found.into_iter().flatten().collect();
        let is_last = rows.len() < most;
        passed += rows.len() as u64;
        let mut ids = Vec::new();
        for row in rows {
            match read_position(dialect, std::iter::empty(), row) {
                Ok((id, _)) => ids.push(id),
                Err(bad) => odds.add(bad),
            }
        }
        let found = database.read(Selects::new(
            "read idle images",
            select_by_ids(dialect, &ids, Gone::Hidden),
        ));
        let (mut idle, odd) = sort_out(found.await?.found);
        idle.sort_by_key(|image| (image.updated_at, image.id));
        images.extend(idle);
        odds.extend(odd);
        if is_last || images.len() >= most {
            odds.warn();
            images.truncate(most);
            return Ok(images);
        }
    }
}

/// The ids of idle images, after so many of them, in the order of an index of their own.
fn select_idle(dialect: Dialect, before: Timestamp, limit: u32, passed: u64) -> Statement {
    let mut select = Query::select();
    select
        .column((IMAGES, ID))
        .from(IMAGES)
        .and_where(is_queued(dialect))
        .and_where(dialect.live_by_index(IMAGES))
        .and_where(image_column(PROTECTED).not())
        .and_where(dialect.updated_at().lt(Expr::val(time_value(before))));
    page(&mut select, u64::from(limit), passed);
    for key in [dialect.updated_at(), dialect.text_key(ID)] {
        dialect.order_by(&mut select, key, Direction::Ascending);
    }
    dialect.walk(&mut select, "glance_rs_images_idle_queued");
    dialect.statement(&select)
}

/// An image that is not gone, and the answer of a project that it may be shared with.
pub(in crate::catalog) async fn find(
    database: &impl Database,
    id: ImageId,
    project: Option<&ProjectId>,
) -> Result<Option<SeenImage>, CatalogError> {
    let dialect = database.dialect();
    let mut statements = select_by_ids(dialect, &[id], Gone::Hidden);
    statements.extend(project.map(|project| members::select_status(dialect, id, project)));
    let mut found = database
        .read(Selects::new("find an image", statements))
        .await?
        .found;
    let membership = match project.and_then(|_| found.pop()) {
        Some(rows) => members::read_status(id, rows),
        None => None,
    };
    let image = assemble(found)?.pop();
    Ok(image.map(|image| SeenImage { image, membership }))
}

/// Whether images that are gone are read, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    Hidden,
    Read,
}

/// The statements that read images with all that belongs to them: for [`assemble`].
pub(super) fn select_by_ids(dialect: Dialect, ids: &[ImageId], gone: Gone) -> Vec<Statement> {
    let mut statements = Vec::new();
    for ids in ids.chunks(MOST_IDS) {
        let texts = || ids.iter().map(ImageId::as_str);
        let mut images = Query::select();
        images
            .exprs(COLUMNS.map(|column| match column {
                CREATED_AT => dialect.created_at(),
                UPDATED_AT => dialect.updated_at(),
                column => image_column(column),
            }))
            .from(IMAGES)
            .and_where(dialect.is_one_of(image_column(ID), texts()));
        if gone == Gone::Hidden {
            images.and_where(dialect.live(IMAGES));
        }
        statements.push(dialect.statement(&images));
        statements.extend(children::select(dialect, texts));
    }
    statements
}

/// Images from what [`select_by_ids`] found, in any order.
pub(super) fn assemble(found: Vec<Vec<Row>>) -> Result<Vec<Image>, CatalogError> {
    let (images, odds) = sort_out(found);
    match odds.into_first() {
        Some(bad) => Err(bad.into()),
        None => Ok(images),
    }
}

/// Images from what [`select_by_ids`] found, in any order, and those of which a row is odd.
pub(super) fn sort_out(found: Vec<Vec<Row>>) -> (Vec<Image>, Odds) {
    let (mut images, mut odds) = (Vec::new(), Odds::default());
    let mut places = HashMap::new();
    for (at, rows) in found.into_iter().enumerate() {
        match at % (1 + children::TABLES) {
            0 => {
                for row in rows {
                    match read(row) {
                        Ok(image) => {
                            places.insert(image.id, images.len());
                            images.push(image);
                        }
                        Err(bad) => odds.add(bad),
                    }
                }
            }
            table => {
                for row in rows {
                    let attached = children::attach(table, row, |id| {
                        places.get(&id).and_then(|place| images.get_mut(*place))
                    });
                    if let Err((image, bad)) = attached {
                        odds.add_of(image.to_string(), bad);
                    }
                }
            }
        }
    }
    images.retain(|image| !odds.contains(image.id));
    (images, odds)
}

/// So many rows, after so many others. Whoever goes on after rows that cannot be understood has no
/// better place to go on from.
pub(super) fn page(select: &mut SelectStatement, limit: u64, passed: u64) {
    select.limit(limit);
    if passed > 0 {
        select.offset(passed);
    }
}

/// `SELECT COUNT(*) FROM images`.
fn count() -> SelectStatement {
    Query::select()
        .expr(Expr::cust("COUNT(*)"))
        .from(IMAGES)
        .take()
}

/// Whether the image is there and not gone: 1 or 0.
pub(super) fn is_there(dialect: Dialect, id: ImageId) -> Statement {
    let mut there = count();
    there
        .and_where(image_column(ID).eq(id.as_str()))
        .and_where(dialect.live(IMAGES));
    dialect.statement(&there)
}

/// Has others that change the image wait until the batch is made: what it counts stays as it is.
pub(super) fn hold(batch: &mut Batch, dialect: Dialect, id: ImageId) {
    if dialect.has_several_writers() {
        let row = Query::select()
            .column((IMAGES, ID))
            .from(IMAGES)
            .and_where(image_column(ID).eq(id.as_str()))
            .lock(LockType::Update)
            .take();
        batch.change(dialect.statement(&row));
    }
}

/// Has others that insert or claim for the owner wait, on whichever node of a cluster they are: a row
/// that is written is one that nodes agree on.
pub(super) fn hold_owner(batch: &mut Batch, dialect: Dialect, owner: Option<&ProjectId>) {
    if dialect.has_several_writers() {
        let name = match owner {
            Some(owner) => format!("images of {}", owner.as_str()),
            None => "images of nobody".to_owned(),
        };
        let lock = Query::insert()
            .into_table(LOCKS)
            .columns([NAME, TAKEN])
            .values_panic([Expr::val(name), Expr::cust("1")])
            .on_conflict(
                OnConflict::column(NAME)
                    .value(TAKEN, Expr::col((LOCKS, TAKEN)).add(1_i64))
                    .to_owned(),
            )
            .take();
        batch.change(dialect.statement(&lock));
    }
}

pub(super) fn is_owner(dialect: Dialect, owner: Option<&ProjectId>) -> Expr {
    match owner {
        Some(owner) => dialect.is_text(image_column(OWNER), owner.as_str()),
        None => image_column(OWNER).is_null(),
    }
}

/// That an image is queued, in the very words of our partial index.
fn is_queued(dialect: Dialect) -> Expr {
    dialect
        .text_key(STATUS)
        .eq(Expr::Constant(Status::Queued.as_str().into()))
}

fn read(row: Row) -> Result<Image, BadRow> {
    let mut fields = Fields::of(IMAGES, &COLUMNS, row);
    let id = fields.parsed()?;
    let created_at = fields.time()?.ok_or_else(|| fields.bad("is NULL"))?;
    let updated_at = fields.time()?.unwrap_or(created_at);
    let mut image = Image::queued(id, created_at);
    image.updated_at = updated_at;
    image.name = fields.text()?.map(ImageName::stored);
    // Fails closed: an image without an owner is everybody's to see, one of owner `` nobody's.
    image.owner = fields.text()?.map(ProjectId::stored);
    image.visibility = fields.parsed()?;
    image.protected = fields.boolean()?;
    image.hidden = fields.boolean()?;
    image.disk_format = fields.text()?.map(DiskFormat::stored);
    image.container_format = fields.text()?.map(ContainerFormat::stored);
    image.min_disk = minimum(&mut fields)?;
    image.min_ram = minimum(&mut fields)?;
    image.size = fields.size()?;
    image.virtual_size = fields.size()?;
    image.checksum = fields.text()?;
    match (fields.text()?, fields.text()?) {
        (Some(algorithm), Some(value)) => image.multihash = Some(Multihash { algorithm, value }),
        (algorithm, _) => image.hash_awaited = algorithm,
    }
    let status: Status = fields.parsed()?;
    Ok(image.stored_as(status))
}

fn minimum(fields: &mut Fields) -> Result<Minimum, BadRow> {
    let number = fields.integer()?.unwrap_or_default();
    Minimum::try_from(number).map_err(|error| fields.bad(error))
}

/// The values of [`STORED`].
fn stored(image: &Image) -> Result<[Expr; STORED.len()], CatalogError> {
    let hash = image.multihash.as_ref();
    let values: [Value; STORED.len()] = [
        image.id.as_str().into(),
        time_value(image.created_at),
        time_value(image.updated_at),
        text(image.name.as_ref().map(ImageName::as_str)),
        text(image.owner.as_ref().map(ProjectId::as_str)),
        image.visibility.as_str().into(),
        image.protected.into(),
        image.hidden.into(),
        text(image.disk_format.as_ref().map(DiskFormat::as_str)),
        text(image.container_format.as_ref().map(ContainerFormat::as_str)),
        image.min_disk.get().into(),
        image.min_ram.get().into(),
        size(image.size)?,
        size(image.virtual_size)?,
        text(image.checksum.as_deref()),
        text(image.hash_algorithm()),
        text(hash.map(|hash| hash.value.as_str())),
        image.status().as_str().into(),
        false.into(),
    ];
    Ok(values.map(Expr::from))
}

/// A text, or NULL.
pub(super) fn text(text: Option<&str>) -> Value {
    Value::String(text.map(str::to_owned))
}

/// A number of bytes, or NULL.
pub(super) fn size(size: Option<u64>) -> Result<Value, CatalogError> {
    match size.map(i64::try_from).transpose() {
        Ok(size) => Ok(Value::BigInt(size)),
        Err(error) => Err(CatalogError::Backend {
            operation: "store a size",
            source: Box::new(error),
        }),
    }
}

/// The columns of an image, as [`read`] takes them.
const COLUMNS: [&str; 18] = {
    let mut columns = [""; 18];
    let mut at = 0;
    while at < columns.len() {
        columns[at] = STORED[at];
        at += 1;
    }
    columns
};

/// The columns of a new image; the last is not read.
const STORED: [&str; 19] = [
    "id",
    "created_at",
    "updated_at",
    "name",
    "owner",
    "visibility",
    "protected",
    "os_hidden",
    "disk_format",
    "container_format",
    "min_disk",
    "min_ram",
    "size",
    "virtual_size",
    "checksum",
    "os_hash_algo",
    "os_hash_value",
    "status",
    "deleted",
];

/// How often a lock was taken.
const TAKEN: &str = "taken";

/// The most ids in one statement: databases bound the placeholders of a statement.
const MOST_IDS: usize = 16_384;
