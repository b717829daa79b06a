//! Create, show, list, edit and delete images.

use super::changes::Plan;
use super::glance::Glance;
use crate::domain::policy::{Action, Target};
use crate::domain::query::ImageQuery;
use crate::domain::{
    Attribute, Caller, Change, Draft, Edit, Event, Image, ImageId, ImageQuotas, LocationEdit,
    Status, Visibility,
};
use crate::error::Error;
use crate::ports::CatalogError;

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageList {
    /// The images of the page that the caller may see.
    pub images: Vec<Image>,
    /// The marker of the next page, if there may be one.
    pub next: Option<ImageId>,
}

impl Glance {
    /// Creates a queued image.
    ///
    /// # Errors
    /// The id was used before; the caller may not; a format, quota or text is refused.
    pub async fn create(&self, caller: &Caller, draft: Draft) -> Result<Image, Error> {
        let (image, quotas) = self.drafted(caller, draft).await?;
        match self.catalog.insert(&image, Some(quotas)).await {
            Ok(()) => Ok(self.shown(caller, image)),
            Err(CatalogError::Conflict) => Err(Error::DuplicateImage { image: image.id }),
            Err(error) => Err(error.into()),
        }
    }

    /// The queued image that the caller may make of a draft, and how many its owner may have.
    pub(super) async fn drafted(
        &self,
        caller: &Caller,
        draft: Draft,
    ) -> Result<(Image, ImageQuotas), Error> {
        let owner = match draft.ownerless {
            true => None,
            false => draft.owner.as_ref().or(caller.project()),
        };
        let chosen = draft.ownerless || draft.owner.is_some();
        let visibility = draft.visibility.unwrap_or(Visibility::Private);
        let target = Target::new_image(owner, visibility);
        if !self.is_admin(caller) && chosen && owner != caller.project() {
            let owner = owner.map(ToString::to_string).unwrap_or_default();
            return Err(Error::ForeignOwner { owner });
        }
        self.policy.check(caller, Action::AddImage, &target)?;
        self.permit_visibility(caller, visibility, &target)?;

        self.permit_properties(caller, draft.properties.keys())?;

        let id = draft
            .id
            .unwrap_or_else(|| ImageId::from_bits(self.runtime.ids.next_bits()));
        let settings = self.settings();
        let draft = Draft {
            owner: owner.cloned(),
            ..draft
        };
        let image = draft.into_image(id, &settings.formats, &settings.quotas, self.now())?;

        let mut quotas = settings.quotas.images;
        let limit = self.limits_of(image.owner.as_ref()).await?.images;
        quotas.all = [quotas.all, limit].into_iter().flatten().min();
        Ok((image, quotas))
    }

    /// Shows an image.
    ///
    /// # Errors
    /// There is none that the caller may see.
    pub async fn image(&self, caller: &Caller, id: ImageId) -> Result<Image, Error> {
        let image = self.visible_image(caller, id).await?;
        self.permit(caller, Action::GetImage, &image)?;
        Ok(self.shown(caller, image))
    }

    /// Lists images: the page of `query` after `marker`, the last image of the page before.
    ///
    /// # Errors
    /// The caller may not list; the marker is not an image that the caller may see.
    pub async fn images(
        &self,
        caller: &Caller,
        mut query: ImageQuery,
        marker: Option<ImageId>,
    ) -> Result<ImageList, Error> {
        self.policy
            .check(caller, Action::GetImages, &Target::own(caller))?;
        if self.asks_for_hidden(caller, &query) {
            return Ok(ImageList::default());
        }
        query.page.limit = self.settings().pages.of(Some(query.page.limit));
        if let Some(marker) = marker {
            let image = self
                .visible_image(caller, marker)
                .await
                .map_err(|error| match error {
                    Error::ImageNotFound { id } => Error::UnknownMarker { marker: id },
                    // No list shows it.
                    Error::Catalog(CatalogError::Odd { .. }) => Error::UnknownMarker {
                        marker: marker.to_string(),
                    },
                    error => error,
                })?;
            query.page.after = Some(query.sort.position(&image));
        }

        let found = self.catalog.list(&query, &self.viewer(caller)).await?;
        let full = query.page.limit > 0 && found.len() as u64 == u64::from(query.page.limit);
        let last = found.last().map(|image| image.id);
        let images: Vec<Image> = found
            .into_iter()
            .filter(|image| self.permit(caller, Action::GetImage, image).is_ok())
            .collect();
        // A page of which the policy leaves nothing is not the last one.
        let next = images.last().map(|image| image.id).or(last);
        let next = next.filter(|_| full);
        Ok(ImageList {
            images: self.all_shown(caller, images),
            next,
        })
    }

