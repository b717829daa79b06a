//! Rule R12: a range is exactly those bytes, or an error.

use axum::body::Body;
use axum::http::Method;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::support::{ALICE, Answer, Site, request};

const DATA: &str = "0123456789abcdef";

struct Ranges {
    site: Site,
    path: String,
    runtime: Runtime,
}

impl Ranges {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let (site, path) = runtime.block_on(async {
            let site = Site::new();
            let id = site.image_with_data(ALICE, DATA).await;
            (site, format!("/v2/images/{id}/file"))
        });
        Self {
            site,
            path,
            runtime,
        }
    }

    fn get(&self, header: &str, value: &str) -> Answer {
        let get = request(ALICE, Method::GET, &self.path).header(header, value);
        self.runtime
            .block_on(self.site.send(get.body(Body::empty()).unwrap()))
    }

    /// Checks that what came is what was asked for.
    fn check(&self, header: &str, value: &str, expected: Option<(usize, usize)>) {
        let answer = self.get(header, value);
        match expected {
            Some((start, end)) => {
                assert_eq!(answer.status, 206, "{header}: {value}");
                assert_eq!(answer.text(), &DATA[start..end], "{header}: {value}");
                assert_eq!(answer.header("content-length"), (end - start).to_string());
                let range = format!("bytes {start}-{}/{}", end - 1, DATA.len());
                assert_eq!(answer.header("content-range"), range);
                assert_eq!(
                    answer.header("content-md5"),
                    "4032af8d61035123906e58e067140cc5"
                );
            }
            None => {
                assert!(
                    matches!(answer.status.as_u16(), 400 | 416),
                    "{header}: {value}"
                );
                assert!(!answer.text().contains(DATA));
            }
        }
    }
}

#[test]
fn ranges_match_the_slices_they_name() {
    let ranges = Ranges::new();

    for (value, expected) in [
        ("bytes=0-0", Some((0, 1))),
        ("bytes=0-15", Some((0, 16))),
        ("bytes=4-", Some((4, 16))),
        ("bytes=15-", Some((15, 16))),
        ("bytes=-1", Some((15, 16))),
        ("bytes=-99", Some((0, 16))),
        ("bytes=2-99999999999999999999999", Some((2, 16))),
        ("Bytes = 0 - 3", Some((0, 4))),
        ("bytes=16-", None),
        ("bytes=16-20", None),
        ("bytes=-0", None),
        ("bytes=3-1", None),
        ("bytes=0-1,3-4", None),
        ("bytes=--4", None),
        ("bytes", None),
        ("items=0-1", None),
        ("bytes=99999999999999999999999-", None),
    ] {
        ranges.check("range", value, expected);
    }
    for (value, expected) in [
        ("bytes 0-3/16", Some((0, 4))),
        ("bytes 0-3/*", Some((0, 4))),
        ("bytes 0-3/99", Some((0, 4))),
        ("bytes 0-15/16", Some((0, 16))),
        ("bytes 0-16/*", None),
        ("bytes 4-20/16", None),
        ("bytes */16", None),
        ("bytes 16-16/17", None),
        ("0-3/16", None),
    ] {
        ranges.check("content-range", value, expected);
    }
}

#[test]
fn which_range_cannot_be_had_is_told() {
    let ranges = Ranges::new();

    let several = ranges.get("range", "bytes=0-1,3-4");
    let outside = ranges.get("range", "bytes=16-");

    assert_eq!(several.status, 400);
    assert!(
        several
            .explanation()
            .starts_with("Requests with multiple ranges are not supported")
    );
    assert_eq!(
        (outside.status.as_u16(), outside.header("content-range")),
        (416, "bytes */16")
    );
    assert!(
        outside
            .explanation()
            .starts_with("The Range requested is not available.")
    );
}

#[test]
fn range_wins_over_content_range() {
    let ranges = Ranges::new();
    let get = request(ALICE, Method::GET, &ranges.path)
        .header("range", "bytes=0-1")
        .header("content-range", "bytes 4-5/16");

    let answer = ranges
        .runtime
        .block_on(ranges.site.send(get.body(Body::empty()).unwrap()));

    assert_eq!(answer.text(), "01");
}

#[test]
fn any_range_is_its_slice_or_an_error() {
    let ranges = Ranges::new();
    let number = prop_oneof![0_u64..20, any::<u64>()];
    let bound = prop_oneof![Just(None), number.prop_map(Some)];
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(300)
    };

    proptest!(config, |(first in bound.clone(), last in bound)| {
        let shown = |bound: Option<u64>| bound.map(|n| n.to_string()).unwrap_or_default();
        let value = format!("bytes={}-{}", shown(first), shown(last));
        let size = DATA.len() as u64;
        let slice = match (first, last) {
            (None, None) | (None, Some(0)) => None,
            (None, Some(count)) => Some((size.saturating_sub(count), size)),
            (Some(first), last) => {
                let end = last.map_or(size, |last| last.saturating_add(1).min(size));
                (first < end).then_some((first, end))
            }
        };
        let slice = slice.map(|(start, end)| (start as usize, end as usize));
        ranges.check("range", &value, slice);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(8) })]

    #[test]
    fn no_range_header_is_a_500(values in proptest::collection::vec("[ -~]{0,24}|bytes=[0-9,-]{0,12}", 40)) {
        let ranges = Ranges::new();
        for value in values {
            for header in ["range", "content-range"] {
                let answer = ranges.get(header, &value);
                prop_assert!(answer.status.as_u16() < 500, "{header}: {value}");
                if answer.status == 206 {
                    prop_assert_eq!(answer.body.len().to_string(), answer.header("content-length"));
                    prop_assert!(DATA.contains(answer.text()));
                }
            }
        }
    }
}
