//! An image as JSON.

use std::fmt::Display;

use glance_core::domain::{Image, Location, Status};
use glance_core::{ConfiguredStore, ImageList};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Reader;
use super::image_schema::ImageSchema;
use super::links::Links;
use super::location::Locations;

/// An image as one of its readers sees it.
pub(crate) struct ImageView<'a> {
    image: &'a Image,
    /// Where its data is, best place first.
    places: Vec<Place<'a>>,
    /// Whether data is read there.
    has_data: bool,
    show_locations: bool,
    show_direct_url: bool,
    show_stores: bool,
    schema: &'a ImageSchema,
}

impl<'a> ImageView<'a> {
    pub(crate) fn new(image: &'a Image, reader: &Reader<'a>) -> Self {
        let hidden = image.status() == Status::Deactivated && !reader.is_admin;
        let stores = reader.api.glance.stores();
        let options = &reader.api.options;
        Self {
            image,
            places: match hidden {
                true => Vec::new(),
                false => stores.holding(image),
            },
            has_data: image.status() != Status::Queued,
            show_locations: options.show_locations,
            show_direct_url: options.show_direct_url,
            show_stores: stores.are_named(),
            schema: &options.image_schema,
        }
    }
}

impl Serialize for ImageView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let image = self.image;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in image.shown_properties() {
            // Upstream: nothing is an empty text, unless an operator declares the property.
            let text = match value.text() {
                None if self.schema.declares(name.as_str()) => None,
                text => Some(text.unwrap_or_default()),
            };
            map.serialize_entry(name.as_str(), &text)?;
        }
        let hash = image.multihash.as_ref();
        map.serialize_entry("name", &image.name.as_ref().map(Text))?;
        map.serialize_entry("disk_format", &image.disk_format.as_ref().map(Text))?;
        map.serialize_entry(
            "container_format",
            &image.container_format.as_ref().map(Text),
        )?;
        map.serialize_entry("visibility", image.visibility.as_str())?;
        map.serialize_entry("size", &image.size)?;
        map.serialize_entry("virtual_size", &image.virtual_size)?;
        map.serialize_entry("status", image.status().as_str())?;
        map.serialize_entry("checksum", &image.checksum)?;
        map.serialize_entry("protected", &image.protected)?;
        map.serialize_entry("min_ram", &image.min_ram.get())?;
        map.serialize_entry("min_disk", &image.min_disk.get())?;
        map.serialize_entry("owner", &image.owner.as_ref().map(Text))?;
        map.serialize_entry("os_hidden", &image.hidden)?;
        map.serialize_entry("os_hash_algo", &image.hash_algorithm())?;
        map.serialize_entry("os_hash_value", &hash.map(|hash| &hash.value))?;
        map.serialize_entry("id", image.id.as_str())?;
        map.serialize_entry("created_at", &Text(&image.created_at))?;
        map.serialize_entry("updated_at", &Text(&image.updated_at))?;
        if self.show_locations {
            let places = self.places.iter().filter(|_| self.has_data);
            let locations = places.map(|(_, location)| *location);
            map.serialize_entry("locations", &Locations(locations))?;
        }
        let shows_best = self.show_direct_url && self.has_data;
        if let (true, Some((_, best))) = (shows_best, self.places.first()) {
            map.serialize_entry("direct_url", &best.url.without_credentials())?;
        }
        map.serialize_entry("tags", &Tags(image))?;
        map.serialize_entry("self", &Text(&format_args!("/v2/images/{}", image.id)))?;
        map.serialize_entry("file", &Text(&format_args!("/v2/images/{}/file", image.id)))?;
        map.serialize_entry("schema", "/v2/schemas/image")?;
        let stores: Vec<&str> = self
            .places
            .iter()
            .filter_map(|place| place.0)
            .map(name)
            .collect();
        if self.show_stores && !stores.is_empty() {
            map.serialize_entry("stores", &stores.join(","))?;
        }
        map.end()
    }
}

fn name(store: &ConfiguredStore) -> &str {
    store.id().as_str()
}

/// A page of a list of images.
pub(crate) struct ImageListView<'a> {
    pub(crate) list: &'a ImageList,
    pub(crate) links: &'a Links,
    pub(crate) reader: Reader<'a>,
}

impl Serialize for ImageListView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("images", &Images(self))?;
        map.serialize_entry("first", &self.links.first())?;
        map.serialize_entry("schema", "/v2/schemas/images")?;
        if let Some(marker) = &self.list.next {
            map.serialize_entry("next", &self.links.next(marker.as_str()))?;
        }
        map.end()
    }
}

struct Images<'a>(&'a ImageListView<'a>);

impl Serialize for Images<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let images = &self.0.list.images;
        serializer.collect_seq(
            images
                .iter()
                .map(|image| ImageView::new(image, &self.0.reader)),
        )
    }
}

struct Tags<'a>(&'a Image);

impl Serialize for Tags<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.tags.iter().map(|tag| tag.as_str()))
    }
}

/// A store of this service, where one is known, and what it holds.
type Place<'a> = (Option<&'a ConfiguredStore>, &'a Location);

/// What is written as its text.
pub(crate) struct Text<'a, T: ?Sized>(pub(crate) &'a T);

impl<T: Display + ?Sized> Serialize for Text<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}
