//! What an operator does with whole namespaces, for nobody in particular.

use super::Metadefs;
use crate::domain::metadef::{Existing, NamespaceContents, NamespaceDocument, NamespaceName};
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

    /// The names of all namespaces, in their order.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub async fn names(&self) -> Result<Vec<NamespaceName>, Error> {
        Ok(self.catalog.names().await?)
    }

    /// A namespace with all that is in it; nothing, where there is none of the name.
    ///
    /// # Errors
    /// The catalog cannot be read, or holds something of it that no Glance writes.
    pub async fn export(&self, name: &NamespaceName) -> Result<Option<NamespaceDocument>, Error> {
        let names = std::slice::from_ref(name);
        let mut read = self.catalog.read(names, &Parts::WHOLE).await?;
        Ok(read.pop().map(NamespaceContents::into_document))
    }
}
