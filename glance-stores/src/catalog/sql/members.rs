//! Members of images.

use glance_core::domain::{ImageId, MemberStatus, Membership, ProjectId, Resource, Timestamp};
use glance_core::ports::CatalogError;
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use super::database::{Batch, Breach, Database, Row, Selects, Statement};
use super::dialect::Dialect;
use super::fields::{BadRow, Fields};
use super::images;
use super::keys::{null, time_value};
use super::tables::{
    CREATED_AT, DELETED, DELETED_AT, ID, IMAGE_ID, MEMBER, MEMBERS, STATUS, UPDATED_AT,
};

/// The members of an image in the order in which they were added.
pub(in crate::catalog) async fn members(
    database: &impl Database,
    image: ImageId,
) -> Result<Vec<Membership>, CatalogError> {
    let dialect = database.dialect();
    let select = Query::select()
        .columns(COLUMNS)
        .from(MEMBERS)
        .and_where(is_image(image))
        .and_where(dialect.live(MEMBERS))
        .order_by(CREATED_AT, Order::Asc)
        .order_by(ID, Order::Asc)
        .take();
    let selects = Selects::new("read members", vec![dialect.statement(&select)]);
    let found = database.read(selects).await?.found;
    let mut members: Vec<Membership> = Vec::new();
    for row in found.into_iter().flatten() {
        match read(row) {
            // Upstream may race to two rows of one project.
            Ok(member) if members.iter().any(|known| known.project == member.project) => {}
            Ok(member) => members.push(member),
            Err(bad) => left_out(image, &bad),
        }
    }
    Ok(members)
}

/// Says that a row is taken for none.
fn left_out(image: ImageId, bad: &BadRow) {
    tracing::warn!(
        image.id = %image, error = bad as &dyn std::error::Error,
        "a member is taken for none: its row holds what no Glance writes"
    );
}

/// Adds a member.
pub(in crate::catalog) async fn put(
    database: &impl Database,
    member: &Membership,
    quota: Option<u64>,
) -> Result<(), CatalogError> {
    let dialect = database.dialect();
    let of_project = is_project(dialect, &member.project);
    let mut batch = Batch::new("add a member");
    images::hold(&mut batch, dialect, member.image);
    batch.require(images::is_there(dialect, member.image), 1, Breach::NotFound);
    let mut same = live_count(dialect, member.image);
    same.and_where(of_project.clone());
    batch.require(dialect.statement(&same), 0, Breach::Conflict);
    if let Some(limit) = quota {
        let all = dialect.statement(&live_count(dialect, member.image));
        batch.limit(all, Resource::Members, limit, 1);
    }
    batch.change(revive(dialect, member));
    batch.change(insert_unless_there(dialect, member)?);
    database.write(batch).await.map(|_| ())
}

/// Sets the answer of a member, or removes it.
pub(in crate::catalog) async fn set(
    database: &impl Database,
    image: ImageId,
    project: &ProjectId,
    status: Option<MemberStatus>,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let dialect = database.dialect();
    let now = time_value(now);
    let mut update = Query::update();
    update.table(MEMBERS).value(UPDATED_AT, now.clone());
    match status {
        Some(status) => update.value(STATUS, status.as_str()),
        None => update.value(DELETED, true).value(DELETED_AT, now),
    };
    update
        .and_where(is_image(image))
        .and_where(is_project(dialect, project))
        .and_where(dialect.live(MEMBERS));
    let mut batch = Batch::new("change a member");
    images::hold(&mut batch, dialect, image);
    if status.is_none() {
        let project = dialect.exactly(Expr::col(MEMBER));
        batch.change(delete_twins(dialect, image, project));
    }
    batch.change_some(dialect.statement(&update), Breach::NotFound);
    database.write(batch).await.map(|_| ())
}

/// Leaves one row of each member. Upstream may race to two, and they could not be marked as deleted
/// at the same time.
pub(super) fn delete_twins(dialect: Dialect, image: ImageId, project: Expr) -> Statement {
    let firsts = Query::select()
        .expr(Expr::col(ID).min())
        .from(MEMBERS)
        .and_where(is_image(image))
        .and_where(dialect.live(MEMBERS))
        .add_group_by([project])
        .take();
    let delete = Query::delete()
        .from_table(MEMBERS)
        .and_where(is_image(image))
        .and_where(dialect.live(MEMBERS))
        .and_where(Expr::col(ID).not_in_subquery(dialect.of_changed_table(firsts)))
        .take();
    dialect.statement(&delete)
}

