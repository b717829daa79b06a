//! The catalogs on databases: the contract, the meaning of queries, and upstream's schema.
//!
//! `GLANCE_TEST_POSTGRES` and `GLANCE_TEST_MYSQL` are the URLs of servers on which databases may be
//! made; without them, the usual ones on this machine are taken.
#![cfg(all(feature = "mysql", feature = "postgres", feature = "sqlite"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod galera;
mod healing;
mod meaning;
mod odd;
mod odd_metadefs;
mod schema;
mod shares;
mod support;
mod tls;
