//! Whole namespaces into the tables: what `NamespaceDocument::stored_over` means, as steps.

use glance_core::domain::Timestamp;
use glance_core::domain::metadef::{
    Association, Description, DisplayName, Existing, Namespace, NamespaceDocument, NamespaceName,
    Object, ObjectDescription, ObjectName, Prefix, PropertiesTarget, Property, PropertyName,
    TagName,
};
use glance_core::ports::{CatalogError, Put};
use sea_query::{Expr, ExprTrait, OnConflict, Query};

use super::super::database::{Batch, Breach, Database};
use super::super::dialect::Dialect;
use super::super::images::text;
use super::super::keys::time_value;
use super::super::tables::{
    ASSOCIATIONS, CREATED_AT, DESCRIPTION, DISPLAY_NAME, JSON_SCHEMA, NAME, NAMESPACE,
    NAMESPACE_ID, NAMESPACE_PROPERTIES, NAMESPACE_TAGS, NAMESPACES, OBJECTS, OWNER, PREFIX,
    PROPERTIES_TARGET, PROTECTED, REQUIRED, RESOURCE_TYPE_ID, RESOURCE_TYPES, UPDATED_AT,
    VISIBILITY,
};
use super::change::{hold, namespace_id, remove_all, type_id};

/// Stores a whole namespace.
pub(in crate::catalog) async fn put(
    database: &impl Database,
    document: &NamespaceDocument,
    put: Put,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let dialect = database.dialect();
    let name = &document.namespace.name;
    let mut batch = Batch::new("store a namespace");
    if put.existing == Existing::Replaced {
        remove_all(&mut batch, dialect, name);
    }
    let mut insertion = Insertion {
        batch: &mut batch,
        dialect,
        existing: put.existing,
        now,
    };
    insertion.namespace(&document.namespace);
    // It is there now, unless another is in its place that is the same to the database alone.
    hold(insertion.batch, dialect, name, Breach::Conflict);
    insertion.associations(name, &document.associations, put.protects_types);
    insertion.properties(name, &document.properties);
    insertion.objects(name, &document.objects);
    insertion.tags(name, &document.tags);
    database.write(batch).await.map(|_| ())
}

/// Adds rows to a batch.
pub(super) struct Insertion<'a> {
    pub(super) batch: &'a mut Batch,
    pub(super) dialect: Dialect,
    /// What becomes of rows that are there.
    pub(super) existing: Existing,
    pub(super) now: Timestamp,
}

