//! The glance command.

fn main() {}
