//! Whole namespaces, as files and requests hold them.

use serde_json::{Map, Value as Json};

use super::super::id::ProjectId;
use super::super::time::Timestamp;
use super::association::Association;
use super::contents::{Dated, NamespaceContents};
use super::invalid::{DefinitionFault, InvalidDefinition};
use super::json::{Members, check_distinct, text};
use super::name::TagName;
use super::namespace::{Namespace, NamespaceVisibility};
use super::object::Object;
use super::property::Property;

/// A namespace with all that is in it, as a request or a file holds it.
///
/// ```
/// use glance_core::domain::metadef::NamespaceDocument;
/// use serde_json::json;
///
/// let file = json!({
///     "namespace": "OS::Compute::Watchdog",
///     "visibility": "public",
///     "resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "hw_"}],
///     "properties": {"watchdog_action": {"title": "Action", "type": "string"}},
/// });
/// let document = NamespaceDocument::from_json(&file, Some(&"admin".parse()?))?;
///
/// assert_eq!(document.properties[0].name.as_str(), "watchdog_action");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceDocument {
    /// The namespace itself.
    pub namespace: Namespace,
    /// Which resource types it is for.
    pub associations: Vec<Association>,
    /// Its properties, other than those of objects.
    pub properties: Vec<Property>,
    /// Its objects.
    pub objects: Vec<Object>,
    /// Its tags.
    pub tags: Vec<TagName>,
}

impl NamespaceDocument {
    /// Reads a document. Without an owner in it, it is that of `owner`.
    ///
    /// # Errors
    /// [`InvalidDefinition`] says what is wrong, and where.
    pub fn from_json(json: &Json, owner: Option<&ProjectId>) -> Result<Self, InvalidDefinition> {
        let members = Members::of(json, &MEMBERS)?;
        let visibilities = NamespaceVisibility::ALL.map(NamespaceVisibility::as_str);
        let namespace = Namespace {
            name: members.required_text("namespace")?,
            display_name: members.text("display_name")?,
            description: members.text("description")?,
            visibility: members
                .word("visibility", &visibilities)?
                .unwrap_or_default(),
            protected: members.flag("protected")?.unwrap_or_default(),
            owner: read_owner(&members, owner)?,
        };
        let associations = members.list("resource_type_associations", Association::from_json)?;
        let properties = match members.get("properties") {
            None => Vec::new(),
            Some(json) => {
                let read = Property::many_from_json(json);
                read.map_err(|invalid| invalid.within("properties"))?
            }
        };
        let objects = members.list("objects", Object::from_json)?;
        let tags = members.list("tags", TagName::from_json)?;
        let types = associations.iter().map(|each| each.resource_type.as_str());
        check_distinct("resource_type_associations", types)?;
        check_distinct("objects", objects.iter().map(|each| each.name.as_str()))?;
        check_distinct("tags", tags.iter().map(TagName::as_str))?;
        Ok(Self {
            namespace,
            associations,
            properties,
            objects,
            tags,
        })
    }

    /// The same, as it is read.
    pub fn to_json(&self) -> Json {
        let namespace = &self.namespace;
        let mut json = Map::new();
        let mut put = |member: &str, value: Json| json.insert(member.to_owned(), value);
        put("namespace", namespace.name.as_str().into());
        if let Some(name) = &namespace.display_name {
            put("display_name", name.as_str().into());
        }
        if let Some(description) = &namespace.description {
            put("description", description.as_str().into());
        }
        put("visibility", namespace.visibility.as_str().into());
        put("protected", namespace.protected.into());
        put("owner", namespace.owner.as_str().into());
        let associations = self.associations.iter().map(Association::to_json);
        put("resource_type_associations", associations.collect());
        put("properties", Property::many_to_json(&self.properties));
        put(
            "objects",
            self.objects.iter().map(Object::to_json).collect(),
        );
        let tag =
            |tag: &TagName| Json::from(Map::from_iter([("name".to_owned(), tag.as_str().into())]));
        put("tags", self.tags.iter().map(tag).collect());
        json.into()
    }

    /// What a catalog holds once it has taken the document; nothing, where what it holds already is
    /// in the way.
    pub fn stored_over(
        &self,
        held: Option<&NamespaceContents>,
        existing: Existing,
        now: Timestamp,
    ) -> Option<NamespaceContents> {
        let held = match (held, existing) {
            (Some(_), Existing::Refused) => return None,
            (None, _) | (Some(_), Existing::Replaced) => &self.fresh(now),
            (Some(held), Existing::Kept | Existing::Renewed) => held,
        };
        let renewed = existing == Existing::Renewed;
        let namespace = match renewed {
            true => held.namespace.changed(self.namespace.clone(), now),
            false => held.namespace.clone(),
        };
        let merge = Merge { renewed, now };
        let mut stored = NamespaceContents {
            namespace,
            associations: merge.of(&held.associations, &self.associations, |one, other| {
                one.resource_type == other.resource_type
            }),
            properties: merge.of(&held.properties, &self.properties, |one, other| {
                one.name == other.name
            }),
            objects: merge.of(&held.objects, &self.objects, |one, other| {
                one.name == other.name
            }),
            tags: merge.of(&held.tags, &self.tags, |one, other| one == other),
        };
        stored.sort_associations();
        Some(stored)
    }

    fn fresh(&self, now: Timestamp) -> NamespaceContents {
        NamespaceContents::empty(Dated::new(self.namespace.clone(), now))
    }
}

/// What becomes of a namespace that is there already, when a document of its name is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "catalogs must answer each")]
pub enum Existing {
    /// The document is refused.
    Refused,
    /// What is there stays as it is; what is missing is added: `--merge`.
    Kept,
    /// What is in the document takes the place of what is there: `--merge --prefer_new`.
    Renewed,
    /// All that is there goes first: `--merge --overwrite`.
    Replaced,
}

/// Two lists into one.
struct Merge {
    renewed: bool,
    now: Timestamp,
}

impl Merge {
    fn of<T: Clone>(
        &self,
        held: &[Dated<T>],
        given: &[T],
        is_same: impl Fn(&T, &T) -> bool,
    ) -> Vec<Dated<T>> {
        let mut merged = held.to_vec();
        for each in given {
            match merged.iter_mut().find(|held| is_same(&held.value, each)) {
                Some(held) if self.renewed => *held = held.changed(each.clone(), self.now),
                Some(_) => {}
                None => merged.push(Dated::new(each.clone(), self.now)),
            }
        }
        merged
    }
}

fn read_owner(
    members: &Members<'_>,
    default: Option<&ProjectId>,
) -> Result<ProjectId, InvalidDefinition> {
    let missing = || InvalidDefinition::from(DefinitionFault::Missing).within("owner");
    match members.get("owner") {
        None => default.cloned().ok_or_else(missing),
        Some(json) => text(json).map_err(|invalid| invalid.within("owner")),
    }
}

const MEMBERS: [&str; 10] = [
    "namespace",
    "display_name",
    "description",
    "visibility",
    "protected",
    "owner",
    "resource_type_associations",
    "properties",
    "objects",
    "tags",
];
