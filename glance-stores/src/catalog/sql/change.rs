//! Changes of images: what `Change::applied_to` means, as steps.

use glance_core::domain::{
    BlobUrl, Change, ContainerFormat, DiskFormat, Guard, Image, ImageName, ProjectId, PropertyName,
    Status, TaskStep, Timestamp,
};
use glance_core::ports::CatalogError;
use sea_query::{Expr, ExprTrait, Query, UpdateStatement};

use super::children::{add_location, add_tag, put_properties, refuse_other_spellings};
use super::database::{Batch, Breach, Database};
use super::dialect::Dialect;
use super::images::{Gone, assemble, is_there, select_by_ids, size, text};
use super::import_lock;
use super::intents;
use super::keys::{image_column, time_value};
use super::members;
use super::tables::{
    DELETED, DELETED_AT, ID, IMAGE_ID, IMAGES, LOCATION_ACTIVE, LOCATION_DELETED, LOCATION_PENDING,
    LOCATIONS, MEMBER, MEMBERS, NAME, PROPERTIES, STATUS, TAGS, UPDATED_AT, VALUE,
};
use super::tasks;
use super::usage;

/// Makes a change; gives the image as it is then stored.
pub(in crate::catalog) async fn commit(
    database: &impl Database,
    change: &Change,
) -> Result<Image, CatalogError> {
    let dialect = database.dialect();
    let id = change.before.id;
    let mut batch = Batch::new("commit a change of an image");
    if let Some(claim) = &change.claim {
        usage::claim(&mut batch, dialect, claim, None)?;
    }
    batch.require(is_there(dialect, id), 1, Breach::NotFound);
    update_image(&mut batch, dialect, change)?;
    import_lock::step(&mut batch, dialect, change);
    if change.deletes() {
        delete_children(&mut batch, dialect, change);
    } else {
        update_properties(&mut batch, dialect, change);
        update_tags(&mut batch, dialect, change)?;
        update_locations(&mut batch, dialect, change)?;
    }
    // What ends may begin anew: so its holder makes sure that nobody took it over.
    if let Some((ended, holder)) = &change.ended {
        batch.change_some(intents::delete(dialect, ended, holder), Breach::Conflict);
    }
    for task in &change.tasks {
        match task {
            TaskStep::Recorded(task) => tasks::add(&mut batch, dialect, task)?,
            TaskStep::Moved { task, from } => {
                // That no such task is there must not read as if the image were gone.
                tasks::change(&mut batch, dialect, task, *from, Breach::Conflict)?;
            }
        }
    }
    for intent in &change.begun {
        batch.change(intents::insert(dialect, intent));
    }
    if let (Some(claim), Some(upload)) = (&change.claim, change.begun_upload()) {
        usage::keep_reserved(&mut batch, dialect, claim, &upload.id)?;
    }
    batch.then = select_by_ids(dialect, &[id], Gone::Read);

    let found = database.write(batch).await?;
    assemble(found)?.pop().ok_or(CatalogError::NotFound)
}

fn update_image(batch: &mut Batch, dialect: Dialect, change: &Change) -> Result<(), CatalogError> {
    let (before, after) = (&change.before, &change.after);
    let mut update = Query::update();
    update.table(IMAGES);
    let now = Expr::val(time_value(after.updated_at));
    set_updated(&mut update, dialect, now.clone());
    if before.status() != after.status() {
        update.value(STATUS, after.status().as_str());
    }
    if change.deletes() {
        update.value(DELETED, true).value(DELETED_AT, now);
    }
    set_what_differs(&mut update, before, after)?;
    update
        .and_where(image_column(ID).eq(before.id.as_str()))
        .and_where(dialect.live(IMAGES))
        .and_where(image_column(STATUS).eq(before.status().as_str()));
    match change.guard {
        Guard::Status => {}
        Guard::Unchanged => {
            update.and_where(
                dialect
                    .updated_at()
                    .eq(Expr::val(time_value(before.updated_at))),
            );
        }
    }
    batch.change_some(dialect.statement(&update), Breach::Conflict);
    Ok(())
}

/// Moves the time of an image's last change on.
pub(super) fn set_updated(update: &mut UpdateStatement, dialect: Dialect, now: Expr) {
    let updated = dialect.greater(dialect.updated_at(), now);
    // First: databases may take what is set before for what was there.
    if let Some([_, exact]) = dialect.exact_times() {
        update.value(exact, updated.clone());
    }
    update.value(UPDATED_AT, updated);
}