    /// Edits an image: all of the edits, in order, or none.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; an edit cannot be made.
    pub async fn edit(&self, caller: &Caller, id: ImageId, edits: &[Edit]) -> Result<Image, Error> {
        let plan = |image: Image| async move {
            // Who edits nothing is shown the image all the same.
            if edits.is_empty() {
                self.permit(caller, Action::GetImage, &image)?;
            }
            for edit in edits {
                self.permit_edit(caller, edit, &image)?;
            }
            let edits = self.with_brought_found(&image, edits).await?;
            let edited = self.edited(caller, &image, &edits, self.now())?;
            let edited = self.accept_brought(&image, edited, &edits)?;
            if edited == image {
                return Ok(Plan::Nothing(image));
            }
            let intents = self.consequences(&image, &edited).await?;
            let claim = self.claim_for_edit(&image, &edited).await?;
            let change = Change::of_edit(image, edited).beginning(intents);
            Ok(Plan::Change(change.claiming(claim)))
        };
        let (image, begun) = self.changed(caller, id, plan).await?;
        self.follow(&image, begun).await;
        Ok(self.shown(caller, image))
    }

    /// Deletes an image and its data. An upload that is under way stops. With
    /// [`delayed_delete`](crate::Settings::delayed_delete), data stays for a
    /// [`Scrubber`](crate::Scrubber).
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; it is protected; it has data that
    /// may not wait in its status.
    pub async fn delete(&self, caller: &Caller, id: ImageId) -> Result<(), Error> {
        let plan = |image: Image| async move {
            self.permit(caller, Action::DeleteImage, &image)?;
            if image.protected {
                return Err(Error::Protected { image: id });
            }
            // An image that was never active: what its row says of data need not wait.
            let data_stays = self.settings().delayed_delete
                && !image.locations.is_empty()
                && !matches!(image.status(), Status::Importing | Status::Queued);
            let (event, intents) = match data_stays {
                true => (Event::DeleteScheduled, Vec::new()),
                false => (
                    Event::Deleted,
                    self.removals(image.id, &image.locations, &[]).await?,
                ),
            };
            let deleted = image.after(event, self.now())?;
            // A location that is added meanwhile, or data that is staged, must not be left behind.
            let change = match image.status() {
                Status::Active | Status::Uploading => Change::of_edit(image, deleted),
                _ => Change::of_status(image, deleted),
            };
            let change = self.leaving_stage(change.beginning(intents)).await?;
            Ok(Plan::Change(change))
        };
        let (_, begun) = self.changed(caller, id, plan).await?;
        self.remove(begun).await;
        Ok(())
    }

    /// Where another node is reached that has data of an image to clear up, if there is one: it is
    /// to be asked for the delete first. Where it does not answer, [`delete`](Self::delete) leaves
    /// the data to it.
    ///
    /// # Errors
    /// There is no image that the caller may see; the caller may not delete it; it is protected.
    pub async fn host_to_delete_at(
        &self,
        caller: &Caller,
        id: ImageId,
    ) -> Result<Option<String>, Error> {
        let image = self.visible_image(caller, id).await?;
        self.permit(caller, Action::DeleteImage, &image)?;
        match image.protected {
            true => Err(Error::Protected { image: id }),
            false => self.other_host(&image).await,
        }
    }

    fn permit_visibility(
        &self,
        caller: &Caller,
        visibility: Visibility,
        target: &Target<'_>,
    ) -> Result<(), Error> {
        let action = match visibility {
            Visibility::Public => Action::PublicizeImage,
            Visibility::Community => Action::CommunitizeImage,
            Visibility::Private | Visibility::Shared => return Ok(()),
        };
        Ok(self.policy.check(caller, action, target)?)
    }

    fn permit_edit(&self, caller: &Caller, edit: &Edit, image: &Image) -> Result<(), Error> {
        if let Edit::Set(_, Attribute::Visibility(Visibility::Public)) = edit {
            self.permit(caller, Action::PublicizeImage, image)?;
        }
        if let Edit::Set(_, Attribute::Visibility(Visibility::Community)) = edit {
            self.permit(caller, Action::CommunitizeImage, image)?;
        }
        let action = match edit {
            Edit::Locations(LocationEdit::Remove(_)) => Action::DeleteImageLocation,
            Edit::Locations(_) => Action::SetImageLocation,
            _ => Action::ModifyImage,
        };
        self.permit(caller, action, image)?;
        match edit {
            // Upstream guards `replace` alone; `add` would give images away just the same.
            Edit::Set(_, Attribute::Owner(owner)) if !self.is_admin(caller) => {
                let owner = owner.as_ref().map(ToString::to_string).unwrap_or_default();
                Err(Error::ForeignOwner { owner })
            }
            _ => Ok(()),
        }
    }
}
