//! Metadata definitions in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryCatalog;
use crate::domain::metadef::{
    Association, CannotChange, Dated, MetadefChange, NamespaceContents, NamespaceDocument,
    NamespaceName, NamespaceQuery, ResourceType, ResourceTypeName,
};
use crate::domain::{Timestamp, Viewer};
use crate::ports::{CatalogError, MetadefCatalog, Parts, Put};

#[derive(Debug, Default)]
pub(super) struct MetadefRows {
    namespaces: BTreeMap<NamespaceName, NamespaceContents>,
    resource_types: BTreeMap<ResourceTypeName, Dated<ResourceType>>,
}

impl MetadefRows {
    fn know<'a>(
        &mut self,
        associations: impl Iterator<Item = &'a Association>,
        protected: bool,
        now: Timestamp,
    ) {
        for association in associations {
            let name = association.resource_type.clone();
            self.resource_types.entry(name.clone()).or_insert_with(|| {
                let resource_type = ResourceType { name, protected };
                Dated::new(resource_type, now)
            });
        }
    }
}

#[async_trait]
impl MetadefCatalog for MemoryCatalog {
    async fn namespaces(
        &self,
        query: &NamespaceQuery,
        viewer: &Viewer,
    ) -> Result<Vec<NamespaceContents>, CatalogError> {
        let rows = self.rows();
        let matching = rows
            .metadefs
            .namespaces
            .values()
            .filter(|contents| query.matches(viewer, contents))
            .map(|contents| NamespaceContents {
                associations: contents.associations.clone(),
                ..NamespaceContents::empty(contents.namespace.clone())
            })
            .collect();
        Ok(query.page_of(matching))
    }

    async fn names(&self) -> Result<Vec<NamespaceName>, CatalogError> {
        Ok(self.rows().metadefs.namespaces.keys().cloned().collect())
    }

    async fn read(
        &self,
        names: &[NamespaceName],
        parts: &Parts,
    ) -> Result<Vec<NamespaceContents>, CatalogError> {
        let rows = self.rows();
        let namespaces = rows.metadefs.namespaces.iter();
        let mut found: Vec<_> = namespaces
            .filter(|(name, _)| names.contains(name))
            .map(|(_, contents)| contents.clone())
            .collect();
        for contents in &mut found {
            contents
                .associations
                .retain(|held| parts.associations.includes(&held.value.resource_type));
            contents
                .objects
                .retain(|held| parts.objects.includes(&held.value.name));
            contents
                .properties
                .retain(|held| parts.properties.includes(&held.value.name));
            contents
                .tags
                .retain(|held| parts.tags.includes(&held.value));
        }
        Ok(found)
    }

    async fn put(
        &self,
        document: &NamespaceDocument,
        put: Put,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        let mut rows = self.rows();
        let rows = &mut rows.metadefs;
        let held = rows.namespaces.get(&document.namespace.name);
        let stored = document
            .stored_over(held, put.existing, now)
            .ok_or(CatalogError::Conflict)?;
        rows.know(document.associations.iter(), put.protects_types, now);
        rows.namespaces
            .insert(document.namespace.name.clone(), stored);
        Ok(())
    }

    async fn change(
        &self,
        namespace: &NamespaceName,
        change: &MetadefChange,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        let mut rows = self.rows();
        let rows = &mut rows.metadefs;
        let held = rows.namespaces.get(namespace);
        let held = held.ok_or(CatalogError::NotFound)?;
        let changed = change.applied_to(held, now).map_err(|error| match error {
            CannotChange::Missing => CatalogError::NotFound,
            CannotChange::Duplicate | CannotChange::Protected => CatalogError::Conflict,
        })?;
        if let MetadefChange::Edit(edited) = change
            && edited.name != *namespace
            && rows.namespaces.contains_key(&edited.name)
        {
            return Err(CatalogError::Conflict);
        }
        if let MetadefChange::AddAssociation(association) = change {
            rows.know(std::iter::once(association), false, now);
        }
        rows.namespaces.remove(namespace);
        if let Some(changed) = changed {
            let name = changed.namespace.value.name.clone();
            rows.namespaces.insert(name, changed);
        }
        Ok(())
    }

    async fn resource_types(&self) -> Result<Vec<Dated<ResourceType>>, CatalogError> {
        Ok(self
            .rows()
            .metadefs
            .resource_types
            .values()
            .cloned()
            .collect())
    }

    async fn clear(&self) -> Result<(), CatalogError> {
        self.rows().metadefs = MetadefRows::default();
        Ok(())
    }
}
