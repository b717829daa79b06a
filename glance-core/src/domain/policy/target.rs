//! What an action is on: the facts of it that rules look at.

use super::super::caller::Caller;
use super::super::id::ProjectId;
use super::super::image::Image;
use super::super::metadef::Namespace;
use super::super::property::PropertyName;
use super::super::visibility::Visibility;
use super::credential::Credential;

/// What an action is on: the facts of it that rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Whose it is, or is to be.
    owner: Option<&'a ProjectId>,
    /// The caller's own project, where the caller has the image through a membership.
    member: Option<&'a ProjectId>,
    /// Who else may see it.
    visibility: Option<Visibility>,
    what: What<'a>,
}

#[derive(Debug, Clone, Copy)]
enum What<'a> {
    /// The caller as such.
    Caller(&'a Caller),
    /// An image that is there.
    Image(&'a Image),
    /// Nothing: no fact is known.
    Nothing,
    /// Something of a project.
    Owned,
}

impl<'a> Target<'a> {
    /// An image, as `caller` meets it.
    ///
    /// As upstream, the caller counts as member wherever a shared image is another project's: who
    /// gets this far has been let see it.
    pub fn image(image: &'a Image, caller: &'a Caller) -> Self {
        let foreign =
            image.visibility == Visibility::Shared && image.owner.as_ref() != caller.project();
        Self {
            owner: image.owner.as_ref(),
            member: caller.project().filter(|_| foreign),
            visibility: Some(image.visibility),
            what: What::Image(image),
        }
    }

    /// An image that is to be.
    pub fn new_image(owner: Option<&'a ProjectId>, visibility: Visibility) -> Self {
        Self {
            owner,
            member: None,
            visibility: Some(visibility),
            what: What::Owned,
        }
    }

    /// A namespace of metadata definitions, with all that is in it.
    pub fn namespace(namespace: &'a Namespace) -> Self {
        Self {
            owner: Some(&namespace.owner),
            member: None,
            visibility: Some(namespace.visibility.into()),
            what: What::Owned,
        }
    }

    /// The caller's own project, where an action is on nothing in particular.
    pub fn own(caller: &'a Caller) -> Self {
        Self {
            owner: caller.project(),
            member: None,
            visibility: None,
            what: What::Owned,
        }
    }

    /// The caller as such: for rules that are about nothing else.
    pub fn caller(caller: &'a Caller) -> Self {
        Self {
            what: What::Caller(caller),
            ..Self::own(caller)
        }
    }

    /// Nothing: a rule that looks at it fails.
    pub fn nothing() -> Self {
        Self {
            owner: None,
            member: None,
            visibility: None,
            what: What::Nothing,
        }
    }

    /// Whether the value of a fact is what is looked for.
    pub(super) fn is(&self, fact: &Fact, is: impl FnOnce(Value<'_>) -> bool) -> bool {
        let optional = |text: Option<&'a str>| text.map_or(Value::Empty, Value::Text);
        let value = match (fact, self.what) {
            (_, What::Nothing) => Value::Absent,
            (Fact::Owner, _) => optional(self.owner.map(ProjectId::as_str)),
            (Fact::Visibility, _) => self
                .visibility
                .map_or(Value::Absent, |visibility| Value::Text(visibility.as_str())),
            (Fact::Member, What::Image(_)) => optional(self.member.map(ProjectId::as_str)),
            (fact, What::Image(image)) => of_image(fact, image),
            (Fact::Property(name), What::Caller(caller)) => {
                // A list is compared as a whole, and nothing equals it.
                let single = Credential::named(name.as_str())
                    .filter(|name| !matches!(name, Credential::Roles | Credential::ServiceRoles));
                let Some(credential) = single else {
                    return is(Value::Absent);
                };
                let mut is = Some(is);
                return credential.any(caller, |text| {
                    let value = text.map_or(Value::Empty, Value::Text);
                    is.take().is_some_and(|is| is(value))
                });
            }
            (_, What::Caller(_) | What::Owned) => Value::Absent,
        };
        is(value)
    }
}

fn of_image<'a>(fact: &Fact, image: &'a Image) -> Value<'a> {
    let optional = |text: Option<&'a str>| text.map_or(Value::Empty, Value::Text);
    let size = |bytes: Option<u64>| bytes.map_or(Value::Empty, Value::Number);
    match fact {
        Fact::Checksum => optional(image.checksum.as_deref()),
        Fact::ContainerFormat => optional(
            image
                .container_format
                .as_ref()
                .map(|format| format.as_str()),
        ),
        Fact::DiskFormat => optional(image.disk_format.as_ref().map(|format| format.as_str())),
        Fact::HashAlgorithm => optional(image.hash_algorithm()),
        Fact::HashValue => optional(image.multihash.as_ref().map(|hash| hash.value.as_str())),
        Fact::Hidden => Value::Flag(image.hidden),
        Fact::Id => Value::Text(image.id.as_str()),
        Fact::MinDisk => Value::Number(image.min_disk.get().into()),
        Fact::MinRam => Value::Number(image.min_ram.get().into()),
        Fact::Name => optional(image.name.as_ref().map(|name| name.as_str())),
        Fact::Property(name) => image
            .properties
            .get(name)
            .map_or(Value::Absent, |value| Value::Text(value.as_str())),
        Fact::Protected => Value::Flag(image.protected),
        Fact::Size => size(image.size),
        Fact::Status => Value::Text(image.status().as_str()),
        Fact::VirtualSize => size(image.virtual_size),
        // What every target has is looked at before.
        Fact::Member | Fact::Owner | Fact::Visibility => Value::Absent,
    }
}

/// A value that a rule compares with text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// The target has no such thing.
    Absent,
    /// It has, and nothing is in it: Python's `None`.
    Empty,
    Flag(bool),
    Number(u64),
    Text(&'a str),
}

/// Something that is known of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    Checksum,
    ContainerFormat,
    DiskFormat,
    HashAlgorithm,
    HashValue,
    Hidden,
    Id,
    Member,
    MinDisk,
    MinRam,
    Name,
    Owner,
    /// A custom property of an image; a credential, where the target is the caller.
    Property(PropertyName),
    Protected,
    Size,
    Status,
    VirtualSize,
    Visibility,
}

impl Fact {
    /// The fact of this name in policy files; `None` where it is no text that could be compared.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "checksum" => Self::Checksum,
            "container_format" => Self::ContainerFormat,
            "disk_format" => Self::DiskFormat,
            "os_hash_algo" => Self::HashAlgorithm,
            "os_hash_value" => Self::HashValue,
            "os_hidden" => Self::Hidden,
            "id" | "image_id" => Self::Id,
            "member_id" | "member" => Self::Member,
            "min_disk" => Self::MinDisk,
            "min_ram" => Self::MinRam,
            "name" => Self::Name,
            "project_id" | "owner" => Self::Owner,
            "protected" => Self::Protected,
            "size" => Self::Size,
            "status" => Self::Status,
            "virtual_size" => Self::VirtualSize,
            "visibility" => Self::Visibility,
            "created_at" | "extra_properties" | "locations" | "tags" | "updated_at" => return None,
            property => Self::Property(PropertyName::stored(property.to_owned())),
        })
    }
}
