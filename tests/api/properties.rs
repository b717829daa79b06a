//! Whatever clients send, it is answered, and never with a 500.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Uri};
use glance::LocalGlance;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::support::{ADMIN, ALICE, Answer, Site, V20, V21, patch_request, request};

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(256)
    }
}

/// JSON of any shape, with names that mean something now and then.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "raw|bare|public|shared|p1|p2|/name|add".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((any_name(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "name|id|status|size|tags|owner|visibility|protected|min_ram|min_disk|os_hidden|locations|disk_format|container_format|os_glance_x|deleted|self|stores|member|op|path|value",
        1 => any::<String>(),
        1 => "[a-z_~/]{0,12}",
    ]
}

/// A service over SQLite and files, for what breaks is most often a statement.
struct Fuzzed {
    site: Site,
    id: String,
    runtime: Runtime,
    _folder: TempDir,
}

impl Fuzzed {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (site, id) = runtime.block_on(async {
            let glance = LocalGlance::open(folder.path()).await.unwrap();
            let site = Site::over(glance.clone());
            let id = site.image_with_data(ALICE, "data").await;
            (site, id)
        });
        Self {
            site,
            id,
            runtime,
            _folder: folder,
        }
    }

    fn send(&self, request: axum::http::Request<Body>) -> Answer {
        self.runtime.block_on(self.site.send(request))
    }
}

#[test]
fn no_body_of_a_new_image_is_a_500() {
    let fuzzed = Fuzzed::new();

    proptest!(config(), |(pairs in proptest::collection::vec((any_name(), any_json()), 0..8))| {
        let body: Map<String, Value> = pairs.into_iter().collect();
        let body = Value::Object(body).to_string();
        let answer = fuzzed.send(request(ADMIN, Method::POST, "/v2/images").body(body.into()).unwrap());
        prop_assert!(answer.status.as_u16() < 500, "{answer:?}");
    });
}

#[test]
fn no_bytes_for_json_are_a_500() {
    let fuzzed = Fuzzed::new();
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..64),
        "[\\[\\]{}\":,a-z0-9\\\\u ]{0,64}".prop_map(String::into_bytes),
    ];

    proptest!(config(), |(bytes in bytes)| {
        for (method, path) in [
            (Method::POST, "/v2/images".to_owned()),
            (Method::POST, format!("/v2/images/{}/members", fuzzed.id)),
            (Method::PUT, format!("/v2/images/{}/members/p2", fuzzed.id)),
        ] {
            let answer = fuzzed.send(request(ADMIN, method, &path).body(bytes.clone().into()).unwrap());
            prop_assert!(answer.status.as_u16() < 500, "{answer:?}");
        }
        for media in [V20, V21] {
            let answer = fuzzed.send(patch_request(ALICE, &fuzzed.id, media, bytes.clone()));
            prop_assert!(answer.status.as_u16() < 500, "{answer:?}");
        }
    });
}

#[test]
fn no_patch_is_a_500_and_none_touches_what_the_service_keeps() {
    let fuzzed = Fuzzed::new();
    let kept = |fuzzed: &Fuzzed| {
        let image = fuzzed.runtime.block_on(fuzzed.site.held(&fuzzed.id));
        (
            image.status(),
            image.size,
            image.checksum,
            image.multihash,
            image.locations,
            image.owner,
        )
    };
    let before = kept(&fuzzed);
    let operation = (
        prop_oneof![4 => "add|replace|remove", 1 => any::<String>()],
        prop_oneof![3 => any_name().prop_map(|name| format!("/{name}")), 1 => any_name()],
        any_json(),
    );

    proptest!(config(), |(operations in proptest::collection::vec(operation, 0..4))| {
        let v21: Vec<Value> = operations.iter()
            .map(|(op, path, value)| json!({"op": op, "path": path, "value": value})).collect();
        let v20: Vec<Value> = operations.iter()
            .map(|(op, path, value)| json!({op: path, "value": value})).collect();
        for (media, body) in [(V21, v21), (V20, v20)] {
            let answer = fuzzed.send(patch_request(ALICE, &fuzzed.id, media, Value::from(body).to_string()));
            prop_assert!(answer.status.as_u16() < 500, "{answer:?}");
        }
        prop_assert_eq!(kept(&fuzzed), before.clone());
    });
}

