//! glance-stores
