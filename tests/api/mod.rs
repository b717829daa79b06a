//! See `tests/api.rs`.

mod discovery;
mod edge;
mod errors;
mod hidden;
mod image_actions;
mod image_file;
mod image_list;
mod image_patch;
mod image_schema;
mod image_show;
mod images;
mod inspection;
mod limits;
mod location_patch;
mod location_work;
mod locations;
mod members;
mod policy;
mod properties;
mod protections;
mod ranges;
mod read_only;
mod routes;
#[path = "../../glance-core/tests/inspection/samples/mod.rs"]
mod samples;
mod schemas;
mod server;
mod stage;
mod stores;
mod streams;
mod support;
mod tags;
mod tasks;
mod web;