#[test]
fn no_query_is_a_500() {
    let fuzzed = Fuzzed::new();
    let name = prop_oneof![
        "limit|marker|sort|sort_key|sort_dir|visibility|member_status|tag|os_hidden|protected|name|status|id|created_at|updated_at|size|size_min|min_ram_max|owner|checksum|deleted|changes-since|foo_min",
        "[a-z%0-9+_]{0,8}",
    ];
    let value = prop_oneof![
        "[0-9-]{0,20}",
        "(in|eq|gt|lt|neq|foo):[a-z0-9,\"\\\\:-]{0,12}",
        "(name|size|id|created_at|owner)(:(asc|desc|up))?(,name)?",
        "public|shared|all|accepted|true|TRUE|false",
        "[!-~]{0,12}",
        "(gt:)?20[0-9]{2}-[01][0-9]-[0-3][0-9](T[0-9:]{0,8}Z)?",
    ];
    let pair = (name, value).prop_map(|(name, value)| format!("{name}={value}"));

    proptest!(config(), |(pairs in proptest::collection::vec(pair, 0..6))| {
        let uri = format!("/v2/images?{}", pairs.join("&").replace('"', "%22"));
        prop_assume!(uri.parse::<Uri>().is_ok());
        let answer = fuzzed.send(request(ALICE, Method::GET, &uri).body(Body::empty()).unwrap());
        prop_assert!(matches!(answer.status.as_u16(), 200 | 400), "{uri}: {answer:?}");
        if answer.status == 200 {
            let first = answer.json()["first"].as_str().unwrap().to_owned();
            let again = fuzzed.send(request(ALICE, Method::GET, &first).body(Body::empty()).unwrap());
            prop_assert_eq!(again.status, 200, "{} -> {}", uri, first);
        }
    });
}

#[test]
fn no_path_is_a_500() {
    let fuzzed = Fuzzed::new();
    let segment = prop_oneof![
        "[a-z0-9.%-]{0,12}",
        "images|members|tags|file|schemas|v2",
        "%[0-9a-fA-F]{2}"
    ];

    proptest!(config(), |(segments in proptest::collection::vec(segment, 0..5), verb in "GET|PUT|POST|DELETE|HEAD|PATCH|BREW")| {
        let path = format!("/v2/{}", segments.join("/"));
        prop_assume!(path.parse::<Uri>().is_ok());
        let answer = fuzzed.send(request(ALICE, verb.parse().unwrap(), &path).body(Body::empty()).unwrap());
        prop_assert!(answer.status.as_u16() < 500 || answer.status == 501, "{path}: {answer:?}");
    });
}

#[test]
fn no_header_is_a_500() {
    let fuzzed = Fuzzed::new();
    let name = prop_oneof![
        Just("accept"),
        Just("range"),
        Just("content-range"),
        Just("content-type"),
        Just("host"),
        Just("x-openstack-request-id"),
        Just("x-openstack-image-size"),
        Just("x-roles"),
        Just("x-project-id"),
        Just("x-identity-status"),
        Just("expect"),
        Just("content-length"),
    ];
    let value =
        proptest::collection::vec(prop_oneof![32_u8..127, 128_u8..=255, Just(b'\t')], 0..80);

    proptest!(config(), |(headers in proptest::collection::vec((name, value), 0..5))| {
        for (method, path) in [
            (Method::GET, format!("/v2/images/{}/file", fuzzed.id)),
            (Method::PUT, format!("/v2/images/{}/file", fuzzed.id)),
            (Method::GET, "/versions".to_owned()),
            (Method::GET, "/v2/nothing".to_owned()),
        ] {
            let mut request = request(ALICE, method, &path);
            for (name, value) in &headers {
                if let Ok(value) = HeaderValue::from_bytes(value) {
                    request = request.header(*name, value);
                }
            }
            let answer = fuzzed.send(request.body(Body::empty()).unwrap());
            prop_assert!(answer.status.as_u16() < 500, "{path}: {answer:?}");
            prop_assert!(answer.headers.contains_key("x-openstack-request-id"));
        }
    });
}
