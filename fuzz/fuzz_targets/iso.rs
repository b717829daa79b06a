//! The inspector of iso.
#![no_main]

use glance_core::domain::inspect::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| glance_fuzz::inspect(&[Format::Iso], input));
