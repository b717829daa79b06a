//! All images of the catalog, a page at a time.

use crate::domain::query::{ImageQuery, Listed, Page};
use crate::domain::{Image, Viewer};
use crate::ports::{Catalog, CatalogError};

/// All images, hidden ones and those of everybody among them.
pub(super) struct Pages<'a> {
    catalog: &'a dyn Catalog,
    query: Option<ImageQuery>,
}

impl<'a> Pages<'a> {
    pub(super) fn of(catalog: &'a dyn Catalog) -> Self {
        Self {
            catalog,
            query: Some(query(false)),
        }
    }

    /// The next images; none at the end.
    pub(super) async fn next(&mut self) -> Result<Vec<Image>, CatalogError> {
        let viewer = Viewer {
            project: None,
            admin: true,
        };
        while let Some(query) = &mut self.query {
            let page = self.catalog.list(query, &viewer).await?;
            if let Some(last) = page.last() {
                query.page.after = Some(query.sort.position(last));
                return Ok(page);
            }
            self.query = (!query.hidden).then(|| self::query(true));
        }
        Ok(Vec::new())
    }
}

fn query(hidden: bool) -> ImageQuery {
    ImageQuery {
        listed: Listed::All,
        member_status: None,
        hidden,
        page: Page {
            limit: PAGE,
            after: None,
        },
        ..ImageQuery::default()
    }
}

/// How many images are read at once.
const PAGE: u32 = 256;
