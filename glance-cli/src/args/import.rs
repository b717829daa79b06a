//! What the commands about imports and about stores take.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::client::{NewImage, OneImage, Sending};
use super::value;

#[derive(Debug, Args)]
pub(crate) struct StageImage {
    /// The file with the data. Without it the data is read from standard input, if that is a
    /// pipe or a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sending: Sending,
    #[command(flatten)]
    pub(crate) image: OneImage,
}

/// Where the data of an import comes from, but for the method.
#[derive(Debug, Args)]
pub(crate) struct ImportSource {
    /// Where the data is, for web-download.
    #[arg(long, value_name = "IMAGE_URL")]
    pub(crate) uri: Option<String>,
    /// The region whose service has the image, for glance-download.
    #[arg(long, value_name = "REMOTE_GLANCE_REGION")]
    pub(crate) remote_region: Option<String>,
    /// The image of that service, for glance-download.
    #[arg(long, value_name = "REMOTE_IMAGE_ID")]
    pub(crate) remote_image_id: Option<String>,
    /// The interface of that service, for glance-download.
    #[arg(
        long,
        value_name = "REMOTE_SERVICE_INTERFACE",
        default_value = "public"
    )]
    pub(crate) remote_service_interface: String,
}

/// Where the data of an import goes.
#[derive(Debug, Args)]
pub(crate) struct ImportTarget {
    /// The store to put the data in.
    #[arg(long, value_name = "STORE", env = "OS_IMAGE_STORE")]
    pub(crate) store: Option<String>,
    /// The stores to put the data in, separated by commas.
    #[arg(
        long,
        value_name = "STORES",
        env = "OS_IMAGE_STORES",
        value_delimiter = ',',
        conflicts_with = "store"
    )]
    pub(crate) stores: Vec<String>,
    /// Whether the data goes to every store there is.
    #[arg(
        long,
        value_name = "True|False",
        value_parser = value::boolean,
        conflicts_with_all = ["store", "stores"]
    )]
    pub(crate) all_stores: Option<bool>,
    /// Whether the image may do without some of several stores; with False, all or none.
    #[arg(
        long,
        value_name = "True|False",
        env = "OS_IMAGE_ALLOW_FAILURE",
        default_value = "True",
        value_parser = value::boolean,
        action = ArgAction::Set
    )]
    pub(crate) allow_failure: bool,
}

/// Whether the command ends before the import does.
#[derive(Debug, Args)]
pub(crate) struct Waiting {
    /// Follow the import to its end: exit code 1, and the reason, if it fails; 3 if the service does
    /// not tell for two minutes, or the token is no more. The import goes on then: see image-tasks.
    #[arg(long)]
    pub(crate) wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportImage {
    /// How: glance-direct, web-download, glance-download or copy-image; import-info tells what the
    /// service offers.
    #[arg(long, value_name = "METHOD", default_value = "glance-direct")]
    pub(crate) import_method: String,
    #[command(flatten)]
    pub(crate) source: ImportSource,
    #[command(flatten)]
    pub(crate) target: ImportTarget,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
    #[command(flatten)]
    pub(crate) image: OneImage,
}

#[derive(Debug, Args)]
pub(crate) struct CreateViaImport {
    #[command(flatten)]
    pub(crate) new: NewImage,
    /// The file with the data, for glance-direct. Without it the data is read from standard input,
    /// if that is a pipe or a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sending: Sending,
    /// How: glance-direct, web-download or glance-download. By default glance-direct where there
    /// is data; without data, nothing is imported.
    #[arg(long, value_name = "METHOD", env = "OS_IMAGE_IMPORT_METHOD")]
    pub(crate) import_method: Option<String>,
    #[command(flatten)]
    pub(crate) source: ImportSource,
    #[command(flatten)]
    pub(crate) target: ImportTarget,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
}

#[derive(Debug, Args)]
pub(crate) struct ShowStores {
    /// Show how they are set up, for administrators.
    #[arg(long)]
    pub(crate) detail: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteFromStore {
    /// The store.
    #[arg(long, value_name = "STORE_ID", value_parser = value::segment)]
    pub(crate) store: String,
    #[command(flatten)]
    pub(crate) image: OneImage,
}
