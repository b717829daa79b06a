//! The catalog of metadata definitions.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;

use super::catalog::CatalogError;
use crate::domain::metadef::{
    Dated, Existing, MetadefChange, NamespaceContents, NamespaceDocument, NamespaceName,
    NamespaceQuery, ObjectName, PropertyName, ResourceType, ResourceTypeName, TagName,
};
use crate::domain::{Timestamp, Viewer};

/// Where metadata definitions live.
///
/// # Contract
///
/// * `namespaces` gives the page that [`NamespaceQuery::matches`] and [`NamespaceQuery::page_of`] mean,
///   each namespace with its associations and nothing else;
/// * `names` tells the names of all namespaces, whatever else their rows hold, in their order;
/// * `read` gives those of the namespaces that are there, in the order of their names, each with the
///   parts asked for: all as they are at one moment, and in a number of statements that grows
///   neither with the names nor with what is in them;
/// * `put` stores what [`NamespaceDocument::stored_over`] means, whole or not at all: `Conflict`
///   where it means nothing;
/// * what cannot be understood is left out of `namespaces` and `resource_types` and of parts that are
///   wanted as `All`, and hides no other: a page that is not full is the last one. Wanted by name or
///   as `Whole` it is `Odd`, as is the row of a namespace that is read;
/// * `change` makes what [`MetadefChange::applied_to`] means, whole or not at all: `NotFound` where
///   the namespace or the thing is missing, `Conflict` where a name is taken or a protected
///   namespace refuses;
/// * names are the same only if all their characters are; a catalog may refuse one (`Conflict`) for
///   another that differs from it in case or accents alone;
/// * a resource type is known from the first association with it, until `clear`.
#[async_trait]
pub trait MetadefCatalog: fmt::Debug + Send + Sync + 'static {
    /// A page of the namespaces that `viewer` gets listed, with their associations.
    async fn namespaces(
        &self,
        query: &NamespaceQuery,
        viewer: &Viewer,
    ) -> Result<Vec<NamespaceContents>, CatalogError>;

    /// The names of all namespaces.
    async fn names(&self) -> Result<Vec<NamespaceName>, CatalogError>;

    /// Namespaces by their names, with some of what is in them.
    async fn read(
        &self,
        names: &[NamespaceName],
        parts: &Parts,
    ) -> Result<Vec<NamespaceContents>, CatalogError>;

    /// Stores a whole namespace.
    async fn put(
        &self,
        document: &NamespaceDocument,
        put: Put,
        now: Timestamp,
    ) -> Result<(), CatalogError>;

    /// Makes a change in a namespace.
    async fn change(
        &self,
        namespace: &NamespaceName,
        change: &MetadefChange,
        now: Timestamp,
    ) -> Result<(), CatalogError>;

    /// All resource types that are known, in the order of their names.
    async fn resource_types(&self) -> Result<Vec<Dated<ResourceType>>, CatalogError>;

    /// Removes everything, resource types too.
    async fn clear(&self) -> Result<(), CatalogError>;
}

/// Which parts of a namespace are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// What resource types it is for.
    pub associations: Wanted<ResourceTypeName>,
    /// Its objects.
    pub objects: Wanted<ObjectName>,
    /// Its properties.
    pub properties: Wanted<PropertyName>,
    /// Its tags.
    pub tags: Wanted<TagName>,
}

impl Parts {
    /// All of them, but for what cannot be understood.
    pub const ALL: Self = Self {
        associations: Wanted::All,
        objects: Wanted::All,
        properties: Wanted::All,
        tags: Wanted::All,
    };

    /// All of them, or an error.
    pub const WHOLE: Self = Self {
        associations: Wanted::Whole,
        objects: Wanted::Whole,
        properties: Wanted::Whole,
        tags: Wanted::Whole,
    };

    /// None: the namespace itself.
    pub const NONE: Self = Self {
        associations: Wanted::Nothing,
        objects: Wanted::Nothing,
        properties: Wanted::Nothing,
        tags: Wanted::Nothing,
    };
}

/// How much of one kind is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "catalogs must answer each")]
pub enum Wanted<N> {
    /// Nothing.
    Nothing,
    /// All there is that can be understood.
    All,
    /// All there is, or an error.
    Whole,
    /// What bears a name.
    Named(N),
}

impl<N: PartialEq + FromStr> Wanted<N> {
    /// What bears a name: nothing, where nothing can bear it.
    pub fn named(name: &str) -> Self {
        name.parse().map_or(Self::Nothing, Self::Named)
    }
}

impl<N: PartialEq> Wanted<N> {
    /// Whether what bears this name is wanted.
    pub fn includes(&self, name: &N) -> bool {
        match self {
            Self::Nothing => false,
            Self::All | Self::Whole => true,
            Self::Named(wanted) => wanted == name,
        }
    }
}

/// How a whole namespace is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Put {
    /// What becomes of a namespace of its name.
    pub existing: Existing,
    /// Whether resource types that nobody knew of are marked as such that came with Glance: upstream
    /// marks those of files.
    pub protects_types: bool,
}
