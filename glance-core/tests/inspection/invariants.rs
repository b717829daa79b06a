//! What holds for any bytes, cut into any chunks.

use allocation_counter::measure;
use glance_core::domain::inspect::{Format, Inspection, Report};
use proptest::prelude::{Strategy, any, prop};
use proptest::sample::Index;
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{in_chunks, samples};

/// What is found by looking only at what is wanted.
fn looked_at(bytes: &[u8]) -> Report {
    let size = bytes.len() as u64;
    let mut inspection = Inspection::new();
    while let Some(wanted) = inspection.wanted(size) {
        inspection.skip(wanted.start - inspection.position());
        let [start, end] = [wanted.start, wanted.end].map(|at| usize::try_from(at).unwrap());
        inspection.feed(&bytes[start..end]);
    }
    inspection.skip(size - inspection.position());
    inspection.finish()
}

#[test]
fn chunks_make_no_difference() {
    for sample in samples::all() {
        let whole = in_chunks(&sample.bytes, usize::MAX);
        for size in [1, 3, 511, 512, 513, 65_536, 70_000] {
            // Byte by byte, a megabyte takes its time.
            if sample.bytes.len() / size < 100_000 {
                assert_eq!(
                    in_chunks(&sample.bytes, size),
                    whole,
                    "{} by {size}",
                    sample.name
                );
            }
        }
        assert_eq!(
            looked_at(&sample.bytes),
            whole,
            "{}, looked at",
            sample.name
        );
    }
}

#[test]
fn an_inspection_keeps_less_than_half_a_mebibyte() {
    for sample in samples::all() {
        for size in [512, 256 << 10, usize::MAX] {
            let used = measure(|| {
                in_chunks(&sample.bytes, size);
            });

            assert!(
                used.bytes_max < 512 << 10,
                "{} by {size}: {used:?}",
                sample.name
            );
        }
    }
}

#[test]
fn what_nobody_looks_at_is_never_safe() {
    for sample in samples::all() {
        let mut inspection = Inspection::new();
        let first = sample.bytes.len().min(64);
        inspection.feed(&sample.bytes[..first]);
        inspection.skip((sample.bytes.len() - first) as u64);
        let report = inspection.finish();

        let is_known = report.formats() != [Format::Raw];
        assert!(
            !is_known || report.faults().count() > 0,
            "{}: {report:?}",
            sample.name
        );
    }
}

/// A sample with some bytes changed, cut off somewhere.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let samples = samples::all();
    let change = (any::<Index>(), prop::collection::vec(any::<u8>(), 1..9));
    let change = (change, prop::bool::weighted(0.7));
    (
        0..samples.len(),
        prop::collection::vec(change, 0..8),
        prop::option::weighted(0.2, any::<Index>()),
    )
        .prop_map(move |(sample, changes, cut)| {
            let mut bytes = samples[sample].bytes.clone();
            for ((at, change), is_early) in changes {
                // Most of what matters is at the start.
                let room = if is_early {
                    bytes.len().min(640)
                } else {
                    bytes.len()
                };
                if room > 0 {
                    let at = at.index(room);
                    let end = (at + change.len()).min(bytes.len());
                    bytes[at..end].copy_from_slice(&change[..end - at]);
                }
            }
            if let Some(cut) = cut.filter(|_| !bytes.is_empty()) {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes
        })
}

proptest! {
    #[test]
    fn no_bytes_are_read_in_two_ways(bytes in mutated(), size in 100_usize..100_000) {
        let whole = in_chunks(&bytes, usize::MAX);

        prop_assert_eq!(&in_chunks(&bytes, size), &whole);
        prop_assert_eq!(&looked_at(&bytes), &whole);
        prop_assert_eq!(whole.size, bytes.len() as u64);
        prop_assert!(!whole.findings.is_empty());
        for finding in &whole.findings {
            prop_assert!(finding.virtual_size.is_none_or(|size| i64::try_from(size).is_ok()));
        }
    }

    #[test]
    fn each_inspector_finds_alone_what_it_finds_among_all(bytes in mutated()) {
        let all = in_chunks(&bytes, usize::MAX);

        for format in Format::ALL.into_iter().filter(|format| *format != Format::Raw) {
            let mut alone = Inspection::of(&[format]);
            alone.feed(&bytes);
            let alone = alone.finish();
            let found = all.findings.iter().filter(|finding| finding.format == format);
            let alone = alone.findings.iter().filter(|finding| finding.format == format);
            prop_assert!(found.eq(alone));
        }
    }

    #[test]
    fn any_bytes_end_in_a_report(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert_eq!(in_chunks(&bytes, 7), in_chunks(&bytes, usize::MAX));
    }
}
