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
    let (tables, mut statements) = select_parts(dialect, ids, parts);
    statements.insert(0, dialect.statement(&namespaces));

    let selects = Selects::new("read namespaces", statements);
    let mut found = database.read(selects).await?.found.into_iter();
    let mut contents = Collected::of(found.next().unwrap_or_default())?;
    for (table, rows) in tables.into_iter().zip(found) {
        contents.attach(table, rows)?;
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
    let types = found.into_iter().flatten().map(rows::resource_type);
    let mut types: Vec<Dated<ResourceType>> = types.collect::<Result<_, _>>()?;
    types.sort_by_cached_key(|held| held.value.name.clone());
    Ok(types)
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
) -> (Vec<Table>, Vec<Statement>) {
    let mut tables = Vec::new();
    let mut statements = Vec::new();
    let mut add = |table, mut select: SelectStatement, of: &'static str, name: Option<Expr>| {
        select
            .and_where(Expr::col((of, NAMESPACE_ID)).in_subquery(ids()))
            .and_where_option(name);
        tables.push(table);
        statements.push(dialect.statement(&select));
    };
    if let Some(name) = wanted(&parts.associations, |name| {
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
        add(Table::Associations, select, ASSOCIATIONS, name);
    }
    if let Some(name) = wanted(&parts.objects, |name| {
        dialect.is_text(Expr::col((OBJECTS, NAME)), name.as_str())
    }) {
        let select = in_order(OBJECTS, &rows::OBJECT_COLUMNS);
        add(Table::Objects, select, OBJECTS, name);
    }
    if let Some(name) = wanted(&parts.properties, |name| {
        dialect.is_text(Expr::col((NAMESPACE_PROPERTIES, NAME)), name.as_str())
    }) {
        let select = in_order(NAMESPACE_PROPERTIES, &rows::PROPERTY_COLUMNS);
        add(Table::Properties, select, NAMESPACE_PROPERTIES, name);
    }
    if let Some(name) = wanted(&parts.tags, |name| {
        dialect.is_text(Expr::col((NAMESPACE_TAGS, NAME)), name.as_str())
    }) {
        let select = in_order(NAMESPACE_TAGS, &rows::TAG_COLUMNS);
        add(Table::Tags, select, NAMESPACE_TAGS, name);
    }
    (tables, statements)
}

/// Whether something is wanted, and the condition on its name.
fn wanted<N>(wanted: &Wanted<N>, is: impl FnOnce(&N) -> Expr) -> Option<Option<Expr>> {
    match wanted {
        Wanted::Nothing => None,
        Wanted::All => Some(None),
        Wanted::Named(name) => Some(Some(is(name))),
    }
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
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) contents: Vec<NamespaceContents>,
    /// Where the namespace of an id stands.
    places: HashMap<i64, usize>,
}

impl Collected {
    pub(super) fn of(rows: Vec<Row>) -> Result<Self, CatalogError> {
        let mut contents = Vec::with_capacity(rows.len());
        let mut places = HashMap::with_capacity(rows.len());
        for row in rows {
            let (id, namespace) = rows::namespace(row)?;
            places.insert(id, contents.len());
            contents.push(NamespaceContents::empty(namespace));
        }
        Ok(Self { contents, places })
    }

    /// The ids of the namespaces.
    pub(super) fn ids(&self) -> Vec<i64> {
        self.places.keys().copied().collect()
    }

    pub(super) fn attach(&mut self, table: Table, rows: Vec<Row>) -> Result<(), CatalogError> {
        for row in rows {
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
        }
        if table == Table::Associations {
            for contents in &mut self.contents {
                contents.sort_associations();
            }
        }
        Ok(())
    }

    fn of_id(&mut self, id: i64) -> Option<&mut NamespaceContents> {
        let place = self.places.get(&id)?;
        self.contents.get_mut(*place)
    }
}
