//! Formats that are edited in the moment before an upload begins: what counts is what the image was
//! when it began.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use futures::executor::block_on;
use glance_core::domain::{
    Attribute, Caller, Draft, Edit, Image, Presence, ProjectId, ProjectLimits, Status,
};
use glance_core::memory::MemoryGlance;
use glance_core::ports::{ByteStream, LimitError, LimitSource};
use glance_core::{Error, Glance, UploadOptions};

use super::samples;

/// Knows no limits. It is asked when an upload has seen its image and not begun yet: then it edits
/// the image.
#[derive(Debug, Default)]
struct EditsFirst {
    edit: OnceLock<(Glance, Image, Edit)>,
}

#[async_trait]
impl LimitSource for EditsFirst {
    async fn limits(&self, _: &ProjectId) -> Result<ProjectLimits, LimitError> {
        if let Some((glance, image, edit)) = self.edit.get() {
            let edits = std::slice::from_ref(edit);
            glance.edit(&member(), image.id, edits).await.unwrap();
        }
        Ok(ProjectLimits::default())
    }
}

fn member() -> Caller {
    Caller::of_project("p".parse().unwrap()).with_roles(["member", "reader"])
}

/// Uploads a disk that opens another file, into a container that nobody looks into but for the edit.
fn uploaded(edit: Attribute) -> (Error, Image, usize) {
    let limits = Arc::new(EditsFirst::default());
    let memory = MemoryGlance::new().with_limits(Arc::<EditsFirst>::clone(&limits));
    let glance = memory.build().unwrap();
    let draft = Draft {
        disk_format: Some("qcow2".parse().unwrap()),
        container_format: Some("ovf".parse().unwrap()),
        ..Draft::default()
    };
    let image = block_on(glance.create(&member(), draft)).unwrap();
    let edit = Edit::Set(Presence::Any, edit);
    limits
        .edit
        .set((glance.clone(), image.clone(), edit))
        .unwrap();
    let body = ByteStream::from_bytes(samples::named(
        "qcow2 v3 with a backing file (CVE-2024-44082)",
    ));

    let who = member();
    let upload = glance.upload(&who, image.id, body, UploadOptions::default());
    let error = block_on(upload).unwrap_err();

    let image = block_on(glance.image(&member(), image.id)).unwrap();
    (error, image, memory.store.contents().0.len())
}

#[test]
fn data_is_judged_by_the_container_that_was_named_last() {
    let bare = "bare".parse().unwrap();

    let (error, image, blobs) = uploaded(Attribute::ContainerFormat(Some(bare)));

    assert!(matches!(error, Error::Rejected(_)), "{error}");
    assert_eq!((image.status(), blobs), (Status::Queued, 0));
}

#[test]
fn an_image_whose_format_was_taken_away_gets_no_data() {
    let (error, image, blobs) = uploaded(Attribute::DiskFormat(None));

    assert!(error.to_string().contains("disk_format"), "{error}");
    assert_eq!((image.status(), blobs), (Status::Queued, 0));
}
