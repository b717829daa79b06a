//! Lists by keyset paging on indexes (design D6): no statement counts, skips or sorts the catalog.

use std::collections::{HashMap, VecDeque};

use glance_core::domain::query::{Direction, Filter, ImageQuery, Segment, SortKey, SortValue};
use glance_core::domain::{Image, ImageId, Viewer};
use glance_core::ports::CatalogError;
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::database::{Database, Reading, Row, Selects, Statement};
use super::dialect::Dialect;
use super::fields::{BadRow, Fields};
use super::images::{Gone, page, select_by_ids, sort_out};
use super::keys::{image_column, key_column, key_value, least_value, may_lack, read_position};
use super::mark::Mark;
use super::odds::Odds;
use super::tables::{ID, IMAGES, OS_HIDDEN};
use super::where_clause::{add_segment, condition, is_in_segment, is_listed};
use crate::catalog::turns::Turn;

/// A page of the images that `viewer` gets listed. Where no more than `few` images bear a mark that
/// is asked for, those are looked at; else the list is walked until the page is full. Its `turn` is
/// over when the database is done, whether somebody waits for the page or not.
pub(in crate::catalog) async fn list(
    database: &impl Database,
    query: &ImageQuery,
    viewer: &Viewer,
    few: u64,
    turn: Turn,
) -> Result<Vec<Image>, CatalogError> {
    let page = Page::new(database.dialect(), query.clone(), viewer, few, turn);
    let page = database.read(page).await?;
    page.odds.warn();
    Ok(page.images)
}

/// The reading of a page: counts the images of each mark that is asked for, goes through each
/// segment in order until the page is full, merges what was found, and loads the images of the page.
/// Where odd ones among them leave room, it goes on behind the last.
#[derive(Debug)]
struct Page {
    dialect: Dialect,
    query: ImageQuery,
    few: u64,
    /// The marks that are still to be counted, the first of them now.
    uncounted: VecDeque<Mark>,
    /// The marks that few images bear, and how many do.
    rare: Vec<(Mark, u64)>,
    segments: Vec<Segment>,
    /// Those of the segments that are still to be walked.
    unwalked: std::vec::IntoIter<Segment>,
    walked: Option<Walk>,
    /// What the segments hold: where it stands, and its id.
    found: Vec<(Vec<SortValue>, ImageId)>,
    loading: Option<Loading>,
    images: Vec<Image>,
    odds: Odds,
    is_over: bool,
    /// Kept for as long as the driver has the reading.
    _turn: Turn,
}

/// A segment that is walked.
#[derive(Debug)]
struct Walk {
    segment: Segment,
    /// The range that is read, and how many rows of it were.
    range: Option<(Range, u64)>,
    /// The ranges that are left.
    ranges: std::vec::IntoIter<Range>,
    /// How many images it can still add.
    wanted: u64,
}

/// Images that are known to come next.
#[derive(Debug)]
struct Loading {
    ids: Vec<ImageId>,
    /// Where the last of them stands, if more may follow.
    last: Option<Vec<SortValue>>,
    /// What loads them.
    selects: Selects,
}

impl Page {
    fn new(dialect: Dialect, query: ImageQuery, viewer: &Viewer, few: u64, turn: Turn) -> Self {
        let segments = if query.page.limit == 0 {
            Vec::new()
        } else {
            query.segments(viewer)
        };
        let mut uncounted = VecDeque::new();
        if !segments.is_empty() {
            uncounted.extend(query.filters.iter().filter_map(Mark::of_filter));
            uncounted.extend(segments.iter().filter_map(Mark::of_segment));
        }
        Self {
            dialect,
            query,
            few,
            uncounted,
            rare: Vec::new(),
            unwalked: segments.clone().into_iter(),
            segments,
            walked: None,
            found: Vec::new(),
            loading: None,
            images: Vec::new(),
            odds: Odds::default(),
            is_over: false,
            _turn: turn,
        }
    }

    /// Takes what is loaded, and goes on behind it where the page has room for more.
    fn take_loaded(&mut self, loaded: Loading) {
        let (images, odds) = sort_out(loaded.selects.found);
        self.odds.extend(odds);
        let mut images: HashMap<ImageId, Image> =
            images.into_iter().map(|image| (image.id, image)).collect();
        let in_order = loaded.ids.iter().filter_map(|id| images.remove(id));
        let room = self.limit() - self.images.len();
        self.images.extend(in_order.take(room));
        match loaded.last {
            Some(last) if self.images.len() < self.limit() => {
                self.query.page.after = Some(last);
                self.unwalked = self.segments.clone().into_iter();
                self.walked = None;
            }
            _ => self.is_over = true,
        }
    }

    fn limit(&self) -> usize {
        usize::try_from(self.query.page.limit).unwrap_or(usize::MAX)
    }

