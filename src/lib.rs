//! glance
