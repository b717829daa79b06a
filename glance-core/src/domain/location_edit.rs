//! Edits of the locations of an image (spec/api-images.md §5).

use thiserror::Error;

use super::content::Multihash;
use super::digest::HashAlgorithm;
use super::image::Image;
use super::location::Location;
use super::new_location::NewLocation;
use super::status::{Event, Status};
use super::time::Timestamp;
use super::upload::CannotUpload;
use super::validation::{InvalidValidation, ValidationData};

/// An edit of the locations of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever applies edits must answer each"
)]
pub enum LocationEdit {
    /// One more. A queued image is active by it.
    Add(Position, NewLocation),
    /// The first ones of a queued image; or other metadata for those that are there.
    Replace(Vec<NewLocation>),
    /// One less; its data goes, too.
    Remove(Position),
}

/// A place in the list of locations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a pointer has these two forms")]
pub enum Position {
    /// So many are before it.
    At(usize),
    /// The end of the list.
    Last,
}

impl LocationEdit {
    /// The locations that it brings.
    pub fn brought(&self) -> &[NewLocation] {
        match self {
            Self::Add(_, new) => std::slice::from_ref(new),
            Self::Replace(all) => all,
            Self::Remove(_) => &[],
        }
    }

    /// The same, to be changed.
    pub fn brought_mut(&mut self) -> &mut [NewLocation] {
        match self {
            Self::Add(_, new) => std::slice::from_mut(new),
            Self::Replace(all) => all,
            Self::Remove(_) => &mut [],
        }
    }

    /// The edit as a verb.
    fn verb(&self) -> &'static str {
        match self {
            Self::Add(..) => "add",
            Self::Replace(_) => "replace",
            Self::Remove(_) => "remove",
        }
    }

    /// Whether the locations of an image in this status can be edited so.
    fn fits(&self, status: Status) -> bool {
        match self {
            Self::Add(..) | Self::Replace(_) => matches!(status, Status::Active | Status::Queued),
            Self::Remove(_) => status == Status::Active,
        }
    }
}

impl Image {
    /// Edits the locations. The size of what is brought was asked for; `algorithm` is the hash that
    /// this service works with.
    pub(super) fn edit_locations(
        &mut self,
        edit: &LocationEdit,
        algorithm: HashAlgorithm,
        now: Timestamp,
    ) -> Result<(), CannotEditLocations> {
        if let LocationEdit::Replace(all) = edit
            && all.is_empty()
        {
            return Err(CannotEditLocations::Emptied);
        }
        if !edit.fits(self.status()) {
            return Err(CannotEditLocations::Status {
                verb: edit.verb(),
                status: self.status(),
            });
        }
        let said = self.news_of(edit.brought(), algorithm)?;
        if self.status() == Status::Queued {
            // What is noted there of refused data.
            self.locations.clear();
        }
        match edit {
            LocationEdit::Add(position, new) => self.insert_location(*position, new)?,
            LocationEdit::Replace(all) => self.replace_locations(all)?,
            LocationEdit::Remove(position) => return self.remove_location(*position),
        }
        if self.status() == Status::Queued {
            self.require_formats()?;
            let sizes = edit.brought().iter();
            let size = sizes.filter_map(|new| new.size).next();
            let locations = std::mem::take(&mut self.locations);
            let mut active = self
                .after(Event::DataStored, now)
                .map_err(CannotUpload::from)?;
            active.locations = locations;
            active.size = size;
            active.checksum = said.checksum;
            active.multihash = said.multihash;
            *self = active;
        }
        Ok(())
    }

    fn insert_location(
        &mut self,
        position: Position,
        new: &NewLocation,
    ) -> Result<(), CannotEditLocations> {
        let mut there = self.locations.iter();
        if there.any(|location| location.url == new.location.url) {
            return Err(CannotEditLocations::Duplicate);
        }
        // Rule R4: the bytes of an active image do not change with the place they are read from.
        if let (Some(expected), Some(got)) = (self.size, new.size)
            && expected != got
        {
            return Err(CannotEditLocations::OtherSize { expected, got });
        }
        let at = match position {
            Position::At(at) => at.min(self.locations.len()),
            Position::Last => self.locations.len(),
        };
        self.locations.insert(at, new.location.clone());
        Ok(())
    }

    fn replace_locations(&mut self, all: &[NewLocation]) -> Result<(), CannotEditLocations> {
        let urls = |locations: &mut dyn Iterator<Item = &Location>| {
            let mut urls: Vec<String> = locations.map(|at| at.url.as_str().to_owned()).collect();
            urls.sort_unstable();
            urls
        };
        let before = urls(&mut self.locations.iter());
        let mut after = urls(&mut all.iter().map(|new| &new.location));
        let changes_place = before != after;
        if !before.is_empty() && changes_place {
            return Err(CannotEditLocations::OtherPlaces);
        }
        after.dedup();
        if changes_place && after.len() < all.len() {
            return Err(CannotEditLocations::Duplicate);
        }
        let mut sizes = all.iter().filter_map(|new| new.size);
        if let Some(expected) = sizes.next()
            && let Some(got) = sizes.find(|size| *size != expected)
        {
            return Err(CannotEditLocations::OtherSize { expected, got });
        }
        self.locations = all.iter().map(|new| new.location.clone()).collect();
        Ok(())
    }

