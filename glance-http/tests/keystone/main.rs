//! Identity from Keystone: against the real one (`tests/servers/keystone.sh`), and against servers
//! that answer what no Keystone should.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod barbican;
mod callers;
#[path = "../fake_keystone/mod.rs"]
mod fake_keystone;
mod faults;
mod headers;
mod image_services;
mod limits;
mod memcached;
mod memcached_faults;
mod proxy;
mod remembered;
mod services;
mod session;
mod shared;
mod support;
