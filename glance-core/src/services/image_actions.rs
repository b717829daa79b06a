//! Stop and allow downloads.

use super::changes::Plan;
use super::glance::Glance;
use crate::domain::policy::Action;
use crate::domain::{Caller, Change, Event, Image, ImageId, Status};
use crate::error::Error;

impl Glance {
    /// Stops an active image from being downloaded by others than administrators.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; it is not active.
    pub async fn deactivate(&self, caller: &Caller, id: ImageId) -> Result<Image, Error> {
        self.administer(caller, id, Action::Deactivate, Event::Deactivated)
            .await
    }

    /// Lets a deactivated image be downloaded again.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; it is not deactivated, or was
    /// because its data turned bad.
    pub async fn reactivate(&self, caller: &Caller, id: ImageId) -> Result<Image, Error> {
        self.administer(caller, id, Action::Reactivate, Event::Reactivated)
            .await
    }

    async fn administer(
        &self,
        caller: &Caller,
        id: ImageId,
        action: Action,
        event: Event,
    ) -> Result<Image, Error> {
        let plan = |image: Image| async move {
            self.permit(caller, action, &image)?;
            let after = image.after(event, self.now())?;
            if image.status() == Status::Deactivated
                && after.status() == Status::Active
                && image.has_refused_data()
            {
                return Err(Error::DataRefused { image: id });
            }
            Ok(match after == image {
                true => Plan::Nothing(image),
                false => Plan::Change(Change::of_status(image, after)),
            })
        };
        let (image, _) = self.changed(caller, id, plan).await?;
        Ok(self.shown(caller, image))
    }
}
