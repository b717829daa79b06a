//! Queries as data: one meaning here, translations in the catalogs.

mod filter;
mod image_query;
mod operator;
mod page;
mod segment;
mod sort;
mod task_query;

pub use self::filter::{Compare, Filter, NumberField, TextField, TimeField};
pub use self::image_query::ImageQuery;
pub use self::operator::{InvalidOperator, OneOf, compared_time};
pub use self::page::{Page, PageLimits};
pub use self::segment::{Listed, Segment};
pub use self::sort::{Direction, InvalidSort, Sort, SortKey, SortValue};
pub use self::task_query::{TaskKey, TaskPosition, TaskQuery, TaskValue};
