//! Changes of namespaces: what `MetadefChange::applied_to` means, as steps.

use glance_core::domain::Timestamp;
use glance_core::domain::metadef::{
    Existing, MetadefChange, Namespace, NamespaceName, Object, Property, ResourceTypeName,
};
use glance_core::ports::CatalogError;
use sea_query::{DeleteStatement, Expr, ExprTrait, Query, SelectStatement, UpdateStatement};

use super::super::database::{Batch, Breach, Database};
use super::super::dialect::Dialect;
use super::super::keys::time_value;
use super::super::tables::{
    ASSOCIATIONS, ID, JSON_SCHEMA, NAME, NAMESPACE, NAMESPACE_ID, NAMESPACE_PROPERTIES,
    NAMESPACE_TAGS, NAMESPACES, OBJECTS, PROTECTED, RESOURCE_TYPE_ID, RESOURCE_TYPES, UPDATED_AT,
};
use super::put::{Insertion, namespace_values, object_values};

/// Makes a change in a namespace.
pub(in crate::catalog) async fn change(
    database: &impl Database,
    namespace: &NamespaceName,
    change: &MetadefChange,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let dialect = database.dialect();
    let mut batch = Batch::new("change a namespace");
    hold(&mut batch, dialect, namespace, Breach::NotFound);
    if change.is_refused_by_protection() {
        let mut protected = of_name(dialect, namespace);
        protected
            .expr(Expr::cust("COUNT(*)"))
            .and_where(Expr::col((NAMESPACES, PROTECTED)).eq(true));
        batch.require(dialect.statement(&protected), 0, Breach::Conflict);
    }
    let mut steps = Steps {
        batch: &mut batch,
        dialect,
        namespace,
        now,
    };
    steps.make(change);
    database.write(batch).await.map(|_| ())
}

/// Removes everything.
pub(in crate::catalog) async fn clear(database: &impl Database) -> Result<(), CatalogError> {
    let dialect = database.dialect();
    let mut batch = Batch::new("remove all metadata definitions");
    let tables = CONTENT.into_iter().chain([NAMESPACES, RESOURCE_TYPES]);
    for table in tables {
        let delete = Query::delete().from_table(table).take();
        batch.change(dialect.statement(&delete));
    }
    database.write(batch).await.map(|_| ())
}

/// Has others that change a namespace wait until the batch is made, and the batch fail where there
/// is none of the name.
pub(super) fn hold(batch: &mut Batch, dialect: Dialect, name: &NamespaceName, breach: Breach) {
    let update = Query::update()
        .table(NAMESPACES)
        .value(NAMESPACE, Expr::col((NAMESPACES, NAMESPACE)))
        .and_where(is_named(dialect, name))
        .take();
    batch.change_some(dialect.statement(&update), breach);
}

/// Removes a namespace, if it is there, and all that is in it.
pub(super) fn remove_all(batch: &mut Batch, dialect: Dialect, name: &NamespaceName) {
    for table in CONTENT {
        batch.change(dialect.statement(&delete_of(dialect, table, name)));
    }
    let delete = Query::delete()
        .from_table(NAMESPACES)
        .and_where(is_named(dialect, name))
        .take();
    batch.change(dialect.statement(&delete));
}

/// The id of a namespace.
pub(super) fn namespace_id(dialect: Dialect, name: &NamespaceName) -> SelectStatement {
    let mut id = of_name(dialect, name);
    id.column((NAMESPACES, ID));
    id
}

/// The id of a resource type.
pub(super) fn type_id(dialect: Dialect, name: &ResourceTypeName) -> SelectStatement {
    Query::select()
        .column((RESOURCE_TYPES, ID))
        .from(RESOURCE_TYPES)
        .and_where(dialect.is_text(Expr::col((RESOURCE_TYPES, NAME)), name.as_str()))
        .take()
}

/// Adds the steps of a change to a batch.
struct Steps<'a> {
    batch: &'a mut Batch,
    dialect: Dialect,
    namespace: &'a NamespaceName,
    now: Timestamp,
}

