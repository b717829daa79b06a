//! Google Cloud Storage, on a fake: there is no server of its language to be had. It answers what
//! Google's XML API documents, as far as the bridge asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use glance_core::ports::ImageStore;
use glance_stores::{GcsCredentials, GcsOptions, ObjectBridge};
use url::form_urlencoded;

use crate::servers::{PART, data, key, read, write};

#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Bytes>,
    /// By id: the object, and its parts.
    uploads: BTreeMap<String, (String, BTreeMap<usize, Bytes>)>,
    begun: usize,
}

type Shared = Arc<Mutex<Bucket>>;

pub(crate) async fn store() -> ObjectBridge {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .fallback(answer)
        .layer(DefaultBodyLimit::disable())
        .with_state(Shared::default());
    tokio::spawn(async move { axum::serve(listener, router).await });
    // With this key, `object_store` asks nobody for a token.
    let account = r#"{"private_key": "", "private_key_id": "", "client_email": "",
        "disable_oauth": true}"#;
    let credentials = GcsCredentials::ServiceAccountKey(account.into());
    ObjectBridge::open_gcs(GcsOptions {
        endpoint: Some(endpoint),
        part_size: PART as u64,
        ..GcsOptions::new("gcs".parse().unwrap(), "images", credentials)
    })
    .unwrap()
}

type Pairs = BTreeMap<String, String>;

async fn answer(
    State(bucket): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = uri.query().unwrap_or_default();
    let query: Pairs = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let mut bucket = bucket.lock().unwrap();
    let name = uri.path().trim_start_matches("/images");
    let name = name.trim_start_matches('/').replace("%2D", "-");
    let upload = query.get("uploadId");
    match (&method, upload) {
        (&Method::GET, None) if query.contains_key("list-type") => objects(&bucket),
        (&Method::GET, None) if name.is_empty() => uploads(&bucket, &query),
        (&Method::GET, Some(id)) if bucket.uploads.contains_key(id) => {
            xml("<ListPartsResult></ListPartsResult>")
        }
        (&Method::POST, None) => begin(&mut bucket, name),
        (&Method::POST, Some(id)) => complete(&mut bucket, id),
        (&Method::PUT, Some(id)) => put_part(&mut bucket, id, &query, body),
        (&Method::PUT, None) => put(&mut bucket, name, &headers, body),
        (&Method::DELETE, Some(id)) => found(bucket.uploads.remove(id).is_some()),
        (&Method::DELETE, None) => found(bucket.objects.remove(&name).is_some()),
        (&Method::GET | &Method::HEAD, None) => get(&bucket, &name, &headers),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn objects(bucket: &Bucket) -> Response {
    let now = chrono::Utc::now().to_rfc3339();
    let objects: String = bucket
        .objects
        .iter()
        .map(|(name, data)| {
            let size = data.len();
            format!(
                "<Contents><Key>{name}</Key><Size>{size}</Size><LastModified>{now}</LastModified>\
                 <ETag>object</ETag></Contents>"
            )
        })
        .collect();
    xml(&format!("<ListBucketResult>{objects}</ListBucketResult>"))
}

fn uploads(bucket: &Bucket, query: &Pairs) -> Response {
    let prefix = query.get("prefix").cloned().unwrap_or_default();
    let uploads = bucket.uploads.iter();
    let uploads = uploads.filter(|(_, (name, _))| name.starts_with(&prefix));
    let uploads: String = uploads
        .map(|(id, (name, _))| {
            format!(
                "<Upload><Key>{name}</Key><UploadId>{id}</UploadId>\
                 <Initiated>2021-11-10T20:48:33.000Z</Initiated></Upload>"
            )
        })
        .collect();
    xml(&format!(
        "<ListMultipartUploadsResult>{uploads}</ListMultipartUploadsResult>"
    ))
}

fn begin(bucket: &mut Bucket, name: String) -> Response {
    bucket.begun += 1;
    let id = format!("upload-{}", bucket.begun);
    bucket.uploads.insert(id.clone(), (name, BTreeMap::new()));
    xml(&format!(
        "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
    ))
}

fn put_part(bucket: &mut Bucket, id: &str, query: &Pairs, body: Bytes) -> Response {
    let Some((_, parts)) = bucket.uploads.get_mut(id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    parts.insert(query["partNumber"].parse().unwrap(), body);
    [(header::ETAG, "\"part\"")].into_response()
}

fn complete(bucket: &mut Bucket, id: &str) -> Response {
    let Some((name, parts)) = bucket.uploads.remove(id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let parts: Vec<Bytes> = parts.into_values().collect();
    bucket.objects.insert(name, parts.concat().into());
    xml("<CompleteMultipartUploadResult><ETag>whole</ETag></CompleteMultipartUploadResult>")
}

fn put(bucket: &mut Bucket, name: String, headers: &HeaderMap, body: Bytes) -> Response {
    let if_absent = headers.get("x-goog-if-generation-match").is_some();
    if if_absent && bucket.objects.contains_key(&name) {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    bucket.objects.insert(name, body);
    [(header::ETAG, "\"object\"")].into_response()
}

fn get(bucket: &Bucket, name: &str, headers: &HeaderMap) -> Response {
    let Some(object) = bucket.objects.get(name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let reply = Response::builder()
        .header(header::ETAG, "\"object\"")
        .header(header::LAST_MODIFIED, "Wed, 10 Nov 2021 20:48:33 GMT");
    let range = headers.get(header::RANGE).and_then(|range| {
        let (first, last) = range
            .to_str()
            .ok()?
            .strip_prefix("bytes=")?
            .split_once('-')?;
        let last: usize = last.parse().ok()?;
        Some((first.parse::<usize>().ok()?, last.min(object.len() - 1)))
    });
    let reply = match range {
        Some((first, last)) => reply
            .status(StatusCode::PARTIAL_CONTENT)
            .header(
                header::CONTENT_RANGE,
                format!("bytes {first}-{last}/{}", object.len()),
            )
            .body(Body::from(object.slice(first..=last))),
        None => reply.body(Body::from(object.clone())),
    };
    reply.unwrap()
}

fn found(found: bool) -> Response {
    let status = if found {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    };
    status.into_response()
}

fn xml(text: &str) -> Response {
    text.to_owned().into_response()
}

#[tokio::test]
async fn parts_come_back_as_one_object() {
    let store = store().await;
    let data = data(2 * PART + 12_345);

    let url = write(&store, &key(1), data.clone()).await;

    assert_eq!(url.as_str(), format!("gs://images/{}", key(1).image));
    assert!(read(&store, &url, None).await == data);
}

#[tokio::test]
async fn uploads_that_crashed_are_discarded_and_swept() {
    let store = store().await;
    for bits in 1..=3 {
        let mut writer = store.start(&key(bits)).await.unwrap();
        writer.write(data(PART + 1)).await.unwrap();
        std::mem::forget(writer);
    }

    store.discard(&key(1)).await.unwrap();

    assert_eq!(store.sweep(Duration::from_secs(3600)).await.unwrap(), 2);
    assert_eq!(store.sweep(Duration::ZERO).await.unwrap(), 0);
}
