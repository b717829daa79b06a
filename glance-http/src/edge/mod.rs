//! What happens to a request before it is routed, and to every answer.

mod compress;
mod forwarded;
mod guard;
mod negotiate;
mod share;
mod trace;

pub(crate) use self::compress::compress;
pub(crate) use self::guard::{catch_panic, render_error};
pub(crate) use self::negotiate::{Base, negotiate};
pub(crate) use self::share::share;
pub(crate) use self::trace::{RequestId, trace};
