//! All images that are not gone, odd ones among them.

use std::collections::HashMap;

use glance_core::domain::{Image, ImageId, Status};
use glance_core::ports::{CatalogError, OddImage};
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use super::database::{Database, Row, Selects};
use super::dialect::Dialect;
use super::fields::Fields;
use super::images::{Gone, select_by_ids, sort_out};
use super::keys::image_column;
use super::odds::Odds;
use super::tables::{ID, IMAGES, STATUS};

/// Images in the order of ids, each with what is odd of it where it cannot be understood.
pub(in crate::catalog) async fn all_images(
    database: &impl Database,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Result<Image, OddImage>>, CatalogError> {
    let dialect = database.dialect();
    let mut after = after.map(str::to_owned);
    loop {
        let select = dialect.statement(&select(dialect, after.as_deref(), limit));
        let found = database.read(Selects::new(OPERATION, vec![select]));
        let rows: Vec<Row> = found.await?.found.into_iter().flatten().collect();
        let is_last = (rows.len() as u64) < u64::from(limit);
        let (mut order, mut ids, mut odds) = (Vec::new(), Vec::new(), Odds::default());
        for row in rows {
            let mut fields = Fields::of(IMAGES, &[ID], row);
            let id = fields.required()?;
            match id.parse::<ImageId>() {
                Ok(id) => ids.push(id),
                Err(error) => odds.add(fields.bad(error)),
            }
            order.push(id);
        }
        let selects = select_by_ids(dialect, &ids, Gone::Hidden);
        let found = database.read(Selects::new(OPERATION, selects));
        let (images, odd) = sort_out(found.await?.found);
        odds.extend(odd);
        let mut told: HashMap<String, Result<Image, OddImage>> = HashMap::new();
        told.extend(
            images
                .into_iter()
                .map(|image| (image.id.to_string(), Ok(image))),
        );
        told.extend(odds.into_images().map(|odd| (odd.id.clone(), Err(odd))));
        // Some may be gone by now.
        let page: Vec<_> = order.iter().filter_map(|id| told.remove(id)).collect();
        if is_last || !page.is_empty() {
            return Ok(page);
        }
        after = order.pop();
    }
}

fn select(dialect: Dialect, after: Option<&str>, limit: u32) -> SelectStatement {
    let gone = [Status::Killed, Status::PendingDelete, Status::Deleted];
    Query::select()
        .column((IMAGES, ID))
        .from(IMAGES)
        .and_where(dialect.live(IMAGES))
        .and_where(image_column(STATUS).is_not_in(gone.map(Status::as_str)))
        .and_where_option(after.map(|after| image_column(ID).gt(Expr::val(after))))
        .order_by((IMAGES, ID), Order::Asc)
        .limit(u64::from(limit))
        .take()
}

const OPERATION: &str = "walk through all images";
