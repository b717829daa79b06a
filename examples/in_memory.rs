//! A whole image service in memory: what an embedding service's tests start from.
//!
//! `cargo run --example in_memory`

use futures::TryStreamExt;
use glance::domain::query::{Filter, ImageQuery};
use glance::domain::{Caller, Draft, MemberStatus, RangeRequest};
use glance::memory::MemoryGlance;
use glance::ports::ByteStream;
use glance::{DownloadOptions, Error, UploadOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    futures::executor::block_on(run())
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let glance = MemoryGlance::new().build()?;
    let alice = Caller::of_project("alice".parse()?).with_roles(["member", "reader"]);
    let bob = Caller::of_project("bob".parse()?).with_roles(["member", "reader"]);

    // Alice makes an image and writes its data.
    let draft = Draft {
        tags: ["lts".parse()?].into(),
        ..Draft::raw("debian")?
    };
    let image = glance.create(&alice, draft).await?;
    let body = ByteStream::from_bytes("the bytes of a disk");
    let image = glance
        .upload(&alice, image.id, body, UploadOptions::default())
        .await?;
    assert_eq!(image.status().as_str(), "active");

    // Bob cannot see it until it is shared with him; it is in his list once he accepts.
    assert!(matches!(
        glance.image(&bob, image.id).await,
        Err(Error::ImageNotFound { .. })
    ));
    glance.add_member(&alice, image.id, "bob".parse()?).await?;
    glance
        .answer_offer(&bob, image.id, "bob", MemberStatus::Accepted)
        .await?;
    let query = ImageQuery {
        filters: vec![Filter::Tag("lts".to_owned())],
        ..Default::default()
    };
    let list = glance.images(&bob, query, None).await?;
    assert_eq!(list.images.len(), 1);

    // And he reads the part he wants.
    let end = DownloadOptions {
        range: Some(RangeRequest::Last(4)),
        ..Default::default()
    };
    let part = glance.download(&bob, image.id, end).await?;
    let part = part.ok_or("the image has no data")?;
    let chunks: Vec<bytes::Bytes> = part.body.try_collect().await?;
    assert_eq!(chunks.concat(), b"disk");
    Ok(())
}
