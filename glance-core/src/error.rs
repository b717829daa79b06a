//! Everything a use case can answer but success.

use thiserror::Error;

use crate::domain::metadef::{NamespaceName, Part};
use crate::domain::{
    CannotEditLocations, CannotImport, CannotUpload, EditError, IllegalMove, IllegalTransition,
    ImageId, ImportMethod, InvalidSignature, InvalidValidation, LocationFault, ProjectId,
    QuotaExceeded, RemoteError, Status, StoreId, Unsatisfiable, Visibility, inspect::Rejected,
};
use crate::ports::{BodyError, CatalogError, Denied, LimitError, PluginError};
use crate::ports::{SignatureError, SourceError, StoreError};

/// Why a use case did not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The project is a member already.
    #[error("project {project} is already a member of image {image}")]
    AlreadyMember {
        /// The image.
        image: ImageId,
        /// The project.
        project: ProjectId,
    },
    /// An import has locked the image.
    #[error("image {image} has an active task")]
    BeingImported {
        /// The image.
        image: ImageId,
    },
    /// The data broke off before its end.
    #[error("the data broke off before its end")]
    Body(#[source] BodyError),
    /// The image takes no location in its status.
    #[error("it's not allowed to add locations if image status is {status}")]
    CannotAddLocation {
        /// The image.
        image: ImageId,
        /// The status it is in.
        status: Status,
    },
    /// The image cannot take data.
    #[error(transparent)]
    CannotUpload(#[from] CannotUpload),
    /// The image is not imported as asked.
    #[error(transparent)]
    CannotImport(#[from] CannotImport),
    /// The catalog failed.
    #[error("the catalog failed")]
    Catalog(#[source] CatalogError),
    /// Somebody else changed the image at the same time, again and again.
    #[error("image {image} is being changed by others at the same time")]
    Contended {
        /// The image.
        image: ImageId,
    },
    /// Data of the image is on its way out of where more was to go: it would be taken for that.
    #[error("other data of image {image} is still being removed there: try again later")]
    DataGoing {
        /// The image.
        image: ImageId,
    },
    /// The delete cannot be taken back any more, or not now.
    #[error(
        "image {image} cannot be restored: data of it has been removed already, or is being removed"
    )]
    DataGone {
        /// The image.
        image: ImageId,
    },
    /// The image was deactivated because its data turned out to be what is refused.
    #[error(
        "image {image} stays deactivated: its data is not what it was when it was accepted, and is \
         refused"
    )]
    DataRefused {
        /// The image.
        image: ImageId,
    },
    /// Downloads of the image are stopped.
    #[error("image {image} is deactivated: only an administrator may download it")]
    Deactivated {
        /// The image.
        image: ImageId,
    },
    /// Nothing of the kind and name is in the namespace.
    #[error("no {part} '{name}' in metadata definition namespace '{namespace}'")]
    DefinitionNotFound {
        /// The namespace.
        namespace: NamespaceName,
        /// The kind of thing.
        part: Part,
        /// What was asked for.
        name: String,
    },
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// One of the kind and name is in the namespace already.
    #[error("{part} '{name}' already exists in metadata definition namespace '{namespace}'")]
    DuplicateDefinition {
        /// The namespace.
        namespace: NamespaceName,
        /// The kind of thing.
        part: Part,
        /// Its name; where several were to be added, all of theirs.
        name: String,
    },
    /// The id was used before.
    #[error("image ID {image} already exists")]
    DuplicateImage {
        /// The image.
        image: ImageId,
    },
    /// The name is another namespace's.
    #[error("metadata definition namespace '{name}' already exists")]
    DuplicateNamespace {
        /// The name.
        name: NamespaceName,
    },
    /// The edit cannot be made.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Only administrators create or make images of others.
    #[error("you are not permitted to make images owned by '{owner}'")]
    ForeignOwner {
        /// Whose it was to be.
        owner: String,
    },
    /// The image went away while its data came.
    #[error("image {image} was deleted or changed while its data was uploaded")]
    Gone {
        /// The image.
        image: ImageId,
    },
    /// No image that the caller may know of.
    #[error("no image found with ID {id}")]
    ImageNotFound {
        /// What was asked for.
        id: String,
    },
    /// What is said of the signature of the data makes no sense.
    #[error(transparent)]
    InvalidSignature(#[from] InvalidSignature),
    /// Nobody can say what the project may have.
    #[error(transparent)]
    Limits(#[from] LimitError),
    /// A location that is not taken.
    #[error(transparent)]
    Location(#[from] LocationFault),
    /// No member that the caller may know of.
    #[error("{project} is not a member of image {image}")]
    MemberNotFound {
        /// The image.
        image: ImageId,
        /// Who was asked for.
        project: String,
    },
    /// No namespace of metadata definitions that the caller may know of.
    #[error("metadata definition namespace '{name}' was not found")]
    NamespaceNotFound {
        /// What was asked for.
        name: String,
    },
    /// The service keeps no metadata definitions.
    #[error("this service keeps no metadata definitions")]
    NoMetadefs,
    /// The caller may see no namespace, whatever there are.
    #[error("no metadata definition namespace was found")]
    NoNamespaces,
    /// None of the stores of this service holds the data.
    #[error("data of image {image} is in no configured store")]
    NoStoreOf {
        /// The image.
        image: ImageId,
    },
    /// The image has no data that could be taken away.
    #[error("image {image} is {status}, not active")]
    NotActive {
        /// The image.
        image: ImageId,
        /// What it is instead.
        status: Status,
    },
    /// The store does not hold the image.
    #[error("image {image} has no data in store `{store}`")]
    NotInStore {
        /// The image.
        image: ImageId,
        /// The store.
        store: StoreId,
    },
    /// Whoever is no service may only name data on web servers, and only where those are read.
    #[error("only services may name data that is not on a web server, or not read from there")]
    NotAService,
    /// The service does not import in this way.
    #[error("import method {method} is not available")]
    NotOffered {
        /// The way.
        method: ImportMethod,
    },
    /// Nothing of the image could be brought back.
    #[error("image {image} is not in status pending_delete")]
    NotScheduled {
        /// The image.
        image: ImageId,
    },
    /// Only shared images have members.
    #[error("only shared images have members; image {image} is {visibility}")]
    NotShared {
        /// The image.
        image: ImageId,
        /// What it is instead.
        visibility: Visibility,
    },
    /// A store gives other data for the image than it is known to have.
    #[error("the data of image {image} in store `{store}` is not what it was")]
    OtherData {
        /// The image.
        image: ImageId,
        /// The store.
        store: StoreId,
    },
    /// A plugin gave no data on.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// Without it, the image would have no data.
    #[error("cannot delete image {image} from its only store")]
    OnlyLocation {
        /// The image.
        image: ImageId,
    },
    /// Protected images are not deleted.
    #[error("image {image} is protected and cannot be deleted")]
    Protected {
        /// The image.
        image: ImageId,
    },
    /// Nothing is deleted of a namespace that is protected.
    #[error(
        "metadata definition namespace '{namespace}' is protected: nothing of it can be deleted"
    )]
    ProtectedNamespace {
        /// The namespace.
        namespace: NamespaceName,
    },
    /// A limit would be passed.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The range is outside the data.
    #[error(transparent)]
    Range(#[from] Unsatisfiable),
    /// The data is not what it is said to be, or unsafe.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// Nothing comes from an image of another Glance.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The caller may not do this with a property, or may not know that it is there.
    #[error("attribute '{name}' is reserved")]
    ReservedProperty {
        /// Its name.
        name: String,
    },
    /// The data cannot be said to bear the signature that the image names.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// More or fewer bytes came than announced.
    #[error("size mismatch: expected {expected} bytes, got {got}")]
    SizeMismatch {
        /// Bytes announced.
        expected: u64,
        /// Bytes that came, as far as they were read.
        got: u64,
    },
    /// The service is shutting down.
    #[error("the service is shutting down")]
    Stopping,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no data where an import is to read it.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// What was asked of a task is over.
    #[error(transparent)]
    Task(#[from] IllegalMove),
    /// The status does not allow it.
    #[error(transparent)]
    Transition(#[from] IllegalTransition),
    /// No task that the caller may know of.
    #[error("no task found with ID {id}")]
    TaskNotFound {
        /// What was asked for.
        id: String,
    },
    /// The marker is not an image that the caller may see.
    #[error("marker {marker} is nothing that could be listed")]
    UnknownMarker {
        /// The marker.
        marker: String,
    },
    /// The store cannot read what is to be a location.
    #[error("invalid location: its store cannot read it")]
    UnreadableLocation {
        /// The image.
        image: ImageId,
        /// Why not.
        source: StoreError,
    },
    /// The service has no such store.
    #[error("store `{store}` is not configured")]
    UnknownStore {
        /// What was asked for.
        store: String,
    },
    /// What is said of data makes no sense.
    #[error(transparent)]
    Validation(#[from] InvalidValidation),
}

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "adapters must answer every kind")]
pub enum ErrorKind {
    /// The data is not what it is said to be, or unsafe.
    BadData,
    /// Something else has happened meanwhile, or is there: look again.
    Conflict,
    /// The caller may not.
    Forbidden,
    /// It went away in the middle.
    Gone,
    /// The service is at fault.
    Internal,
    /// The request cannot be understood or does not fit.
    Invalid,
    /// Nothing is there that the caller may know of.
    NotFound,
    /// A limit or the room is exhausted.
    TooLarge,
    /// The passing trouble of a backend: try again.
    Unavailable,
    /// The range is outside the data.
    Unsatisfiable,
    /// The store does not do this at all.
    Unsupported,
}

impl Error {
    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::AlreadyMember { .. }
            | Self::BeingImported { .. }
            | Self::CannotAddLocation { .. }
            | Self::Contended { .. }
            | Self::DataGoing { .. }
            | Self::DataGone { .. }
            | Self::DataRefused { .. }
            | Self::DuplicateDefinition { .. }
            | Self::DuplicateImage { .. }
            | Self::DuplicateNamespace { .. }
            | Self::NotActive { .. }
            | Self::NotScheduled { .. }
            | Self::Task(_) => ErrorKind::Conflict,
            Self::CannotImport(error) => import_kind(error),
            Self::OtherData { .. } | Self::Plugin(PluginError::Failed { .. }) => {
                ErrorKind::Internal
            }
            Self::Plugin(PluginError::BadData { .. }) => ErrorKind::BadData,
            Self::Source(SourceError::Forbidden { .. }) => ErrorKind::Invalid,
            Self::Remote(_) | Self::Source(_) => ErrorKind::Unavailable,
            Self::Body(_)
            | Self::InvalidSignature(_)
            | Self::Location(_)
            | Self::SizeMismatch { .. }
            | Self::UnknownMarker { .. }
            | Self::UnknownStore { .. }
            | Self::UnreadableLocation { .. }
            | Self::Validation(_) => ErrorKind::Invalid,
            Self::CannotUpload(CannotUpload::FormatMissing { .. }) => ErrorKind::Invalid,
            Self::CannotUpload(CannotUpload::Status(_)) | Self::Transition(_) => {
                ErrorKind::Conflict
            }
            Self::Catalog(error) => catalog_kind(error),
            Self::NoStoreOf { .. } => ErrorKind::Internal,
            Self::Deactivated { .. }
            | Self::Denied(_)
            | Self::ForeignOwner { .. }
            | Self::NotAService
            | Self::NotShared { .. }
            | Self::OnlyLocation { .. }
            | Self::Protected { .. }
            | Self::ProtectedNamespace { .. }
            | Self::ReservedProperty { .. } => ErrorKind::Forbidden,
            Self::Edit(error) => edit_kind(error),
            Self::Gone { .. } => ErrorKind::Gone,
            Self::DefinitionNotFound { .. }
            | Self::ImageNotFound { .. }
            | Self::MemberNotFound { .. }
            | Self::NamespaceNotFound { .. }
            | Self::NoMetadefs
            | Self::NoNamespaces
            | Self::NotInStore { .. }
            | Self::NotOffered { .. }
            | Self::TaskNotFound { .. } => ErrorKind::NotFound,
            Self::Quota(_) => ErrorKind::TooLarge,
            Self::Range(_) => ErrorKind::Unsatisfiable,
            Self::Rejected(_) => ErrorKind::BadData,
            Self::Limits(_) | Self::Stopping => ErrorKind::Unavailable,
            Self::Signature(SignatureError::Unavailable { .. }) => ErrorKind::Unavailable,
            Self::Signature(_) => ErrorKind::Invalid,
            Self::Store(error) => store_kind(error),
        }
    }
}

