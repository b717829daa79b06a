//! Policy files: what stands in them, where they are, and when they change.

mod files;
mod keeper;
mod read;

pub(crate) use self::files::{Loaded, PolicyFileError, PolicyFiles};
pub(crate) use self::keeper::{Keeper, warn};
