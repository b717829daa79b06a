//! Metadata definitions in SQL.

mod change;
mod list;
mod put;
mod read;
mod rows;

pub(in crate::catalog) use self::change::{change, clear};
pub(in crate::catalog) use self::list::list;
pub(in crate::catalog) use self::put::put;
pub(in crate::catalog) use self::read::{names, read, resource_types};