impl Steps<'_> {
    fn make(&mut self, change: &MetadefChange) {
        let namespace = self.namespace;
        match change {
            MetadefChange::AddAssociation(association) => {
                let association = std::slice::from_ref(association);
                self.insertion().associations(namespace, association, false);
            }
            MetadefChange::AddObject(object) => {
                let object = std::slice::from_ref(object);
                self.insertion().objects(namespace, object);
            }
            MetadefChange::AddProperty(property) => {
                let property = std::slice::from_ref(property);
                self.insertion().properties(namespace, property);
            }
            MetadefChange::AddTags(tags) => self.insertion().tags(namespace, tags),
            MetadefChange::Edit(edited) => self.edit(edited),
            MetadefChange::Remove => remove_all(self.batch, self.dialect, namespace),
            MetadefChange::RemoveAssociation(name) => {
                let mut delete = delete_of(self.dialect, ASSOCIATIONS, namespace);
                let of_type = Expr::col((ASSOCIATIONS, RESOURCE_TYPE_ID));
                delete.and_where(of_type.in_subquery(type_id(self.dialect, name)));
                let delete = self.dialect.statement(&delete);
                self.batch.change_some(delete, Breach::NotFound);
            }
            MetadefChange::RemoveObject(name) => self.remove(OBJECTS, name.as_str()),
            MetadefChange::RemoveObjects => self.remove_every(OBJECTS),
            MetadefChange::RemoveProperties => self.remove_every(NAMESPACE_PROPERTIES),
            MetadefChange::RemoveProperty(name) => {
                self.remove(NAMESPACE_PROPERTIES, name.as_str());
            }
            MetadefChange::RemoveTag(name) => self.remove(NAMESPACE_TAGS, name.as_str()),
            MetadefChange::RemoveTags => self.remove_every(NAMESPACE_TAGS),
            MetadefChange::RenameTag(name, tag) => {
                let mut update = Query::update();
                update.value(NAME, tag.as_str());
                self.replace(NAMESPACE_TAGS, name.as_str(), update);
            }
            MetadefChange::ReplaceObject(name, object) => {
                self.replace(OBJECTS, name.as_str(), set_object(object));
            }
            MetadefChange::ReplaceProperty(name, property) => {
                self.replace(NAMESPACE_PROPERTIES, name.as_str(), set_property(property));
            }
            MetadefChange::ReplaceTags(tags) => {
                self.remove_every(NAMESPACE_TAGS);
                self.insertion().tags(namespace, tags);
            }
        }
    }

    fn insertion(&mut self) -> Insertion<'_> {
        Insertion {
            batch: self.batch,
            dialect: self.dialect,
            existing: Existing::Refused,
            now: self.now,
        }
    }

    fn edit(&mut self, edited: &Namespace) {
        let mut update = Query::update();
        update
            .table(NAMESPACES)
            .values(namespace_values(edited))
            .value(UPDATED_AT, time_value(self.now))
            .and_where(is_named(self.dialect, self.namespace));
        let update = self.dialect.statement(&update);
        self.batch.change_some(update, Breach::NotFound);
    }

    fn replace(&mut self, table: &'static str, name: &str, mut update: UpdateStatement) {
        let id = namespace_id(self.dialect, self.namespace);
        update
            .table(table)
            .value(UPDATED_AT, time_value(self.now))
            .and_where(Expr::col((table, NAMESPACE_ID)).in_subquery(id))
            .and_where(self.dialect.is_text(Expr::col((table, NAME)), name));
        let update = self.dialect.statement(&update);
        self.batch.change_some(update, Breach::NotFound);
    }

    fn remove(&mut self, table: &'static str, name: &str) {
        let mut delete = delete_of(self.dialect, table, self.namespace);
        delete.and_where(self.dialect.is_text(Expr::col((table, NAME)), name));
        let delete = self.dialect.statement(&delete);
        self.batch.change_some(delete, Breach::NotFound);
    }

    fn remove_every(&mut self, table: &'static str) {
        let delete = delete_of(self.dialect, table, self.namespace);
        self.batch.change(self.dialect.statement(&delete));
    }
}

fn set_object(object: &Object) -> UpdateStatement {
    let mut update = Query::update();
    update.values(object_values(object));
    update
}

fn set_property(property: &Property) -> UpdateStatement {
    let mut update = Query::update();
    update
        .value(NAME, property.name.as_str())
        .value(JSON_SCHEMA, property.schema.to_json().to_string());
    update
}

/// Deletes the rows of a table that are of a namespace.
fn delete_of(dialect: Dialect, table: &'static str, name: &NamespaceName) -> DeleteStatement {
    let id = namespace_id(dialect, name);
    Query::delete()
        .from_table(table)
        .and_where(Expr::col((table, NAMESPACE_ID)).in_subquery(id))
        .take()
}

/// A select from a namespace.
fn of_name(dialect: Dialect, name: &NamespaceName) -> SelectStatement {
    Query::select()
        .from(NAMESPACES)
        .and_where(is_named(dialect, name))
        .take()
}

fn is_named(dialect: Dialect, name: &NamespaceName) -> Expr {
    dialect.is_text(Expr::col((NAMESPACES, NAMESPACE)), name.as_str())
}

/// The tables of what is in namespaces.
const CONTENT: [&str; 4] = [NAMESPACE_TAGS, OBJECTS, NAMESPACE_PROPERTIES, ASSOCIATIONS];
