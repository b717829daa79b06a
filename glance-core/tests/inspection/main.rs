//! Inspection over data of every format and every trick (rules R1 and R2).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod edited;
mod gate;
mod invariants;
mod samples;

use std::fmt::Write as _;

use glance_core::domain::inspect::{Inspection, Report};

/// What is found in data that comes in chunks of one size.
fn in_chunks(bytes: &[u8], size: usize) -> Report {
    let mut inspection = Inspection::new();
    for chunk in bytes.chunks(size) {
        inspection.feed(chunk);
    }
    inspection.finish()
}

#[test]
fn every_sample_is_found_to_be_what_it_is() {
    let mut table = String::new();
    for sample in samples::all() {
        let report = in_chunks(&sample.bytes, usize::MAX);
        writeln!(table, "{}", sample.name).unwrap();
        for finding in report.findings {
            let size = finding.virtual_size;
            let size = size.map_or("size unknown".to_owned(), |size| format!("{size} bytes"));
            writeln!(table, "    {}, {size}", finding.format).unwrap();
            for fault in finding.faults {
                writeln!(table, "        {fault}").unwrap();
            }
        }
    }

    expect_test::expect_file!["../golden/inspection.txt"].assert_eq(&table);
}
