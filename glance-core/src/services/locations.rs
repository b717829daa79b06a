//! Locations: data that is in a store without having been uploaded.

use std::collections::BTreeMap;

use serde_json::{Map, json};

use super::changes::Plan;
use super::glance::Glance;
use crate::domain::policy::Action;
use crate::domain::{
    BlobUrl, Caller, Change, Edit, Image, ImageId, Intent, IntentId, Location, LocationFault,
    Multihash, NewLocation, Resource, Status, Task, TaskId, TaskKind, TaskStep, Verification, Work,
};
use crate::error::Error;
use crate::ports::StoreError;

impl Glance {
    /// Tells where the data of an image is, best place first: for services that read it there. Of a
    /// queued image there is none to be read, whatever its row says of data that was refused.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not.
    pub async fn locations(&self, caller: &Caller, id: ImageId) -> Result<Vec<Location>, Error> {
        let image = self.visible_image(caller, id).await?;
        self.permit(caller, Action::FetchImageLocation, &image)?;
        if image.status() == Status::Queued {
            return Ok(Vec::new());
        }
        let holding = self.stores.holding(&image).into_iter();
        Ok(holding.map(|(_, location)| location.clone()).collect())
    }

    /// Gives a queued image its data by saying where it is. Its data is looked at first; then the
    /// image is active at once, and its data is read for its hash in the background; where a hash is
    /// expected of it, or a signature, the image is active once the data was found to have it. A
    /// task, which bears the request's id, tells what came of it.
    ///
    /// # Errors
    /// There is none that the caller may see; it is not queued, is being imported, or lacks a
    /// format; the caller may not; what is said of the data makes no sense; no store of this service
    /// can read it there; it is being removed from there; it is not what the image is said to be, or
    /// unsafe; the image is signed, and nobody verifies that; a limit is passed.
    pub async fn add_location(
        &self,
        caller: &Caller,
        id: ImageId,
        new: NewLocation,
        request_id: Option<String>,
    ) -> Result<Image, Error> {
        let (new, request_id) = (&new, &request_id);
        let plan = |image: Image| async move {
            if image.status() != Status::Queued {
                return Err(Error::CannotAddLocation {
                    image: id,
                    status: image.status(),
                });
            }
            self.permit(caller, Action::AddImageLocation, &image)?;
            if image.is_being_imported() {
                return Err(Error::BeingImported { image: id });
            }
            self.permit_place(caller, &new.location.url)?;
            let expected = new.validation.as_ref();
            let expected = expected.map(|said| said.checked_multihash()).transpose()?;
            self.permit_signature(&image).await?;
            let found = self.found(id, new.clone()).await?;
            let task = self.location_task(caller, id, new, request_id.clone());
            let change = self.registration(image, &found, expected, &task)?;
            let claim = self.claim_for_edit(&change.before, &change.after).await?;
            Ok(Plan::Change(change.claiming(claim)))
        };
        let (image, begun) = self.changed(caller, id, plan).await?;
        self.follow(&image, begun).await;
        Ok(self.shown(caller, image))
    }

    /// What tells of a location that is added. Where services name a place, owners of images are not
    /// told of it (rule R4).
    fn location_task(
        &self,
        caller: &Caller,
        image: ImageId,
        new: &NewLocation,
        request_id: Option<String>,
    ) -> Task {
        let id = TaskId::from(ImageId::from_bits(self.runtime.ids.next_bits()));
        let mut task = Task::pending(id, TaskKind::LocationImport, self.now());
        task.owner = caller.project().cloned();
        task.image = Some(image);
        task.request_id = request_id;
        task.user = caller.user().cloned();
        let url = &new.location.url;
        let mut input = Map::from_iter([("image_id".to_owned(), image.to_string().into())]);
        if is_web(url) {
            input.insert("loc_url".to_owned(), url.to_string().into());
        }
        if let Some(said) = &new.validation {
            let hash = &said.multihash;
            let said = json!({"os_hash_algo": hash.algorithm, "os_hash_value": hash.value});
            input.insert("validation_data".to_owned(), said);
        }
        task.input = Some(input);
        task
    }

