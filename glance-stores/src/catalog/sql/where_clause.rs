//! Filters to SQL: each means what `Filter::matches` means.

use glance_core::domain::query::Segment;
use glance_core::domain::query::{Compare, Filter, NumberField, TextField, TimeField};
use glance_core::domain::{Status, Visibility};
use sea_query::{Cond, Expr, ExprTrait, SelectStatement};

use super::dialect::Dialect;
use super::keys::{image_column, time_value};
use super::mark::Mark;
use super::tables::{ID, IMAGES, NAME, OWNER, STATUS, VISIBILITY};

/// Has `select` look at the images of a segment, the deleted ones left out, by an index of images.
pub(super) fn add_segment(select: &mut SelectStatement, dialect: Dialect, segment: &Segment) {
    select.from(IMAGES).and_where(dialect.live_by_index(IMAGES));
    match segment {
        Segment::Visibility(visibility) => {
            select.and_where(is_visibility(*visibility));
        }
        Segment::Owned(project, visibility) => {
            select
                .and_where(dialect.is_text(image_column(OWNER), project.as_str()))
                .and_where_option(visibility.map(|visibility| happens_to_be(dialect, visibility)));
        }
        Segment::SharedWith(..) => {
            select.and_where(is_visibility(Visibility::Shared));
        }
    }
}

/// That an image which was found by a mark is in a segment, its shares aside, and not deleted. In
/// words that no index serves, or SQLite walks the images of the segment for each that was found.
pub(super) fn is_in_segment(dialect: Dialect, segment: &Segment) -> Cond {
    let is_live = Cond::all().add(dialect.live(IMAGES));
    match segment {
        Segment::Visibility(visibility) => is_live.add(happens_to_be(dialect, *visibility)),
        Segment::Owned(project, visibility) => {
            let owner = dialect.without_index(image_column(OWNER));
            is_live
                .add(dialect.is_text(owner, project.as_str()))
                .add_option(visibility.map(|visibility| happens_to_be(dialect, visibility)))
        }
        Segment::SharedWith(..) => is_live.add(happens_to_be(dialect, Visibility::Shared)),
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
        Filter::Property(name, value) => {
            all(Mark::Property(name.clone(), value.clone()).is_borne(dialect))
        }
        Filter::Protected(protected) => all(image_column("protected").eq(*protected)),
        Filter::Tag(tag) => all(Mark::Tag(tag.clone()).is_borne(dialect)),
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

fn all(condition: Expr) -> Cond {
    Cond::all().add(condition)
}