    /// The next select of ids; `None` when all segments are walked.
    fn next_range(&mut self) -> Option<Statement> {
        loop {
            if let Some(walk) = &mut self.walked
                && walk.wanted > 0
            {
                if walk.range.is_none() {
                    walk.range = walk.ranges.next().map(|range| (range, 0));
                }
                if let Some((range, passed)) = walk.range.clone() {
                    let (segment, wanted) = (walk.segment.clone(), walk.wanted);
                    return Some(self.select_ids(&segment, range, wanted, passed));
                }
            }
            self.walked = Some(Walk {
                segment: self.unwalked.next()?,
                range: None,
                ranges: ranges(self.dialect, &self.query).into_iter(),
                wanted: u64::from(self.query.page.limit),
            });
        }
    }

    fn select_ids(&self, segment: &Segment, range: Range, wanted: u64, passed: u64) -> Statement {
        let share = Mark::of_segment(segment);
        let concerns = |mark: &Mark| match mark {
            Mark::Share(..) => share.as_ref() == Some(mark),
            Mark::Property(..) | Mark::Tag(_) => true,
        };
        let rare = self.rare.iter().filter(|(mark, _)| concerns(mark));
        let mut select = match rare.min_by_key(|(_, count)| count) {
            Some((mark, _)) => self.select_few(mark, segment, range),
            None => self.walk(segment, range),
        };
        page(&mut select, wanted, passed);
        self.dialect.statement(&select)
    }

    /// A walk along the index of a segment.
    fn walk(&self, segment: &Segment, range: Range) -> SelectStatement {
        let mut select = Query::select();
        select.column((IMAGES, ID));
        add_segment(&mut select, self.dialect, segment);
        if let Some(index) = index_of(&self.query, segment) {
            self.dialect.walk(&mut select, &index);
        }
        self.add_conditions(&mut select, segment, None, range.bounds);
        for (at, (key, direction)) in self.query.sort.keys().iter().enumerate() {
            let column = key_column(self.dialect, *key);
            select.expr(column.clone());
            if at >= range.fixed || self.dialect.orders_by_fixed_keys() {
                self.dialect.order_by(&mut select, column, *direction);
            }
        }
        select.exprs(self.dialect.beside_keys());
        select
    }

    /// A look at all images that bear a mark, sorted. They are materialized, or a database that
    /// expects more of them walks.
    fn select_few(&self, mark: &Mark, segment: &Segment, range: Range) -> SelectStatement {
        let mut few = Query::select();
        // Upstream may race to two rows of one mark.
        few.distinct().expr_as(image_column(ID), ID);
        mark.add_images(&mut few, self.dialect);
        few.cond_where(is_in_segment(self.dialect, segment));
        self.add_conditions(&mut few, segment, Some(mark), range.bounds);
        let mut sorted = Query::select();
        sorted.column(ID).from(FEW);
        for (at, (key, direction)) in self.query.sort.keys().iter().enumerate() {
            let name = format!("key_{at}");
            few.expr_as(key_column(self.dialect, *key), name.clone());
            sorted.column(name.clone());
            self.dialect
                .order_by(&mut sorted, Expr::col(name), *direction);
        }
        sorted.with_cte(self.dialect.materialized(few, FEW));
        sorted
    }

    /// What images are asked to be, beside being in the segment and of the mark they are found by.
    fn add_conditions(
        &self,
        select: &mut SelectStatement,
        segment: &Segment,
        found_by: Option<&Mark>,
        bounds: Vec<Expr>,
    ) {
        select
            .and_where(image_column(OS_HIDDEN).eq(self.query.hidden))
            .and_where(is_listed(self.dialect));
        let share = Mark::of_segment(segment).filter(|share| found_by != Some(share));
        select.and_where_option(share.map(|share| share.is_borne(self.dialect)));
        for filter in &self.query.filters {
            if found_by.is_none_or(|mark| Mark::of_filter(filter).as_ref() != Some(mark)) {
                select.cond_where(condition(self.dialect, filter));
            }
        }
        for bound in bounds {
            select.and_where(bound);
        }
    }

    /// What comes next: what the segments hold, merged, each image once.
    fn merge(&mut self) -> Loading {
        let sort = &self.query.sort;
        let mut found = std::mem::take(&mut self.found);
        found.sort_by(|(left, _), (right, _)| sort.compare(left, right));
        found.dedup_by_key(|(_, id)| *id);
        found.truncate(self.limit());
        let is_full = found.len() == self.limit();
        let last = found.last().filter(|_| is_full);
        let last = last.map(|(position, _)| position.clone());
        let ids: Vec<ImageId> = found.into_iter().map(|(_, id)| id).collect();
        let selects = select_by_ids(self.dialect, &ids, Gone::Hidden);
        Loading {
            ids,
            last,
            selects: Selects::new(OPERATION, selects),
        }
    }
}