    /// The change that gives an image its first location; its task goes on as long as its hash is not
    /// found.
    fn registration(
        &self,
        image: Image,
        found: &NewLocation,
        expected: Option<Multihash>,
        task: &Task,
    ) -> Result<Change, Error> {
        let is_hashed = self.settings().locations.is_hashed;
        let verification = match is_hashed && (expected.is_some() || image.signature()?.is_some()) {
            true => Verification::Before,
            false => Verification::Never,
        };
        let mut registered = image.registered(
            found.location.clone(),
            found.size.unwrap_or_default(),
            expected,
            verification,
            self.now(),
        )?;
        Resource::Locations.check(1, self.settings().quotas.locations)?;
        if let Some(report) = &found.report {
            registered.virtual_size = self.accept(&registered, report)?;
        }
        let mut task = task.begun(self.now())?;
        let intent = is_hashed.then(|| self.hash_intent(&registered)).flatten();
        let intent = intent.map(|intent| Intent {
            id: IntentId::stored(task.id.to_string()),
            ..intent
        });
        match &intent {
            None => task = self.succeeded(&task)?,
            Some(_) if registered.multihash.is_none() => {
                registered.hash_awaited = Some(self.settings().hash.as_str().to_owned());
            }
            Some(_) => {}
        }
        let change = Change::of_edit(image, registered).beginning(intent);
        Ok(change.with_task(TaskStep::Recorded(task)))
    }

    /// A task about an image, done.
    pub(super) fn succeeded(&self, task: &Task) -> Result<Task, Error> {
        let image = task.image.map(|image| image.to_string().into());
        let result = image.map(|image| ("image_id".to_owned(), image));
        let lifetime = self.settings().task_lifetime;
        Ok(task.succeeded(result.into_iter().collect(), self.now(), lifetime)?)
    }

    /// Locations are capabilities (rule R4): whoever is no service may name what a stranger could
    /// read, and nothing else. That an administrator is none, either, is upstream's rule.
    fn permit_place(&self, caller: &Caller, url: &BlobUrl) -> Result<(), Error> {
        let through = caller.service();
        let is_service =
            caller.has_role(SERVICE) || through.is_some_and(|service| service.has_role(SERVICE));
        let is_web = is_web(url) && self.stores.read_the_web();
        match is_service || is_web {
            true => Ok(()),
            false => Err(Error::NotAService),
        }
    }

    /// Refuses a location for an image whose signature would not be verified, before anybody reads.
    async fn permit_signature(&self, image: &Image) -> Result<(), Error> {
        match image.signature()? {
            Some(_) if !self.settings().locations.is_hashed => Err(LocationFault::Signed.into()),
            _ => self.signature_check(image).await.map(drop),
        }
    }

    /// The location with its store, its size and what its data is, if a store can read there. As it
    /// was when the image was read: whatever takes the data away after that changes the image, too.
    async fn found(&self, image: ImageId, mut new: NewLocation) -> Result<NewLocation, Error> {
        let url = &BlobUrl::given(new.location.url.as_str())?;
        let known = self.stores.knowing(url);
        let store = &known.ok_or(LocationFault::UnknownStore)?.store;
        // What this service writes is named after its image. To take another's for its own would
        // let the one image be deleted by the other.
        if store.capabilities().write && url.image().is_some_and(|named| named != image) {
            return Err(LocationFault::Foreign.into());
        }
        if store.capabilities().delete {
            let place = store.canonical(url);
            let going = self.catalog.open_deletes(image).await?;
            if going.iter().any(|going| store.canonical(going) == place) {
                return Err(Error::DataGoing { image });
            }
        }
        let unreadable = |source| match source {
            unavailable @ StoreError::Unavailable { .. } => Error::Store(unavailable),
            forbidden @ StoreError::Forbidden { .. } => {
                tracing::info!(
                    image.id = %image, error = &forbidden as &dyn std::error::Error,
                    "a location is refused"
                );
                LocationFault::Filtered.into()
            }
            source => Error::UnreadableLocation { image, source },
        };
        let size = store.size(url).await.map_err(unreadable)?;
        if size == 0 {
            return Err(LocationFault::Empty.into());
        }
        Resource::ImageBytes.check(size, self.settings().quotas.image_bytes)?;
        let look = self.look_at(store.as_ref(), url, size).await;
        new.report = Some(look.map_err(unreadable)?);
        new.size = Some(size);
        new.location = self.stores.labelled(new.location, store.id());
        Ok(new)
    }

