//! What callers see of custom properties, and what they may do with them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::glance::Glance;
use crate::domain::policy::PropertyUse;
use crate::domain::query::{Filter, ImageQuery};
use crate::domain::{
    Attribute, Caller, Edit, Formats, Image, Presence, PropertyName, PropertyValue, Quotas,
    Timestamp,
};
use crate::error::Error;

impl Glance {
    /// The image as the caller sees it: without properties that the caller may not read.
    pub(super) fn shown(&self, caller: &Caller, mut image: Image) -> Image {
        if self.protections.is_some() {
            let readable = |name: &PropertyName| self.may(caller, name, PropertyUse::Read);
            image.properties.retain(|name, _| readable(name));
        }
        image
    }

    /// The same of many. They have most names in common, so each is judged once.
    pub(super) fn all_shown(&self, caller: &Caller, mut images: Vec<Image>) -> Vec<Image> {
        if self.protections.is_none() {
            return images;
        }
        let mut judged: HashMap<PropertyName, bool> = HashMap::new();
        for image in &mut images {
            image.properties.retain(|name, _| match judged.get(name) {
                Some(readable) => *readable,
                None => {
                    let readable = self.may(caller, name, PropertyUse::Read);
                    judged.insert(name.clone(), readable);
                    readable
                }
            });
        }
        images
    }

    /// Whether the caller asks for images by a property that it may not read: it has to find none.
    pub(super) fn asks_for_hidden(&self, caller: &Caller, query: &ImageQuery) -> bool {
        query.filters.iter().any(|filter| match filter {
            Filter::Property(name, _) => {
                let name = PropertyName::stored(name.clone());
                !self.may(caller, &name, PropertyUse::Read)
            }
            Filter::Number(..)
            | Filter::Protected(_)
            | Filter::Tag(_)
            | Filter::Text(..)
            | Filter::Time(..) => false,
        })
    }

    /// Lets the caller create an image with these properties.
    pub(super) fn permit_properties<'a>(
        &self,
        caller: &Caller,
        mut names: impl Iterator<Item = &'a PropertyName>,
    ) -> Result<(), Error> {
        match names.find(|name| !self.may(caller, name, PropertyUse::Create)) {
            Some(name) => Err(reserved(name)),
            None => Ok(()),
        }
    }

    /// The image after the edits of a caller, for whom properties that it may not read are not
    /// there. They stay as they are.
    pub(super) fn edited(
        &self,
        caller: &Caller,
        image: &Image,
        edits: &[Edit],
        now: Timestamp,
    ) -> Result<Image, Error> {
        let (formats, quotas): (&Formats, &Quotas) =
            (&self.settings().formats, &self.settings().quotas);
        let hash = self.settings().hash;
        if self.protections.is_none() {
            return Ok(image.edited(edits, formats, quotas, hash, now)?);
        }
        let seen = self.shown(caller, image.clone());
        let hidden: BTreeMap<PropertyName, PropertyValue> = image
            .properties
            .iter()
            .filter(|(name, _)| !seen.properties.contains_key(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.permit_property_edits(caller, &seen, &hidden, edits)?;
        let mut edited = seen.edited(edits, formats, quotas, hash, now)?;
        for (name, value) in hidden {
            edited.properties.entry(name).or_insert(value);
        }
        edited.check_growth(image, quotas)?;
        Ok(edited)
    }

    fn permit_property_edits(
        &self,
        caller: &Caller,
        seen: &Image,
        hidden: &BTreeMap<PropertyName, PropertyValue>,
        edits: &[Edit],
    ) -> Result<(), Error> {
        let mut present: BTreeSet<&PropertyName> = seen.properties.keys().collect();
        for edit in edits {
            let (name, allowed) = match edit {
                Edit::Set(presence, Attribute::Property(name, _))
                    if *presence != Presence::Present || present.contains(name) =>
                {
                    let is_new = !present.contains(name);
                    // Who cannot see it sets it as if it were new; still its value changes.
                    let is_changed = !is_new || hidden.contains_key(name);
                    let allowed = (!is_new || self.may(caller, name, PropertyUse::Create))
                        && (!is_changed || self.may(caller, name, PropertyUse::Update));
                    present.insert(name);
                    (name, allowed)
                }
                // What is not there is refused as such.
                Edit::RemoveProperty(name) if present.remove(name) => {
                    (name, self.may(caller, name, PropertyUse::Delete))
                }
                Edit::AddTag(_)
                | Edit::Locations(_)
                | Edit::RemoveProperty(_)
                | Edit::RemoveTag(_)
                | Edit::Set(..) => continue,
            };
            if !allowed {
                return Err(reserved(name));
            }
        }
        Ok(())
    }

    fn may(&self, caller: &Caller, name: &PropertyName, operation: PropertyUse) -> bool {
        self.protections.as_ref().is_none_or(|protections| {
            let holds = |rule: &str| self.policy.holds(caller, rule);
            protections.allow(caller, name, operation, holds)
        })
    }
}

fn reserved(name: &PropertyName) -> Error {
    Error::ReservedProperty {
        name: name.to_string(),
    }
}
