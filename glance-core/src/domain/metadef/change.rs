//! Changes of what is in a namespace.

use thiserror::Error;

use super::super::time::Timestamp;
use super::association::Association;
use super::contents::{Dated, NamespaceContents};
use super::name::{ObjectName, PropertyName, ResourceTypeName, TagName};
use super::namespace::Namespace;
use super::object::Object;
use super::property::Property;

/// A change of a namespace, or of something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "catalogs must answer each")]
pub enum MetadefChange {
    /// Says that it is for a resource type. A type that nobody knew of is known from then on.
    AddAssociation(Association),
    /// Adds an object.
    AddObject(Object),
    /// Adds a property.
    AddProperty(Property),
    /// Adds tags.
    AddTags(Vec<TagName>),
    /// Sets all that the namespace itself is, its name too.
    Edit(Namespace),
    /// Removes the namespace with all that is in it.
    Remove,
    /// Says that it is no longer for a resource type. The type stays.
    RemoveAssociation(ResourceTypeName),
    /// Removes an object.
    RemoveObject(ObjectName),
    /// Removes all objects.
    RemoveObjects,
    /// Removes all properties, those of objects aside.
    RemoveProperties,
    /// Removes a property.
    RemoveProperty(PropertyName),
    /// Removes a tag.
    RemoveTag(TagName),
    /// Removes all tags.
    RemoveTags,
    /// Gives a tag another name.
    RenameTag(TagName, TagName),
    /// Puts an object in the place of one, under its name or another.
    ReplaceObject(ObjectName, Object),
    /// Puts a property in the place of one, under its name or another.
    ReplaceProperty(PropertyName, Property),
    /// Puts tags in the place of all there are.
    ReplaceTags(Vec<TagName>),
}

impl MetadefChange {
    /// Whether a namespace that is protected refuses it: it deletes something. Tags may be put in
    /// the place of others all the same (upstream).
    pub fn is_refused_by_protection(&self) -> bool {
        match self {
            Self::Remove
            | Self::RemoveAssociation(_)
            | Self::RemoveObject(_)
            | Self::RemoveObjects
            | Self::RemoveProperties
            | Self::RemoveProperty(_)
            | Self::RemoveTag(_)
            | Self::RemoveTags => true,
            Self::AddAssociation(_)
            | Self::AddObject(_)
            | Self::AddProperty(_)
            | Self::AddTags(_)
            | Self::Edit(_)
            | Self::RenameTag(..)
            | Self::ReplaceObject(..)
            | Self::ReplaceProperty(..)
            | Self::ReplaceTags(_) => false,
        }
    }

    /// What a namespace is after the change: this is what the change means. `None` where it is gone.
    /// That no other namespace has its new name is for the catalog to see to.
    ///
    /// # Errors
    /// [`CannotChange`], and then nothing is changed.
    pub fn applied_to(
        &self,
        contents: &NamespaceContents,
        now: Timestamp,
    ) -> Result<Option<NamespaceContents>, CannotChange> {
        if contents.namespace.value.protected && self.is_refused_by_protection() {
            return Err(CannotChange::Protected);
        }
        let mut changed = contents.clone();
        let (objects, properties) = (&mut changed.objects, &mut changed.properties);
        match self {
            Self::AddAssociation(association) => {
                let name = &association.resource_type;
                let is = |held: &Association| held.resource_type == *name;
                add(&mut changed.associations, association, is, now)?;
                changed.sort_associations();
            }
            Self::AddObject(object) => {
                add(objects, object, |held| held.name == object.name, now)?;
            }
            Self::AddProperty(property) => {
                add(properties, property, |held| held.name == property.name, now)?;
            }
            Self::AddTags(tags) => add_tags(&mut changed.tags, tags, now)?,
            Self::Edit(namespace) => {
                changed.namespace = changed.namespace.changed(namespace.clone(), now);
            }
            Self::Remove => return Ok(None),
            Self::RemoveAssociation(name) => {
                remove(&mut changed.associations, |held| {
                    held.resource_type == *name
                })?;
            }
            Self::RemoveObject(name) => remove(objects, |held| held.name == *name)?,
            Self::RemoveObjects => objects.clear(),
            Self::RemoveProperties => properties.clear(),
            Self::RemoveProperty(name) => remove(properties, |held| held.name == *name)?,
            Self::RemoveTag(name) => remove(&mut changed.tags, |held| held == name)?,
            Self::RemoveTags => changed.tags.clear(),
            Self::RenameTag(from, to) => {
                replace(
                    &mut changed.tags,
                    to,
                    |held| held == from,
                    |held| held == to,
                    now,
                )?;
            }
            Self::ReplaceObject(name, object) => {
                let is_new = |held: &Object| held.name == object.name;
                replace(objects, object, |held| held.name == *name, is_new, now)?;
            }
            Self::ReplaceProperty(name, property) => {
                let is_new = |held: &Property| held.name == property.name;
                replace(properties, property, |held| held.name == *name, is_new, now)?;
            }
            Self::ReplaceTags(tags) => {
                changed.tags.clear();
                add_tags(&mut changed.tags, tags, now)?;
            }
        }
        Ok(Some(changed))
    }
}

/// Why a change cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[expect(clippy::exhaustive_enums, reason = "catalogs must answer each")]
pub enum CannotChange {
    /// Something of that name is there.
    #[error("something of that name is there already")]
    Duplicate,
    /// What is to be changed is not there.
    #[error("nothing of that name is there")]
    Missing,
    /// Nothing is deleted in a namespace that is protected.
    #[error("the namespace is protected")]
    Protected,
}

fn add<T: Clone>(
    held: &mut Vec<Dated<T>>,
    new: &T,
    is: impl Fn(&T) -> bool,
    now: Timestamp,
) -> Result<(), CannotChange> {
    if held.iter().any(|held| is(&held.value)) {
        return Err(CannotChange::Duplicate);
    }
    held.push(Dated::new(new.clone(), now));
    Ok(())
}

fn add_tags(
    held: &mut Vec<Dated<TagName>>,
    tags: &[TagName],
    now: Timestamp,
) -> Result<(), CannotChange> {
    tags.iter()
        .try_for_each(|tag| add(held, tag, |held| held == tag, now))
}

fn remove<T>(held: &mut Vec<Dated<T>>, is: impl Fn(&T) -> bool) -> Result<(), CannotChange> {
    let at = held.iter().position(|held| is(&held.value));
    held.remove(at.ok_or(CannotChange::Missing)?);
    Ok(())
}

fn replace<T: Clone>(
    held: &mut [Dated<T>],
    new: &T,
    is_old: impl Fn(&T) -> bool,
    is_new: impl Fn(&T) -> bool,
    now: Timestamp,
) -> Result<(), CannotChange> {
    let at = held.iter().position(|held| is_old(&held.value));
    let at = at.ok_or(CannotChange::Missing)?;
    let other = held.iter().position(|held| is_new(&held.value));
    if other.is_some_and(|other| other != at) {
        return Err(CannotChange::Duplicate);
    }
    if let Some(held) = held.get_mut(at) {
        *held = held.changed(new.clone(), now);
    }
    Ok(())
}
