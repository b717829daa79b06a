//! The Image API as its clients meet it: mirrors `glance-http/src/routes`, file for file.
//!
//! Most tests drive the router in this process; `server.rs` and `streams.rs` go over real sockets.

#[cfg(test)]
#[path = "api/mod.rs"]
mod api;