impl Reading for Page {
    fn operation(&self) -> &'static str {
        OPERATION
    }

    fn next(&mut self) -> Option<Statement> {
        while !self.is_over {
            if let Some(mut loading) = self.loading.take() {
                if let Some(select) = loading.selects.next() {
                    self.loading = Some(loading);
                    return Some(select);
                }
                self.take_loaded(loading);
                continue;
            }
            if let Some(mark) = self.uncounted.front() {
                return Some(mark.count(self.dialect, self.few.saturating_add(1)));
            }
            if let Some(range) = self.next_range() {
                return Some(range);
            }
            self.loading = Some(self.merge());
        }
        None
    }

    fn take(&mut self, rows: Vec<Row>) -> Result<(), CatalogError> {
        if let Some(loading) = &mut self.loading {
            return loading.selects.take(rows);
        }
        if let Some(mark) = self.uncounted.pop_front() {
            let count = read_count(rows)?;
            if count <= self.few {
                self.rare.push((mark, count));
            }
            return Ok(());
        }
        let (read, before) = (rows.len() as u64, self.found.len());
        for row in rows {
            let keys = self.query.sort.keys().iter().map(|(key, _)| *key);
            match read_position(self.dialect, keys, row) {
                Ok((id, position)) => self.found.push((position, id)),
                Err(bad) => self.odds.add(bad),
            }
        }
        let sane = (self.found.len() - before) as u64;
        if let Some(walk) = &mut self.walked {
            // Where the select was full, and not all of it counts, the range has more.
            let is_cut = read >= walk.wanted && sane < read;
            walk.wanted = walk.wanted.saturating_sub(sane);
            let range = walk.range.take().filter(|_| is_cut);
            walk.range = range.map(|(range, passed)| (range, passed + read));
        }
        Ok(())
    }
}

/// A range of an index: in it, the first so many keys are the same all over, and need no order.
#[derive(Debug, Clone, Default)]
struct Range {
    bounds: Vec<Expr>,
    fixed: usize,
}

/// What comes after the position of the query, as ranges of an index, in order: first what agrees
/// with it in all keys but the last, and so on to what differs in the first. Without "or", which
/// no index serves.
fn ranges(dialect: Dialect, query: &ImageQuery) -> Vec<Range> {
    let Some(after) = &query.page.after else {
        return vec![Range::default()];
    };
    let keys: Vec<_> = query.sort.keys().iter().zip(after).collect();
    let mut ranges = Vec::new();
    for (fixed, ((key, direction), value)) in keys.iter().enumerate().rev() {
        for beyond in beyond(dialect, *key, *direction, value) {
            let mut bounds: Vec<Expr> = keys[..fixed]
                .iter()
                .map(|((key, _), value)| same(dialect, *key, value))
                .collect();
            bounds.push(beyond);
            ranges.push(Range { bounds, fixed });
        }
    }
    ranges
}

fn same(dialect: Dialect, key: SortKey, value: &SortValue) -> Expr {
    let column = key_column(dialect, key);
    match key_value(value) {
        Some(value) => column.eq(Expr::val(value)),
        None => column.is_null(),
    }
}

/// What comes after a value: nothing, a range, or a range and then what lacks the key.
fn beyond(dialect: Dialect, key: SortKey, direction: Direction, value: &SortValue) -> Vec<Expr> {
    let column = || key_column(dialect, key);
    match (direction, key_value(value)) {
        (Direction::Ascending, Some(value)) => vec![column().gt(Expr::val(value))],
        // Not "is not null", which is no range to SQLite.
        (Direction::Ascending, None) => vec![column().gte(Expr::val(least_value(value)))],
        (Direction::Descending, Some(value)) => {
            let mut ranges = vec![column().lt(Expr::val(value))];
            ranges.extend(may_lack(key).then(|| column().is_null()));
            ranges
        }
        (Direction::Descending, None) => Vec::new(),
    }
}

/// The index that a segment is walked by, unless a filter may narrow it more.
fn index_of(query: &ImageQuery, segment: &Segment) -> Option<String> {
    let by = match segment {
        Segment::Visibility(_) | Segment::SharedWith(..) => "visibility",
        Segment::Owned(..) => "owner",
    };
    let narrows = |filter: &Filter| match filter {
        Filter::Number(..) | Filter::Text(..) | Filter::Time(..) => true,
        Filter::Property(..) | Filter::Protected(_) | Filter::Tag(_) => false,
    };
    let (key, _) = query.sort.keys().first()?;
    let is_whole = !query.filters.iter().any(narrows);
    is_whole.then(|| format!("glance_rs_images_{by}_{}", key.as_str()))
}

/// The number in the only row of a count.
fn read_count(rows: Vec<Row>) -> Result<u64, BadRow> {
    let row = rows.into_iter().next().unwrap_or_default();
    let mut fields = Fields::of("a count", &["count"], row);
    let count = fields.size()?;
    count.ok_or_else(|| fields.bad("is NULL"))
}

const OPERATION: &str = "list images";

/// The images of a mark that few bear, in a statement.
const FEW: &str = "few";
