//! Data that goes: when, with which location, and what of it can still be had.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod away;
#[path = "../faults/mod.rs"]
mod faults;
mod places;
mod restore;
mod twice;
mod two_names;
