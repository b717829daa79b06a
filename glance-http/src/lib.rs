//! glance-http
