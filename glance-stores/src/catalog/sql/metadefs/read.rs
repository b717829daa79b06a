//! Namespaces with what is in them: one statement for each table.

use std::collections::HashMap;

use glance_core::domain::metadef::{Dated, NamespaceContents, NamespaceName, ResourceType};
use glance_core::ports::{CatalogError, Parts, Wanted};
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use super::super::database::{Database, Row, Selects, Statement};
use super::super::dialect::Dialect;
use super::super::fields::{BadRow, Fields};
use super::super::tables::{
    ASSOCIATIONS, CREATED_AT, ID, NAME, NAMESPACE, NAMESPACE_ID, NAMESPACE_PROPERTIES,
    NAMESPACE_TAGS, NAMESPACES, OBJECTS, PROTECTED, RESOURCE_TYPE_ID, RESOURCE_TYPES, UPDATED_AT,
};
use super::rows;

/// Reads namespaces with the parts that are wanted of them.
pub(in crate::catalog) async fn read(
    database: &impl Database,
    names: &[NamespaceName],
    parts: &Parts,
) -> Result<Vec<NamespaceContents>, CatalogError> {
    let dialect = database.dialect();
    let named = || {
        let names = names.iter().map(NamespaceName::as_str);
        dialect.is_one_of(Expr::col((NAMESPACES, NAMESPACE)), names)
    };
    let namespaces = Query::select()
        .columns(rows::NAMESPACE_COLUMNS)
        .from(NAMESPACES)
        .and_where(named())
        .take();
    let ids = || {
        let mut ids = Query::select();
        ids.column((NAMESPACES, ID))
            .from(NAMESPACES)
            .and_where(named());
        ids
    };
    let (parts, mut statements) = select_parts(dialect, ids, parts);
    statements.insert(0, dialect.statement(&namespaces));

    let selects = Selects::new("read namespaces", statements);
    let mut found = database.read(selects).await?.found.into_iter();
    let mut contents = Collected::default();
    for row in found.next().unwrap_or_default() {
        contents.add(row)?;
    }
    for (part, rows) in parts.into_iter().zip(found) {
        contents.attach(part, rows)?;
    }
    let mut contents = contents.contents;
    contents.sort_by_cached_key(|contents| contents.namespace.value.name.clone());
    Ok(contents)
}

/// The names of all namespaces.
pub(in crate::catalog) async fn names(
    database: &impl Database,
) -> Result<Vec<NamespaceName>, CatalogError> {
    let columns = &[ID, NAMESPACE];
    let select = Query::select().columns(*columns).from(NAMESPACES).take();
    let select = database.dialect().statement(&select);
    let selects = Selects::new("read names of namespaces", vec![select]);
    let found = database.read(selects).await?.found;
    let names = found.into_iter().flatten().map(|row| {
        let mut fields = Fields::of(NAMESPACES, columns, row);
        fields.skip();
        Ok(NamespaceName::stored(fields.required()?))
    });
    let mut names = names.collect::<Result<Vec<_>, BadRow>>()?;
    names.sort_unstable();
    Ok(names)
}

/// All resource types that are known.
pub(in crate::catalog) async fn resource_types(
    database: &impl Database,
) -> Result<Vec<Dated<ResourceType>>, CatalogError> {
    let dialect = database.dialect();
    let select = Query::select()
        .columns([NAME, PROTECTED, CREATED_AT, UPDATED_AT])
        .from(RESOURCE_TYPES)
        .take();
    let selects = Selects::new("read resource types", vec![dialect.statement(&select)]);
    let found = database.read(selects).await?.found;
    let mut types: Vec<Dated<ResourceType>> = Vec::new();
    for row in found.into_iter().flatten() {
        match rows::resource_type(row) {
            Ok(resource_type) => types.push(resource_type),
            Err(bad) => rows::left_out(&bad),
        }
    }
    types.sort_by_cached_key(|held| held.value.name.clone());
    Ok(types)
}

/// A part of namespaces that is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) table: Table,
    /// Whether rows that cannot be understood are left out.
    pub(super) leaves_out: bool,
}

/// The tables of what is in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Associations,
    Objects,
    Properties,
    Tags,
}

