//! The commands of a client, with the flags that Python's `glance` has for them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::import::{CreateViaImport, DeleteFromStore, ImportImage, ShowStores, StageImage};
use super::metadefs::{MetadefCommand, Widest};
use super::task::{CreateTask, ListTasks, OneTask};
use super::value;
use crate::output::Object;

/// What a client can ask for.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Tell which properties of an image are not what the metadata definitions say.
    ImageCheck(OneImage),
    /// Create an image, with its data if there is any.
    ImageCreate(CreateImage),
    /// Create an image, and import its data.
    ImageCreateViaImport(CreateViaImport),
    /// Delete images.
    ImageDelete(DeleteImages),
    /// Download the data of an image, and verify it.
    ImageDownload(DownloadImage),
    /// List the images you can see.
    ImageList(ListImages),
    /// Show an image.
    ImageShow(ShowImage),
    /// Change what is said of an image.
    ImageUpdate(UpdateImage),
    /// Upload the data of an image that has none.
    ImageUpload(UploadImage),
    /// Stop an image from being downloaded.
    ImageDeactivate(OneImage),
    /// Let a deactivated image be downloaded again.
    ImageReactivate(OneImage),
    /// Have the data of an image imported: from where it was staged, the web, another service, or
    /// one of its stores.
    ImageImport(ImportImage),
    /// Keep the data of an image aside, for an import.
    ImageStage(StageImage),
    /// List what was done for an image after requests were answered, and what is being done.
    ImageTasks(OneImage),
    /// Add a tag to an image.
    ImageTagUpdate(ImageTag),
    /// Remove a tag from an image.
    ImageTagDelete(ImageTag),
    /// Give a queued image its data by saying where it is.
    AddLocation(AddFirstLocation),
    /// Add a location to an image, where the service shows locations.
    LocationAdd(AddLocation),
    /// Remove locations from an image, and the data there.
    LocationDelete(DeleteLocations),
    /// Replace the metadata of a location of an image.
    LocationUpdate(UpdateLocation),
    /// Show the ways to import an image that the service offers.
    ImportInfo,
    /// Remove the data of an image from one of its stores.
    StoresDelete(DeleteFromStore),
    /// Show the stores of the service.
    StoresInfo(ShowStores),
    /// Share an image with a project.
    MemberCreate(ImageMember),
    /// Stop sharing an image with a project.
    MemberDelete(ImageMember),
    /// List the projects that an image is shared with.
    MemberList(ListMembers),
    /// Show what a project answered.
    MemberGet(ImageMember),
    /// Accept or reject an image that somebody shares with your project.
    MemberUpdate(SetMember),
    #[command(flatten)]
    Metadef(MetadefCommand),
    /// Ask for a task, such as an image of data from the web.
    TaskCreate(CreateTask),
    /// List tasks, for administrators.
    TaskList(ListTasks),
    /// Show a task, for administrators.
    TaskShow(OneTask),
}

/// What is said of an image, by its owner.
#[derive(Debug, Default, Args)]
pub(crate) struct Attributes {
    /// GB of disk that it takes to boot the image.
    #[arg(long, value_name = "MIN_DISK")]
    pub(crate) min_disk: Option<u64>,
    /// MB of memory that it takes to boot the image.
    #[arg(long, value_name = "MIN_RAM")]
    pub(crate) min_ram: Option<u64>,
    /// The format of the disk, like qcow2, raw, vmdk or iso; None for none.
    #[arg(long, value_name = "DISK_FORMAT")]
    pub(crate) disk_format: Option<String>,
    /// The format of what is around the disk, bare mostly; None for none.
    #[arg(long, value_name = "CONTAINER_FORMAT")]
    pub(crate) container_format: Option<String>,
    /// The project that owns the image.
    #[arg(long, value_name = "OWNER")]
    pub(crate) owner: Option<String>,
    /// Whether the image is kept from being deleted.
    #[arg(long, value_name = "True|False", value_parser = value::boolean)]
    pub(crate) protected: Option<bool>,
    /// Who sees the image.
    #[arg(long, value_name = "VISIBILITY", value_parser = ["community", "public", "private", "shared"])]
    pub(crate) visibility: Option<String>,
    /// What people call the image.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Whether the image is left out of lists.
    #[arg(long, value_name = "True|False", value_parser = value::boolean)]
    pub(crate) hidden: Option<bool>,
    /// A property of your own. May be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = value::pair)]
    pub(crate) property: Vec<(String, String)>,
}

