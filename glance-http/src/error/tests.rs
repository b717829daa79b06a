use glance_core::domain::inspect::{Format, Inspection, InspectionRules, Rejected};
use glance_core::domain::metadef::{NamespaceName, Part};
use glance_core::domain::policy::Action;
use glance_core::domain::{
    BlobUrl, CannotEditLocations, CannotImport, Event, IllegalTransition, Image, ImageId,
    InvalidValidation, LocationFault, QuotaExceeded, Resource, StoreId, Timestamp, UnknownFormat,
    Unsatisfiable, Visibility,
};
use glance_core::ports::{BodyError, BoxError, Denied, LimitError};

use super::*;
use crate::reply::{Form, render};

/// What a QED disk comes to, which is refused whatever is in it.
fn banned() -> Rejected {
    let mut inspection = Inspection::new();
    inspection.feed(b"QED\0");
    let image = Image::queued(ImageId::from_bits(1), Timestamp::from_micros(1));
    let judged = image.accept(&inspection.finish(), &InspectionRules::default());
    judged.unwrap_err()
}

/// Every error of the core at least once; none of its secrets may come out.
fn errors() -> Vec<Error> {
    let image = ImageId::from_bits(1);
    let store: StoreId = "canary".parse().unwrap();
    let source = || -> BoxError { "canary".into() };
    let location = BlobUrl::new("canary://canary");
    let denied = |action| Error::Denied(Denied { action });
    let refused = |from, event| IllegalTransition { from, event };
    let quota = QuotaExceeded {
        resource: Resource::Tags,
        limit: 1,
        count: 2,
    };
    let name = || "name".to_owned();
    let namespace = || NamespaceName::stored("N".to_owned());
    let mut errors = vec![
        Error::AlreadyMember {
            image,
            project: "p".parse().unwrap(),
        },
        Error::BeingImported { image },
        Error::Body(BodyError(source())),
        Error::CannotAddLocation {
            image,
            status: Status::Active,
        },
        Error::CannotUpload(CannotUpload::FormatMissing {
            attribute: "disk_format",
        }),
        Error::CannotUpload(CannotUpload::Status(refused(
            Status::Active,
            Event::UploadStarted,
        ))),
        Error::CannotImport(CannotImport::StagedElsewhere {
            image,
            host: "canary".to_owned(),
        }),
        Error::Catalog(CatalogError::Backend {
            operation: "canary",
            source: source(),
        }),
        Error::Catalog(CatalogError::Conflict),
        Error::Catalog(CatalogError::NotFound),
        Error::Catalog(CatalogError::Odd { source: source() }),
        Error::Catalog(CatalogError::Unavailable { source: source() }),
        Error::Contended { image },
        Error::DataGoing { image },
        Error::DataGone { image },
        Error::Deactivated { image },
        Error::DefinitionNotFound {
            namespace: namespace(),
            part: Part::Tag,
            name: name(),
        },
        denied(Action::GetImages),
        Error::DuplicateDefinition {
            namespace: namespace(),
            part: Part::Association,
            name: name(),
        },
        Error::DuplicateImage { image },
        Error::DuplicateNamespace { name: namespace() },
        Error::Edit(EditError::AlreadyPresent { name: name() }),
        Error::Edit(EditError::FormatFixed {
            attribute: "disk_format",
        }),
        Error::Edit(EditError::Locations(CannotEditLocations::Duplicate)),
        Error::Edit(EditError::Locations(CannotEditLocations::Emptied)),
        Error::Edit(EditError::Locations(CannotEditLocations::Known {
            name: "os_hash_value",
        })),
        Error::Edit(EditError::Locations(CannotEditLocations::Status {
            verb: "add",
            status: Status::Deactivated,
        })),
        Error::Edit(EditError::Missing { name: name() }),
        Error::Edit(EditError::NoSuchTag {
            tag: "t".parse().unwrap(),
        }),
        Error::Edit(EditError::Quota(quota.clone())),
        Error::Edit(EditError::UnknownFormat(UnknownFormat {
            attribute: "disk_format",
            format: "x".to_owned(),
            accepted: vec!["raw".to_owned()],
        })),
        Error::ForeignOwner {
            owner: "p".to_owned(),
        },
        Error::Gone { image },
        Error::ImageNotFound {
            id: image.to_string(),
        },
        Error::Location(LocationFault::Credentials),
        Error::Location(LocationFault::Filtered),
        Error::Location(LocationFault::Signed),
        Error::MemberNotFound {
            image,
            project: "p".to_owned(),
        },
        Error::NamespaceNotFound { name: name() },
        Error::NoMetadefs,
        Error::NoNamespaces,
        Error::NoStoreOf { image },
        Error::NotScheduled { image },
        Error::NotAService,
        Error::NotActive {
            image,
            status: Status::Queued,
        },
        Error::NotInStore {
            image,
            store: "s".parse().unwrap(),
        },
        Error::NotShared {
            image,
            visibility: Visibility::Private,
        },
        Error::OnlyLocation { image },
        Error::Protected { image },
        Error::ProtectedNamespace {
            namespace: namespace(),
        },
        Error::Quota(quota),
        Error::Range(Unsatisfiable { size: 16 }),
        Error::Rejected(Rejected::Ambiguous {
            formats: vec![Format::Gpt, Format::Iso],
        }),
        Error::Rejected(Rejected::Mismatch {
            declared: "qcow2".to_owned(),
            detected: Format::Raw,
        }),
        Error::Rejected(banned()),
        Error::ReservedProperty { name: name() },
        Error::Signature(SignatureError::Unavailable {
            certificate: "8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0".parse().unwrap(),
            keeper: "the key manager",
            source: source(),
        }),
        Error::SizeMismatch {
            expected: 5,
            got: 16,
        },
        Error::Limits(LimitError::Unavailable { source: source() }),
        Error::Stopping,
        Error::Transition(refused(Status::Queued, Event::Deactivated)),
        Error::Transition(refused(Status::Queued, Event::Reactivated)),
        Error::Transition(refused(Status::Deactivated, Event::DeleteScheduled)),
        Error::Transition(refused(Status::Deleted, Event::Deleted)),
        Error::UnknownMarker {
            marker: image.to_string(),
        },
        Error::UnknownStore {
            store: "s".to_owned(),
        },
        Error::UnreadableLocation {
            image,
            source: StoreError::Full {
                store: store.clone(),
            },
        },
        Error::Validation(InvalidValidation::NotHex {
            name: "os_hash_value",
        }),
    ];
    errors.extend(
        [
            StoreError::AlreadyExists {
                store: store.clone(),
                image,
            },
            StoreError::BadLocation {
                store: store.clone(),
                operation: Operation::Read,
                source: source(),
            },
            StoreError::Backend {
                store: store.clone(),
                operation: Operation::Write,
                source: source(),
            },
            StoreError::Forbidden {
                store: store.clone(),
                operation: Operation::Read,
                source: source(),
            },
            StoreError::Full {
                store: store.clone(),
            },
            StoreError::NotFound {
                store: store.clone(),
                location,
            },
            StoreError::PermissionDenied {
                store: store.clone(),
                operation: Operation::Write,
                source: source(),
            },
            StoreError::Unavailable {
                store: store.clone(),
                operation: Operation::Size,
                source: source(),
            },
            StoreError::Unsupported {
                store: store.clone(),
                operation: Operation::ReadRange,
            },
            StoreError::Unsupported {
                store,
                operation: Operation::Write,
            },
        ]
        .map(Error::Store),
    );
    errors
}

#[tokio::test]
async fn errors_match_the_golden_table_and_keep_secrets() {
    let mut table = String::new();
    for error in errors() {
        let shown = format!("{error:?}");
        let end = shown
            .find(|c: char| !c.is_alphanumeric() && c != '(')
            .unwrap_or(shown.len());
        let variant = shown[..end].trim_end_matches('(');
        let answer = render(ApiError::from(error).into_response(), Form::Plain);
        let status = answer.status().as_u16();
        let retry = answer.headers().get(RETRY_AFTER).map_or("", |_| " (retry)");
        let page = axum::body::to_bytes(answer.into_body(), usize::MAX)
            .await
            .unwrap();
        let page = String::from_utf8(page.to_vec()).unwrap();
        let text = page
            .split_once("\n\n")
            .unwrap()
            .1
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(!page.contains("canary"), "{page}");
        table += &format!("{status}{retry} {variant}\n    {text}\n");
    }

    expect_test::expect_file!["golden.txt"].assert_eq(&table);
}
