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
    let mut new = NewLocation::at(reader.text(body, "url")?).map_err(glance_core::Error::from)?;
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

const LONGEST_ECHO: usize = 255;
