//! Intents: the rows that explain blobs (design D8).

use glance_core::domain::{BlobUrl, Holder, ImageId, Intent, IntentId, Timestamp, Work};
use glance_core::ports::{ABANDONED_AT_ONCE, CatalogError};
use sea_query::{
    Cond, Expr, ExprTrait, Func, IntoCondition, OnConflict, Order, Query, SelectStatement,
    UpdateStatement, WindowStatement,
};

use super::database::{Batch, Breach, Database, Row, Selects, Statement};
use super::dialect::Dialect;
use super::fields::{BadRow, Fields};
use super::images::text;
use super::keys::time_value;
use super::tables::{ID, IMAGE_ID, INTENTS, TAKE_OVERS};

/// Intents that may be taken over.
pub(in crate::catalog) async fn abandoned(
    database: &impl Database,
    asking: &Holder,
    now: Timestamp,
) -> Result<Vec<Intent>, CatalogError> {
    let dialect = database.dialect();
    let first = WindowStatement::partition_by(STORE)
        .order_by(LEASE_UNTIL, Order::Asc)
        .order_by(ID, Order::Asc)
        .take();
    let found = Query::select()
        .columns(COLUMNS)
        .expr_window_as(Func::cust("ROW_NUMBER"), first, TURN)
        .from(INTENTS)
        .cond_where(is_abandoned(asking, now))
        .take();
    let select = Query::select()
        .columns(COLUMNS)
        .from_subquery(found, "found")
        .and_where(Expr::col(TURN).lte(ABANDONED_AT_ONCE))
        .order_by(LEASE_UNTIL, Order::Asc)
        .order_by(ID, Order::Asc)
        .take();
    let selects = Selects::new("read intents", vec![dialect.statement(&select)]);
    let found = database.read(selects).await?.found;
    Ok(found
        .into_iter()
        .flatten()
        .map(read)
        .collect::<Result<_, _>>()?)
}

/// An intent by its id.
pub(in crate::catalog) async fn find(
    database: &impl Database,
    id: &IntentId,
) -> Result<Option<Intent>, CatalogError> {
    let dialect = database.dialect();
    let select = Query::select()
        .columns(COLUMNS)
        .from(INTENTS)
        .and_where(Expr::col(ID).eq(id.as_str()))
        .take();
    let selects = Selects::new("find an intent", vec![dialect.statement(&select)]);
    let found = database.read(selects).await?.found;
    let intent = found.into_iter().flatten().next().map(read);
    Ok(intent.transpose()?)
}

/// The intents of an image.
pub(in crate::catalog) async fn of_image(
    database: &impl Database,
    image: ImageId,
) -> Result<Vec<Intent>, CatalogError> {
    let select = Query::select()
        .columns(COLUMNS)
        .from(INTENTS)
        .and_where(Expr::col(IMAGE_ID).eq(image.as_str()))
        .order_by(ID, Order::Asc)
        .take();
    let select = database.dialect().statement(&select);
    let selects = Selects::new("read intents of an image", vec![select]);
    let found = database.read(selects).await?.found;
    let rows = found.into_iter().flatten();
    Ok(rows.map(read).collect::<Result<_, _>>()?)
}

