//! What a project has of what is limited, and what it claims.

use super::id::ProjectId;
use super::image::Image;
use super::lease::{Intent, Work};
use super::quota::{QuotaExceeded, Resource};
use super::status::Status;

/// Limits on what all images of a project have together. `None` is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "these are upstream's four limits"
)]
pub struct ProjectLimits {
    /// Images: `image_count_total`.
    pub images: Option<u64>,
    /// Bytes of images on their way through the staging area: `image_stage_total`.
    pub staged_bytes: Option<u64>,
    /// Bytes in stores: `image_size_total`, or `user_storage_quota`.
    pub stored_bytes: Option<u64>,
    /// Images that are getting data at a time: `image_count_uploading`.
    pub uploads: Option<u64>,
}

/// What the images of a project have together, counted as upstream counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "these are upstream's four figures"
)]
pub struct Usage {
    /// Images.
    pub images: u64,
    /// Bytes of images that are being imported, or copied to more stores.
    pub staged_bytes: u64,
    /// Bytes in stores: of each image once for each of its locations.
    pub stored_bytes: u64,
    /// Images that are getting data.
    pub uploads: u64,
}

impl Usage {
    /// What these images have, which are those of a project that are not gone. This is the meaning;
    /// every catalog is held to it.
    pub fn of<'a>(images: impl IntoIterator<Item = &'a Image>) -> Self {
        let mut usage = Self::default();
        for image in images {
            usage.images += 1;
            usage.stored_bytes = usage.stored_bytes.saturating_add(image.stored_bytes());
            if image.is_staged() {
                let bytes = image.size.unwrap_or(0);
                usage.staged_bytes = usage.staged_bytes.saturating_add(bytes);
            }
            usage.uploads += u64::from(image.is_getting_data());
        }
        usage
    }

    /// The same, and bytes that are reserved for data on its way there.
    #[must_use]
    pub fn with_reserved(mut self, area: Area, bytes: u64) -> Self {
        let figure = match area {
            Area::Staging => &mut self.staged_bytes,
            Area::Stores => &mut self.stored_bytes,
        };
        *figure = figure.saturating_add(bytes);
        self
    }

    fn bytes(&self, area: Area) -> u64 {
        match area {
            Area::Staging => self.staged_bytes,
            Area::Stores => self.stored_bytes,
        }
    }
}

impl Image {
    /// Bytes that its data takes in stores.
    pub fn stored_bytes(&self) -> u64 {
        let copies = self.locations.len() as u64;
        self.size.unwrap_or(0).saturating_mul(copies)
    }

    fn is_staged(&self) -> bool {
        matches!(self.status(), Status::Importing | Status::Uploading) || self.is_being_copied()
    }

    fn is_getting_data(&self) -> bool {
        self.status() == Status::Saving || self.is_staged()
    }
}

/// Where bytes are that have a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "ledgers must count each")]
pub enum Area {
    /// The staging area.
    Staging,
    /// All stores together.
    Stores,
}

impl Area {
    /// Where the bytes are to be that are reserved for an intent.
    pub fn of(intent: &Intent) -> Self {
        match intent.work {
            Work::Stage => Self::Staging,
            _ => Self::Stores,
        }
    }
}

/// More of what is limited, for a project to have: granted or refused as a whole (rule R9).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "catalogs must look at all of it")]
pub struct Claim {
    /// The project.
    pub project: ProjectId,
    /// What it may have.
    pub limits: ProjectLimits,
    /// Where its bytes are to be.
    pub area: Area,
    /// More bytes there.
    pub bytes: u64,
    /// More bytes that count as staged from the change on, by the image alone: nothing is reserved for
    /// them. `None` where nothing is staged, not even by Python nodes.
    pub staged: Option<u64>,
    /// More images that are getting data.
    pub uploads: u64,
}

