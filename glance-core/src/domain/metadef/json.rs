//! Objects of JSON, member by member.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value as Json};

use super::super::text::InvalidText;
use super::invalid::{DefinitionFault, InvalidDefinition};

/// The members of an object that may have some members and no others.
#[derive(Debug)]
pub(super) struct Members<'a>(&'a Map<String, Json>);

impl<'a> Members<'a> {
    /// Those of an object. What the service adds where it shows things may be there, and is passed
    /// over: what was shown can be given again.
    pub(super) fn of(json: &'a Json, known: &[&'static str]) -> Result<Self, InvalidDefinition> {
        Self::read(json, known, &ADDED)
    }

    /// Those of an object, and nothing else may be there.
    pub(super) fn only(json: &'a Json, known: &[&'static str]) -> Result<Self, InvalidDefinition> {
        Self::read(json, known, &[])
    }

    fn read(
        json: &'a Json,
        known: &[&'static str],
        passed_over: &[&str],
    ) -> Result<Self, InvalidDefinition> {
        let members = json.as_object().ok_or_else(|| mismatch("an object"))?;
        let unknown = members
            .keys()
            .find(|name| !known.contains(&name.as_str()) && !passed_over.contains(&name.as_str()));
        match unknown {
            None => Ok(Self(members)),
            Some(name) => {
                let known = known.to_vec();
                Err(InvalidDefinition::from(DefinitionFault::Unknown { known }).within(name))
            }
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Json> {
        self.0.get(name)
    }

    /// A text, if it is there.
    pub(super) fn text<T>(&self, name: &'static str) -> Result<Option<T>, InvalidDefinition>
    where
        T: FromStr<Err: Into<InvalidText>>,
    {
        let Some(json) = self.get(name) else {
            return Ok(None);
        };
        text(json).map(Some).map_err(|invalid| invalid.within(name))
    }

    /// A text that has to be there.
    pub(super) fn required_text<T>(&self, name: &'static str) -> Result<T, InvalidDefinition>
    where
        T: FromStr<Err: Into<InvalidText>>,
    {
        self.text(name)?
            .ok_or_else(|| InvalidDefinition::from(DefinitionFault::Missing).within(name))
    }

    /// A word that has a meaning, if it is there.
    pub(super) fn word<T>(
        &self,
        name: &'static str,
        known: &[&'static str],
    ) -> Result<Option<T>, InvalidDefinition>
    where
        T: FromStr<Err: Display>,
    {
        let Some(json) = self.get(name) else {
            return Ok(None);
        };
        let read = json.as_str().and_then(|word| word.parse().ok());
        read.map(Some).ok_or_else(|| {
            let known = known.join(", ");
            InvalidDefinition::from(DefinitionFault::Meaning { known }).within(name)
        })
    }

    /// A yes or no, if it is there.
    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>, InvalidDefinition> {
        let flag = self
            .get(name)
            .map(|json| json.as_bool().ok_or_else(|| mismatch("true or false")));
        flag.transpose().map_err(|invalid| invalid.within(name))
    }

    /// The items of an array, if it is there.
    pub(super) fn list<T>(
        &self,
        name: &'static str,
        item: impl Fn(&Json) -> Result<T, InvalidDefinition>,
    ) -> Result<Vec<T>, InvalidDefinition> {
        let Some(json) = self.get(name) else {
            return Ok(Vec::new());
        };
        let items = json
            .as_array()
            .ok_or_else(|| mismatch("an array").within(name))?;
        let items = items.iter().enumerate();
        items
            .map(|(at, json)| {
                item(json).map_err(|invalid| invalid.within(&at.to_string()).within(name))
            })
            .collect()
    }
}

/// A text of a type.
pub(super) fn text<T>(json: &Json) -> Result<T, InvalidDefinition>
where
    T: FromStr<Err: Into<InvalidText>>,
{
    let text = json.as_str().ok_or_else(|| mismatch("a string"))?;
    text.parse()
        .map_err(|invalid: T::Err| DefinitionFault::Text(invalid.into()).into())
}

/// Refuses a name that is there twice.
pub(super) fn check_distinct<'a>(
    list: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), InvalidDefinition> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            let invalid = InvalidDefinition::from(DefinitionFault::Duplicate);
            return Err(invalid.within(name).within(list));
        }
    }
    Ok(())
}

pub(super) fn mismatch(expected: &'static str) -> InvalidDefinition {
    DefinitionFault::Mismatch { expected }.into()
}

/// What the service adds where it shows things.
const ADDED: [&str; 4] = ["created_at", "schema", "self", "updated_at"];
