//! The operator's commands about metadata definitions.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConfigArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum Metadefs {
    /// Load namespaces from files like upstream's: all or, where one is not in order, none.
    Load(LoadMetadefs),
    /// Remove all definitions and resource types.
    Unload(ConfigArgs),
    /// Write each namespace to a file.
    Export(ExportMetadefs),
}

#[derive(Debug, Args)]
pub(crate) struct LoadMetadefs {
    /// A file, or a folder whose *.json are read [default: `metadata_source_path`, which is
    /// /etc/glance/metadefs/].
    #[arg(long, value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
    /// Add what is missing to namespaces that are there; without it they are skipped.
    #[arg(long)]
    pub(crate) merge: bool,
    /// Replace what is there by what is in the files; what is only there stays.
    #[arg(
        long,
        alias = "prefer_new",
        requires = "merge",
        conflicts_with = "overwrite"
    )]
    pub(crate) prefer_new: bool,
    /// Remove namespaces that are in the files with all they hold, and load them anew.
    #[arg(long, requires = "merge")]
    pub(crate) overwrite: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExportMetadefs {
    /// The folder to write to [default: `metadata_source_path`, which is /etc/glance/metadefs/].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) path: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}
