//! The stores of a service, and which of them holds what.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::builder::BuildError;
use crate::domain::{BlobUrl, Image, Location, StoreId};
use crate::error::Error;
use crate::ports::ImageStore;

/// The stores of a service: one that goes without a name, or several that clients choose from by
/// name (Glance's `enabled_backends`).
#[derive(Debug, Clone)]
pub struct Stores {
    all: Vec<ConfiguredStore>,
    /// Where data goes that is for no store in particular.
    default: usize,
    named: bool,
    staging: Option<Arc<dyn ImageStore>>,
}

/// A store, and what is said of it.
#[derive(Debug, Clone)]
pub struct ConfiguredStore {
    /// The store; it goes by its id.
    pub store: Arc<dyn ImageStore>,
    /// Its kind as Glance names it: `file`, `s3`.
    pub kind: String,
    /// What it is for, for people.
    pub description: Option<String>,
    /// Data is read from the heaviest store that has it.
    pub weight: i64,
    /// How it is set up, for administrators; no secrets.
    pub properties: Map<String, Value>,
}

impl ConfiguredStore {
    /// A store of which nothing is said.
    pub fn new(store: Arc<dyn ImageStore>, kind: impl Into<String>) -> Self {
        Self {
            store,
            kind: kind.into(),
            description: None,
            weight: 0,
            properties: Map::new(),
        }
    }

    /// Its name.
    pub fn id(&self) -> &StoreId {
        self.store.id()
    }
}

impl Stores {
    /// Several stores by name. Every location says which store holds it.
    ///
    /// # Errors
    /// Two have one name; none has the name of the default.
    pub fn named(default: &StoreId, all: Vec<ConfiguredStore>) -> Result<Self, BuildError> {
        Self::new(default, all, true)
    }

    /// A store for new data, and others that hold older data. Their names do not matter: locations
    /// are told by their URLs, as in a Glance without `enabled_backends`.
    ///
    /// # Errors
    /// Two have one name; none has the name of the default.
    pub fn unnamed(default: &StoreId, all: Vec<ConfiguredStore>) -> Result<Self, BuildError> {
        Self::new(default, all, false)
    }

    fn new(default: &StoreId, all: Vec<ConfiguredStore>, named: bool) -> Result<Self, BuildError> {
        for (at, store) in all.iter().enumerate() {
            if all.iter().take(at).any(|other| other.id() == store.id()) {
                return Err(BuildError::DuplicateStore {
                    store: store.id().clone(),
                });
            }
        }
        let default = all
            .iter()
            .position(|store| store.id() == default)
            .ok_or_else(|| BuildError::UnknownDefaultStore {
                store: default.clone(),
            })?;
        Ok(Self {
            all,
            default,
            named,
            staging: None,
        })
    }

    /// Keeps data aside that is to be imported, in a store that clients cannot choose.
    #[must_use]
    pub fn with_staging(mut self, staging: Arc<dyn ImageStore>) -> Self {
        self.staging = Some(staging);
        self
    }

    /// Whether clients choose stores by name.
    pub fn are_named(&self) -> bool {
        self.named
    }

    /// All of them, in the order of the configuration.
    pub fn all(&self) -> &[ConfiguredStore] {
        &self.all
    }

    /// Whether it is where data goes that is for no store in particular.
    pub fn is_default(&self, store: &ConfiguredStore) -> bool {
        self.all
            .get(self.default)
            .is_some_and(|default| default.id() == store.id())
    }

