//! Locations: data that is in a store without having been uploaded.

use super::glance::Glance;
use super::images::MAX_ATTEMPTS;
use crate::domain::policy::Action;
use crate::domain::{
    BlobUrl, Caller, Change, Edit, Image, ImageId, Intent, Location, LocationFault, Multihash,
    NewLocation, Resource, Status, Verification, Work,
};
use crate::error::Error;
use crate::ports::{CatalogError, StoreError};

impl Glance {
    /// Tells where the data of an image is, best place first: for services that read it there.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not.
    pub async fn locations(&self, caller: &Caller, id: ImageId) -> Result<Vec<Location>, Error> {
        let image = self.visible_image(caller, id).await?;
        self.permit(caller, Action::FetchImageLocation, &image)?;
        let holding = self.stores.holding(&image).into_iter();
        Ok(holding.map(|(_, location)| location.clone()).collect())
    }

    /// Gives a queued image its data by saying where it is. The image is active at once, and its
    /// data is read for its hash in the background; where a hash is expected of it, the image is
    /// active once the data was found to have it.
    ///
    /// # Errors
    /// There is none that the caller may see; it is not queued, or lacks a format; the caller may
    /// not; what is said of the data makes no sense; no store of this service can read it there.
    pub async fn add_location(
        &self,
        caller: &Caller,
        id: ImageId,
        new: NewLocation,
    ) -> Result<Image, Error> {
        let mut asked: Option<NewLocation> = None;
        for _ in 0..MAX_ATTEMPTS {
            let image = self.visible_image(caller, id).await?;
            if image.status() != Status::Queued {
                return Err(Error::CannotAddLocation {
                    image: id,
                    status: image.status(),
                });
            }
            self.permit(caller, Action::AddImageLocation, &image)?;
            self.permit_place(caller, &new.location.url)?;
            let expected = new.validation.as_ref();
            let expected = expected.map(|said| said.checked_multihash()).transpose()?;
            let found = match asked.take() {
                Some(found) => found,
                None => self.found(id, new.clone()).await?,
            };
            let change = self.registration(image, &found, expected)?;
            match self.catalog.commit(&change).await {
                Err(CatalogError::Conflict) => asked = Some(found),
                Err(CatalogError::NotFound) => {
                    return Err(Error::ImageNotFound { id: id.to_string() });
                }
                Err(error) => return Err(error.into()),
                Ok(image) => {
                    for intent in &change.begun {
                        self.start_hashing(intent);
                    }
                    return Ok(self.shown(caller, image));
                }
            }
        }
        Err(Error::Contended { image: id })
    }

    /// The change that gives an image its first location.
    fn registration(
        &self,
        image: Image,
        found: &NewLocation,
        expected: Option<Multihash>,
    ) -> Result<Change, Error> {
        let is_hashed = self.settings().locations.is_hashed;
        let verification = match (is_hashed, &expected) {
            (true, Some(_)) => Verification::Before,
            _ => Verification::Never,
        };
        let registered = image.registered(
            found.location.clone(),
            found.size.unwrap_or_default(),
            expected,
            verification,
            self.now(),
        )?;
        Resource::Locations.check(1, self.settings().quotas.locations)?;
        let intent = is_hashed.then(|| self.hash_intent(&registered)).flatten();
        Ok(Change::of_edit(image, registered).beginning(intent))
    }

    /// Locations are capabilities (rule R4): whoever is no service may name what a stranger could
    /// read, and nothing else. That an administrator is none, either, is upstream's rule.
    fn permit_place(&self, caller: &Caller, url: &BlobUrl) -> Result<(), Error> {
        let through = caller.service();
        let is_service =
            caller.has_role(SERVICE) || through.is_some_and(|service| service.has_role(SERVICE));
        let is_web = matches!(url.scheme(), "http" | "https") && self.stores.read_the_web();
        match is_service || is_web {
            true => Ok(()),
            false => Err(Error::NotAService),
        }
    }