impl From<CatalogError> for Error {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::Quota(quota) => Self::Quota(quota),
            error => Self::Catalog(error),
        }
    }
}

fn import_kind(error: &CannotImport) -> ErrorKind {
    match error {
        CannotImport::Address { .. }
        | CannotImport::AlreadyThere { .. }
        | CannotImport::From { .. }
        | CannotImport::NotEnabled { .. }
        | CannotImport::Remote { .. }
        | CannotImport::SingleStore
        | CannotImport::StoresTwice => ErrorKind::Invalid,
        CannotImport::FormatMissing { .. }
        | CannotImport::NotAtWork { .. }
        | CannotImport::NothingStaged { .. }
        | CannotImport::ReadOnly { .. }
        | CannotImport::StagedElsewhere { .. }
        | CannotImport::Status { .. }
        | CannotImport::UnknownStore { .. } => ErrorKind::Conflict,
    }
}

fn edit_kind(error: &EditError) -> ErrorKind {
    match error {
        EditError::AlreadyPresent { .. } | EditError::Missing { .. } => ErrorKind::Conflict,
        EditError::Locations(error) => location_kind(error),
        EditError::FormatFixed { .. } => ErrorKind::Forbidden,
        EditError::NoSuchTag { .. } => ErrorKind::NotFound,
        EditError::Quota(_) => ErrorKind::TooLarge,
        EditError::UnknownFormat(_) => ErrorKind::Invalid,
    }
}

