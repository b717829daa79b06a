//! What stores did, as monitoring systems read it.

use std::fmt::Write;

use glance_core::domain::StoreId;

use super::metered::{StoreMetrics, StoreOperation};

/// The metrics of stores in the text format of Prometheus. All but the histogram are counters since
/// the stores were opened; times are in seconds.
pub fn exposition(stores: &[(StoreId, StoreMetrics)]) -> String {
    let mut text = String::new();
    for counter in COUNTERS {
        counter.header(&mut text);
        for (store, metrics) in stores {
            let (name, value) = (counter.name, (counter.value)(metrics));
            line(
                &mut text,
                format_args!("{name}{{store=\"{}\"}} {value}", label(store)),
            );
        }
    }
    let labelled = || {
        stores.iter().flat_map(|(store, metrics)| {
            let operations = metrics.operations.iter();
            operations.map(move |(operation, of_one)| (store, *operation, of_one))
        })
    };
    header(
        &mut text,
        ERRORS,
        "counter",
        "Operations that ended in an error.",
    );
    for (store, operation, of_one) in labelled() {
        let (labels, errors) = (labels(store, operation), of_one.errors);
        line(&mut text, format_args!("{ERRORS}{{{labels}}} {errors}"));
    }
    header(&mut text, TIMES, "histogram", "How long operations took.");
    for (store, operation, of_one) in labelled() {
        let labels = labels(store, operation);
        let mut within = 0;
        for (bound, count) in of_one.latency.buckets() {
            within += count;
            let bound = bound.map_or_else(
                || "+Inf".to_owned(),
                |bound| bound.as_secs_f64().to_string(),
            );
            let bucket = format_args!("{TIMES}_bucket{{{labels},le=\"{bound}\"}} {within}");
            line(&mut text, bucket);
        }
        let total = of_one.latency.total().as_secs_f64();
        line(&mut text, format_args!("{TIMES}_sum{{{labels}}} {total}"));
        line(
            &mut text,
            format_args!("{TIMES}_count{{{labels}}} {within}"),
        );
    }
    text
}

/// A figure of a whole store.
struct Counter {
    name: &'static str,
    help: &'static str,
    value: fn(&StoreMetrics) -> u64,
}

impl Counter {
    fn header(&self, text: &mut String) {
        header(text, self.name, "counter", self.help);
    }
}

fn header(text: &mut String, name: &str, kind: &str, help: &str) {
    line(text, format_args!("# HELP {name} {help}"));
    line(text, format_args!("# TYPE {name} {kind}"));
}

fn labels(store: &StoreId, operation: StoreOperation) -> String {
    let (store, operation) = (label(store), operation.as_str());
    format!("store=\"{store}\",operation=\"{operation}\"")
}

/// The name of a store between the quotes of a label.
fn label(store: &StoreId) -> String {
    let name = store.as_str().replace('\\', r"\\");
    name.replace('"', r#"\""#).replace('\n', r"\n")
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = writeln!(text, "{line}");
}

const COUNTERS: [Counter; 3] = [
    Counter {
        name: "glance_store_received_bytes_total",
        help: "Bytes of image data that the store took.",
        value: |metrics| metrics.bytes_in,
    },
    Counter {
        name: "glance_store_sent_bytes_total",
        help: "Bytes of image data that the store gave.",
        value: |metrics| metrics.bytes_out,
    },
    Counter {
        name: "glance_store_broken_reads_total",
        help: "Reads that broke off after they had started.",
        value: |metrics| metrics.broken_reads,
    },
];

const ERRORS: &str = "glance_store_errors_total";
const TIMES: &str = "glance_store_operation_seconds";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::executor::block_on;
    use glance_core::domain::BlobUrl;
    use glance_core::memory::MemoryStore;
    use glance_core::ports::ImageStore;

    use super::super::Metered;
    use super::*;

    #[test]
    fn each_figure_stands_under_its_help_with_its_labels() {
        let stores = ["fast", "cheap", r#"a\"b"#]
            .map(|name| Metered::new(Arc::new(MemoryStore::new(name.parse().unwrap()))));
        let [fast, ..] = &stores;
        let absent = BlobUrl::new("memory://fast/absent");
        block_on(fast.size(&absent)).unwrap_err();

        let all = stores.map(|store| (store.id().clone(), store.metrics()));
        let text = exposition(&all);

        for expected in [
            "# HELP glance_store_received_bytes_total Bytes of image data that the store took.\n\
             # TYPE glance_store_received_bytes_total counter\n\
             glance_store_received_bytes_total{store=\"fast\"} 0\n\
             glance_store_received_bytes_total{store=\"cheap\"} 0\n\
             glance_store_received_bytes_total{store=\"a\\\\\\\"b\"} 0\n",
            "glance_store_errors_total{store=\"fast\",operation=\"size\"} 1\n",
            "glance_store_errors_total{store=\"cheap\",operation=\"size\"} 0\n",
            "# TYPE glance_store_operation_seconds histogram\n",
            "{store=\"fast\",operation=\"size\",le=\"0.001\"} ",
            "{store=\"fast\",operation=\"size\",le=\"+Inf\"} 1\n",
            "glance_store_operation_seconds_count{store=\"fast\",operation=\"size\"} 1\n",
            "glance_store_operation_seconds_count{store=\"fast\",operation=\"read\"} 0\n",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }
}
