//! Namespaces as JSON.

use glance_core::NamespaceList;
use glance_core::domain::metadef::{Dated, Namespace, NamespaceContents, NamespaceName};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::object::ObjectView;
use super::property::PropertiesView;
use super::resource_type::AssociationView;
use super::tag::TagNameView;
use crate::wire::image::Text;
use crate::wire::links::Links;

/// A namespace with what is in it.
pub(crate) struct NamespaceView<'a>(pub(crate) &'a NamespaceContents);

impl Serialize for NamespaceView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let contents = self.0;
        let name = &contents.namespace.value.name;
        let mut map = serializer.serialize_map(None)?;
        attributes(&mut map, &contents.namespace)?;
        if !contents.associations.is_empty() {
            let views: Vec<_> = contents.associations.iter().map(AssociationView).collect();
            map.serialize_entry("resource_type_associations", &views)?;
        }
        if !contents.properties.is_empty() {
            map.serialize_entry("properties", &PropertiesView(&contents.properties))?;
        }
        if !contents.objects.is_empty() {
            let view = |object| ObjectView {
                namespace: name,
                object,
            };
            let views: Vec<_> = contents.objects.iter().map(view).collect();
            map.serialize_entry("objects", &views)?;
        }
        if !contents.tags.is_empty() {
            let views: Vec<_> = contents
                .tags
                .iter()
                .map(|tag| TagNameView(&tag.value))
                .collect();
            map.serialize_entry("tags", &views)?;
        }
        links(&mut map, name)?;
        map.end()
    }
}

/// A namespace without what is in it.
pub(crate) struct BareNamespaceView<'a>(pub(crate) &'a Dated<Namespace>);

impl Serialize for BareNamespaceView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        attributes(&mut map, self.0)?;
        links(&mut map, &self.0.value.name)?;
        map.end()
    }
}

/// A page of a list of namespaces.
pub(crate) struct NamespaceListView<'a> {
    pub(crate) list: &'a NamespaceList,
    pub(crate) links: &'a Links,
}

impl Serialize for NamespaceListView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let namespaces: Vec<_> = self.list.namespaces.iter().map(NamespaceView).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("namespaces", &namespaces)?;
        if let Some(next) = &self.list.next {
            map.serialize_entry("next", &self.links.next(next.as_str()))?;
        }
        map.serialize_entry("schema", "/v2/schemas/metadefs/namespaces")?;
        map.serialize_entry("first", &self.links.first())?;
        map.end()
    }
}

/// The path of a namespace, as URLs have it.
pub(crate) fn url_path(name: &NamespaceName) -> String {
    let name = utf8_percent_encode(name.as_str(), &ESCAPED);
    format!("{PATH}/{name}")
}

fn attributes<M: SerializeMap>(map: &mut M, namespace: &Dated<Namespace>) -> Result<(), M::Error> {
    let value = &namespace.value;
    map.serialize_entry("namespace", value.name.as_str())?;
    if let Some(name) = &value.display_name {
        map.serialize_entry("display_name", name.as_str())?;
    }
    if let Some(description) = &value.description {
        map.serialize_entry("description", description.as_str())?;
    }
    map.serialize_entry("visibility", value.visibility.as_str())?;
    map.serialize_entry("protected", &value.protected)?;
    map.serialize_entry("owner", value.owner.as_str())?;
    map.serialize_entry("created_at", &Text(&namespace.created_at))?;
    map.serialize_entry("updated_at", &Text(&namespace.updated_at))
}

/// The name goes into `self` as it is (upstream).
fn links<M: SerializeMap>(map: &mut M, name: &NamespaceName) -> Result<(), M::Error> {
    map.serialize_entry("self", &format!("{PATH}/{name}"))?;
    map.serialize_entry("schema", "/v2/schemas/metadefs/namespace")
}

/// Where namespaces are.
pub(super) const PATH: &str = "/v2/metadefs/namespaces";

/// What does not stand in a segment of a path as it is.
const ESCAPED: AsciiSet = CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');
