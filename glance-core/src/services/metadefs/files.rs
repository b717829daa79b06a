//! What an operator does with whole namespaces, for nobody in particular.

use super::Metadefs;
use crate::domain::Viewer;
use crate::domain::metadef::{Existing, NamespaceDocument, NamespaceQuery, NamespaceSortKey};
use crate::domain::query::{Direction, SortValue};
use crate::error::Error;
use crate::ports::{CatalogError, Parts, Put};

/// What became of a namespace that was to be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum Loaded {
    /// It is in the catalog as it was asked for.
    Stored,
    /// There is one of its name, which was not to be touched.
    Skipped,
}

impl Metadefs<'_> {
    /// Stores a namespace whole, whoever owns it and whether it is protected or not. Resource types
    /// that nobody knew of are marked as such that came with Glance.
    ///
    /// # Errors
    /// The catalog cannot be written to.
    pub async fn load(
        &self,
        document: &NamespaceDocument,
        existing: Existing,
    ) -> Result<Loaded, Error> {
        let put = Put {
            existing,
            protects_types: true,
        };
        match self.catalog.put(document, put, self.glance.now()).await {
            Ok(()) => Ok(Loaded::Stored),
            Err(CatalogError::Conflict) if existing == Existing::Refused => Ok(Loaded::Skipped),
            Err(error) => Err(error.into()),
        }
    }

    /// Stores the namespaces that a service of its own starts with, where there are none of their
    /// names.
    ///
    /// # Errors
    /// The catalog cannot be written to.
    pub async fn load_defaults(&self) -> Result<(), Error> {
        let defaults = NamespaceDocument::defaults().map_err(|error| CatalogError::Unstorable {
            source: error.into(),
        })?;
        for document in defaults {
            self.load(&document, Existing::Refused).await?;
        }
        Ok(())
    }

    /// Removes all definitions, and all resource types.
    ///
    /// # Errors
    /// The catalog cannot be written to.
    pub async fn unload(&self) -> Result<(), Error> {
        Ok(self.catalog.clear().await?)
    }

    /// Some namespaces with all that is in them, in the order of their names: those after `after`.
    /// None is the end.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub async fn export(
        &self,
        after: Option<&NamespaceDocument>,
    ) -> Result<Vec<NamespaceDocument>, Error> {
        let name = |document: &NamespaceDocument| document.namespace.name.to_string();
        let query = NamespaceQuery {
            visibility: None,
            resource_types: None,
            key: NamespaceSortKey::Name,
            direction: Direction::Ascending,
            limit: NAMESPACES_AT_ONCE,
            after: after.map(|last| vec![SortValue::Text(Some(name(last)))]),
        };
        let everybody = Viewer {
            project: None,
            admin: true,
        };
        let page = self.catalog.namespaces(&query, &everybody).await?;
        let names = page
            .into_iter()
            .map(|contents| contents.namespace.value.name);
        let names: Vec<_> = names.collect();
        let contents = self.catalog.read(&names, &Parts::ALL).await?;
        Ok(contents
            .into_iter()
            .map(|contents| contents.into_document())
            .collect())
    }
}

/// How many namespaces are held at once.
const NAMESPACES_AT_ONCE: u32 = 100;