/// What is said of an image when it is made.
#[derive(Debug, Args)]
pub(crate) struct NewImage {
    /// The id of the image, a UUID. By default the service makes one.
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Tags of the image.
    #[arg(long, value_name = "TAGS", num_args = 1..)]
    pub(crate) tags: Vec<String>,
    #[command(flatten)]
    pub(crate) attributes: Attributes,
}

/// How data to be sent comes.
#[derive(Debug, Default, Args)]
pub(crate) struct Sending {
    /// Bytes of the data, for a pipe. Other data than that many bytes is refused.
    #[arg(long, value_name = "IMAGE_SIZE")]
    pub(crate) size: Option<u64>,
    /// Taken because Python's client has it: on a terminal, a bar is shown in any case.
    #[arg(long)]
    pub(crate) progress: bool,
}

/// Data to be uploaded.
#[derive(Debug, Default, Args)]
pub(crate) struct Data {
    /// The file with the data. Without it the data is read from standard input, if that is a
    /// pipe or a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sending: Sending,
    /// The store to put the data in.
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CreateImage {
    #[command(flatten)]
    pub(crate) new: NewImage,
    #[command(flatten)]
    pub(crate) data: Data,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteImages {
    /// The images. All are tried; that one cannot be deleted does not keep the others.
    #[arg(value_name = "IMAGE_ID", required = true, value_parser = value::segment)]
    pub(crate) ids: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DownloadImage {
    #[command(flatten)]
    pub(crate) image: OneImage,
    /// Where to put the data. Without it the data goes to standard output, if that is no terminal.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Taken because Python's client has it: on a terminal, a bar is shown in any case.
    #[arg(long)]
    pub(crate) progress: bool,
    /// Stores to read from, the best first, separated by commas.
    #[arg(long, value_name = "STORES")]
    pub(crate) prefer: Option<String>,
    /// Verify by MD5 where the hash of the image is one that this client does not know. Also on
    /// if OS_IMAGE_ALLOW_MD5_FALLBACK is set.
    #[arg(long)]
    pub(crate) allow_md5_fallback: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListImages {
    /// The most images to list.
    #[arg(long, value_name = "LIMIT")]
    pub(crate) limit: Option<usize>,
    /// How many images to ask for at once.
    #[arg(long, value_name = "SIZE", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page_size: Option<u32>,
    /// List images of this visibility; `all` for every one.
    #[arg(long, value_name = "VISIBILITY")]
    pub(crate) visibility: Option<String>,
    /// List shared images with this answer: pending, accepted, rejected or all.
    #[arg(long, value_name = "MEMBER_STATUS")]
    pub(crate) member_status: Option<String>,
    /// List images of this project.
    #[arg(long, value_name = "OWNER")]
    pub(crate) owner: Option<String>,
    /// List images with this property. May be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = value::pair)]
    pub(crate) property_filter: Vec<(String, String)>,
    /// List images with this MD5 checksum.
    #[arg(long, value_name = "CHECKSUM")]
    pub(crate) checksum: Option<String>,
    /// List images with this hash.
    #[arg(long, value_name = "HASH_VALUE")]
    pub(crate) hash: Option<String>,
    /// List images with this tag. May be repeated.
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// Sort by this [default: name]. May be repeated.
    #[arg(long, value_name = "KEY", value_parser = value::SORT_KEYS)]
    pub(crate) sort_key: Vec<String>,
    /// Sort upwards or downwards [default: asc]. One for all keys, or one for each.
    #[arg(long, value_name = "DIRECTION", value_parser = ["asc", "desc"])]
    pub(crate) sort_dir: Vec<String>,
    /// Sort by keys with directions, like `name:asc,size:desc`.
    #[arg(long, value_name = "KEY[:DIRECTION],...", conflicts_with_all = ["sort_key", "sort_dir"])]
    pub(crate) sort: Option<String>,
    /// List hidden images only; with False, others only.
    #[arg(
        long,
        value_name = "True|False",
        num_args = 0..=1,
        default_missing_value = "True",
        value_parser = value::boolean
    )]
    pub(crate) hidden: Option<bool>,
    /// Show in which stores the data is.
    #[arg(
        long,
        value_name = "True|False",
        num_args = 0..=1,
        default_missing_value = "True",
        value_parser = value::boolean
    )]
    pub(crate) include_stores: Option<bool>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowImage {
    #[command(flatten)]
    pub(crate) image: OneImage,
    /// Print sizes for people, like 1.5 GiB.
    #[arg(long)]
    pub(crate) human_readable: bool,
    #[command(flatten)]
    pub(crate) widest: Widest,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateImage {
    #[command(flatten)]
    pub(crate) image: OneImage,
    #[command(flatten)]
    pub(crate) attributes: Attributes,
    /// A property to remove. May be repeated.
    #[arg(long, value_name = "KEY")]
    pub(crate) remove_property: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct UploadImage {
    #[command(flatten)]
    pub(crate) image: OneImage,
    #[command(flatten)]
    pub(crate) data: Data,
}

#[derive(Debug, Args)]
pub(crate) struct OneImage {
    /// The image.
    #[arg(value_name = "IMAGE_ID", value_parser = value::segment)]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct ImageTag {
    #[command(flatten)]
    pub(crate) image: OneImage,
    /// The tag.
    #[arg(value_name = "TAG_VALUE", value_parser = value::segment)]
    pub(crate) tag: String,
}

#[derive(Debug, Args)]
pub(crate) struct AddFirstLocation {
    /// Where the data is.
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// What is expected of the data: an object of JSON with os_hash_algo and os_hash_value.
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = value::object)]
    pub(crate) validation_data: Object,
    #[command(flatten)]
    pub(crate) image: OneImage,
}

#[derive(Debug, Args)]
pub(crate) struct AddLocation {
    /// Where the data is.
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// What is to be said of the location: an object of JSON.
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = value::object)]
    pub(crate) metadata: Object,
    /// The MD5 of the data.
    #[arg(long, value_name = "CHECKSUM")]
    pub(crate) checksum: Option<String>,
    /// The name of the hash of the data.
    #[arg(long, value_name = "HASH_ALGO")]
    pub(crate) hash_algo: Option<String>,
    /// The hash of the data.
    #[arg(long, value_name = "HASH_VALUE")]
    pub(crate) hash_value: Option<String>,
    #[command(flatten)]
    pub(crate) image: OneImage,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteLocations {
    /// A location to remove. May be repeated.
    #[arg(long, value_name = "URL", required = true)]
    pub(crate) url: Vec<String>,
    #[command(flatten)]
    pub(crate) image: OneImage,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateLocation {
    /// The location.
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// What is to be said of it: an object of JSON.
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = value::object)]
    pub(crate) metadata: Object,
    #[command(flatten)]
    pub(crate) image: OneImage,
}

#[derive(Debug, Args)]
pub(crate) struct ImageMember {
    #[command(flatten)]
    pub(crate) image: OneImage,
    /// The id of the project.
    #[arg(value_name = "MEMBER_ID", value_parser = value::segment)]
    pub(crate) member: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListMembers {
    /// The image.
    #[arg(long, value_name = "IMAGE_ID", value_parser = value::segment)]
    pub(crate) image_id: String,
}

#[derive(Debug, Args)]
pub(crate) struct SetMember {
    #[command(flatten)]
    pub(crate) membership: ImageMember,
    /// The answer.
    #[arg(value_name = "MEMBER_STATUS")]
    pub(crate) status: MemberStatus,
}

/// What a project answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MemberStatus {
    Accepted,
    Rejected,
    Pending,
}

impl MemberStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Pending => "pending",
        }
    }
}
