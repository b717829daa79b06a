//! Locations as JSON: what callers say of data that is in a store already.

use std::fmt::Display;

use glance_core::domain::{Location, Multihash, NewLocation, ValidationData};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

use crate::error::ApiError;

/// Reads the body of a request to add a location. Names that mean nothing here are passed over
/// (upstream).
pub(crate) fn read_request(body: &Value) -> Result<NewLocation, ApiError> {
    let reader = Reader { schema: "location" };
    let Value::Object(body) = body else {
        return Err(reader.mismatch("a location must be an object"));
    };
    let mut new = NewLocation::at(reader.text(body, "url")?);
    if let Some(said) = body.get("validation_data") {
        let said = reader.object(said, "validation_data")?;
        reader.check_names(said, &["os_hash_algo", "os_hash_value"])?;
        new.validation = match said.is_empty() {
            true => None,
            false => Some(reader.validation(said)?),
        };
        if let Some(ValidationData { multihash, .. }) = &new.validation
            && !ALGORITHMS.contains(&multihash.algorithm.as_str())
        {
            let all = ALGORITHMS.join(", ");
            return Err(reader.mismatch(format_args!("os_hash_algo must be one of {all}")));
        }
    }
    Ok(new)
}

/// Reads a location of a patch.
pub(crate) fn read(value: &Value) -> Result<NewLocation, ApiError> {
    let reader = Reader { schema: "image" };
    let location = reader.object(value, "a location")?;
    let url = reader.short_text(location, "url", MAX_URL_CHARS)?;
    let metadata = location.get("metadata").unwrap_or(&Value::Null);
    let metadata = reader.object(metadata, "metadata")?;
    if value.to_string().len() > MAX_BYTES {
        return Err(reader.mismatch(format_args!(
            "a location may have at most {MAX_BYTES} bytes"
        )));
    }
    let mut new = NewLocation::at(url);
    new.location.metadata = metadata.clone();
    if let Some(said) = location.get("validation_data") {
        let said = reader.object(said, "validation_data")?;
        reader.check_names(said, &["checksum", "os_hash_algo", "os_hash_value"])?;
        reader.short_text(said, "os_hash_algo", 64)?;
        reader.short_text(said, "os_hash_value", 128)?;
        let said = reader.validation(said)?;
        if said
            .checksum
            .as_ref()
            .is_some_and(|md5| md5.chars().count() != 32)
        {
            return Err(reader.mismatch("checksum must have 32 characters"));
        }
        new.validation = Some(said);
    }
    Ok(new)
}

/// Values that are checked against one of Glance's schemas.
struct Reader {
    schema: &'static str,
}

impl Reader {
    fn validation(&self, said: &Map<String, Value>) -> Result<ValidationData, ApiError> {
        Ok(ValidationData {
            checksum: match said.get("checksum") {
                Some(_) => Some(self.text(said, "checksum")?.to_owned()),
                None => None,
            },
            multihash: Multihash {
                algorithm: self.text(said, "os_hash_algo")?.to_owned(),
                value: self.text(said, "os_hash_value")?.to_owned(),
            },
        })
    }

    fn text<'v>(
        &self,
        object: &'v Map<String, Value>,
        name: &'static str,
    ) -> Result<&'v str, ApiError> {
        let text = object.get(name).and_then(Value::as_str);
        text.ok_or_else(|| self.mismatch(format_args!("{name} is required, and must be a string")))
    }

    fn short_text<'v>(
        &self,
        object: &'v Map<String, Value>,
        name: &'static str,
        most: usize,
    ) -> Result<&'v str, ApiError> {
        let text = self.text(object, name)?;
        if text.chars().count() > most {
            let what = format_args!("{name} may have at most {most} characters");
            return Err(self.mismatch(what));
        }
        Ok(text)
    }

    fn object<'v>(
        &self,
        value: &'v Value,
        name: &'static str,
    ) -> Result<&'v Map<String, Value>, ApiError> {
        let object = value.as_object();
        object.ok_or_else(|| self.mismatch(format_args!("{name} must be an object")))
    }

    fn check_names(&self, object: &Map<String, Value>, known: &[&str]) -> Result<(), ApiError> {
        let unknown = object.keys().find(|name| !known.contains(&name.as_str()));
        unknown.map_or(Ok(()), |name| {
            let shown: String = name.chars().take(LONGEST_ECHO).collect();
            Err(self.mismatch(format_args!("'{shown}' is not expected in validation_data")))
        })
    }

    fn mismatch(&self, what: impl Display) -> ApiError {
        ApiError::schema(self.schema, what)
    }
}

/// Locations, in the order in which they are given.
pub(crate) struct Locations<'a, I>(pub(crate) I)
where
    I: Clone + Iterator<Item = &'a Location>;

impl<'a, I> Serialize for Locations<'a, I>
where
    I: Clone + Iterator<Item = &'a Location>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for location in self.0.clone() {
            seq.serialize_element(&OneLocation(location))?;
        }
        seq.end()
    }
}

struct OneLocation<'a>(&'a Location);

impl Serialize for OneLocation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("url", &self.0.url.without_credentials())?;
        map.serialize_entry("metadata", &self.0.metadata)?;
        map.end()
    }
}

/// The hashes that a service may expect of data (upstream).
const ALGORITHMS: [&str; 4] = ["sha1", "sha256", "sha512", "md5"];

/// Upstream's limit in a patch.
const MAX_URL_CHARS: usize = 255;

/// What fits into the column of the database, metadata and all.
const MAX_BYTES: usize = 65_535;

const LONGEST_ECHO: usize = 255;