    /// The location with its store and its size, if a store can read there.
    pub(super) async fn found(
        &self,
        image: ImageId,
        mut new: NewLocation,
    ) -> Result<NewLocation, Error> {
        let url = &BlobUrl::given(new.location.url.as_str())?;
        let known = self.stores.knowing(url);
        let store = &known.ok_or(LocationFault::UnknownStore)?.store;
        // What this service writes is named after its image. To take another's for its own would
        // let the one image be deleted by the other.
        let last = url.as_str().rsplit('/').next();
        let named: Option<ImageId> = last.and_then(|name| name.parse().ok());
        if store.capabilities().write && named.is_some_and(|named| named != image) {
            return Err(LocationFault::Foreign.into());
        }
        let size = store.size(url).await.map_err(|source| match source {
            unavailable @ StoreError::Unavailable { .. } => Error::Store(unavailable),
            source => Error::UnreadableLocation { image, source },
        })?;
        if size == 0 {
            return Err(LocationFault::Empty.into());
        }
        Resource::ImageBytes.check(size, self.settings().quotas.image_bytes)?;
        new.size = Some(size);
        new.location = self.stores.labelled(new.location, store.id());
        Ok(new)
    }

    /// Finds the locations that edits bring: which store each is in, and how many bytes it holds.
    /// Those that the image has are not asked again.
    pub(super) async fn find_brought(
        &self,
        image: &Image,
        edits: &mut [Edit],
    ) -> Result<(), Error> {
        let mut brought: Vec<&mut NewLocation> = edits
            .iter_mut()
            .flat_map(|edit| match edit {
                Edit::Locations(edit) => edit.brought_mut(),
                _ => &mut [],
            })
            .filter(|new| new.size.is_none())
            .collect();
        // Whether its status allows them is judged with the edit; here, nobody is asked in vain.
        if brought.is_empty() || !matches!(image.status(), Status::Active | Status::Queued) {
            return Ok(());
        }
        // Each is a question to a store.
        Resource::Locations.check(brought.len() as u64, self.settings().quotas.locations)?;
        for new in &mut brought {
            // As it is kept, or as clients are shown it.
            let url = new.location.url.as_str();
            let known = image
                .locations
                .iter()
                .find(|known| known.url.as_str() == url || known.url.without_credentials() == url);
            **new = match known {
                Some(known) => self.as_known(image, known, new),
                None => self.found(image.id, (**new).clone()).await?,
            };
        }
        Ok(())
    }

    /// A location that the image has, with other metadata.
    fn as_known(&self, image: &Image, known: &Location, new: &NewLocation) -> NewLocation {
        let mut location = Location {
            url: known.url.clone(),
            metadata: new.location.metadata.clone(),
        };
        if let Some(store) = self.stores.of(known) {
            location = self.stores.labelled(location, store.id());
        }
        NewLocation {
            location,
            size: image.size,
            ..new.clone()
        }
    }

    /// What an edit of locations makes to do: data that no location leads to is removed, and data
    /// of which nobody said the hash is read for it.
    pub(super) fn consequences(&self, before: &Image, after: &Image) -> Vec<Intent> {
        let is_kept = |gone: &Location| after.locations.iter().any(|kept| kept.url == gone.url);
        let gone: Vec<Location> = before
            .locations
            .iter()
            .filter(|location| !is_kept(location))
            .cloned()
            .collect();
        let mut intents = self.removals(before.id, &gone);
        let became_active = before.status() == Status::Queued && after.status() == Status::Active;
        if became_active && after.multihash.is_none() && self.settings().locations.is_hashed {
            intents.extend(self.hash_intent(after));
        }
        intents
    }

    /// Does what there is to do.
    pub(super) async fn follow(&self, intents: Vec<Intent>) {
        let (hashes, removals) = intents
            .into_iter()
            .partition::<Vec<_>, _>(|intent| matches!(intent.work, Work::Hash(_)));
        for intent in &hashes {
            self.start_hashing(intent);
        }
        self.remove(removals).await;
    }

    /// The intent to read the data of an image for its hash, where a store has it.
    pub(super) fn hash_intent(&self, image: &Image) -> Option<Intent> {
        let location = image.locations.first()?;
        let store = self.stores.of(location)?;
        let work = Work::Hash(location.url.clone());
        Some(self.intent(image.id, store.id(), work, self.now()))
    }
}

/// The role of those who act for the cloud itself.
const SERVICE: &str = "service";