impl Insertion<'_> {
    /// Adds associations, and those of their types that nobody knew of.
    pub(super) fn associations(
        &mut self,
        namespace: &NamespaceName,
        associations: &[Association],
        protects_types: bool,
    ) {
        let dialect = self.dialect;
        let names: Vec<&str> = associations
            .iter()
            .map(|each| each.resource_type.as_str())
            .collect();
        let types = Table {
            name: RESOURCE_TYPES,
            key: &[NAME],
            columns: &[NAME, PROTECTED],
            renewed: &[],
        };
        let row = |name: &&str| vec![Expr::val(*name), Expr::val(protects_types)];
        let existing = std::mem::replace(&mut self.existing, Existing::Kept);
        self.rows(&types, &names.iter().map(row).collect::<Vec<_>>());
        self.existing = existing;
        self.require(RESOURCE_TYPES, None, &names);

        let table = Table {
            name: ASSOCIATIONS,
            key: &[RESOURCE_TYPE_ID, NAMESPACE_ID],
            columns: &[RESOURCE_TYPE_ID, NAMESPACE_ID, PREFIX, PROPERTIES_TARGET],
            renewed: &[PREFIX, PROPERTIES_TARGET],
        };
        let row = |each: &Association| {
            vec![
                type_id(dialect, &each.resource_type).into(),
                namespace_id(dialect, namespace).into(),
                Expr::val(text(each.prefix.as_ref().map(Prefix::as_str))),
                Expr::val(text(
                    each.properties_target
                        .as_ref()
                        .map(PropertiesTarget::as_str),
                )),
            ]
        };
        self.rows(&table, &associations.iter().map(row).collect::<Vec<_>>());
    }

    /// Adds properties.
    pub(super) fn properties(&mut self, namespace: &NamespaceName, properties: &[Property]) {
        let dialect = self.dialect;
        let table = Table {
            name: NAMESPACE_PROPERTIES,
            key: &[NAMESPACE_ID, NAME],
            columns: &[NAMESPACE_ID, NAME, JSON_SCHEMA],
            renewed: &[JSON_SCHEMA],
        };
        let row = |each: &Property| {
            vec![
                namespace_id(dialect, namespace).into(),
                Expr::val(each.name.as_str()),
                Expr::val(each.schema.to_json().to_string()),
            ]
        };
        self.rows(&table, &properties.iter().map(row).collect::<Vec<_>>());
        let names: Vec<&str> = properties.iter().map(|each| each.name.as_str()).collect();
        self.require(NAMESPACE_PROPERTIES, Some(namespace), &names);
    }

    /// Adds objects.
    pub(super) fn objects(&mut self, namespace: &NamespaceName, objects: &[Object]) {
        let dialect = self.dialect;
        let table = Table {
            name: OBJECTS,
            key: &[NAMESPACE_ID, NAME],
            columns: &[NAMESPACE_ID, NAME, DESCRIPTION, REQUIRED, JSON_SCHEMA],
            renewed: &[DESCRIPTION, REQUIRED, JSON_SCHEMA],
        };
        let row = |each: &Object| {
            let mut row = vec![namespace_id(dialect, namespace).into()];
            row.extend(object_values(each).map(|(_, value)| value));
            row
        };
        self.rows(&table, &objects.iter().map(row).collect::<Vec<_>>());
        let names: Vec<&str> = objects.iter().map(|each| each.name.as_str()).collect();
        self.require(OBJECTS, Some(namespace), &names);
    }

    /// Adds tags.
    pub(super) fn tags(&mut self, namespace: &NamespaceName, tags: &[TagName]) {
        let dialect = self.dialect;
        let table = Table {
            name: NAMESPACE_TAGS,
            key: &[NAMESPACE_ID, NAME],
            columns: &[NAMESPACE_ID, NAME],
            renewed: &[],
        };
        let row = |each: &TagName| {
            vec![
                namespace_id(dialect, namespace).into(),
                Expr::val(each.as_str()),
            ]
        };
        self.rows(&table, &tags.iter().map(row).collect::<Vec<_>>());
        let names: Vec<&str> = tags.iter().map(TagName::as_str).collect();
        self.require(NAMESPACE_TAGS, Some(namespace), &names);
    }

    fn namespace(&mut self, namespace: &Namespace) {
        let table = Table {
            name: NAMESPACES,
            key: &[NAMESPACE],
            columns: &[
                NAMESPACE,
                DISPLAY_NAME,
                DESCRIPTION,
                VISIBILITY,
                PROTECTED,
                OWNER,
            ],
            renewed: &[DISPLAY_NAME, DESCRIPTION, VISIBILITY, PROTECTED, OWNER],
        };
        let row = namespace_values(namespace).map(|(_, value)| value);
        self.rows(&table, &[row.into()]);
    }

    fn rows(&mut self, table: &Table, rows: &[Vec<Expr>]) {
        for rows in rows.chunks(MOST_ROWS) {
            let mut insert = Query::insert();
            insert.into_table(table.name).columns(
                table
                    .columns
                    .iter()
                    .copied()
                    .chain([CREATED_AT, UPDATED_AT]),
            );
            for row in rows {
                let now = || Expr::val(time_value(self.now));
                insert.values_panic(row.iter().cloned().chain([now(), now()]));
            }
            let mut conflict = OnConflict::columns(table.key.iter().copied());
            match self.existing {
                Existing::Refused | Existing::Replaced => {}
                Existing::Kept => {
                    insert
                        .on_conflict(conflict.do_nothing_on(table.key.iter().copied()).to_owned());
                }
                Existing::Renewed => {
                    let columns = table.renewed.iter().copied().chain([UPDATED_AT]);
                    insert.on_conflict(conflict.update_columns(columns).to_owned());
                }
            }
            self.batch.change(self.dialect.statement(&insert));
        }
    }

    /// Where a database takes other names for these, has it hold these very names.
    fn require(&mut self, table: &'static str, namespace: Option<&NamespaceName>, names: &[&str]) {
        if !self.dialect.folds_names() {
            return;
        }
        for names in names.chunks(MOST_ROWS) {
            let of = namespace.map(|name| {
                let id = namespace_id(self.dialect, name);
                Expr::col((table, NAMESPACE_ID)).in_subquery(id)
            });
            let name = Expr::col((table, NAME));
            let count = Query::select()
                .expr(Expr::cust("COUNT(*)"))
                .from(table)
                .and_where_option(of)
                .and_where(self.dialect.is_one_of(name, names.iter().copied()))
                .take();
            let count = self.dialect.statement(&count);
            self.batch
                .require(count, names.len() as u64, Breach::Conflict);
        }
    }
}

/// A table that rows are added to.
struct Table {
    name: &'static str,
    /// What is unique in it.
    key: &'static [&'static str],
    /// What is set of a row, its times aside.
    columns: &'static [&'static str],
    /// What is set of a row that is there already.
    renewed: &'static [&'static str],
}

/// The columns of a namespace with what they are to hold.
pub(super) fn namespace_values(namespace: &Namespace) -> [(&'static str, Expr); 6] {
    let display_name = namespace.display_name.as_ref().map(DisplayName::as_str);
    let description = namespace.description.as_ref().map(Description::as_str);
    [
        (NAMESPACE, Expr::val(namespace.name.as_str())),
        (DISPLAY_NAME, Expr::val(text(display_name))),
        (DESCRIPTION, Expr::val(text(description))),
        (VISIBILITY, Expr::val(namespace.visibility.as_str())),
        (PROTECTED, Expr::val(namespace.protected)),
        (OWNER, Expr::val(namespace.owner.as_str())),
    ]
}

/// The columns of an object with what they are to hold.
pub(super) fn object_values(object: &Object) -> [(&'static str, Expr); 4] {
    let description = object.description.as_ref().map(ObjectDescription::as_str);
    let required: Vec<&str> = object.required.iter().map(PropertyName::as_str).collect();
    let required = (!required.is_empty()).then(|| required.join(","));
    [
        (NAME, Expr::val(ObjectName::as_str(&object.name))),
        (DESCRIPTION, Expr::val(text(description))),
        (REQUIRED, Expr::val(text(required.as_deref()))),
        (
            JSON_SCHEMA,
            Expr::val(object.properties_to_json().to_string()),
        ),
    ]
}

/// The most rows in one statement: databases bound the placeholders of a statement.
const MOST_ROWS: usize = 1000;
