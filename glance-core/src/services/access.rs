//! See and permit: the first two steps of every use case.

use super::glance::Glance;
use crate::domain::policy::{Action, Target};
use crate::domain::{Caller, Image, ImageId, Viewer};
use crate::error::Error;

impl Glance {
    /// Whether the caller is an administrator, as the policy in force has it.
    pub fn is_admin(&self, caller: &Caller) -> bool {
        self.policy.is_admin(caller)
    }

    /// The eyes with which the caller looks at the catalog.
    pub(super) fn viewer(&self, caller: &Caller) -> Viewer {
        Viewer {
            project: caller.project().cloned(),
            admin: self.is_admin(caller),
        }
    }

    /// Lets the caller see how stores are set up.
    ///
    /// # Errors
    /// The caller may not.
    pub fn may_see_store_details(&self, caller: &Caller) -> Result<(), Error> {
        let target = Target::own(caller);
        Ok(self
            .policy
            .check(caller, Action::StoresInfoDetail, &target)?)
    }

    /// The image, if the caller may know that it exists: hidden reads as absent (rule R16).
    pub(super) async fn visible_image(&self, caller: &Caller, id: ImageId) -> Result<Image, Error> {
        let seen = self.catalog.find(id, caller.project()).await?;
        match seen {
            Some(seen) if self.viewer(caller).sees(&seen.image, seen.membership) => Ok(seen.image),
            _ => Err(Error::ImageNotFound { id: id.to_string() }),
        }
    }

    /// The image, if the caller may show it.
    pub(super) async fn shown_image(&self, caller: &Caller, id: ImageId) -> Result<Image, Error> {
        let image = self.visible_image(caller, id).await?;
        self.permit(caller, Action::GetImage, &image)?;
        Ok(image)
    }

    /// Lets the caller act on a visible image. Who may not even show it gets it as absent.
    pub(super) fn permit(
        &self,
        caller: &Caller,
        action: Action,
        image: &Image,
    ) -> Result<(), Error> {
        let target = Target::image(image, caller);
        self.policy
            .check(caller, action, &target)
            .map_err(
                |denied| match self.policy.check(caller, Action::GetImage, &target) {
                    Ok(()) if action != Action::GetImage => Error::Denied(denied),
                    _ => Error::ImageNotFound {
                        id: image.id.to_string(),
                    },
                },
            )
    }
}
