//! The tree keeps the architecture: arrows, purity, file sizes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// `(folder, words that its code may not hold)`
const FORBIDDEN: [(&str, &[&str]); 4] = [
    (
        "src/domain",
        &[
            "async ",
            ".await",
            "crate::ports",
            "crate::services",
            "crate::memory",
        ],
    ),
    (
        "src/domain",
        &[
            "std::fs",
            "std::net",
            "std::env",
            "SystemTime",
            "Instant::now",
            "Utc::now",
        ],
    ),
    ("src/ports", &["crate::services", "crate::memory"]),
    (
        "src/services",
        &["crate::memory", "SystemTime", "Instant::now", "std::thread"],
    ),
];

const MAX_LINES: usize = 500;

#[test]
fn layers_use_only_what_is_below_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, words) in FORBIDDEN {
        for file in rust_files(&root.join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let lines = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            for line in lines {
                for word in words {
                    assert!(
                        !line.contains(word),
                        "{}: `{word}` in: {line}",
                        file.display()
                    );
                }
            }
        }
    }
}

#[test]
fn no_file_is_longer_than_one_idea() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for folder in [
        "src",
        "glance-core",
        "glance-stores",
        "glance-http",
        "glance-cli",
        "examples",
        "benches",
        "tests",
    ] {
        for file in rust_files(&workspace.join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= MAX_LINES, "{} has {lines} lines", file.display());
        }
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