    /// The stores of an image's locations, in the order in which its data is looked for: heaviest
    /// first. A location in no store of this service comes without one, in its place.
    pub fn holding<'a>(
        &'a self,
        image: &'a Image,
    ) -> Vec<(Option<&'a ConfiguredStore>, &'a Location)> {
        let mut holding: Vec<_> = image
            .locations
            .iter()
            .map(|location| (self.of(location), location))
            .collect();
        if self.named {
            holding.sort_by_key(|(store, _)| -store.map_or(0, |store| store.weight));
        }
        holding
    }

    /// The store that holds a location: the one that it names, or else one that knows its URL.
    pub(super) fn of(&self, location: &Location) -> Option<&ConfiguredStore> {
        let by_name = location.store().filter(|_| self.named);
        by_name
            .and_then(|id| self.get(&id))
            .or_else(|| self.knowing(&location.url))
    }

    /// The store that knows a URL by its form.
    pub(super) fn knowing(&self, url: &BlobUrl) -> Option<&ConfiguredStore> {
        self.all.iter().find(|known| known.store.owns(url))
    }

    /// Where a location leads, in the one spelling of its store: two locations of one blob are in
    /// one place.
    pub(super) fn place(&self, location: &Location) -> BlobUrl {
        match self.of(location) {
            Some(known) => known.store.canonical(&location.url),
            None => location.url.clone(),
        }
    }

    /// The places of locations.
    pub(super) fn places(&self, locations: &[Location]) -> BTreeSet<BlobUrl> {
        locations
            .iter()
            .map(|location| self.place(location))
            .collect()
    }

    /// Whether data is read from web servers.
    pub(super) fn read_the_web(&self) -> bool {
        self.all.iter().any(|known| known.kind == WEB)
    }

    /// Where data is kept aside that is to be imported.
    pub(super) fn staging(&self) -> Option<&Arc<dyn ImageStore>> {
        self.staging.as_ref()
    }

    /// The store of an intent: the staging area has intents, too.
    pub(super) fn at_work(&self, id: &StoreId) -> Option<&Arc<dyn ImageStore>> {
        let staging = self.staging.as_ref().filter(|staging| staging.id() == id);
        staging.or_else(|| self.get(id).map(|known| &known.store))
    }

    /// The stores that hold data of an image.
    pub(super) fn filled(&self, image: &Image) -> BTreeSet<StoreId> {
        let locations = image.locations.iter();
        let stores = locations.filter_map(|location| self.of(location));
        stores.map(|store| store.id().clone()).collect()
    }

    pub(super) fn get(&self, id: &StoreId) -> Option<&ConfiguredStore> {
        self.all.iter().find(|known| known.id() == id)
    }

    /// The store for new data. Without names there is nothing to choose, and a choice is ignored
    /// (upstream).
    pub(super) fn chosen(&self, choice: Option<&StoreId>) -> Result<&Arc<dyn ImageStore>, Error> {
        let chosen = match choice.filter(|_| self.named) {
            Some(id) => self.get(id),
            None => self.all.get(self.default),
        };
        chosen
            .map(|chosen| &chosen.store)
            .ok_or_else(|| Error::UnknownStore {
                store: choice.map(ToString::to_string).unwrap_or_default(),
            })
    }

    /// A location in `store` as it is kept.
    pub(super) fn labelled(&self, mut location: Location, store: &StoreId) -> Location {
        if self.named {
            let name = Value::from(store.as_str());
            location.metadata.insert("store".to_owned(), name);
        }
        location
    }
}

impl<S: ImageStore> From<Arc<S>> for Stores {
    fn from(store: Arc<S>) -> Self {
        Self::from(store as Arc<dyn ImageStore>)
    }
}

impl From<Arc<dyn ImageStore>> for Stores {
    fn from(store: Arc<dyn ImageStore>) -> Self {
        Self {
            all: vec![ConfiguredStore::new(store, "")],
            default: 0,
            named: false,
            staging: None,
        }
    }
}

/// Glance's name for the kind of store that reads from web servers.
const WEB: &str = "http";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ImageId, Timestamp};
    use crate::memory::MemoryStore;

    #[test]
    fn a_location_is_in_the_store_that_it_names_whatever_its_url() {
        let ids = ["fast", "cheap"].map(|id| id.parse::<StoreId>().unwrap());
        let all = ids.clone().map(|id| {
            let store: Arc<dyn ImageStore> = Arc::new(MemoryStore::new(id));
            ConfiguredStore::new(store, "memory")
        });
        let stores = Stores::named(&ids[0], all.to_vec()).unwrap();
        let location = Location::new(BlobUrl::new("memory://fast/image"));
        let mut image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(0));
        image.locations = vec![location.clone(), stores.labelled(location, &ids[1])];

        let holding = stores.holding(&image).into_iter();
        let found: Vec<_> = holding
            .map(|(store, _)| store.unwrap().id().clone())
            .collect();

        assert_eq!(found, ids);
    }
}