fn set_what_differs(
    update: &mut UpdateStatement,
    before: &Image,
    after: &Image,
) -> Result<(), CatalogError> {
    let mut set = |differs: bool, column: &'static str, value: sea_query::Value| {
        if differs {
            update.value(column, value);
        }
    };
    set(
        before.name != after.name,
        NAME,
        text(after.name.as_ref().map(ImageName::as_str)),
    );
    let owner = after.owner.as_ref().map(ProjectId::as_str);
    set(before.owner != after.owner, "owner", text(owner));
    let visibility = after.visibility.as_str();
    set(
        before.visibility != after.visibility,
        "visibility",
        visibility.into(),
    );
    set(
        before.protected != after.protected,
        "protected",
        after.protected.into(),
    );
    set(
        before.hidden != after.hidden,
        "os_hidden",
        after.hidden.into(),
    );
    let disk = text(after.disk_format.as_ref().map(DiskFormat::as_str));
    set(before.disk_format != after.disk_format, "disk_format", disk);
    let container = text(after.container_format.as_ref().map(ContainerFormat::as_str));
    set(
        before.container_format != after.container_format,
        "container_format",
        container,
    );
    set(
        before.min_disk != after.min_disk,
        "min_disk",
        after.min_disk.get().into(),
    );
    set(
        before.min_ram != after.min_ram,
        "min_ram",
        after.min_ram.get().into(),
    );
    set(before.size != after.size, "size", size(after.size)?);
    set(
        before.virtual_size != after.virtual_size,
        "virtual_size",
        size(after.virtual_size)?,
    );
    set(
        before.checksum != after.checksum,
        "checksum",
        text(after.checksum.as_deref()),
    );
    let hash = after.multihash.as_ref();
    let differs = before.multihash != after.multihash;
    set(
        differs || before.hash_awaited != after.hash_awaited,
        "os_hash_algo",
        text(after.hash_algorithm()),
    );
    set(
        differs,
        "os_hash_value",
        text(hash.map(|hash| hash.value.as_str())),
    );
    Ok(())
}

fn update_properties(batch: &mut Batch, dialect: Dialect, change: &Change) {
    let removed: Vec<&str> = change
        .removed_properties()
        .map(PropertyName::as_str)
        .collect();
    if !removed.is_empty() {
        let mut update = delete_rows(dialect, PROPERTIES, change);
        update.and_where(dialect.is_one_of(Expr::col((PROPERTIES, NAME)), removed));
        batch.change(dialect.statement(&update));
    }
    let set = change.set_properties();
    refuse_other_spellings(batch, dialect, &change.after, set.clone());
    put_properties(batch, dialect, &change.after, change_time(change), set);
}

fn update_tags(batch: &mut Batch, dialect: Dialect, change: &Change) -> Result<(), CatalogError> {
    let (before, after) = (&change.before.tags, &change.after.tags);
    let removed: Vec<&str> = before.difference(after).map(|tag| tag.as_str()).collect();
    if !removed.is_empty() {
        let mut update = delete_rows(dialect, TAGS, change);
        update.and_where(dialect.is_one_of(Expr::col((TAGS, VALUE)), removed));
        batch.change(dialect.statement(&update));
    }
    for tag in after.difference(before) {
        add_tag(batch, dialect, &change.after, tag, change_time(change))?;
    }
    Ok(())
}

fn update_locations(
    batch: &mut Batch,
    dialect: Dialect,
    change: &Change,
) -> Result<(), CatalogError> {
    let (removed, added) = change.location_changes();
    let removed: Vec<&str> = removed.into_iter().map(BlobUrl::as_str).collect();
    if !removed.is_empty() {
        let mut update = delete_rows(dialect, LOCATIONS, change);
        update
            .value(STATUS, LOCATION_DELETED)
            .and_where(Expr::col((LOCATIONS, STATUS)).eq(LOCATION_ACTIVE))
            .and_where(dialect.is_one_of(Expr::col((LOCATIONS, VALUE)), removed));
        batch.change(dialect.statement(&update));
    }
    for location in added {
        add_location(batch, dialect, &change.after, location, change_time(change))?;
    }
    Ok(())
}

fn delete_children(batch: &mut Batch, dialect: Dialect, change: &Change) {
    // As its index takes projects for the same: they are to be deleted at one time.
    let project = Expr::col(MEMBER);
    batch.change(members::delete_twins(dialect, change.before.id, project));
    for table in [PROPERTIES, TAGS, MEMBERS, LOCATIONS] {
        let mut update = delete_rows(dialect, table, change);
        if table == LOCATIONS {
            update.value(
                STATUS,
                match change.after.status() {
                    Status::PendingDelete => LOCATION_PENDING,
                    _ => LOCATION_DELETED,
                },
            );
        }
        batch.change(dialect.statement(&update));
    }
}

/// Marks the image's rows of a table as deleted.
fn delete_rows(dialect: Dialect, table: &'static str, change: &Change) -> UpdateStatement {
    let now = time_value(change_time(change));
    Query::update()
        .table(table)
        .value(DELETED, true)
        .value(DELETED_AT, now.clone())
        .value(UPDATED_AT, now)
        .and_where(Expr::col((table, IMAGE_ID)).eq(change.before.id.as_str()))
        .and_where(dialect.live(table))
        .take()
}

/// When the change is made: every change moves the image to its own time.
fn change_time(change: &Change) -> Timestamp {
    change.after.updated_at
}
