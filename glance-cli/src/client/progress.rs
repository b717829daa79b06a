//! How far a transfer got: a bar on a terminal, and the time of the last byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// How far a transfer got. Clones are one transfer.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
    moved: Arc<AtomicU64>,
}

impl Progress {
    /// A transfer of `total` bytes, if that is known. The bar is on standard error, and hides
    /// itself where that is no terminal.
    pub(crate) fn new(total: Option<u64>) -> Self {
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), KNOWN),
            None => (ProgressBar::no_length(), UNKNOWN),
        };
        // The templates are constants that a test reads.
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("=> "));
        Self {
            bar,
            moved: Arc::default(),
        }
    }

    pub(super) fn advance(&self, bytes: usize) {
        let bytes = bytes as u64;
        self.moved.fetch_add(bytes, Ordering::Relaxed);
        self.bar.inc(bytes);
    }

    /// Bytes that were moved.
    pub(super) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// The transfer ended, one way or the other.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

const KNOWN: &str =
    "[{bar:30}] {percent:>3}% {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}";
const UNKNOWN: &str = "{spinner} {binary_bytes} {binary_bytes_per_sec} {elapsed}";

#[cfg(test)]
mod tests {
    use indicatif::ProgressStyle;

    use super::{KNOWN, UNKNOWN};

    #[test]
    fn the_templates_are_templates() {
        for template in [KNOWN, UNKNOWN] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