/// Moves the lease of one's own intent, or takes over an abandoned one.
pub(in crate::catalog) async fn renew(
    database: &impl Database,
    intent: &IntentId,
    holder: &Holder,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, CatalogError> {
    let dialect = database.dialect();
    // On one's own node, it is either one's own or an earlier process's.
    let may = Cond::any().add(is_node(holder)).add(has_ended(now));
    let update = passed_to(holder, intent, until, may);
    let mut batch = Batch::new("renew an intent");
    batch.change_some(dialect.statement(&update), Breach::NotFound);
    match database.write(batch).await {
        Ok(_) => Ok(true),
        Err(CatalogError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Gives an intent to a holder until then, where that may be.
fn passed_to(
    holder: &Holder,
    intent: &IntentId,
    until: Timestamp,
    may: impl IntoCondition,
) -> UpdateStatement {
    Query::update()
        .table(INTENTS)
        .value(NODE, holder.node.as_str())
        .value(PROCESS, holder.process.as_str())
        .value(LEASE_UNTIL, time_value(until))
        .and_where(Expr::col(ID).eq(intent.as_str()))
        .cond_where(may)
        .take()
}

/// Takes over an abandoned intent, and counts how often that was; what is left of the counts of ended
/// ones goes.
pub(in crate::catalog) async fn take_over(
    database: &impl Database,
    intent: &IntentId,
    holder: &Holder,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<u64>, CatalogError> {
    let dialect = database.dialect();
    let mut batch = Batch::new("take over an intent");
    let update = passed_to(holder, intent, until, is_abandoned(holder, now));
    batch.change_some(dialect.statement(&update), Breach::NotFound);
    let there = Query::select()
        .expr(Expr::cust("1"))
        .from(INTENTS)
        .and_where(Expr::col((INTENTS, ID)).equals((TAKE_OVERS, INTENT_ID)))
        .take();
    let ended = Query::delete()
        .from_table(TAKE_OVERS)
        .and_where(Expr::exists(there).not())
        .take();
    batch.change(dialect.statement(&ended));
    let count = Query::insert()
        .into_table(TAKE_OVERS)
        .columns([INTENT_ID, TIMES])
        .values_panic([Expr::val(intent.as_str()), Expr::cust("1")])
        .on_conflict(
            OnConflict::column(INTENT_ID)
                .value(TIMES, Expr::col((TAKE_OVERS, TIMES)).add(1_i64))
                .to_owned(),
        )
        .take();
    batch.change(dialect.statement(&count));
    let times = Query::select()
        .column(TIMES)
        .from(TAKE_OVERS)
        .and_where(Expr::col(INTENT_ID).eq(intent.as_str()))
        .take();
    batch.then = vec![dialect.statement(&times)];
    match database.write(batch).await {
        Ok(found) => {
            let row = found.into_iter().flatten().next().unwrap_or_default();
            Ok(Fields::of(TAKE_OVERS, &[TIMES], row).size()?)
        }
        Err(CatalogError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Ends an intent, if it is there and `holder` holds it.
pub(in crate::catalog) async fn end(
    database: &impl Database,
    intent: &IntentId,
    holder: &Holder,
) -> Result<(), CatalogError> {
    let mut batch = Batch::new("end an intent");
    batch.change(delete(database.dialect(), intent, holder));
    database.write(batch).await.map(|_| ())
}

/// Where data of an image is being removed from.
pub(in crate::catalog) async fn open_deletes(
    database: &impl Database,
    image: ImageId,
) -> Result<Vec<BlobUrl>, CatalogError> {
    let select = deletes_of(image).column(URL).take();
    let select = database.dialect().statement(&select);
    let selects = Selects::new("read open deletes", vec![select]);
    let found = database.read(selects).await?.found;
    let rows = found.into_iter().flatten();
    let urls = rows.map(|row| Ok(BlobUrl::new(Fields::of(INTENTS, &[URL], row).required()?)));
    Ok(urls.collect::<Result<_, BadRow>>()?)
}

/// Makes way for an intent to remove what nobody else removes: the condition, and what is abandoned
/// goes.
pub(super) fn claim(batch: &mut Batch, dialect: Dialect, intent: &Intent, now: Timestamp) {
    let url = intent.work.url().map(BlobUrl::as_str).unwrap_or_default();
    let same = |condition: Cond| {
        Cond::all()
            .add(is_delete_of(intent.image))
            .add(dialect.is_text(Expr::col(URL), url))
            .add(condition)
    };
    let abandoned = Query::delete()
        .from_table(INTENTS)
        .cond_where(same(is_abandoned(&intent.holder, now)))
        .take();
    batch.change(dialect.statement(&abandoned));
    let held = Query::select()
        .expr(Expr::cust("COUNT(*)"))
        .from(INTENTS)
        .cond_where(same(Cond::all()))
        .take();
    batch.require(dialect.statement(&held), 0, Breach::Conflict);
    batch.change(insert(dialect, intent));
}

/// The intents to remove data of an image.
pub(super) fn deletes_of(image: ImageId) -> SelectStatement {
    Query::select()
        .from(INTENTS)
        .and_where(is_delete_of(image))
        .take()
}

fn is_delete_of(image: ImageId) -> Expr {
    let is_delete = Expr::col(WORK).eq(DELETE);
    Expr::col(IMAGE_ID).eq(image.as_str()).and(is_delete)
}

pub(super) fn insert(dialect: Dialect, intent: &Intent) -> Statement {
    let work = match &intent.work {
        Work::Stage => STAGE,
        Work::Staged(_) => STAGED,
        Work::Upload => UPLOAD,
        Work::Delete(_) => DELETE,
        Work::Hash(_) => HASH,
        Work::Import(_) => IMPORT,
        Work::Vacate => VACATE,
        Work::Discard(_) => DISCARD,
    };
    let subject = match &intent.work {
        Work::Discard(upload) => Some(upload.as_str()),
        work => work.url().map(BlobUrl::as_str),
    };
    let insert = Query::insert()
        .into_table(INTENTS)
        .columns(COLUMNS)
        .values_panic([
            Expr::val(intent.id.as_str()),
            Expr::val(intent.image.as_str()),
            Expr::val(intent.store.as_str()),
            Expr::val(work),
            Expr::val(text(subject)),
            Expr::val(intent.holder.node.as_str()),
            Expr::val(intent.holder.process.as_str()),
            Expr::val(time_value(intent.lease_until)),
        ])
        .take();
    dialect.statement(&insert)
}

pub(super) fn delete(dialect: Dialect, intent: &IntentId, holder: &Holder) -> Statement {
    let delete = Query::delete()
        .from_table(INTENTS)
        .and_where(Expr::col(ID).eq(intent.as_str()))
        .and_where(is_node(holder))
        .and_where(Expr::col(PROCESS).eq(holder.process.as_str()))
        .take();
    dialect.statement(&delete)
}

/// How many intents of this id the holder has: 1 or 0.
pub(super) fn count_held(dialect: Dialect, intent: &IntentId, holder: &Holder) -> Statement {
    let held = Query::select()
        .expr(Expr::cust("COUNT(*)"))
        .from(INTENTS)
        .and_where(Expr::col(ID).eq(intent.as_str()))
        .and_where(is_node(holder))
        .and_where(Expr::col(PROCESS).eq(holder.process.as_str()))
        .take();
    dialect.statement(&held)
}

fn read(row: Row) -> Result<Intent, BadRow> {
    let mut fields = Fields::of(INTENTS, &COLUMNS, row);
    let id = fields.parsed()?;
    let image = fields.parsed()?;
    let store = fields.parsed()?;
    let work = fields.required()?;
    let unknown_work = fields.bad(format_args!("`{work}` is no work on a blob"));
    let url = fields.text()?;
    let work = match (work.as_str(), url) {
        (STAGE, _) => Work::Stage,
        (STAGED, Some(url)) => Work::Staged(BlobUrl::new(url)),
        (UPLOAD, _) => Work::Upload,
        (DELETE, Some(url)) => Work::Delete(BlobUrl::new(url)),
        (HASH, Some(url)) => Work::Hash(BlobUrl::new(url)),
        (VACATE, _) => Work::Vacate,
        (DISCARD, Some(upload)) => Work::Discard(IntentId::stored(upload)),
        (IMPORT, url) => Work::Import(url.map(BlobUrl::new)),
        (DELETE | DISCARD | HASH | STAGED, None) => return Err(fields.bad("is NULL")),
        _ => return Err(unknown_work),
    };
    let holder = Holder {
        node: fields.required()?,
        process: fields.required()?,
    };
    let lease_until = fields.time()?.ok_or_else(|| fields.bad("is NULL"))?;
    Ok(Intent {
        id,
        image,
        store,
        work,
        holder,
        lease_until,
    })
}

/// As [`Intent::is_abandoned`].
fn is_abandoned(asking: &Holder, now: Timestamp) -> Cond {
    let of_earlier_process = is_node(asking).and(Expr::col(PROCESS).ne(asking.process.as_str()));
    Cond::any().add(has_ended(now)).add(of_earlier_process)
}

fn has_ended(now: Timestamp) -> Expr {
    Expr::col(LEASE_UNTIL).lte(Expr::val(time_value(now)))
}

fn is_node(holder: &Holder) -> Expr {
    Expr::col(NODE).eq(holder.node.as_str())
}

pub(super) const WORK: &str = "work";
const STORE: &str = "store";
/// Where the blob is; or, of what is to be discarded, the id under which it was written.
const URL: &str = "url";
const NODE: &str = "node";
const PROCESS: &str = "process";
const LEASE_UNTIL: &str = "lease_until";
const INTENT_ID: &str = "intent_id";
const TIMES: &str = "times";
/// Which of the intents of its store an intent is.
const TURN: &str = "turn";
const COLUMNS: [&str; 8] = [ID, IMAGE_ID, STORE, WORK, URL, NODE, PROCESS, LEASE_UNTIL];

pub(super) const STAGE: &str = "stage";
const STAGED: &str = "staged";
const UPLOAD: &str = "upload";
const DELETE: &str = "delete";
const HASH: &str = "hash";
const IMPORT: &str = "import";
const VACATE: &str = "vacate";
const DISCARD: &str = "discard";
