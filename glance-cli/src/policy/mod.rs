//! Policy files: what stands in them, where they are, and when they change.

mod files;
mod keeper;
pub(crate) mod protection;
mod read;

pub(crate) use self::files::{Loaded, PolicyFileError, PolicyFiles};
pub(crate) use self::keeper::{Keeper, warn};
pub(crate) use self::protection::ProtectionFileError;
