//! The corpus is the samples of the tests, and every target gets through it: without a nightly
//! toolchain. `UPDATE_EXPECT=1` writes it anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use glance_core::domain::inspect::{Format, Inspection};
use glance_fuzz::{decode, encode, inspect};

#[path = "../../glance-core/tests/inspection/samples/mod.rs"]
mod samples;

/// Longer inputs teach a fuzzer nothing.
const LONGEST: usize = 8 << 10;

fn corpus() -> BTreeMap<PathBuf, Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut corpus = BTreeMap::new();
    for sample in samples::all() {
        let input = encode(&sample.bytes);
        assert_eq!(decode(&input), sample.bytes, "{}", sample.name);
        let mut inspection = Inspection::new();
        inspection.feed(&sample.bytes);
        let found = inspection.finish().formats().into_iter();
        let targets = found.filter(|format| *format != Format::Raw);
        let targets = targets.map(Format::as_str).chain(["inspection"]);
        for target in targets.filter(|_| input.len() <= LONGEST) {
            let name = sample
                .name
                .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            corpus.insert(root.join(target).join(name), input.clone());
        }
    }
    corpus
}

#[test]
fn the_corpus_is_the_samples() {
    let is_update = env::var_os("UPDATE_EXPECT").is_some();
    for (path, input) in corpus() {
        if is_update {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &input).unwrap();
        }
        let there = fs::read(&path).unwrap_or_default();
        assert_eq!(
            there,
            input,
            "{}: UPDATE_EXPECT=1 writes it",
            path.display()
        );
    }
}

#[test]
fn a_short_input_stands_for_long_data() {
    let data = samples::named("vhdx");
    let input = encode(&data);

    assert!(input.len() < 512 && data.len() > 256 << 10);
    assert_eq!(decode(&input), data);
}

#[test]
fn every_target_gets_through_the_corpus() {
    let corpus = corpus();
    for input in corpus.values() {
        for format in Format::ALL {
            inspect(&[format], input);
        }
        inspect(&Format::ALL, input);
    }

    assert!(corpus.len() > 150, "{}", corpus.len());
}