/// The statement that reads the answer of a project: for [`read_status`].
pub(super) fn select_status(dialect: Dialect, image: ImageId, project: &ProjectId) -> Statement {
    let select = Query::select()
        .columns([ID, STATUS])
        .from(MEMBERS)
        .and_where(is_image(image))
        .and_where(is_project(dialect, project))
        .and_where(dialect.live(MEMBERS))
        .order_by(ID, Order::Asc)
        .take();
    dialect.statement(&select)
}

/// The answer in the first row that can be understood: upstream may race to two.
pub(super) fn read_status(image: ImageId, rows: Vec<Row>) -> Option<MemberStatus> {
    rows.into_iter().find_map(|row| {
        let mut fields = Fields::of(MEMBERS, &[ID, STATUS], row);
        fields.skip();
        let status = fields.parsed();
        status.inspect_err(|bad| left_out(image, bad)).ok()
    })
}

/// Makes the first row of a project that was a member before one of a member again (upstream).
/// Its time of creation is the new one, unlike upstream's: it is a new offer.
fn revive(dialect: Dialect, member: &Membership) -> Statement {
    let first = Query::select()
        .expr(Expr::col(ID).min())
        .from(MEMBERS)
        .and_where(is_image(member.image))
        .and_where(is_project(dialect, &member.project))
        .take();
    let update = Query::update()
        .table(MEMBERS)
        .value(DELETED, false)
        .value(DELETED_AT, null())
        .value(STATUS, member.status.as_str())
        .value(CREATED_AT, time_value(member.created_at))
        .value(UPDATED_AT, time_value(member.updated_at))
        .and_where(Expr::col(ID).in_subquery(dialect.of_changed_table(first)))
        .take();
    dialect.statement(&update)
}

fn insert_unless_there(dialect: Dialect, member: &Membership) -> Result<Statement, CatalogError> {
    let there = Query::select()
        .expr(Expr::cust("1"))
        .from(MEMBERS)
        .and_where(is_image(member.image))
        .and_where(is_project(dialect, &member.project))
        .and_where(dialect.live(MEMBERS))
        .take();
    let new = Query::select()
        .exprs([
            Expr::val(member.image.as_str()),
            Expr::val(member.project.as_str()),
            Expr::val(member.status.as_str()),
            Expr::val(time_value(member.created_at)),
            Expr::val(time_value(member.updated_at)),
            Expr::val(false),
            Expr::val(false),
        ])
        .and_where(Expr::not_exists(there))
        .take();
    let mut insert = Query::insert();
    insert
        .into_table(MEMBERS)
        .columns([
            IMAGE_ID,
            MEMBER,
            STATUS,
            CREATED_AT,
            UPDATED_AT,
            DELETED,
            "can_share",
        ])
        .select_from(new)
        .map_err(|error| CatalogError::Backend {
            operation: "put the insertion of a member in words",
            source: Box::new(error),
        })?;
    Ok(dialect.statement(&insert))
}

fn read(row: Row) -> Result<Membership, BadRow> {
    let mut fields = Fields::of(MEMBERS, &COLUMNS, row);
    fields.skip();
    let image = fields.parsed()?;
    let project = ProjectId::stored(fields.required()?);
    let status = fields.parsed()?;
    let created_at = fields.time()?.ok_or_else(|| fields.bad("is NULL"))?;
    let updated_at = fields.time()?.unwrap_or(created_at);
    Ok(Membership {
        image,
        project,
        status,
        created_at,
        updated_at,
    })
}

fn live_count(dialect: Dialect, image: ImageId) -> SelectStatement {
    Query::select()
        .expr(Expr::cust("COUNT(*)"))
        .from(MEMBERS)
        .and_where(is_image(image))
        .and_where(dialect.live(MEMBERS))
        .take()
}

fn is_image(image: ImageId) -> Expr {
    Expr::col((MEMBERS, IMAGE_ID)).eq(image.as_str())
}

fn is_project(dialect: Dialect, project: &ProjectId) -> Expr {
    dialect.is_text(Expr::col((MEMBERS, MEMBER)), project.as_str())
}

const COLUMNS: [&str; 6] = [ID, IMAGE_ID, MEMBER, STATUS, CREATED_AT, UPDATED_AT];
