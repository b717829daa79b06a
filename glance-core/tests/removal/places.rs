//! One blob under several URLs, and blobs that are given to an image while they are being removed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::executor::block_on;
use glance_core::domain::{
    BlobUrl, Caller, CannotEditLocations, Edit, EditError, Image, ImageId, Location, LocationEdit,
    NewLocation, Position,
};
use glance_core::memory::Simulation;
use glance_core::ports::{Catalog, Executor};
use glance_core::{Error, ErrorKind, GlanceBuilder, Settings};

use crate::faults::{FaultyCatalog, FaultyStore, Shared, Trouble};
use crate::twice::{Twice, image, url, write};
use crate::two_names::Site;

fn one() -> ImageId {
    ImageId::from_bits(1)
}

fn two() -> ImageId {
    ImageId::from_bits(2)
}

/// The other spelling of a place.
fn alias(store: &str, image: ImageId) -> BlobUrl {
    BlobUrl::new(
        url(store, image)
            .as_str()
            .replace("memory://", "memory+s://"),
    )
}

fn add(url: &BlobUrl) -> LocationEdit {
    LocationEdit::Add(Position::Last, NewLocation::at(url.as_str()))
}

fn remove(at: usize) -> LocationEdit {
    LocationEdit::Remove(Position::At(at))
}

fn edit(site: &Site, edits: &[LocationEdit]) -> Result<(), Error> {
    let edits: Vec<Edit> = edits.iter().cloned().map(Edit::Locations).collect();
    block_on(site.glance.edit(&Caller::local_admin(), one(), &edits)).map(|_| ())
}

fn delete(site: &Site, id: ImageId) {
    block_on(site.glance.delete(&Caller::local_admin(), id)).unwrap();
}

fn is_duplicate(result: &Result<(), Error>) -> bool {
    matches!(
        result,
        Err(Error::Edit(EditError::Locations(
            CannotEditLocations::Duplicate
        )))
    )
}

#[test]
fn a_place_is_added_once_however_it_is_spelled() {
    let site = Site::new(Settings::default());
    let (plain, other) = (url("memory", one()), alias("memory", one()));

    let again = edit(&site, &[add(&other)]);
    edit(&site, &[remove(1)]).unwrap();
    block_on(write(&site.world.held[1], one()));
    let both = edit(
        &site,
        &[add(&alias("other", one())), add(&url("other", one()))],
    );
    let moved = edit(
        &site,
        &[
            add(&url("other", one())),
            remove(0),
            add(&other),
            add(&plain),
        ],
    );

    for refused in [again, both, moved] {
        assert!(is_duplicate(&refused), "{refused:?}");
    }
}

#[test]
fn a_place_that_moves_in_one_edit_keeps_its_data() {
    let site = Site::new(Settings::default());

    edit(&site, &[remove(0), add(&alias("memory", one()))]).unwrap();

    let image = &site.world.catalog.images()[0];
    assert_eq!(
        image.locations,
        ["other", "memory"].map(|store| Location::new(url(store, one())))
    );
    assert_eq!(site.world.blobs(), 2);
}

#[test]
fn data_stays_while_another_spelling_leads_to_it() {
    let site = Site::new(Settings::default());
    let mut twin = image(two());
    twin.locations[1].url = alias("memory", two());
    block_on(write(&site.world.held[0], two()));
    block_on(site.world.catalog.insert(&twin, None)).unwrap();
    let edits = [Edit::Locations(remove(0))];

    block_on(site.glance.edit(&Caller::local_admin(), two(), &edits)).unwrap();
    let held = site.is_held(0, two());
    delete(&site, two());

    assert!(held);
    assert!(!site.is_held(0, two()));
    assert_eq!(site.world.catalog.intents(), []);
}

