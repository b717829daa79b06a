//! The one way to fetch a URL that somebody else chose (rule R3).
//!
//! A URL is judged before it is used, and again at every redirect: its scheme, its port, and the
//! address that it really leads to. Names are resolved once, by the connection itself, and it goes
//! to the addresses that were judged and to no others. Nothing is taken from the environment.

mod address;
mod answer;
mod connector;
mod content_range;
mod error;
mod network;
mod resolver;
mod rules;

pub use self::connector::ProxyAddress;
pub use self::network::{InvalidNetwork, Network};
pub use self::rules::AllowList;

pub(crate) use self::answer::{Answer, digits};
pub(crate) use self::connector::{Deadlines, Guard, GuardOptions, Redirects, Trust};
pub(crate) use self::content_range::ContentRange;
pub(crate) use self::error::FetchError;