    /// The edits with the locations that they bring: which store each is in, and how many bytes it
    /// holds. Those that the image has are not asked again. A place has one spelling then: that of
    /// the first location there.
    pub(super) async fn with_brought_found(
        &self,
        image: &Image,
        edits: &[Edit],
    ) -> Result<Vec<Edit>, Error> {
        let mut edits = edits.to_vec();
        let brought: Vec<&mut NewLocation> = edits
            .iter_mut()
            .flat_map(|edit| match edit {
                Edit::Locations(edit) => edit.brought_mut(),
                _ => &mut [],
            })
            .collect();
        // Whether its status allows them is judged with the edit; here, nobody is asked in vain.
        if brought.is_empty() || !matches!(image.status(), Status::Active | Status::Queued) {
            return Ok(edits);
        }
        // Each is a question to a store.
        Resource::Locations.check(brought.len() as u64, self.settings().quotas.locations)?;
        let known = match image.status() {
            // What is noted there of refused data is looked at again.
            Status::Queued => BTreeMap::new(),
            _ => self.spellings(image),
        };
        let mut first: BTreeMap<BlobUrl, BlobUrl> = BTreeMap::new();
        for new in brought {
            let url = &new.location.url;
            let place = || self.stores.place(&Location::new(url.clone()));
            if let Some(known) = known.get(url).or_else(|| known.get(&place())) {
                *new = self.as_known(image, known, new);
                continue;
            }
            *new = self.found(image.id, new.clone()).await?;
            let url = first
                .entry(self.stores.place(&new.location))
                .or_insert_with(|| new.location.url.clone());
            new.location.url = url.clone();
        }
        Ok(edits)
    }

    /// The locations of an image by the URLs that may be given for them: as they are kept, as clients
    /// are shown them, and in the spelling of their store.
    fn spellings<'i>(&self, image: &'i Image) -> BTreeMap<BlobUrl, &'i Location> {
        let locations = || image.locations.iter().rev();
        let places = locations().map(|location| (self.stores.place(location), location));
        let shown = locations().map(|location| {
            let url = location.url.without_credentials();
            (BlobUrl::new(url), location)
        });
        let kept = locations().map(|location| (location.url.clone(), location));
        // The last of one URL stays.
        places.chain(shown).chain(kept).collect()
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
    pub(super) async fn consequences(
        &self,
        before: &Image,
        after: &Image,
    ) -> Result<Vec<Intent>, Error> {
        let mut intents = self
            .removals(before.id, &before.locations, &after.locations)
            .await?;
        let became_active = before.status() == Status::Queued && after.status() == Status::Active;
        if became_active && after.multihash.is_none() && self.settings().locations.is_hashed {
            intents.extend(self.hash_intent(after));
        }
        Ok(intents)
    }

    /// Does what there is to do about an image.
    pub(super) async fn follow(&self, image: &Image, intents: Vec<Intent>) {
        let (hashes, removals) = intents
            .into_iter()
            .partition::<Vec<_>, _>(|intent| matches!(intent.work, Work::Hash(_)));
        for intent in &hashes {
            self.start_hashing(intent, image.owner.as_ref());
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

fn is_web(url: &BlobUrl) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// The role of those who act for the cloud itself.
const SERVICE: &str = "service";