fn location_kind(error: &CannotEditLocations) -> ErrorKind {
    match error {
        CannotEditLocations::Algorithm { .. }
        | CannotEditLocations::Contradiction { .. }
        | CannotEditLocations::Known { .. }
        | CannotEditLocations::Late { .. }
        | CannotEditLocations::Status { .. }
        | CannotEditLocations::Unready(CannotUpload::Status(_))
        | CannotEditLocations::Validation(_) => ErrorKind::Conflict,
        CannotEditLocations::Emptied | CannotEditLocations::Last => ErrorKind::Forbidden,
        CannotEditLocations::Duplicate
        | CannotEditLocations::OtherPlaces
        | CannotEditLocations::OtherSize { .. }
        | CannotEditLocations::Position
        | CannotEditLocations::Unready(CannotUpload::FormatMissing { .. }) => ErrorKind::Invalid,
    }
}

fn catalog_kind(error: &CatalogError) -> ErrorKind {
    match error {
        CatalogError::Backend { .. } | CatalogError::Odd { .. } => ErrorKind::Internal,
        CatalogError::Conflict => ErrorKind::Conflict,
        CatalogError::NotFound => ErrorKind::NotFound,
        CatalogError::Quota(_) => ErrorKind::TooLarge,
        CatalogError::Unstorable { .. } => ErrorKind::Invalid,
        CatalogError::Unavailable { .. } => ErrorKind::Unavailable,
    }
}

fn store_kind(error: &StoreError) -> ErrorKind {
    match error {
        StoreError::AlreadyExists { .. } => ErrorKind::Conflict,
        StoreError::BadLocation { .. } | StoreError::Forbidden { .. } => ErrorKind::Invalid,
        StoreError::Backend { .. } => ErrorKind::Internal,
        StoreError::Full { .. } => ErrorKind::TooLarge,
        StoreError::NotFound { .. } => ErrorKind::NotFound,
        StoreError::PermissionDenied { .. } | StoreError::Unavailable { .. } => {
            ErrorKind::Unavailable
        }
        StoreError::Unsupported { .. } => ErrorKind::Unsupported,
    }
}
