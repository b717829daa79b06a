//! Tags as JSON.

use glance_core::domain::metadef::{Dated, TagName};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::wire::image::Text;

/// A tag.
pub(crate) struct TagView<'a>(pub(crate) &'a Dated<TagName>);

impl Serialize for TagView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("name", self.0.value.as_str())?;
        map.serialize_entry("created_at", &Text(&self.0.created_at))?;
        map.serialize_entry("updated_at", &Text(&self.0.updated_at))?;
        map.end()
    }
}

/// A tag in a list.
pub(crate) struct TagNameView<'a>(pub(crate) &'a TagName);

impl Serialize for TagNameView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("name", self.0.as_str())?;
        map.end()
    }
}

/// Tags of a namespace.
pub(crate) struct TagListView<'a>(pub(crate) Vec<&'a TagName>);

impl Serialize for TagListView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tags: Vec<_> = self.0.iter().map(|tag| TagNameView(tag)).collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("tags", &tags)?;
        map.end()
    }
}
