//! A query for images: filters, visibility, sort and page as one value.

use super::super::image::Image;
use super::super::member::{MemberStatus, Membership};
use super::super::status::Status;
use super::super::visibility::Viewer;
use super::filter::Filter;
use super::page::{Page, PageLimits};
use super::segment::{Listed, Segment};
use super::sort::Sort;

/// A query for images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageQuery {
    /// Which of the visible images.
    pub listed: Listed,
    /// For images shared with the viewer: the answer its project gave; `None` for any.
    pub member_status: Option<MemberStatus>,
    /// Hidden images, and only those; otherwise none of them.
    pub hidden: bool,
    /// Conditions, joined by "and".
    pub filters: Vec<Filter>,
    /// In which order.
    pub sort: Sort,
    /// Which part.
    pub page: Page,
}

impl ImageQuery {
    /// The index ranges that hold what `viewer` gets listed.
    pub fn segments(&self, viewer: &Viewer) -> Vec<Segment> {
        Segment::of(self.listed, self.member_status, viewer)
    }

    /// Whether an image is in the answer, on whatever page: the meaning of the query.
    ///
    /// `members` are all memberships of the image.
    pub fn matches(&self, viewer: &Viewer, image: &Image, members: &[Membership]) -> bool {
        !matches!(
            image.status(),
            Status::Killed | Status::Deleted | Status::PendingDelete
        ) && image.hidden == self.hidden
            && self.filters.iter().all(|filter| filter.matches(image))
            && self
                .segments(viewer)
                .iter()
                .any(|segment| segment.contains(image, members))
    }

    /// The page of `matching` images that the query asks for.
    pub fn page_of(&self, mut matching: Vec<Image>) -> Vec<Image> {
        let position = |image: &Image| self.sort.position(image);
        matching.sort_by(|a, b| self.sort.compare(&position(a), &position(b)));
        if let Some(after) = &self.page.after {
            matching.retain(|image| self.sort.compare(&position(image), after).is_gt());
        }
        matching.truncate(usize::try_from(self.page.limit).unwrap_or(usize::MAX));
        matching
    }
}

impl Default for ImageQuery {
    /// The newest images that a viewer usually gets listed.
    fn default() -> Self {
        Self {
            listed: Listed::Usual,
            member_status: Some(MemberStatus::Accepted),
            hidden: false,
            filters: Vec::new(),
            sort: Sort::default(),
            page: Page {
                limit: PageLimits::default().default,
                after: None,
            },
        }
    }
}
