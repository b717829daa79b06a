//! Data that is said to be signed, with keys and certificates of the real `openssl`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use axum::http::StatusCode;
use glance_core::GlanceBuilder;
use glance_core::domain::Status;
use glance_core::memory::{MemoryCatalog, MemoryGlance, MemoryStore};
use glance_core::ports::ImageStore;
use glance_http::ApiOptions;
use glance_stores::{CertificateFolder, CertificateVerifier};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::{ALICE, Answer, Site};

const CERTIFICATE: &str = "8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0";
const DATA: &str = "the bytes of a disk";

fn openssl(folder: &Path, line: &str) -> Vec<u8> {
    let mut command = Command::new("openssl");
    let output = command.args(line.split(' ')).current_dir(folder).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {line}: {said}");
    output.stdout
}

/// A folder with a certificate, its key and the signature of the data, in lines of base64.
fn signed() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    openssl(
        path,
        &format!(
            "req -x509 -newkey rsa:2048 -nodes -keyout key -out {CERTIFICATE}.pem -subj /CN=signer"
        ),
    );
    fs::write(path.join("data"), DATA).unwrap();
    openssl(
        path,
        "dgst -sha256 -sign key -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:max \
         -out signature data",
    );
    let signature = openssl(path, "base64 -in signature");
    (folder, String::from_utf8(signature).unwrap())
}

/// A site that verifies with the certificates of a folder.
fn verifying(folder: &Path) -> Site {
    let memory = MemoryGlance::new();
    let source = Arc::new(CertificateFolder::new(folder));
    let catalog = Arc::<MemoryCatalog>::clone(&memory.catalog);
    let store = Arc::<MemoryStore>::clone(&memory.store) as Arc<dyn ImageStore>;
    let glance = GlanceBuilder::new(catalog, store, glance_stores::tokio_runtime())
        .with_signatures(Arc::new(CertificateVerifier::new(source)))
        .build()
        .unwrap();
    Site::of(ApiOptions::default(), memory, glance)
}

fn draft(said: &Value) -> String {
    let mut draft = json!({
        "disk_format": "raw", "container_format": "bare",
        "img_signature_hash_method": "SHA-256", "img_signature_key_type": "RSA-PSS",
        "img_signature_certificate_uuid": CERTIFICATE,
    });
    let draft = draft.as_object_mut().unwrap();
    draft.extend(said.as_object().unwrap().clone());
    json!(draft).to_string()
}

async fn uploaded(site: &Site, said: Value, data: &'static str) -> (String, Answer) {
    let id = site.image(ALICE, &draft(&said)).await;
    let answer = site.upload(ALICE, &id, data).await;
    (id, answer)
}

#[tokio::test]
async fn data_with_its_signature_is_taken_and_other_data_is_not() {
    let (folder, signature) = signed();
    let site = verifying(folder.path());

    let (id, taken) = uploaded(&site, json!({"img_signature": signature}), DATA).await;
    assert_eq!(taken.status, StatusCode::NO_CONTENT, "{}", taken.text());
    assert_eq!(site.held(&id).await.status(), Status::Active);

    let said = json!({"img_signature": signature});
    let (id, refused) = uploaded(&site, said, "the bytes of another").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        refused.explanation(),
        "The signature of the data did not verify."
    );
    let image = site.held(&id).await;
    assert_eq!(image.status(), Status::Queued);
    assert!(image.size.is_none() && image.locations.is_empty());
    assert_eq!(site.memory.store.contents().0.len(), 1);
    assert_eq!(site.memory.catalog.intents(), []);

    // It may be tried again.
    let again = site.upload(ALICE, &id, DATA).await;
    assert_eq!(again.status, StatusCode::NO_CONTENT, "{}", again.text());
}

#[tokio::test]
async fn what_is_wrong_with_a_signature_is_named() {
    let (folder, signature) = signed();
    let site = verifying(folder.path());
    let absent = "8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a1";

    for (said, named) in [
        (
            json!({"img_signature": "*"}),
            "img_signature must be".to_owned(),
        ),
        (
            json!({"img_signature": signature, "img_signature_hash_method": "MD5"}),
            "img_signature_hash_method must be SHA-224".to_owned(),
        ),
        (
            json!({"img_signature": signature, "img_signature_key_type": "DSA"}),
            "makes no signatures of type DSA".to_owned(),
        ),
        (
            json!({"img_signature": signature, "img_signature_certificate_uuid": absent}),
            format!("No certificate found with ID {absent}"),
        ),
    ] {
        let (id, refused) = uploaded(&site, said, DATA).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{named}");
        assert!(
            refused.explanation().contains(&named),
            "{}",
            refused.explanation()
        );
        assert_eq!(site.held(&id).await.status(), Status::Queued, "{named}");
    }
}

#[tokio::test]
async fn a_service_that_verifies_nothing_takes_no_data_that_is_said_to_be_signed() {
    let site = Site::new();

    let (_, refused) = uploaded(&site, json!({"img_signature": "c2ln"}), DATA).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.explanation().contains("verifies no signatures"));

    // Of three properties, upstream verifies nothing either.
    let (_, taken) = uploaded(&site, json!({}), DATA).await;
    assert_eq!(taken.status, StatusCode::NO_CONTENT, "{}", taken.text());
}

#[tokio::test]
async fn a_certificate_that_cannot_be_fetched_is_named() {
    let (folder, signature) = signed();
    let site = verifying(folder.path());
    let away = "8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a1";
    fs::create_dir(folder.path().join(format!("{away}.pem"))).unwrap();

    let said = json!({"img_signature": signature, "img_signature_certificate_uuid": away});
    let (id, refused) = uploaded(&site, said, DATA).await;

    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        refused.explanation(),
        format!(
            "Certificate {away} cannot be fetched, for the folder of certificates cannot be asked: \
             try again."
        )
    );
    assert_eq!(site.held(&id).await.status(), Status::Queued);
}
