//! Images that are passed over, because a row of theirs cannot be understood.

use std::collections::BTreeMap;

use glance_core::domain::ImageId;
use glance_core::ports::OddImage;

use super::fields::BadRow;

/// Images that are left out of what is read, by their ids, each with the first row that is odd.
#[derive(Debug, Default)]
pub(super) struct Odds(BTreeMap<String, BadRow>);

impl Odds {
    /// Notes an image whose own row is odd.
    pub(super) fn add(&mut self, bad: BadRow) {
        self.add_of(bad.key().to_owned(), bad);
    }

    /// Notes an image of which a row of another table is odd.
    pub(super) fn add_of(&mut self, image: String, bad: BadRow) {
        self.0.entry(image).or_insert(bad);
    }

    pub(super) fn contains(&self, image: ImageId) -> bool {
        self.0.contains_key(image.as_str())
    }

    pub(super) fn extend(&mut self, more: Self) {
        for (image, bad) in more.0 {
            self.add_of(image, bad);
        }
    }

    /// The row that is odd, where one image was asked for.
    pub(super) fn into_first(self) -> Option<BadRow> {
        self.0.into_values().next()
    }

    /// Each with what is odd of it.
    pub(super) fn into_images(self) -> impl Iterator<Item = OddImage> {
        self.0.into_iter().map(|(id, bad)| OddImage {
            id,
            source: Box::new(bad),
        })
    }

    /// Names each once.
    pub(super) fn warn(&self) {
        for (image, bad) in &self.0 {
            tracing::warn!(
                image.id = image,
                error = bad as &dyn std::error::Error,
                "an image is left out of a list: a row of it holds what no Glance writes"
            );
        }
    }
}
