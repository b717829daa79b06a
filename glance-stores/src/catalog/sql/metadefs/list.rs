//! Lists of namespaces: each means what `NamespaceQuery` means. There are few: no index is made for
//! the orders that they may be asked in.

use glance_core::domain::metadef::{
    NamespaceContents, NamespaceQuery, NamespaceSortKey, NamespaceVisibility, ResourceTypeName,
};
use glance_core::domain::query::{Direction, SortValue};
use glance_core::domain::{ProjectId, Viewer};
use glance_core::ports::{CatalogError, Parts, Wanted};
use sea_query::{CaseStatement, Cond, Expr, ExprTrait, Func, Query, SelectStatement};

use super::super::database::{Database, Reading, Row, Statement};
use super::super::dialect::Dialect;
use super::super::images::page;
use super::super::keys::time_value;
use super::super::tables::{
    ASSOCIATIONS, CREATED_AT, ID, NAME, NAMESPACE_ID, NAMESPACES, OWNER, RESOURCE_TYPE_ID,
    RESOURCE_TYPES, UPDATED_AT, VISIBILITY,
};
use super::read::{Collected, Part, Table, select_parts};
use super::rows::{NAMESPACE_COLUMNS, PUBLIC, left_out};

/// A page of namespaces with their associations: two statements, and more only where rows of it cannot
/// be understood.
pub(in crate::catalog) async fn list(
    database: &impl Database,
    query: &NamespaceQuery,
    viewer: &Viewer,
) -> Result<Vec<NamespaceContents>, CatalogError> {
    let dialect = database.dialect();
    let page = Page {
        dialect,
        select: select(dialect, query, viewer),
        limit: u64::from(query.limit),
        passed: 0,
        is_full: false,
        found: Collected::default(),
        is_read: false,
    };
    let page = database.read(page).await?;
    Ok(page.found.contents)
}

/// The namespaces of a page, and then their associations.
struct Page {
    dialect: Dialect,
    /// All namespaces of the list.
    select: SelectStatement,
    limit: u64,
    /// How many of them were read.
    passed: u64,
    is_full: bool,
    found: Collected,
    is_read: bool,
}

impl Reading for Page {
    fn operation(&self) -> &'static str {
        "list namespaces"
    }

    fn next(&mut self) -> Option<Statement> {
        if !self.is_full {
            page(&mut self.select, self.limit, self.passed);
            return Some(self.dialect.statement(&self.select));
        }
        let ids = self.found.ids();
        if self.is_read || ids.is_empty() {
            return None;
        }
        self.is_read = true;
        let of_page = || {
            Query::select()
                .column((NAMESPACES, ID))
                .from(NAMESPACES)
                .and_where(column(ID).is_in(ids.iter().copied()))
                .take()
        };
        let parts = Parts {
            associations: Wanted::All,
            ..Parts::NONE
        };
        select_parts(self.dialect, of_page, &parts).1.pop()
    }

    fn take(&mut self, rows: Vec<Row>) -> Result<(), CatalogError> {
        if self.is_full {
            return self.found.attach(ASSOCIATED, rows);
        }
        let read = rows.len() as u64;
        self.passed += read;
        // Rows beyond the page are those of the next.
        for row in rows {
            if self.has_room() {
                self.found.add(row).unwrap_or_else(|bad| left_out(&bad));
            }
        }
        self.is_full = read < self.limit || !self.has_room();
        Ok(())
    }
}

impl Page {
    fn has_room(&self) -> bool {
        (self.found.contents.len() as u64) < self.limit
    }
}

fn select(dialect: Dialect, query: &NamespaceQuery, viewer: &Viewer) -> SelectStatement {
    let mut select = Query::select();
    select.columns(NAMESPACE_COLUMNS).from(NAMESPACES);
    if !viewer.admin {
        let owner = viewer.project.as_ref().map(ProjectId::as_str);
        let owned = owner.map(|owner| dialect.is_text(column(OWNER), owner));
        select.cond_where(Cond::any().add(is_public()).add_option(owned));
    }
    match query.visibility {
        None => {}
        Some(NamespaceVisibility::Public) => {
            select.and_where(is_public());
        }
        Some(NamespaceVisibility::Private) => {
            select.cond_where(
                Cond::any()
                    .add(column(VISIBILITY).ne(PUBLIC))
                    .add(column(VISIBILITY).is_null()),
            );
        }
    }
    if let Some(types) = &query.resource_types {
        select.and_where(column(ID).in_subquery(ids_for(dialect, types)));
    }
    if let Some(after) = &query.after {
        select.cond_where(comes_after(dialect, query, after));
    }
    for key in query.keys() {
        dialect.order_by(&mut select, key_column(dialect, key), query.direction);
    }
    select
}

