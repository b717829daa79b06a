//! What projects may have, and what they get of it (rule R9).

use super::glance::Glance;
use crate::domain::{
    Area, Caller, Claim, Image, ProjectId, ProjectLimits, Resource, Status, Usage,
};
use crate::error::Error;

/// What a project has, and may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it is all that there is to say")]
pub struct ProjectUsage {
    /// What it has.
    pub usage: Usage,
    /// What it may have.
    pub limits: ProjectLimits,
}

impl Glance {
    /// What the caller's project has and may have, where a
    /// [`LimitSource`](crate::ports::LimitSource) says so; `None` without one, or without a project.
    ///
    /// # Errors
    /// Nobody can say what it may have; the catalog fails.
    pub async fn usage(&self, caller: &Caller) -> Result<Option<ProjectUsage>, Error> {
        let (Some(source), Some(project)) = (&self.limits, caller.project()) else {
            return Ok(None);
        };
        let limits = source.limits(project).await?;
        let usage = self.catalog.usage(project).await?;
        Ok(Some(ProjectUsage { usage, limits }))
    }

    /// What the owner of an image may have. What belongs to nobody has no limits.
    pub(super) async fn limits_of(
        &self,
        owner: Option<&ProjectId>,
    ) -> Result<ProjectLimits, Error> {
        match (owner, &self.limits) {
            (None, _) => Ok(ProjectLimits::default()),
            (Some(_), None) => Ok(self.settings().quotas.project),
            (Some(owner), Some(source)) => Ok(source.limits(owner).await?),
        }
    }

    /// The claim to write the data of an image: of so many bytes, if that is known.
    pub(super) async fn claim_for_upload(
        &self,
        image: &Image,
        size: Option<u64>,
    ) -> Result<Option<Claim>, Error> {
        let limits = self.limits_of(image.owner.as_ref()).await?;
        let claim = claim(image, limits, Area::Stores, size.unwrap_or(0), 1);
        Ok(claim.filter(is_limited))
    }

    /// The claim to stage data: it is in no store yet, but one more image is getting data.
    pub(super) async fn claim_for_stage(
        &self,
        image: &Image,
        size: Option<u64>,
    ) -> Result<Option<Claim>, Error> {
        let limits = self.limits_of(image.owner.as_ref()).await?;
        let claim = claim(image, limits, Area::Staging, size.unwrap_or(0), 1);
        Ok(claim.filter(is_limited))
    }

    /// The claim to import data to so many stores. What was staged is counted as getting data already.
    pub(super) async fn claim_for_import(
        &self,
        image: &Image,
        stores: usize,
    ) -> Result<Option<Claim>, Error> {
        let limits = self.limits_of(image.owner.as_ref()).await?;
        let bytes = image.size.unwrap_or(0).saturating_mul(stores as u64);
        let uploads = u64::from(image.status() != Status::Uploading);
        // What was staged counts as that already; of what a download brings, nothing is known.
        let staged = match image.status() {
            Status::Uploading | Status::Importing => None,
            _ => Some(image.size.unwrap_or(0)),
        };
        let claim = claim(image, limits, Area::Stores, bytes, uploads);
        let claim = claim.map(|claim| Claim { staged, ..claim });
        Ok(claim.filter(is_limited))
    }

    /// Refuses to begin what takes more bytes where the caller's project has too many already.
    pub(super) async fn check_room(&self, caller: &Caller) -> Result<(), Error> {
        let Some(project) = caller.project() else {
            return Ok(());
        };
        let limit = self.limits_of(Some(project)).await?.stored_bytes;
        if limit.is_some() {
            let usage = self.catalog.usage(project).await?;
            Resource::StoredBytes.check(usage.stored_bytes, limit)?;
        }
        Ok(())
    }

    /// The claim of what an edit adds to what is stored; `None` where it adds nothing.
    pub(super) async fn claim_for_edit(
        &self,
        before: &Image,
        after: &Image,
    ) -> Result<Option<Claim>, Error> {
        let bytes = after.stored_bytes().saturating_sub(before.stored_bytes());
        if bytes == 0 {
            return Ok(None);
        }
        let limits = self.limits_of(after.owner.as_ref()).await?;
        let claim = claim(after, limits, Area::Stores, bytes, 0);
        Ok(claim.filter(is_limited))
    }
}

/// A claim of the owner of an image; `None` where nobody owns it.
fn claim(
    image: &Image,
    limits: ProjectLimits,
    area: Area,
    bytes: u64,
    uploads: u64,
) -> Option<Claim> {
    Some(Claim {
        project: image.owner.clone()?,
        limits,
        area,
        bytes,
        staged: None,
        uploads,
    })
}

/// Whether a limit is there that a claim could pass.
fn is_limited(claim: &Claim) -> bool {
    let limits = &claim.limits;
    claim.byte_limit().is_some()
        || (claim.staged.is_some() && limits.staged_bytes.is_some())
        || (claim.uploads > 0 && limits.uploads.is_some())
}
