//! The condition on requests, past the look that is taken before.
#![cfg(any(feature = "azure", feature = "s3"))]

use glance_core::domain::ImageId;
use object_store::path::Path;
use object_store::{PutMode, PutPayload, PutResult};

use super::bridge::ObjectBridge;
use super::error;

/// Two writers looked before, and saw nothing.
async fn the_second_is_refused(store: &ObjectBridge) {
    let [first, second] = both_complete(store).await;

    first.unwrap();
    let second = second.unwrap_err();
    assert!(error::is_in_the_way(&second), "{second}");
    put_is_refused(store).await;
}

async fn both_complete(store: &ObjectBridge) -> [object_store::Result<PutResult>; 2] {
    let objects = &store.shared.objects;
    store.shared.requests.create_bucket().await.unwrap();
    let mut uploads = Vec::new();
    for _ in 0..2 {
        let id = objects.create_multipart(&path()).await.unwrap();
        let part = objects.put_part(&path(), &id, 0, payload()).await.unwrap();
        uploads.push((id, part));
    }
    let [(first, one), (second, other)] = uploads.try_into().unwrap();
    [
        objects.complete_multipart(&path(), &first, vec![one]).await,
        objects
            .complete_multipart(&path(), &second, vec![other])
            .await,
    ]
}

async fn put_is_refused(store: &ObjectBridge) {
    let objects = &store.shared.objects;
    let put = objects
        .put_opts(&path(), payload(), PutMode::Create.into())
        .await
        .unwrap_err();
    assert!(error::is_in_the_way(&put), "{put}");
}

fn path() -> Path {
    Path::from(ImageId::from_bits(1).as_str())
}

fn payload() -> PutPayload {
    PutPayload::from_static(b"data")
}

#[cfg(feature = "s3")]
mod s3 {
    use super::*;
    use crate::S3Options;

    fn store(variable: &str) -> ObjectBridge {
        let host = std::env::var(variable)
            .unwrap_or_else(|_| panic!("no {variable}: run tests/servers/run.sh"));
        let (access, secret) = ("access".into(), "secret".into());
        let bucket = format!("condition-{}", uuid::Uuid::new_v4());
        ObjectBridge::open_s3(S3Options {
            create_bucket_on_put: true,
            ..S3Options::new("s3".parse().unwrap(), host, bucket, access, secret)
        })
        .unwrap()
    }

    #[tokio::test]
    #[ignore = "needs moto: tests/servers/run.sh starts it"]
    async fn moto_refuses_the_second_of_two_objects() {
        the_second_is_refused(&store("GLANCE_TEST_S3_MOTO")).await;
    }

    #[tokio::test]
    #[ignore = "needs s3s-fs: tests/servers/run.sh starts it"]
    async fn s3s_refuses_the_second_of_two_objects() {
        the_second_is_refused(&store("GLANCE_TEST_S3_S3S")).await;
    }

    #[tokio::test]
    #[ignore = "needs radosgw: tests/servers/run.sh starts it"]
    async fn radosgw_refuses_a_second_put_and_completes_a_second_upload() {
        let store = store("GLANCE_TEST_S3_RGW");

        let [first, second] = both_complete(&store).await;

        first.unwrap();
        // What `ObjectBridge` says it cannot keep: the look before is all there is.
        second.unwrap();
        put_is_refused(&store).await;
    }
}

#[cfg(feature = "azure")]
mod azure {
    use super::*;
    use crate::AzureOptions;

    #[tokio::test]
    #[ignore = "needs Azurite: tests/servers/run.sh starts it"]
    async fn azurite_refuses_the_second_of_two_objects() {
        let host = std::env::var("GLANCE_TEST_AZURITE")
            .unwrap_or_else(|_| panic!("no GLANCE_TEST_AZURITE: run tests/servers/run.sh"));
        let container = format!("condition-{}", uuid::Uuid::new_v4());
        let (id, key) = ("azure".parse().unwrap(), AZURITE_KEY.into());
        let store = ObjectBridge::open_azure(AzureOptions {
            create_container_on_put: true,
            endpoint: Some(format!("{host}/devstoreaccount1")),
            ..AzureOptions::new(id, "devstoreaccount1", key, container)
        });
        // Azure keeps the parts of all uploads of a name together: the first completion takes its
        // own, and the others are gone.
        the_second_is_refused(&store.unwrap()).await;
    }

    /// What everybody knows: <https://learn.microsoft.com/azure/storage/common/storage-use-azurite>.
    const AZURITE_KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZ\
        FPTOtr/KBHBeksoGMGw==";
}
