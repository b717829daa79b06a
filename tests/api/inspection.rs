//! Data that is not what it is said to be, or unsafe: at every way in (rules R1 and R2).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::StatusCode;
use glance_core::Settings;
use glance_core::domain::Status;
use glance_core::domain::inspect::InspectionRules;
use glance_core::memory::MemoryGlance;
use glance_core::ports::{ByteStream, Catalog, Incoming, SourceError, WebSource};
use glance_http::ApiOptions;
use serde_json::{Value, json};

use super::samples;
use super::support::{ADMIN, ALICE, Answer, Site};
use super::web::WebSite;

/// Data that nobody may open, and that is refused whatever it is said to be.
fn hostile() -> Vec<samples::Sample> {
    let mut all = samples::all();
    all.retain(|sample| sample.name.contains("CVE"));
    assert_eq!(all.len(), 8);
    all
}

fn draft(disk: &str, container: &str) -> String {
    json!({"disk_format": disk, "container_format": container}).to_string()
}

async fn uploaded(site: &Site, disk: &str, container: &str, data: &[u8]) -> (Answer, Value) {
    let id = site.image(ALICE, &draft(disk, container)).await;
    let answer = site.upload(ALICE, &id, data.to_vec()).await;
    let shown = site.get(ALICE, &format!("/v2/images/{id}")).await;
    (answer, shown.json())
}

#[tokio::test]
async fn what_an_upload_is_answered_with_matches_the_specification() {
    let site = Site::new();
    let virtual_size = json!(1_u64 << 30);
    let (none, files) = (Value::Null, json!(4096));

    for (data, disk, size) in [
        ("qcow2 v2", "qcow2", &virtual_size),
        ("qcow2 v3", "qcow2", &virtual_size),
        ("qcow2 v3", "raw", &files),
        ("qcow2 v3 of no bytes", "qcow2", &none),
        ("zeros", "raw", &json!(100_000)),
        ("zeros", "ploop", &none),
        ("zeros", "ami", &none),
        ("empty", "raw", &none),
        ("vmdk", "vmdk", &virtual_size),
        ("vmdk for a stream, with a footer", "vmdk", &virtual_size),
        ("vhd", "vhd", &virtual_size),
        ("vhdx", "vhdx", &virtual_size),
        ("vdi", "vdi", &virtual_size),
        ("iso", "iso", &json!(38912)),
        ("iso", "raw", &json!(38912)),
        ("iso that is UDF", "iso", &json!(38912)),
        ("iso without a size", "iso", &none),
        ("iso with an MBR", "iso", &json!(38912)),
        ("gpt", "raw", &files),
        ("mbr", "raw", &files),
        ("luks 1", "raw", &json!(8192)),
    ] {
        let (answer, shown) = uploaded(&site, disk, "bare", &samples::named(data)).await;

        assert_eq!(
            answer.status,
            StatusCode::NO_CONTENT,
            "{data} as {disk}: {}",
            answer.text()
        );
        assert_eq!(shown["status"], "active", "{data} as {disk}");
        assert_eq!(&shown["virtual_size"], size, "{data} as {disk}");
    }
    for (data, disk, why) in [
        (
            "zeros",
            "qcow2",
            "Image disk_format qcow2 does not match stream data raw",
        ),
        (
            "empty",
            "iso",
            "Image disk_format iso does not match stream data raw",
        ),
        (
            "qcow2 v3",
            "ami",
            "Image disk_format ami does not match stream data qcow2",
        ),
        ("iso with an MBR", "raw", "ultiple formats detected"),
        ("iso and qcow2", "iso", "ultiple formats detected"),
        ("iso and qcow2", "raw", "ultiple formats detected"),
        ("mbr and vmdk text", "raw", "ultiple formats detected"),
        ("mbr that is empty", "raw", "Image failed safety checks"),
        ("luks 2", "raw", "Image failed safety checks"),
        ("qed", "raw", "Image failed safety checks"),
        ("qcow2 v1", "qcow2", "Image failed safety checks"),
        (
            "qcow2 v3 of 2^63 bytes",
            "raw",
            "Image failed safety checks",
        ),
    ] {
        let (answer, shown) = uploaded(&site, disk, "bare", &samples::named(data)).await;

        assert_eq!(
            answer.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{data} as {disk}"
        );
        assert!(
            answer.text().contains(why),
            "{data} as {disk}: {}",
            answer.text()
        );
        assert_eq!(shown["status"], "queued", "{data} as {disk}");
    }
}

