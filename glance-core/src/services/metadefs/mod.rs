//! Metadata definitions: see, permit, decide, commit.

mod check;
mod files;
mod namespaces;
mod objects;
mod properties;
mod resource_types;
mod tags;

use super::glance::Glance;
use crate::domain::Caller;
use crate::domain::metadef::{MetadefChange, NamespaceContents, NamespaceName, Part};
use crate::domain::policy::{Action, Target};
use crate::error::Error;
use crate::ports::{CatalogError, MetadefCatalog, Parts};

pub use self::check::ImageCheck;
pub use self::files::Loaded;
pub use self::namespaces::NamespaceList;

/// The metadata definitions of a service: see [`Glance::metadefs`].
///
/// ```
/// use glance_core::domain::Caller;
/// use glance_core::domain::metadef::NamespaceDocument;
/// use glance_core::memory::MemoryGlance;
/// use serde_json::json;
///
/// # futures::executor::block_on(async {
/// let glance = MemoryGlance::new().build()?;
/// let admin = Caller::local_admin();
/// let document = json!({"namespace": "OS::Software", "tags": [{"name": "database"}]});
/// let document = NamespaceDocument::from_json(&document, Some(&"ops".parse()?))?;
///
/// let metadefs = glance.metadefs()?;
/// metadefs.create_namespace(&admin, &document).await?;
/// let tag = metadefs.tag(&admin, "OS::Software", "database").await?;
///
/// assert_eq!(tag.value.as_str(), "database");
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Metadefs<'a> {
    glance: &'a Glance,
    catalog: &'a dyn MetadefCatalog,
}

impl Glance {
    /// The metadata definitions of the service.
    ///
    /// # Errors
    /// It keeps none.
    pub fn metadefs(&self) -> Result<Metadefs<'_>, Error> {
        let catalog = self.metadefs.as_deref().ok_or(Error::NoMetadefs)?;
        Ok(Metadefs {
            glance: self,
            catalog,
        })
    }
}

impl Metadefs<'_> {
    /// A namespace with some of what is in it, if the caller may know that it exists: hidden reads
    /// as absent.
    async fn visible(
        &self,
        caller: &Caller,
        name: &str,
        parts: &Parts,
    ) -> Result<NamespaceContents, Error> {
        let absent = || absent(name);
        // No namespace has a name that none can have.
        let name: NamespaceName = name.parse().map_err(|_| absent())?;
        let found = self.catalog.read(&[name], parts).await?;
        let viewer = self.glance.viewer(caller);
        found
            .into_iter()
            .find(|contents| contents.namespace.value.is_seen_by(&viewer))
            .ok_or_else(absent)
    }

    /// Lets the caller act on a namespace, or on what is in it. Who may not even show the namespace
    /// gets it as absent.
    fn permit(
        &self,
        caller: &Caller,
        action: Action,
        contents: &NamespaceContents,
    ) -> Result<(), Error> {
        let namespace = &contents.namespace.value;
        self.check(caller, action, &Target::namespace(namespace), || {
            absent(namespace.name.as_str())
        })
    }

    /// Lets the caller act on no namespace in particular.
    fn permit_at_all(&self, caller: &Caller, action: Action) -> Result<(), Error> {
        self.check(caller, action, &Target::own(caller), || Error::NoNamespaces)
    }

    fn check(
        &self,
        caller: &Caller,
        action: Action,
        target: &Target<'_>,
        absent: impl FnOnce() -> Error,
    ) -> Result<(), Error> {
        let policy = &self.glance.policy;
        let Err(denied) = policy.check(caller, action, target) else {
            return Ok(());
        };
        match policy.check(caller, Action::GetMetadefNamespace, target) {
            Ok(()) if action != Action::GetMetadefNamespace => Err(Error::Denied(denied)),
            _ => Err(absent()),
        }
    }

    /// Whether the caller gets to see things of a kind, once it may list them.
    fn shows(&self, caller: &Caller, action: Action, contents: &NamespaceContents) -> bool {
        self.permit(caller, action, contents).is_ok()
    }

    /// Makes a change to a thing in a namespace; where it cannot be made, that is due to `name`.
    async fn change(
        &self,
        contents: &NamespaceContents,
        change: &MetadefChange,
        (part, name): (Part, &str),
    ) -> Result<(), Error> {
        let namespace = &contents.namespace.value;
        // Whoever protects it meanwhile is found out by the catalog.
        let protected = change.is_refused_by_protection();
        if namespace.protected && protected {
            return Err(protected_namespace(namespace.name.clone()));
        }
        let now = self.glance.now();
        let changed = self.catalog.change(&namespace.name, change, now).await;
        changed.map_err(|error| match error {
            CatalogError::Conflict if protected => protected_namespace(namespace.name.clone()),
            CatalogError::Conflict => Error::DuplicateDefinition {
                namespace: namespace.name.clone(),
                part,
                name: name.to_owned(),
            },
            CatalogError::NotFound => missing(contents, part, name),
            error => error.into(),
        })
    }
}

fn absent(name: &str) -> Error {
    Error::NamespaceNotFound {
        name: name.to_owned(),
    }
}

fn protected_namespace(namespace: NamespaceName) -> Error {
    Error::ProtectedNamespace { namespace }
}

fn missing(contents: &NamespaceContents, part: Part, name: &str) -> Error {
    Error::DefinitionNotFound {
        namespace: contents.namespace.value.name.clone(),
        part,
        name: name.to_owned(),
    }
}