/// The ids of namespaces that are for one of these resource types.
fn ids_for(dialect: Dialect, types: &[ResourceTypeName]) -> SelectStatement {
    let names = types.iter().map(ResourceTypeName::as_str);
    Query::select()
        .column((ASSOCIATIONS, NAMESPACE_ID))
        .from(ASSOCIATIONS)
        .inner_join(
            RESOURCE_TYPES,
            Expr::col((RESOURCE_TYPES, ID)).equals((ASSOCIATIONS, RESOURCE_TYPE_ID)),
        )
        .and_where(dialect.is_one_of(Expr::col((RESOURCE_TYPES, NAME)), names))
        .take()
}

/// What comes after a position in the order of a query: what is the same in some keys, and beyond it
/// in the next.
fn comes_after(dialect: Dialect, query: &NamespaceQuery, after: &[SortValue]) -> Cond {
    let keys: Vec<_> = query.keys().into_iter().zip(after).collect();
    let mut any = Cond::any();
    for (at, (key, value)) in keys.iter().enumerate() {
        let mut all = Cond::all();
        for (key, value) in keys.iter().take(at) {
            all = all.add(same(dialect, *key, value));
        }
        any = any.add(all.add(beyond(dialect, *key, query.direction, value)));
    }
    any
}

fn same(dialect: Dialect, key: NamespaceSortKey, value: &SortValue) -> Expr {
    let column = key_column(dialect, key);
    match key_value(value) {
        Some(value) => column.eq(value),
        None => column.is_null(),
    }
}

/// What comes after a value; what lacks the key comes before all else, or after it in descending
/// order.
fn beyond(
    dialect: Dialect,
    key: NamespaceSortKey,
    direction: Direction,
    value: &SortValue,
) -> Cond {
    let column = || key_column(dialect, key);
    let any = Cond::any();
    match (direction, key_value(value)) {
        (Direction::Ascending, Some(value)) => any.add(column().gt(value)),
        (Direction::Ascending, None) => any.add(column().is_not_null()),
        (Direction::Descending, Some(value)) => any.add(column().lt(value)).add(column().is_null()),
        (Direction::Descending, None) => any.add(Expr::cust("1 = 0")),
    }
}

/// What a key sorts by: what is read of it, where a column holds something else.
fn key_column(dialect: Dialect, key: NamespaceSortKey) -> Expr {
    match key {
        NamespaceSortKey::CreatedAt => column(CREATED_AT),
        NamespaceSortKey::UpdatedAt => {
            Func::coalesce([column(UPDATED_AT), column(CREATED_AT)]).into()
        }
        NamespaceSortKey::Protected => CaseStatement::new()
            .case(column(key.as_str()), Expr::cust("1"))
            .finally(Expr::cust("0"))
            .into(),
        NamespaceSortKey::Visibility => CaseStatement::new()
            .case(is_public(), Expr::cust("'public'"))
            .finally(Expr::cust("'private'"))
            .into(),
        NamespaceSortKey::Description
        | NamespaceSortKey::DisplayName
        | NamespaceSortKey::Name
        | NamespaceSortKey::Owner => dialect.in_order(column(key.as_str())),
    }
}

/// A value that is sorted by; `None` where it stands for nothing.
fn key_value(value: &SortValue) -> Option<Expr> {
    match value {
        // Not as a parameter, whose type would have to be that of the case.
        SortValue::Number(number) => number.map(|number| Expr::cust(number.to_string())),
        SortValue::Text(text) => text.as_deref().map(Expr::val),
        SortValue::Time(time) => Some(Expr::val(time_value(*time))),
    }
}

fn is_public() -> Expr {
    column(VISIBILITY).eq(PUBLIC)
}

fn column(name: &'static str) -> Expr {
    Expr::col((NAMESPACES, name))
}

/// The associations of a list.
const ASSOCIATED: Part = Part {
    table: Table::Associations,
    leaves_out: true,
};
