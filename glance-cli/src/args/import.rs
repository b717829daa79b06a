//! What the commands about imports take.

use std::path::PathBuf;

use clap::Args;

use super::value;

#[derive(Debug, Args)]
pub(crate) struct StageImage {
    /// The file with the data. Without it the data is read from standard input, if that is a
    /// pipe or a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Bytes of the data, for a pipe. Other data than that many bytes is refused.
    #[arg(long, value_name = "IMAGE_SIZE")]
    pub(crate) size: Option<u64>,
    /// Taken because Python's client has it: on a terminal, a bar is shown in any case.
    #[arg(long)]
    pub(crate) progress: bool,
    /// The image.
    #[arg(value_name = "IMAGE_ID", value_parser = value::segment)]
    pub(crate) id: String,
}