    fn remove_location(&mut self, position: Position) -> Result<(), CannotEditLocations> {
        if self.locations.len() == 1 {
            return Err(CannotEditLocations::Last);
        }
        let at = match position {
            Position::At(at) => at,
            Position::Last => self.locations.len().saturating_sub(1),
        };
        if at >= self.locations.len() {
            return Err(CannotEditLocations::Position);
        }
        self.locations.remove(at);
        Ok(())
    }

    /// What is said of the data that the image does not know yet. Only a queued image learns.
    fn news_of(
        &self,
        brought: &[NewLocation],
        algorithm: HashAlgorithm,
    ) -> Result<News, CannotEditLocations> {
        let known = self.multihash.as_ref();
        let attributes: [(&'static str, Option<&str>, Part); 3] = [
            ("checksum", self.checksum.as_deref(), |said| {
                said.checksum.as_deref()
            }),
            (
                "os_hash_algo",
                known.map(|hash| hash.algorithm.as_str()),
                |said| Some(&said.multihash.algorithm),
            ),
            (
                "os_hash_value",
                known.map(|hash| hash.value.as_str()),
                |said| Some(&said.multihash.value),
            ),
        ];
        let said: Vec<&ValidationData> = brought
            .iter()
            .filter_map(|new| new.validation.as_ref())
            .collect();
        let mut is_news = false;
        for (name, known, part) in attributes {
            let mut values = said.iter().copied().filter_map(part);
            let Some(value) = values.next() else {
                continue;
            };
            if values.any(|other| other != value) {
                return Err(CannotEditLocations::Contradiction { name });
            }
            match known {
                Some(known) if known == value => {}
                Some(_) => return Err(CannotEditLocations::Known { name }),
                None if self.status() == Status::Queued => is_news = true,
                None => return Err(CannotEditLocations::Late { name }),
            }
        }
        let mut news = News::default();
        for said in said.into_iter().filter(|_| is_news) {
            if said.multihash.algorithm != algorithm.as_str() {
                return Err(CannotEditLocations::Algorithm { wanted: algorithm });
            }
            news.multihash = Some(said.checked_multihash()?);
            news.checksum = said.checked_checksum()?.or(news.checksum);
        }
        Ok(news)
    }
}

/// A part of what is said of data.
type Part = fn(&ValidationData) -> Option<&str>;

/// What an image learns of its data.
#[derive(Debug, Default)]
struct News {
    checksum: Option<String>,
    multihash: Option<Multihash>,
}

/// Why the locations of an image cannot be edited so.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CannotEditLocations {
    /// The service works with one hash.
    #[error("os_hash_algo must be {wanted}")]
    Algorithm {
        /// Which one.
        wanted: HashAlgorithm,
    },
    /// Two locations of the same data are said to hold different data.
    #[error("conflicting values for {name}")]
    Contradiction {
        /// Name of the attribute.
        name: &'static str,
    },
    /// The image is there already.
    #[error("invalid location: the image has it already")]
    Duplicate,
    /// Images with data keep it.
    #[error("cannot set locations to empty list")]
    Emptied,
    /// The image knows better.
    #[error("{name} is already set with a different value")]
    Known {
        /// Name of the attribute.
        name: &'static str,
    },
    /// Images with data keep it.
    #[error("cannot remove last location in the image")]
    Last,
    /// Of the data of an image that is not queued, nothing new can be said.
    #[error("new value for {name} may only be provided when image status is 'queued'")]
    Late {
        /// Name of the attribute.
        name: &'static str,
    },
    /// Data does not move by being renamed.
    #[error("original locations is not empty: only their metadata can be replaced")]
    OtherPlaces,
    /// Other bytes than the image has elsewhere.
    #[error("invalid location: it holds {got} bytes, not {expected}")]
    OtherSize {
        /// How many the image has.
        expected: u64,
        /// How many are there.
        got: u64,
    },
    /// No location is at that place of the list.
    #[error("invalid position for removing a location")]
    Position,
    /// Its status does not allow it.
    #[error("it's not allowed to {verb} locations if image status is {status}")]
    Status {
        /// What was to be done.
        verb: &'static str,
        /// The status it is in.
        status: Status,
    },
    /// The image cannot take data.
    #[error(transparent)]
    Unready(#[from] CannotUpload),
    /// What is said of data makes no sense.
    #[error(transparent)]
    Validation(#[from] InvalidValidation),
}
