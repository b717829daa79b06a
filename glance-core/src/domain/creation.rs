//! An image that is there with work on it from the start.

use super::change::LockStep;
use super::image::Image;
use super::import_plan::ImportPlan;
use super::lease::Intent;
use super::quota::ImageQuotas;
use super::status::IllegalTransition;
use super::task::Task;
use super::time::Timestamp;
use super::usage::Claim;

/// A new image, and the import that is to bring its data: both or neither.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "catalogs must answer all of it")]
#[must_use = "a creation that is not committed has not happened"]
pub struct Creation {
    /// The image, which is `importing`, and locked by the task.
    pub image: Image,
    /// How many images its owner may have.
    pub quotas: ImageQuotas,
    /// What the project has more with its data: refused where that passes a limit.
    pub claim: Option<Claim>,
    /// Who imports.
    pub intent: Intent,
    /// The task, which bears the id of the intent.
    pub task: Task,
}

impl Creation {
    /// Of an image that was not there before, by an import with this plan. Where stores have names, it
    /// tells which are to be filled.
    ///
    /// # Errors
    /// The status of the image is none for it.
    pub fn importing(
        image: &Image,
        plan: &ImportPlan,
        has_lists: bool,
        intent: Intent,
        task: Task,
        now: Timestamp,
    ) -> Result<Self, IllegalTransition> {
        let mut image = image.import_begun(plan, has_lists, &[], now)?;
        let lock = LockStep::Taken {
            by: task.id.clone(),
            instead_of: None,
        };
        lock.apply_to(&mut image);
        Ok(Self {
            image,
            quotas: ImageQuotas::default(),
            claim: None,
            intent,
            task,
        })
    }

    /// The same, which has to be within quotas.
    pub fn within(mut self, quotas: ImageQuotas) -> Self {
        self.quotas = quotas;
        self
    }

    /// The same, which has to be within limits.
    pub fn claiming(mut self, claim: Option<Claim>) -> Self {
        self.claim = claim;
        self
    }
}
