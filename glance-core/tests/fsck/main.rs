//! The catalog held against the stores: what is told, what is repaired, and what is left in peace.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../faults/mod.rs"]
mod faults;
mod findings;
mod left;
mod load;
mod repairs;
mod shelf;
mod site;
mod stuck;