impl Claim {
    /// Refuses it where the project, which has `usage` without it, would pass a limit.
    ///
    /// # Errors
    /// [`QuotaExceeded`] names the first limit.
    pub fn check(&self, usage: &Usage) -> Result<(), QuotaExceeded> {
        let bytes = usage.bytes(self.area).saturating_add(self.bytes);
        self.resource().check(bytes, self.byte_limit())?;
        if let Some(staged) = self.staged {
            let bytes = usage.staged_bytes.saturating_add(staged);
            Resource::StagedBytes.check(bytes, self.limits.staged_bytes)?;
        }
        if self.uploads > 0 {
            let uploads = usage.uploads.saturating_add(self.uploads);
            Resource::Uploads.check(uploads, self.limits.uploads)?;
        }
        Ok(())
    }

    /// What its bytes are.
    pub fn resource(&self) -> Resource {
        match self.area {
            Area::Staging => Resource::StagedBytes,
            Area::Stores => Resource::StoredBytes,
        }
    }

    /// The most bytes that the project may have where its bytes are to be.
    pub fn byte_limit(&self) -> Option<u64> {
        match self.area {
            Area::Staging => self.limits.staged_bytes,
            Area::Stores => self.limits.stored_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::id::ImageId;
    use super::super::import::IMPORTING_TO_STORES;
    use super::super::location::{BlobUrl, Location};
    use super::super::property::PropertyName;
    use super::super::time::Timestamp;
    use super::*;

    fn image(status: Status, size: u64, copies: usize) -> Image {
        let mut image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(0));
        image.size = Some(size);
        image.locations = (0..copies)
            .map(|n| Location::new(BlobUrl::new(format!("file:///{n}"))))
            .collect();
        image.stored_as(status)
    }

    #[test]
    fn an_image_takes_its_size_once_for_each_location() {
        let images = [
            image(Status::Active, 10, 2),
            image(Status::Deactivated, 5, 1),
            image(Status::Queued, 100, 0),
        ];

        let usage = Usage::of(&images);

        assert_eq!(usage.stored_bytes, 25);
        assert_eq!((usage.images, usage.staged_bytes, usage.uploads), (3, 0, 0));
    }

    #[test]
    fn what_is_imported_or_copied_is_staged_and_an_upload() {
        let mut copied = image(Status::Active, 4, 1);
        let name = PropertyName::stored(IMPORTING_TO_STORES.to_owned());
        copied.properties.insert(name, "slow".parse().unwrap());
        let images = [
            image(Status::Saving, 1, 0),
            image(Status::Uploading, 2, 0),
            image(Status::Importing, 3, 0),
            copied,
        ];

        let usage = Usage::of(&images);

        assert_eq!((usage.staged_bytes, usage.uploads), (9, 4));
    }

    #[test]
    fn a_claim_is_refused_where_it_would_pass_a_limit() {
        let claim = |bytes, uploads| Claim {
            project: "p".parse().unwrap(),
            limits: ProjectLimits {
                staged_bytes: Some(5),
                stored_bytes: Some(10),
                uploads: Some(1),
                ..ProjectLimits::default()
            },
            area: Area::Stores,
            bytes,
            staged: None,
            uploads,
        };
        let usage = Usage {
            stored_bytes: 7,
            uploads: 1,
            ..Usage::default()
        };

        assert_eq!(claim(3, 0).check(&usage), Ok(()));
        let refused = |claim: Claim| claim.check(&usage).unwrap_err().resource;
        assert_eq!(refused(claim(4, 0)), Resource::StoredBytes);
        assert_eq!(refused(claim(u64::MAX, 0)), Resource::StoredBytes);
        assert_eq!(refused(claim(0, 1)), Resource::Uploads);
        let staged = |bytes| Claim {
            area: Area::Staging,
            ..claim(bytes, 0)
        };
        assert_eq!(staged(5).check(&usage), Ok(()));
        assert_eq!(refused(staged(6)), Resource::StagedBytes);
        let copied = |bytes| Claim {
            staged: Some(bytes),
            ..claim(0, 0)
        };
        assert_eq!(copied(5).check(&usage), Ok(()));
        assert_eq!(refused(copied(6)), Resource::StagedBytes);
    }
}