#[tokio::test]
async fn nothing_stays_of_data_that_is_refused() {
    let site = Site::new();
    for sample in hostile() {
        for disk in ["raw", "qcow2", "vmdk", "ploop"] {
            let (answer, shown) = uploaded(&site, disk, "bare", &sample.bytes).await;

            let name = format!("{} as {disk}", sample.name);
            assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{name}");
            assert_eq!(shown["status"], "queued", "{name}");
            for field in ["size", "virtual_size", "checksum", "os_hash_value"] {
                assert_eq!(shown[field], Value::Null, "{name}");
            }
        }
    }
    assert_eq!(site.memory.store.contents(), (vec![], 0));
    assert_eq!(site.memory.catalog.intents(), []);
}

#[tokio::test]
async fn an_image_takes_good_data_after_bad() {
    let site = Site::new();
    let id = site.image(ALICE, &draft("qcow2", "bare")).await;

    let bad = site.upload(ALICE, &id, hostile()[0].bytes.clone()).await;
    let good = site.upload(ALICE, &id, samples::named("qcow2 v3")).await;

    assert_eq!(bad.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(good.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn what_is_in_a_container_is_not_looked_into() {
    let site = Site::new();

    let data = samples::named("qcow2 v3");
    let (answer, shown) = uploaded(&site, "vmdk", "ova", &data).await;

    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(shown["virtual_size"], Value::Null);
}

#[tokio::test]
async fn without_require_image_format_match_only_unsafe_data_is_refused() {
    let settings = Settings {
        inspection: InspectionRules {
            require_match: false,
            ..InspectionRules::default()
        },
        ..Settings::default()
    };
    let site = Site::with(ApiOptions::default(), settings);

    let (other, shown) = uploaded(&site, "iso", "bare", &samples::named("qcow2 v3")).await;

    assert_eq!(other.status, StatusCode::NO_CONTENT);
    assert_eq!(
        (&shown["status"], &shown["virtual_size"]),
        (&json!("active"), &Value::Null)
    );
    for sample in hostile() {
        let (answer, _) = uploaded(&site, "iso", "bare", &sample.bytes).await;
        assert_eq!(
            answer.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{}",
            sample.name
        );
    }
}

const URL: &str = "http://images.example/disk";

impl WebSite {
    async fn located(&self, disk: &str, data: Vec<u8>) -> (Answer, String) {
        self.web.publish(URL, data);
        let id = self.site.image(ALICE, &draft(disk, "bare")).await;
        let path = format!("/v2/images/{id}/locations");
        let body = json!({"url": URL}).to_string();
        (self.site.post(ALICE, &path, body).await, id)
    }

    async fn status_of(&self, id: &str) -> Value {
        self.site
            .get(ALICE, &format!("/v2/images/{id}"))
            .await
            .json()
    }
}

#[tokio::test]
async fn data_at_a_location_is_looked_at_before_its_image_is_active() {
    let web = WebSite::new();

    for sample in hostile() {
        for disk in ["raw", "qcow2"] {
            let (answer, id) = web.located(disk, sample.bytes.clone()).await;

            let name = format!("{} as {disk}", sample.name);
            assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{name}");
            assert_eq!(web.status_of(&id).await["status"], "queued", "{name}");
        }
    }
    for (data, disk) in [("qcow2 v3", "qcow2"), ("vhdx", "vhdx"), ("vmdk", "vmdk")] {
        let (answer, id) = web.located(disk, samples::named(data)).await;
        let early = web.status_of(&id).await;
        web.settled().await;
        let late = web.status_of(&id).await;

        assert_eq!(answer.status, StatusCode::ACCEPTED, "{data}");
        for shown in [early, late] {
            let known = (&shown["status"], &shown["virtual_size"]);
            assert_eq!(known, (&json!("active"), &json!(1_u64 << 30)), "{data}");
        }
    }
}

#[tokio::test]
async fn a_look_reads_little_of_large_data() {
    let web = WebSite::new();
    web.web.freeze();

    for sample in [
        "qcow2 v3",
        "vmdk for a stream, with a footer",
        "iso with an MBR",
        "zeros",
    ] {
        let mut data = samples::named(sample);
        let footer = data.split_off(data.len() - 1536);
        data.resize(64 << 20, 0);
        data.extend(footer);
        let before = web.web.looked_at();

        web.located("raw", data).await;

        assert!(web.web.looked_at() - before < 1 << 20, "{sample}");
    }
}

#[tokio::test]
async fn where_only_whole_pages_are_sent_data_is_looked_at_from_its_start() {
    let web = WebSite::new();
    web.web.send_whole_pages();

    let (good, _) = web.located("vhdx", samples::named("vhdx")).await;

    assert_eq!(good.status, StatusCode::ACCEPTED);
    for sample in hostile() {
        let (bad, _) = web.located("raw", sample.bytes).await;
        assert_eq!(
            bad.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{}",
            sample.name
        );
    }
}

#[tokio::test]
async fn an_image_whose_located_data_has_turned_bad_is_deactivated() {
    let web = WebSite::new();
    let good = samples::named("qcow2 v3");
    let bad = samples::named("qcow2 v3 with a data file (CVE-2024-32498)");
    assert_eq!(good.len(), bad.len());
    web.web.freeze();

    let (answer, id) = web.located("qcow2", good).await;
    web.web.publish(URL, bad);
    web.web.thaw();
    web.settled().await;

    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(web.status_of(&id).await["status"], "deactivated");
    // Nobody lets it be downloaded again.
    for who in [ALICE, ADMIN] {
        let path = format!("/v2/images/{id}/actions/reactivate");
        let refused = web.site.post(who, &path, "").await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.text().contains("is refused"), "{}", refused.text());
    }
    let shown = web.status_of(&id).await;
    assert_eq!(shown["status"], "deactivated");
    assert!(!shown.to_string().contains("refused"), "{shown}");
}

#[tokio::test]
async fn a_location_by_patch_passes_the_same_gate() {
    let options = ApiOptions {
        show_locations: true,
        ..ApiOptions::default()
    };
    let web = WebSite::with(options, Settings::default());
    let bad = hostile().into_iter().map(|sample| sample.name);
    let bad = bad.chain(["zeros"]);
    let bad = bad.map(|name| (name, StatusCode::UNSUPPORTED_MEDIA_TYPE));
    for (data, status) in bad.chain([("qcow2 v3", StatusCode::OK)]) {
        web.web.publish(URL, samples::named(data));
        let id = web.site.image(ALICE, &draft("raw", "bare")).await;
        let edits = json!([
            {"op": "replace", "path": "/disk_format", "value": "qcow2"},
            {"op": "add", "path": "/locations/-", "value": {"url": URL, "metadata": {}}},
        ]);

        let answer = web.site.patch(ALICE, &id, edits.to_string()).await;

        assert_eq!(answer.status, status, "{data}: {}", answer.text());
        let image = web.memory.catalog.find(id.parse().unwrap(), None).await;
        let image = image.unwrap().unwrap().image;
        let is_active = status == StatusCode::OK;
        assert_eq!(image.status() == Status::Active, is_active, "{data}");
        assert_eq!(image.virtual_size, is_active.then_some(1 << 30), "{data}");
    }
}

/// A web on which every page is named after the sample that it is.
#[derive(Debug)]
struct Samples;

#[async_trait]
impl WebSource for Samples {
    fn check(&self, _: &str) -> Result<(), SourceError> {
        Ok(())
    }

    async fn open(&self, uri: &str) -> Result<Incoming, SourceError> {
        let name = uri.trim_start_matches("https://images.example/");
        let body = ByteStream::from_bytes(samples::named(name));
        Ok(Incoming { size: None, body })
    }
}

#[tokio::test]
async fn an_import_from_the_web_passes_the_same_gate() {
    let memory = MemoryGlance::new().with_web_source(Arc::new(Samples));
    let glance = memory.build().unwrap();
    let site = Site::of(ApiOptions::default(), memory, glance);
    let bad = hostile().into_iter().map(|sample| sample.name);
    for (data, status) in bad
        .chain(["zeros"])
        .map(|name| (name, Status::Queued))
        .chain([("qcow2 v3", Status::Active)])
    {
        let id = site.image(ALICE, &draft("qcow2", "bare")).await;
        let uri = format!("https://images.example/{data}");
        let method = json!({"method": {"name": "web-download", "uri": uri}});

        let path = format!("/v2/images/{id}/import");
        let begun = site.post(ALICE, &path, method.to_string()).await;
        while !site.memory.catalog.intents().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }

        assert_eq!(
            begun.status,
            StatusCode::ACCEPTED,
            "{data}: {}",
            begun.text()
        );
        let held = site.held(&id).await;
        assert_eq!(held.status(), status, "{data}");
        let is_active = status == Status::Active;
        assert_eq!(held.virtual_size, is_active.then_some(1 << 30), "{data}");
        let blobs = site.memory.store.contents().0.len();
        assert_eq!(blobs, usize::from(is_active), "{data}");
        assert_eq!(site.memory.staging.contents(), (vec![], 0), "{data}");
    }
}
