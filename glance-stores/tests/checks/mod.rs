//! What checks are made of, and what they find.

use futures::executor::block_on;
use glance_core::domain::{BlobUrl, Caller, Draft, Image, ImageId};
use glance_core::memory::MemoryStore;
use glance_core::ports::{BlobKey, ByteStream, ImageStore, ScheduledDeletes};
use glance_core::{CheckEvent, CheckPlan, Finding, Glance, Outcome, UploadOptions};

/// An image with data.
pub(crate) fn stored(glance: &Glance) -> Image {
    let caller = Caller::local_admin();
    block_on(async {
        let draft = Draft::raw("disk").unwrap();
        let id = glance.create(&caller, draft).await.unwrap().id;
        let body = ByteStream::from_bytes("the disk");
        let upload = glance.upload(&caller, id, body, UploadOptions::default());
        upload.await.unwrap()
    })
}

/// A blob that is named after an image which is not there.
pub(crate) fn stray(store: &MemoryStore, image: u128) -> BlobUrl {
    let key = BlobKey {
        image: ImageId::from_bits(image),
        upload: "by hand".parse().unwrap(),
        size: None,
    };
    block_on(async {
        let mut writer = store.start(&key).await.unwrap();
        writer.write("of nobody".into()).await.unwrap();
        writer.commit().await.unwrap().url
    })
}

/// What a check finds.
pub(crate) fn findings(
    glance: &Glance,
    deletes: &dyn ScheduledDeletes,
    repair: bool,
) -> Vec<Finding> {
    let plan = CheckPlan {
        repair,
        ..CheckPlan::default()
    };
    let mut findings = Vec::new();
    let mut tell = |event: CheckEvent| {
        if let CheckEvent::Found(finding) = event {
            findings.push(*finding);
        }
    };
    block_on(glance.check(deletes, &plan, &mut tell)).unwrap();
    findings
}

/// What became of it.
pub(crate) fn outcome(finding: &Finding) -> &'static str {
    match &finding.outcome {
        Outcome::Told => "told",
        Outcome::Repaired(_) => "repaired",
        Outcome::Left(_) => "left",
        outcome => panic!("{outcome:?}"),
    }
}
