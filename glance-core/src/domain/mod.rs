//! The image service as pure logic: no async, no I/O, no clock, no randomness.

mod caller;
mod change;
mod content;
mod digest;
mod draft;
mod edit;
mod format;
mod id;
mod image;
mod lease;
mod location;
mod member;
mod minimum;
pub mod policy;
mod property;
pub mod query;
mod quota;
mod range;
mod role;
mod secret;
mod service_user;
mod status;
mod tag;
mod text;
mod time;
mod upload;
mod visibility;

pub use self::caller::Caller;
pub use self::change::{Change, Guard};
pub use self::content::{Content, Multihash};
pub use self::digest::{HashAlgorithm, Hasher, UnknownAlgorithm};
pub use self::draft::Draft;
pub use self::edit::{Attribute, Edit, EditError, Presence};
pub use self::format::{ContainerFormat, DiskFormat, Formats, ImageName, UnknownFormat};
pub use self::id::{
    DomainId, ImageId, IntentId, InvalidId, InvalidTextId, ProjectId, StoreId, UserId,
};
pub use self::image::Image;
pub use self::lease::{Holder, Intent, Work};
pub use self::location::{BlobUrl, Location};
pub use self::member::{MemberStatus, Membership, UnknownMemberStatus};
pub use self::minimum::{InvalidMinimum, Minimum};
pub use self::property::{InvalidProperty, PropertyName, PropertyValue, READ_ONLY_ATTRIBUTES};
pub use self::quota::{ImageQuotas, QuotaExceeded, Quotas, Resource};
pub use self::range::{ByteRange, RangeRequest, Unsatisfiable};
pub use self::secret::Secret;
pub use self::service_user::ServiceUser;
pub use self::status::{Event, IllegalTransition, Status, UnknownStatus};
pub use self::tag::Tag;
pub use self::text::{InvalidText, TextFault};
pub use self::time::{InvalidTimestamp, Timestamp};
pub use self::upload::{CannotUpload, Upload};
pub use self::visibility::{UnknownVisibility, Viewer, Visibility};
