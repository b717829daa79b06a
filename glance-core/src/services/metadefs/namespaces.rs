//! Create, show, list, edit and delete namespaces.

use super::{Metadefs, absent, protected_namespace};
use crate::domain::Caller;
use crate::domain::metadef::{
    Dated, Existing, MetadefChange, Namespace, NamespaceContents, NamespaceDocument, NamespaceName,
    NamespaceQuery, ResourceTypeName,
};
use crate::domain::policy::Action;
use crate::error::Error;
use crate::ports::{CatalogError, Parts, Put};

/// A page of a list of namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceList {
    /// The namespaces of the page that the caller may see, with their associations.
    pub namespaces: Vec<NamespaceContents>,
    /// The marker of the next page, if there may be one.
    pub next: Option<NamespaceName>,
}

impl Metadefs<'_> {
    /// Lists namespaces: the page of `query` after `marker`, the last namespace of the page before.
    ///
    /// # Errors
    /// The caller may not list; the marker is not a namespace that the caller may see.
    pub async fn namespaces(
        &self,
        caller: &Caller,
        mut query: NamespaceQuery,
        marker: Option<&str>,
    ) -> Result<NamespaceList, Error> {
        self.permit_at_all(caller, Action::GetMetadefNamespaces)?;
        self.permit_at_all(caller, Action::ListMetadefResourceTypes)?;
        query.limit = self.glance.settings().pages.of(Some(query.limit));
        if let Some(marker) = marker {
            let last = self.visible(caller, marker, &Parts::NONE).await;
            let last = last.map_err(|error| match error {
                // No list shows it.
                Error::Catalog(CatalogError::Odd { .. }) => absent(marker),
                error => error,
            })?;
            query.after = Some(query.position(&last.namespace));
        }

        let mut namespaces = self
            .catalog
            .namespaces(&query, &self.glance.viewer(caller))
            .await?;
        let full = query.limit > 0 && namespaces.len() as u64 == u64::from(query.limit);
        let name = |contents: &NamespaceContents| contents.namespace.value.name.clone();
        let last = namespaces.last().map(name);
        namespaces.retain(|contents| self.shows(caller, Action::GetMetadefNamespace, contents));
        // A page of which the policy leaves nothing is not the last one.
        let next = namespaces.last().map(name).or(last);
        Ok(NamespaceList {
            next: next.filter(|_| full),
            namespaces,
        })
    }

    /// Shows a namespace with all that is in it; for a resource type, with the names that properties
    /// have on such resources.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not see what is in it.
    pub async fn namespace(
        &self,
        caller: &Caller,
        name: &str,
        resource_type: Option<&ResourceTypeName>,
    ) -> Result<NamespaceContents, Error> {
        let contents = self.visible(caller, name, &Parts::ALL).await?;
        for action in [
            Action::GetMetadefNamespace,
            Action::ListMetadefResourceTypes,
            Action::GetMetadefObjects,
            Action::GetMetadefProperties,
            Action::GetMetadefTags,
        ] {
            self.permit(caller, action, &contents)?;
        }
        Ok(match resource_type {
            Some(resource_type) => contents.prefixed_for(resource_type),
            None => contents,
        })
    }

    /// Creates a namespace with all that is in it, or nothing.
    ///
    /// # Errors
    /// The caller may not; there is one of the name.
    pub async fn create_namespace(
        &self,
        caller: &Caller,
        document: &NamespaceDocument,
    ) -> Result<NamespaceContents, Error> {
        self.permit_at_all(caller, Action::AddMetadefNamespace)?;
        for (is_there, action) in [
            (
                !document.associations.is_empty(),
                Action::AddMetadefResourceTypeAssociation,
            ),
            (!document.objects.is_empty(), Action::AddMetadefObject),
            (!document.properties.is_empty(), Action::AddMetadefProperty),
            (!document.tags.is_empty(), Action::AddMetadefTag),
        ] {
            if is_there {
                self.permit_at_all(caller, action)?;
            }
        }
        let duplicate = || Error::DuplicateNamespace {
            name: document.namespace.name.clone(),
        };
        let now = self.glance.now();
        let contents = document
            .stored_over(None, Existing::Refused, now)
            .ok_or_else(duplicate)?;
        let put = Put {
            existing: Existing::Refused,
            protects_types: false,
        };
        match self.catalog.put(document, put, now).await {
            Ok(()) => Ok(contents),
            Err(CatalogError::Conflict) => Err(duplicate()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets all that a namespace itself is, its name too.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; there is one of the new name.
    pub async fn edit_namespace(
        &self,
        caller: &Caller,
        name: &str,
        edited: Namespace,
    ) -> Result<Dated<Namespace>, Error> {
        let contents = self.visible(caller, name, &Parts::NONE).await?;
        self.permit(caller, Action::ModifyMetadefNamespace, &contents)?;
        let now = self.glance.now();
        let held = &contents.namespace;
        let change = MetadefChange::Edit(edited.clone());
        match self.catalog.change(&held.value.name, &change, now).await {
            Ok(()) => Ok(held.changed(edited, now)),
            Err(CatalogError::Conflict) => Err(Error::DuplicateNamespace { name: edited.name }),
            Err(CatalogError::NotFound) => Err(absent(name)),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a namespace with all that is in it.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; it is protected.
    pub async fn delete_namespace(&self, caller: &Caller, name: &str) -> Result<(), Error> {
        self.delete_all(caller, name, &MetadefChange::Remove, None)
            .await
    }

    /// Deletes all objects of a namespace.
    ///
    /// # Errors
    /// As [`delete_namespace`](Self::delete_namespace).
    pub async fn delete_objects(&self, caller: &Caller, name: &str) -> Result<(), Error> {
        self.delete_all(caller, name, &MetadefChange::RemoveObjects, None)
            .await
    }

    /// Deletes all properties of a namespace, those of objects aside.
    ///
    /// # Errors
    /// As [`delete_namespace`](Self::delete_namespace).
    pub async fn delete_properties(&self, caller: &Caller, name: &str) -> Result<(), Error> {
        self.delete_all(caller, name, &MetadefChange::RemoveProperties, None)
            .await
    }

    /// Deletes all tags of a namespace.
    ///
    /// # Errors
    /// As [`delete_namespace`](Self::delete_namespace).
    pub async fn delete_tags(&self, caller: &Caller, name: &str) -> Result<(), Error> {
        let besides = Some(Action::DeleteMetadefTags);
        self.delete_all(caller, name, &MetadefChange::RemoveTags, besides)
            .await
    }

    /// Upstream asks for the right to delete the namespace, whatever of it is deleted.
    async fn delete_all(
        &self,
        caller: &Caller,
        name: &str,
        change: &MetadefChange,
        besides: Option<Action>,
    ) -> Result<(), Error> {
        let contents = self.visible(caller, name, &Parts::NONE).await?;
        self.permit(caller, Action::DeleteMetadefNamespace, &contents)?;
        if let Some(action) = besides {
            self.permit(caller, action, &contents)?;
        }
        let namespace = contents.namespace.value;
        if namespace.protected {
            return Err(protected_namespace(namespace.name));
        }
        let now = self.glance.now();
        match self.catalog.change(&namespace.name, change, now).await {
            Ok(()) => Ok(()),
            Err(CatalogError::Conflict) => Err(protected_namespace(namespace.name)),
            Err(CatalogError::NotFound) => Err(absent(name)),
            Err(error) => Err(error.into()),
        }
    }
}
