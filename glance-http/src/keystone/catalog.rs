//! Which service stands where.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;
use serde::Deserialize;
use thiserror::Error;

/// Which service stands where, as Keystone tells it with a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ServiceCatalog {
    services: Vec<Service>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Service {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Endpoint {
    id: Option<String>,
    interface: String,
    region: Option<String>,
    region_id: Option<String>,
    url: String,
}

/// Which endpoint of a catalog is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// The type of the service, like `identity`.
    pub service: String,
    /// The name of the service, where there may be several of a type.
    pub name: Option<String>,
    /// For whom the endpoint is.
    pub interface: Interface,
    /// Where it is; `None` for the first that is found.
    pub region: Option<String>,
}

impl Wanted {
    /// The endpoint of a service for users, wherever it is.
    pub fn service(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            name: None,
            interface: Interface::Public,
            region: None,
        }
    }

    /// The endpoint for others than users.
    #[must_use]
    pub fn at(mut self, interface: Interface) -> Self {
        self.interface = interface;
        self
    }

    /// The endpoint of the service of this name.
    #[must_use]
    pub fn named(mut self, name: Option<String>) -> Self {
        self.name = name;
        self
    }

    /// The endpoint of a region.
    #[must_use]
    pub fn in_region(mut self, region: Option<String>) -> Self {
        self.region = region;
        self
    }
}

impl ServiceCatalog {
    /// Where the service is reached: the first endpoint that fits and is a URL.
    pub fn url(&self, wanted: &Wanted) -> Option<Url> {
        self.fitting(wanted)
            .find_map(|endpoint| Url::parse(&endpoint.url).ok())
    }

    /// The id of the first endpoint that fits.
    pub fn endpoint_id(&self, wanted: &Wanted) -> Option<&str> {
        self.fitting(wanted)
            .find_map(|endpoint| endpoint.id.as_deref())
    }

    /// Where a region's image service is, as upstream looks for it: regions are told apart without
    /// case, and interfaces may be others than [`Interface`] has.
    pub(super) fn image_service(&self, region: &str, interface: &str) -> Option<String> {
        let wanted = region.to_lowercase();
        let services = self.services.iter();
        let mut endpoints = services
            .filter(|service| service.kind == "image")
            .flat_map(|service| &service.endpoints);
        let found = endpoints.find(|endpoint| {
            let region = endpoint.region_id.as_ref().or(endpoint.region.as_ref());
            endpoint.interface == interface
                && region.is_some_and(|region| region.to_lowercase() == wanted)
        });
        found.map(|endpoint| endpoint.url.clone())
    }

    fn fitting<'c>(&'c self, wanted: &Wanted) -> impl Iterator<Item = &'c Endpoint> {
        let services = self.services.iter().filter(|service| {
            service.kind == wanted.service && (wanted.name.is_none() || wanted.name == service.name)
        });
        services
            .flat_map(|service| &service.endpoints)
            .filter(|endpoint| {
                let region = endpoint.region_id.as_ref().or(endpoint.region.as_ref());
                endpoint.interface == wanted.interface.as_str()
                    && (wanted.region.is_none() || wanted.region.as_ref() == region)
            })
    }
}

/// For whom an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interface {
    /// Administrators.
    Admin,
    /// Other services.
    Internal,
    /// Users.
    Public,
}

impl Interface {
    /// Its name in catalogs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Interface {
    type Err = UnknownInterface;

    fn from_str(text: &str) -> Result<Self, UnknownInterface> {
        match text {
            "admin" | "adminURL" => Ok(Self::Admin),
            "internal" | "internalURL" => Ok(Self::Internal),
            "public" | "publicURL" => Ok(Self::Public),
            _ => Err(UnknownInterface),
        }
    }
}

/// A text that names no interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an interface is `public`, `internal` or `admin`")]
#[non_exhaustive]
pub struct UnknownInterface;

/// The URL of Keystone's version 3, whichever way Keystone's own URL was written.
pub(super) fn version_3(mut keystone: Url) -> Url {
    let path = keystone.path().trim_end_matches('/');
    let root = path
        .strip_suffix("/v3")
        .or_else(|| path.strip_suffix("/v2.0"))
        .unwrap_or(path);
    let path = format!("{root}/v3");
    keystone.set_path(&path);
    keystone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> ServiceCatalog {
        serde_json::from_str(
            r#"[
                {"type": "identity", "name": "keystone", "id": "1", "endpoints": [
                    {"id": "a", "interface": "public", "region": "One", "region_id": "One",
                     "url": "http://one/identity"},
                    {"id": "b", "interface": "public", "region": "Two", "region_id": "Two",
                     "url": "http://two/identity"},
                    {"id": "c", "interface": "internal", "region": "Two", "region_id": "Two",
                     "url": "http://inner/v3"}
                ]},
                {"type": "image", "name": "glance", "id": "2", "endpoints": []}
            ]"#,
        )
        .unwrap()
    }

    #[test]
    fn the_endpoint_that_fits_is_found() {
        let url = |wanted: &Wanted| catalog().url(wanted).map(String::from);
        let identity = Wanted::service("identity");

        assert_eq!(url(&identity).as_deref(), Some("http://one/identity"));
        let second = identity.clone().in_region(Some("Two".into()));
        assert_eq!(url(&second).as_deref(), Some("http://two/identity"));
        assert_eq!(catalog().endpoint_id(&second), Some("b"));
        let inner = second.at(Interface::Internal);
        assert_eq!(url(&inner).as_deref(), Some("http://inner/v3"));
        for absent in [
            Wanted::service("image"),
            Wanted::service("volume"),
            identity.clone().at(Interface::Admin),
            identity.clone().in_region(Some("Three".into())),
            identity.named(Some("other".into())),
        ] {
            assert_eq!(url(&absent), None, "{absent:?}");
        }
    }

    #[test]
    fn the_image_service_of_a_region_is_found_in_any_case_of_its_name() {
        let catalog: ServiceCatalog = serde_json::from_str(
            r#"[
                {"type": "volume", "endpoints": [
                    {"interface": "public", "region_id": "Two", "url": "http://volumes"}
                ]},
                {"type": "image", "endpoints": [
                    {"interface": "public", "region_id": "One", "url": "http://one"},
                    {"interface": "internal", "region_id": "Two", "url": "http://inner"},
                    {"interface": "public", "region": "Two", "url": "http://two"}
                ]}
            ]"#,
        )
        .unwrap();

        for (region, interface, url) in [
            ("One", "public", Some("http://one")),
            ("tWO", "public", Some("http://two")),
            ("Two", "internal", Some("http://inner")),
            ("Two", "admin", None),
            ("Two", "not an interface", None),
            ("Three", "public", None),
        ] {
            let found = catalog.image_service(region, interface);
            assert_eq!(found.as_deref(), url, "{region}, {interface}");
        }
    }

    #[test]
    fn version_3_is_found_from_every_url_of_keystone() {
        for (written, meant) in [
            ("http://k:5000", "http://k:5000/v3"),
            ("http://k:5000/", "http://k:5000/v3"),
            ("http://k:5000/v3/", "http://k:5000/v3"),
            ("https://k/identity", "https://k/identity/v3"),
            ("https://k/identity/v2.0", "https://k/identity/v3"),
        ] {
            assert_eq!(version_3(written.parse().unwrap()).as_str(), meant);
        }
    }
}
