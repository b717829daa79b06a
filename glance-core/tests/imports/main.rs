//! Imports: what becomes of images, tasks and data, whatever fails and whoever dies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod announced;
mod at_once;
mod begin;
mod breaking;
mod cancelled;
mod chance;
mod created;
mod deaths;
mod ends;
#[path = "../faults/mod.rs"]
#[allow(dead_code, reason = "others have more of it")]
mod faults;
mod given_up;
mod left;
mod passing;
mod remote;
mod restaged;
mod taken_over;
mod world;