/// The statements that read the wanted parts of the namespaces whose ids a select finds.
pub(super) fn select_parts(
    dialect: Dialect,
    ids: impl Fn() -> SelectStatement,
    parts: &Parts,
) -> (Vec<Part>, Vec<Statement>) {
    let mut read = Vec::new();
    let mut statements = Vec::new();
    let mut add = |table, mut select: SelectStatement, of: &'static str, wanted: IsWanted| {
        select
            .and_where(Expr::col((of, NAMESPACE_ID)).in_subquery(ids()))
            .and_where_option(wanted.name);
        read.push(Part {
            table,
            leaves_out: wanted.leaves_out,
        });
        statements.push(dialect.statement(&select));
    };
    if let Some(wanted) = wanted(&parts.associations, |name| {
        dialect.is_text(Expr::col((RESOURCE_TYPES, NAME)), name.as_str())
    }) {
        let select = Query::select()
            .columns(rows::ASSOCIATION_COLUMNS)
            .from(ASSOCIATIONS)
            .inner_join(
                RESOURCE_TYPES,
                Expr::col((RESOURCE_TYPES, ID)).equals((ASSOCIATIONS, RESOURCE_TYPE_ID)),
            )
            .take();
        add(Table::Associations, select, ASSOCIATIONS, wanted);
    }
    if let Some(wanted) = wanted(&parts.objects, |name| {
        dialect.is_text(Expr::col((OBJECTS, NAME)), name.as_str())
    }) {
        let select = in_order(OBJECTS, &rows::OBJECT_COLUMNS);
        add(Table::Objects, select, OBJECTS, wanted);
    }
    if let Some(wanted) = wanted(&parts.properties, |name| {
        dialect.is_text(Expr::col((NAMESPACE_PROPERTIES, NAME)), name.as_str())
    }) {
        let select = in_order(NAMESPACE_PROPERTIES, &rows::PROPERTY_COLUMNS);
        add(Table::Properties, select, NAMESPACE_PROPERTIES, wanted);
    }
    if let Some(wanted) = wanted(&parts.tags, |name| {
        dialect.is_text(Expr::col((NAMESPACE_TAGS, NAME)), name.as_str())
    }) {
        let select = in_order(NAMESPACE_TAGS, &rows::TAG_COLUMNS);
        add(Table::Tags, select, NAMESPACE_TAGS, wanted);
    }
    (read, statements)
}

/// What is wanted of a part.
struct IsWanted {
    /// The condition on its name.
    name: Option<Expr>,
    leaves_out: bool,
}

/// What is wanted, if anything is.
fn wanted<N>(wanted: &Wanted<N>, is: impl FnOnce(&N) -> Expr) -> Option<IsWanted> {
    let (name, leaves_out) = match wanted {
        Wanted::Nothing => return None,
        Wanted::All => (None, true),
        Wanted::Whole => (None, false),
        Wanted::Named(name) => (Some(is(name)), false),
    };
    Some(IsWanted { name, leaves_out })
}

/// Rows in the order in which they came.
fn in_order(table: &'static str, columns: &[&'static str]) -> SelectStatement {
    Query::select()
        .columns(columns.iter().copied())
        .from(table)
        .order_by((table, ID), Order::Asc)
        .take()
}

/// Namespaces that rows of what is in them are put to.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) contents: Vec<NamespaceContents>,
    /// Where the namespace of an id stands.
    places: HashMap<i64, usize>,
}

impl Collected {
    pub(super) fn add(&mut self, row: Row) -> Result<(), BadRow> {
        let (id, namespace) = rows::namespace(row)?;
        self.places.insert(id, self.contents.len());
        self.contents.push(NamespaceContents::empty(namespace));
        Ok(())
    }

    /// The ids of the namespaces.
    pub(super) fn ids(&self) -> Vec<i64> {
        self.places.keys().copied().collect()
    }

    pub(super) fn attach(&mut self, part: Part, rows: Vec<Row>) -> Result<(), CatalogError> {
        for row in rows {
            match self.attach_row(part.table, row) {
                Err(bad) if part.leaves_out => rows::left_out(&bad),
                attached => attached?,
            }
        }
        if part.table == Table::Associations {
            for contents in &mut self.contents {
                contents.sort_associations();
            }
        }
        Ok(())
    }

    fn attach_row(&mut self, table: Table, row: Row) -> Result<(), BadRow> {
        match table {
            Table::Associations => {
                let (id, association) = rows::association(row)?;
                if let Some(contents) = self.of_id(id) {
                    contents.associations.push(association);
                }
            }
            Table::Objects => {
                let (id, object) = rows::object(row)?;
                if let Some(contents) = self.of_id(id) {
                    contents.objects.push(object);
                }
            }
            Table::Properties => {
                let (id, property) = rows::property(row)?;
                if let Some(contents) = self.of_id(id) {
                    contents.properties.push(property);
                }
            }
            Table::Tags => {
                let (id, tag) = rows::tag(row)?;
                if let Some(contents) = self.of_id(id) {
                    contents.tags.push(tag);
                }
            }
        }
        Ok(())
    }

    fn of_id(&mut self, id: i64) -> Option<&mut NamespaceContents> {
        let place = self.places.get(&id)?;
        self.contents.get_mut(*place)
    }
}
