//! Imports: what becomes of images, tasks and data, whatever fails and whoever dies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod begin;
mod breaking;
mod deaths;
mod ends;
#[path = "../faults/mod.rs"]
#[allow(dead_code, reason = "nothing fails by chance here")]
mod faults;
mod passing;
mod world;