#[test]
fn an_image_with_two_spellings_of_a_place_takes_other_metadata() {
    let site = Site::new(Settings::default());
    let mut twin = image(two());
    twin.locations[1].url = alias("memory", two());
    block_on(site.world.catalog.insert(&twin, None)).unwrap();
    let all = twin.locations.iter().map(|location| {
        let mut new = NewLocation::at(location.url.as_str());
        new.location.metadata.insert("k".to_owned(), "v".into());
        new
    });
    let edits = [Edit::Locations(LocationEdit::Replace(all.collect()))];

    let edited = block_on(site.glance.edit(&Caller::local_admin(), two(), &edits)).unwrap();

    let urls = |image: &Image| {
        let urls = image.locations.iter().map(|location| location.url.clone());
        urls.collect::<Vec<_>>()
    };
    assert_eq!(urls(&edited), urls(&twin));
    let mut metadata = edited.locations.iter().map(|location| &location.metadata);
    assert!(metadata.all(|metadata| metadata["k"] == "v"));
}

#[test]
fn data_of_another_image_stays() {
    let site = Site::new(Settings::default());
    let mut thief = image(two());
    thief.locations = vec![Location::new(alias("memory", one()))];
    block_on(site.world.catalog.insert(&thief, None)).unwrap();

    delete(&site, two());
    let held = site.is_held(0, one());
    delete(&site, one());

    assert!(held);
    assert_eq!(site.world.blobs(), 0);
}

#[test]
fn a_place_is_not_given_again_while_it_is_being_cleared() {
    let site = Site::new(Settings::default());
    site.is_away.store(true, Ordering::Relaxed);
    edit(&site, &[remove(0)]).unwrap();

    let refused = [url("memory", one()), alias("memory", one())].map(|place| {
        let refused = edit(&site, &[add(&place)]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        refused.to_string()
    });
    site.is_away.store(false, Ordering::Relaxed);
    site.clock.advance(Duration::from_secs(60));
    block_on(site.glance.scrub()).unwrap();
    let gone = edit(&site, &[add(&url("memory", one()))]).unwrap_err();

    let sentence = format!(
        "other data of image {} is still being removed there: ",
        one()
    );
    assert!(refused.iter().all(|refused| refused.starts_with(&sentence)));
    assert!(matches!(gone, Error::UnreadableLocation { .. }), "{gone}");
    assert_eq!(site.world.blobs(), 1);
}

#[test]
fn no_interleaving_gives_an_image_a_place_that_is_cleared() {
    let (mut going, mut gone) = (0, 0);
    for seed in 0..400 {
        let simulation = Simulation::new(seed);
        let world = Twice::new(one());
        let process = simulation.process(0);
        let trouble = Trouble {
            simulation: process.clone(),
            node: "node".to_owned(),
            catalog: Arc::clone(&world.catalog),
            shared: Arc::<Shared>::default(),
            network: simulation.process(1),
        };
        let catalog = Arc::new(FaultyCatalog::new(trouble.clone()));
        let stores = world.stores(|store| Arc::new(FaultyStore::new(store, trouble.clone())));
        let glance = GlanceBuilder::new(catalog, stores, process.runtime())
            .with_node("node")
            .build()
            .unwrap();
        let errors = Arc::new(std::sync::Mutex::new(Vec::new()));
        for edit in [remove(0), add(&url("memory", one()))] {
            let (glance, errors) = (glance.clone(), Arc::clone(&errors));
            process.spawn(Box::pin(async move {
                let edits = [Edit::Locations(edit)];
                if let Err(error) = glance.edit(&Caller::local_admin(), one(), &edits).await {
                    errors.lock().unwrap().push(error);
                }
            }));
        }
        while simulation.step() {}

        let image = &world.catalog.images()[0];
        for location in &image.locations {
            let store = usize::from(location.url == url("other", one()));
            let held = world.held[store].contents().0.contains(&one());
            assert!(held, "seed {seed}: the data of {location:?} is lost");
        }
        for error in errors.lock().unwrap().iter() {
            going += usize::from(matches!(error, Error::DataGoing { .. }));
            gone += usize::from(matches!(error, Error::UnreadableLocation { .. }));
        }
    }
    assert!(going > 0 && gone > 0, "{going} {gone}");
}
