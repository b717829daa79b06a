//! What projects may have, and what they have.

use std::fmt;

use async_trait::async_trait;
use thiserror::Error;

use super::{BoxError, CatalogError};
use crate::domain::{Claim, Holder, IntentId, ProjectId, ProjectLimits, Usage};

/// Who says what projects may have: the operator's configuration, Keystone, or whoever embeds the
/// service.
///
/// # Contract
///
/// * it answers from memory where it was asked lately: it is asked with every new image and upload;
/// * where it does not know, it is an error, and never no limit.
#[async_trait]
pub trait LimitSource: fmt::Debug + Send + Sync + 'static {
    /// The limits of a project.
    async fn limits(&self, project: &ProjectId) -> Result<ProjectLimits, LimitError>;
}

/// Why nobody can say what a project may have.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LimitError {
    /// Whoever knows cannot be asked: worth another try.
    #[error("what a project may have cannot be found out")]
    Unavailable {
        /// Why not.
        source: BoxError,
    },
}

/// What projects have. Every [`Catalog`](super::Catalog) keeps one.
///
/// # Contract
///
/// * `usage` is what [`Usage::of`] means of the images of a project that are not gone, and the bytes
///   that are reserved for its uploads;
/// * a claim, in a change or alone, is granted or refused as [`Claim::check`] means, and however
///   many come at once, on however many nodes, no limit is passed;
/// * what is reserved counts until the intent of its upload ends, however it ends; reserving again
///   for one intent takes the place of what was reserved before.
#[async_trait]
pub trait UsageLedger: fmt::Debug + Send + Sync + 'static {
    /// What a project has.
    async fn usage(&self, project: &ProjectId) -> Result<Usage, CatalogError>;

    /// Reserves the bytes of a claim for an upload: all that it has so far and is to have next.
    /// `Quota` where that passes a limit, `Conflict` where `holder` does not hold the intent.
    async fn reserve(
        &self,
        intent: &IntentId,
        holder: &Holder,
        claim: &Claim,
    ) -> Result<(), CatalogError>;
}
