//! What projects may have, and what they get of it (rule R9).

use super::glance::Glance;
use crate::domain::{
    Caller, Claim, Image, Intent, ProjectId, ProjectLimits, Resource, Status, Usage,
};
use crate::error::Error;
use crate::ports::CatalogError;

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
        Ok(claim(image, limits, size.unwrap_or(0), 1))
    }

    /// The claim to stage data: it is in no store yet, but one more image is getting data.
    pub(super) async fn claim_for_stage(&self, image: &Image) -> Result<Option<Claim>, Error> {
        let limits = self.limits_of(image.owner.as_ref()).await?;
        Ok(claim(image, limits, 0, 1))
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
        Ok(claim(image, limits, bytes, uploads))
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
        Ok(claim(after, limits, bytes, 0))
    }
}

fn claim(image: &Image, limits: ProjectLimits, bytes: u64, uploads: u64) -> Option<Claim> {
    let project = image.owner.clone()?;
    let is_limited = limits.stored_bytes.is_some() || (uploads > 0 && limits.uploads.is_some());
    is_limited.then_some(Claim {
        project,
        limits,
        bytes,
        uploads,
    })
}

/// What an upload of unknown size may write: it is reserved a piece ahead of the data, so that the
/// data stops at the limit, whoever else is at it.
#[derive(Debug)]
pub(super) struct Allowance {
    glance: Glance,
    intent: Intent,
    claim: Claim,
    /// How often the data is stored.
    copies: u64,
}

impl Allowance {
    /// Of an upload that began with this claim; `None` where nothing limits its bytes as they come.
    pub(super) fn of(glance: &Glance, intent: &Intent, claim: Option<Claim>) -> Option<Self> {
        let is_hard = !glance.settings().quotas.soft_storage;
        let claim = claim.filter(|claim| is_hard && claim.limits_bytes())?;
        Some(Self {
            glance: glance.clone(),
            intent: intent.clone(),
            claim: Claim {
                uploads: 0,
                ..claim
            },
            copies: 1,
        })
    }

    /// The same for data that is stored several times.
    pub(super) fn for_copies(mut self, copies: usize) -> Self {
        self.copies = copies as u64;
        self
    }

    /// Makes sure that so much data is reserved for.
    ///
    /// # Errors
    /// That passes the limit; somebody else took the upload over; the catalog fails.
    pub(super) async fn cover(&mut self, size: u64) -> Result<(), Error> {
        let size = size.saturating_mul(self.copies);
        if size <= self.claim.bytes {
            return Ok(());
        }
        let ahead = (size / 4).clamp(LEAST_AHEAD, MOST_AHEAD);
        match self.reserve(size.saturating_add(ahead)).await {
            Err(CatalogError::Quota(_)) => {}
            result => return self.answered(result),
        }
        // Near the limit, others are left what is not needed yet.
        let result = self.reserve(size).await;
        self.answered(result)
    }

    async fn reserve(&mut self, bytes: u64) -> Result<(), CatalogError> {
        let claim = Claim {
            bytes,
            ..self.claim.clone()
        };
        let glance = &self.glance;
        glance
            .catalog
            .reserve(&self.intent.id, &glance.holder, &claim)
            .await?;
        self.claim = claim;
        Ok(())
    }

    fn answered(&self, result: Result<(), CatalogError>) -> Result<(), Error> {
        result.map_err(|error| match error {
            CatalogError::Conflict => Error::Gone {
                image: self.intent.image,
            },
            error => error.into(),
        })
    }
}

/// How far ahead of the data is reserved: few questions for much data, and little that others miss.
const LEAST_AHEAD: u64 = 1 << 20;
const MOST_AHEAD: u64 = 64 << 20;
