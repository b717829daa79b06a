//! Filters to SQL: each means what `Filter::matches` means.

use glance_core::domain::query::Segment;
use glance_core::domain::query::{Compare, Filter, NumberField, TextField, TimeField};
use glance_core::domain::{MemberStatus, Status, Visibility};
use sea_query::{Cond, Expr, ExprTrait, Query, SelectStatement};

use super::dialect::Dialect;
use super::keys::{image_column, time_value};
use super::tables::{
    ID, IMAGE_ID, IMAGES, MEMBER, MEMBERS, NAME, OWNER, PROPERTIES, STATUS, TAGS, VALUE, VISIBILITY,
};

/// Has `select` look at the images of a segment, the deleted ones left out.
pub(super) fn add_segment(select: &mut SelectStatement, dialect: Dialect, segment: &Segment) {
    match segment {
        Segment::Visibility(visibility) => {
            select
                .from(IMAGES)
                .and_where(is_visibility(*visibility))
                .and_where(dialect.live_by_index(IMAGES));
        }
        Segment::Owned(project, visibility) => {
            select
                .from(IMAGES)
                .and_where(dialect.is_text(image_column(OWNER), project.as_str()))
                .and_where_option(visibility.map(|visibility| happens_to_be(dialect, visibility)))
                .and_where(dialect.live_by_index(IMAGES));
        }
        Segment::SharedWith(project, status) => {
            // A cross join, for SQLite goes through its tables in the order written: from the few
            // shares of the project to their images, each by its id: what else is asked of an
            // image is in words that no index serves, or SQLite walks all shared images for each
            // share. Distinct, for upstream may race to two rows.
            select
                .distinct()
                .from(MEMBERS)
                .cross_join(IMAGES)
                .and_where(dialect.is_text(Expr::col((MEMBERS, MEMBER)), project.as_str()))
                .and_where_option(status.map(is_member_status))
                .and_where(dialect.live_by_index(MEMBERS))
                .and_where(Expr::col((MEMBERS, IMAGE_ID)).equals((IMAGES, ID)))
                .and_where(happens_to_be(dialect, Visibility::Shared))
                .and_where(dialect.live(IMAGES));
        }
    }
}

/// The statuses that a list shows. The coalescing keeps databases from reading the list through an
/// index of statuses, out of order.
pub(super) fn is_listed(dialect: Dialect) -> Expr {
    let listed = Status::ALL.into_iter().filter(|status| match status {
        Status::Killed | Status::PendingDelete | Status::Deleted => false,
        Status::Queued
        | Status::Saving
        | Status::Uploading
        | Status::Importing
        | Status::Active
        | Status::Deactivated => true,
    });
    dialect
        .without_index(image_column(STATUS))
        .is_in(listed.map(Status::as_str))
}

/// One condition.
pub(super) fn condition(dialect: Dialect, filter: &Filter) -> Cond {
    match filter {
        Filter::Number(field, compare, number) => all(compared(
            dialect.number(number_column(*field)),
            *compare,
            Expr::val(*number),
        )),
        Filter::Property(name, value) => property(dialect, name, value),
        Filter::Protected(protected) => all(image_column("protected").eq(*protected)),
        Filter::Tag(tag) => {
            let tagged = Query::select()
                .expr(Expr::cust("1"))
                .from(TAGS)
                .and_where(Expr::col((TAGS, IMAGE_ID)).equals((IMAGES, ID)))
                .and_where(dialect.is_text(Expr::col((TAGS, VALUE)), tag))
                .and_where(dialect.live(TAGS))
                .take();
            all(Expr::exists(tagged))
        }
        Filter::Text(field, one_of) => {
            let wanted = one_of.as_slice().iter().map(String::as_str);
            let is_one = dialect.is_one_of(text_column(dialect, *field), wanted);
            all(is_one).add_option(other_half(*field).map(|half| image_column(half).is_not_null()))
        }
        Filter::Time(field, compare, time) => {
            let column = match field {
                TimeField::CreatedAt => dialect.created_at(),
                TimeField::UpdatedAt => dialect.updated_at(),
            };
            all(compared(column, *compare, Expr::val(time_value(*time))))
        }
    }
}

fn property(dialect: Dialect, name: &str, value: &str) -> Cond {
    let column = || Expr::col((PROPERTIES, VALUE));
    // A missing value reads as empty.
    let is_value = Cond::any()
        .add(dialect.is_text(column(), value))
        .add_option(value.is_empty().then(|| column().is_null()));
    let held = Query::select()
        .expr(Expr::cust("1"))
        .from(PROPERTIES)
        .and_where(Expr::col((PROPERTIES, IMAGE_ID)).equals((IMAGES, ID)))
        .and_where(dialect.is_text(Expr::col((PROPERTIES, NAME)), name))
        .cond_where(is_value)
        .and_where(dialect.live(PROPERTIES))
        .take();
    all(Expr::exists(held))
}

fn compared(column: Expr, compare: Compare, value: Expr) -> Expr {
    match compare {
        Compare::Equal => column.eq(value),
        Compare::NotEqual => column.ne(value),
        Compare::Less => column.lt(value),
        Compare::AtMost => column.lte(value),
        Compare::Greater => column.gt(value),
        Compare::AtLeast => column.gte(value),
    }
}

fn number_column(field: NumberField) -> Expr {
    image_column(match field {
        NumberField::MinDisk => "min_disk",
        NumberField::MinRam => "min_ram",
        NumberField::Size => "size",
        NumberField::VirtualSize => "virtual_size",
    })
}

fn text_column(dialect: Dialect, field: TextField) -> Expr {
    match field {
        TextField::Checksum => image_column("checksum"),
        TextField::ContainerFormat => dialect.text_key("container_format"),
        TextField::DiskFormat => dialect.text_key("disk_format"),
        TextField::HashAlgorithm => image_column("os_hash_algo"),
        TextField::HashValue => image_column("os_hash_value"),
        TextField::Id => image_column(ID),
        TextField::Name => dialect.text_key(NAME),
        TextField::Owner => image_column(OWNER),
        TextField::Status => dialect.text_key(STATUS),
    }
}

/// A hash is one only with both its halves.
fn other_half(field: TextField) -> Option<&'static str> {
    match field {
        TextField::HashAlgorithm => Some("os_hash_value"),
        TextField::HashValue => Some("os_hash_algo"),
        TextField::Checksum
        | TextField::ContainerFormat
        | TextField::DiskFormat
        | TextField::Id
        | TextField::Name
        | TextField::Owner
        | TextField::Status => None,
    }
}

fn is_visibility(visibility: Visibility) -> Expr {
    image_column(VISIBILITY).eq(visibility.as_str())
}

/// That an image is of a visibility, in words that no index serves: for images that are found by
/// what narrows them more.
fn happens_to_be(dialect: Dialect, visibility: Visibility) -> Expr {
    dialect
        .without_index(image_column(VISIBILITY))
        .eq(visibility.as_str())
}

fn is_member_status(status: MemberStatus) -> Expr {
    Expr::col((MEMBERS, STATUS)).eq(status.as_str())
}

fn all(condition: Expr) -> Cond {
    Cond::all().add(condition)
}
