//! Marks: what an image bears as a row of another table, and how the images of a mark are found.

use glance_core::domain::query::{Filter, Segment};
use glance_core::domain::{MemberStatus, ProjectId};
use sea_query::{Cond, Expr, ExprTrait, Query, SelectStatement};

use super::database::Statement;
use super::dialect::Dialect;
use super::tables::{ID, IMAGE_ID, IMAGES, MEMBER, MEMBERS, NAME, PROPERTIES, STATUS, TAGS, VALUE};

/// What an image bears as a row of another table. An index of ours finds the images of a mark,
/// where they are few; where they are many, a list walks its own index and looks for the mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    Property(String, String),
    /// It is shared with a project, with one status of the offer or any.
    Share(ProjectId, Option<MemberStatus>),
    Tag(String),
}

impl Mark {
    /// The mark that a filter asks for.
    pub(super) fn of_filter(filter: &Filter) -> Option<Self> {
        match filter {
            Filter::Property(name, value) => Some(Self::Property(name.clone(), value.clone())),
            Filter::Tag(tag) => Some(Self::Tag(tag.clone())),
            Filter::Number(..) | Filter::Protected(_) | Filter::Text(..) | Filter::Time(..) => None,
        }
    }

    /// The mark that all images of a segment bear.
    pub(super) fn of_segment(segment: &Segment) -> Option<Self> {
        match segment {
            Segment::SharedWith(project, status) => Some(Self::Share(project.clone(), *status)),
            Segment::Owned(..) | Segment::Visibility(_) => None,
        }
    }

    /// That an image bears the mark: looked up by the image.
    pub(super) fn is_borne(&self, dialect: Dialect) -> Expr {
        let table = self.table();
        let row = Query::select()
            .expr(Expr::cust("1"))
            .from(table)
            .and_where(Expr::col((table, IMAGE_ID)).equals((IMAGES, ID)))
            .cond_where(self.is_row(dialect))
            .and_where(dialect.live(table))
            .take();
        dialect.exists(row)
    }

    /// How many images bear the mark, as our index knows it: no fewer, and no more than `most` are
    /// counted.
    pub(super) fn count(&self, dialect: Dialect, most: u64) -> Statement {
        let table = self.table();
        let mut rows = Query::select();
        rows.expr(Expr::cust("1"))
            .from(table)
            .cond_where(self.is_indexed_row(dialect))
            .and_where(self.is_live(dialect))
            .limit(most);
        dialect.walk(&mut rows, self.index());
        dialect.ordered_as_index(&mut rows, Expr::col((table, IMAGE_ID)));
        let count = Query::select()
            .expr(Expr::cust("COUNT(*)"))
            .from_subquery(rows, "few")
            .take();
        dialect.statement(&count)
    }

    /// Has `select` look at the images that bear the mark, found by our index.
    pub(super) fn add_images(&self, select: &mut SelectStatement, dialect: Dialect) {
        let table = self.table();
        select
            .from(table)
            .cond_where(self.is_indexed_row(dialect))
            .cond_where(self.is_row(dialect))
            .and_where(self.is_live(dialect));
        dialect.walk(select, self.index());
        let on = Expr::col((table, IMAGE_ID)).equals((IMAGES, ID));
        dialect.join_in_order(select, IMAGES, on);
    }

    fn table(&self) -> &'static str {
        match self {
            Self::Property(..) => PROPERTIES,
            Self::Share(..) => MEMBERS,
            Self::Tag(_) => TAGS,
        }
    }

    fn index(&self) -> &'static str {
        match self {
            Self::Property(..) => "glance_rs_image_properties_value",
            Self::Share(..) => "glance_rs_image_members_member",
            Self::Tag(_) => "glance_rs_image_tags_value",
        }
    }

    /// That a row is not deleted, in the very words of our index.
    fn is_live(&self, dialect: Dialect) -> Expr {
        match self {
            // What asks for the members of an image says it in other words, or SQLite would look at
            // all that is shared with each.
            Self::Share(..) => dialect.live_by_index(MEMBERS),
            Self::Property(..) | Self::Tag(_) => dialect.live_value(self.table()),
        }
    }

    /// That a row is of the mark.
    fn is_row(&self, dialect: Dialect) -> Cond {
        match self {
            Self::Property(name, value) => Cond::all()
                .add(dialect.is_text(Expr::col((PROPERTIES, NAME)), name))
                .add(dialect.is_text(Expr::col((PROPERTIES, VALUE)), value)),
            Self::Share(project, status) => {
                let column = Expr::col((MEMBERS, STATUS));
                let project = dialect.is_text(Expr::col((MEMBERS, MEMBER)), project.as_str());
                Cond::all().add(project).add(match status {
                    Some(status) => column.eq(status.as_str()),
                    // One that means nothing is none, as where the image is shown.
                    None => dialect
                        .without_index(column)
                        .is_in(MemberStatus::ALL.map(MemberStatus::as_str)),
                })
            }
            Self::Tag(tag) => Cond::all().add(dialect.is_text(Expr::col((TAGS, VALUE)), tag)),
        }
    }

    /// That a row may be of the mark, in the very words of our index, which has the beginning of a
    /// value alone.
    fn is_indexed_row(&self, dialect: Dialect) -> Cond {
        match self {
            Self::Property(name, value) => match dialect.begins_as(value) {
                Some(begins) => Cond::all()
                    .add(dialect.is_text(Expr::col((PROPERTIES, NAME)), name))
                    .add(begins),
                None => self.is_row(dialect),
            },
            Self::Share(..) | Self::Tag(_) => self.is_row(dialect),
        }
    }
}
