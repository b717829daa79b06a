//! Changes of an image that others may change at the same time.

use super::glance::Glance;
use crate::domain::{Caller, Change, Image, ImageId, Intent};
use crate::error::Error;
use crate::ports::CatalogError;

/// What is to become of an image as it was just read.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one of them, for a moment"
)]
pub(super) enum Plan {
    /// This.
    Change(Change),
    /// It is as it should be.
    Nothing(Image),
}

impl Glance {
    /// Makes the change that `plan` makes of an image, from the start again where somebody else was
    /// faster. Gives the image as it is then, and the intents that the change began.
    ///
    /// # Errors
    /// There is no image that the caller may see; whatever `plan` finds; others change the image
    /// again and again.
    pub(super) async fn changed<P>(
        &self,
        caller: &Caller,
        id: ImageId,
        plan: impl Fn(Image) -> P + Send,
    ) -> Result<(Image, Vec<Intent>), Error>
    where
        P: Future<Output = Result<Plan, Error>> + Send,
    {
        for _ in 0..MAX_ATTEMPTS {
            let image = self.visible_image(caller, id).await?;
            let change = match plan(image).await? {
                Plan::Change(change) => change,
                Plan::Nothing(image) => return Ok((image, Vec::new())),
            };
            match self.catalog.commit(&change).await {
                Ok(image) => return Ok((image, change.begun)),
                Err(CatalogError::Conflict) => {}
                Err(CatalogError::NotFound) => {
                    return Err(Error::ImageNotFound { id: id.to_string() });
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Contended { image: id })
    }
}

/// How often a change is tried anew where others change the same image meanwhile.
pub(super) const MAX_ATTEMPTS: usize = 256;
