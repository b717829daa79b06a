//! Images of other Glances, as imports ask for them and as their services tell of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::content::Multihash;
use super::id::ImageId;
use super::import_plan::CannotImport;

/// An image of another Glance: what `glance-download` reads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it is all that names it")]
pub struct RemoteImage {
    /// The region whose service has it.
    pub region: String,
    /// Its id there.
    pub image: ImageId,
    /// Which of the service's endpoints is asked: `public`, or whatever the catalog has.
    pub interface: String,
}

impl RemoteImage {
    /// The image that texts of a request name.
    ///
    /// # Errors
    /// One is missing, is no id, or is longer than any name.
    pub fn named(
        region: Option<&str>,
        image: Option<&str>,
        interface: Option<&str>,
    ) -> Result<Self, CannotImport> {
        let region = name("glance_region", region)?;
        let image = name("glance_image_id", image)?;
        let interface = name("glance_service_interface", interface.or(Some(PUBLIC)))?;
        Ok(Self {
            region,
            // Upstream's words, which Tempest looks for.
            image: image
                .parse()
                .map_err(|_| refused("glance_image_id", "image id does not look like a UUID"))?,
            interface,
        })
    }

    /// Puts it into the `method` of a task's input, in upstream's form.
    pub(super) fn put_into(&self, method: &mut Value) {
        method[REGION] = json!(self.region);
        method[IMAGE] = json!(self.image.as_str());
        method[INTERFACE] = json!(self.interface);
    }

    /// What the `method` of a task's input tells of.
    pub(super) fn of_input(method: &Map<String, Value>) -> Option<Self> {
        let text = |member| method.get(member).and_then(Value::as_str);
        Self::named(text(REGION), text(IMAGE), text(INTERFACE)).ok()
    }
}

fn name(member: &'static str, text: Option<&str>) -> Result<String, CannotImport> {
    match text {
        None | Some("") => Err(refused(member, "it is missing")),
        Some(text) if text.len() > LONGEST_NAME => Err(refused(member, "it is too long")),
        Some(text) => Ok(text.to_owned()),
    }
}

fn refused(member: &'static str, reason: &'static str) -> CannotImport {
    CannotImport::Remote { member, reason }
}

/// What a service tells of one of its images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "who asks has to tell all of it")]
pub struct RemoteDescription {
    /// In which status it is there.
    pub status: String,
    /// Bytes of data.
    pub size: Option<u64>,
    /// What the data is.
    pub disk_format: Option<String>,
    /// What it is in.
    pub container_format: Option<String>,
    /// The hash of the data.
    pub multihash: Option<Multihash>,
    /// Every other text that it bears.
    pub properties: BTreeMap<String, String>,
}

/// Why nothing comes from an image of another Glance.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// Nobody can say where the service is.
    #[error("the identity service cannot be asked where image services are: try again later")]
    NoCatalog,
    /// The catalog of the caller does not say where the service is.
    #[error("the service catalog has no `{interface}` endpoint of type image in region `{region}`")]
    NoEndpoint {
        /// The region.
        region: String,
        /// The interface that was asked for.
        interface: String,
    },
    /// The service has no data of it.
    #[error("image {image} in region `{region}` is in status `{status}`, and not active")]
    NotActive {
        /// The image.
        image: ImageId,
        /// The region.
        region: String,
        /// Its status there.
        status: String,
    },
    /// The service has no such image.
    #[error("region `{region}` has no image {image} that the caller may see")]
    NotFound {
        /// The image.
        image: ImageId,
        /// The region.
        region: String,
    },
    /// Whoever goes on with the import cannot speak for the caller: tokens are not kept.
    #[error(
        "the process that ran the import has ended, and the caller's token with it: ask for the \
         import again"
    )]
    NoToken,
    /// What came is not what its service tells of it.
    #[error("image {image} of region `{region}` came with another {what} than its service tells")]
    OtherData {
        /// The image.
        image: ImageId,
        /// The region.
        region: String,
        /// What differs.
        what: &'static str,
    },
    /// A property cannot be kept here.
    #[error("property '{name}' of the image in region `{region}` cannot be kept here: {reason}")]
    Property {
        /// Its name.
        name: String,
        /// The region.
        region: String,
        /// Why not.
        reason: String,
    },
    /// The caller is not let in.
    #[error("the caller's token is not valid any more: ask for the import again with a new one")]
    TokenRefused,
    /// It cannot be read.
    #[error("image {image} of region `{region}` cannot be read: {reason}")]
    Unreadable {
        /// The image.
        image: ImageId,
        /// The region.
        region: String,
        /// Why not.
        reason: String,
    },
}

const REGION: &str = "glance_region";
const IMAGE: &str = "glance_image_id";
const INTERFACE: &str = "glance_service_interface";
const PUBLIC: &str = "public";

/// As long as names of regions can be in Keystone.
const LONGEST_NAME: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0";

    #[test]
    fn the_interface_is_the_public_one_unless_another_is_named() {
        let named = |interface| RemoteImage::named(Some("Two"), Some(ID), interface).unwrap();

        assert_eq!(named(None).interface, "public");
        assert_eq!(named(Some("internal")).interface, "internal");
    }

    #[test]
    fn what_names_no_image_is_refused_by_its_name() {
        let long = "r".repeat(LONGEST_NAME + 1);
        for (region, image, interface, member) in [
            (None, Some(ID), None, REGION),
            (Some(""), Some(ID), None, REGION),
            (Some(long.as_str()), Some(ID), None, REGION),
            (Some("Two"), None, None, IMAGE),
            (Some("Two"), Some("foo"), None, IMAGE),
            (Some("Two"), Some(ID), Some(""), INTERFACE),
        ] {
            let refused = RemoteImage::named(region, image, interface).unwrap_err();

            let named = matches!(refused, CannotImport::Remote { member: m, .. } if m == member);
            assert!(named, "{refused}");
        }
    }
}
