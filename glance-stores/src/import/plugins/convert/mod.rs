//! `image_conversion`: disks in the one format that a cloud wants.

mod cage;
mod inspected;
mod qemu;
mod workshop;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use glance_core::domain::inspect::{Inspection, InspectionRules};
use glance_core::domain::{ContainerFormat, DiskFormat};
use glance_core::ports::{ByteStream, ImportPlugin, Passing, PluginError};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

use self::inspected::{inspected, judge};
use self::qemu::Qemu;
use self::workshop::{Bench, Workshop};
use crate::OpenError;

/// The format of disks that were converted: `[image_conversion] output_format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the option knows no others")]
pub enum ConversionFormat {
    /// QEMU's.
    Qcow2,
    /// The bytes of the disk.
    Raw,
    /// VMware's.
    Vmdk,
}

impl ConversionFormat {
    fn as_str(self) -> &'static str {
        match self {
            Self::Qcow2 => "qcow2",
            Self::Raw => "raw",
            Self::Vmdk => "vmdk",
        }
    }
}

/// How disks are converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionOptions {
    /// To what.
    pub output: ConversionFormat,
    /// A folder for data while it is converted: each image in there twice.
    pub work_folder: PathBuf,
    /// Bytes that data, and the disk in it, may have: `image_size_cap`.
    pub most_bytes: u64,
    /// How strictly tables of partitions are judged.
    pub rules: InspectionRules,
    /// Kinds of VMDK that are converted; where there are none, none is: `vmdk_allowed_types`.
    pub vmdk_types: Vec<String>,
}

/// Converts disks with `qemu-img`, in a cage (rule R10).
///
/// The data is written aside and inspected on the way: what is unsafe, or not what the image is said
/// to be, is refused before any other program sees it (rule R1). What comes out is inspected again.
/// A disk of the right format, or a disc, goes on as it is, and is inspected as it passes.
///
/// `qemu-img` has limits of memory, time, file size and, in proportion to the data, of disk. It has
/// the data to read, a file to write what comes out to, programs and libraries, and no other files; it
/// makes no sockets. See the log of the start for what the kernel does not offer of that. It and what
/// it started end with the import, and with this process.
#[derive(Debug)]
pub struct ImageConversion {
    output: ConversionFormat,
    rules: InspectionRules,
    most_bytes: u64,
    qemu: Qemu,
    workshop: Arc<Workshop>,
}

impl ImageConversion {
    /// Makes the folder, and removes from it what processes left that are no more. Tries the cage
    /// out. Blocks.
    ///
    /// # Errors
    /// The folder cannot be used, or a program is missing.
    pub fn open(options: ConversionOptions) -> Result<Self, OpenError> {
        let workshop = Arc::new(Workshop::open(&options.work_folder)?);
        Ok(Self {
            output: options.output,
            // Data is what it is said to be, whatever the configuration says.
            rules: InspectionRules {
                require_match: true,
                ..options.rules
            },
            most_bytes: options.most_bytes,
            qemu: Qemu::open(options.most_bytes, options.vmdk_types)?,
            workshop,
        })
    }

    async fn convert(&self, data: Passing, declared: &str) -> Result<Passing, PluginError> {
        let Some(source) = qemu::format(declared) else {
            let reason = format!("a disk of format {declared} cannot be converted");
            return Err(bad(reason));
        };
        if data.size.is_some_and(|size| size > self.most_bytes) {
            return Err(self.too_much());
        }
        let workshop = Arc::clone(&self.workshop);
        let bench = tokio::task::spawn_blocking(move || workshop.bench());
        let bench = bench.await.map_err(failed)?.map_err(failed)?;
        let inspection = self.write_aside(data.body, &bench).await?;
        let taken = inspection.position();
        judge(inspection, declared, &self.rules).map_err(bad)?;
        let bench = self.qemu.check(bench, source).await?;
        let bench = self
            .qemu
            .convert(bench, source, self.output.as_str(), taken)
            .await?;
        // What has its name by now may be a link to anywhere, or a pipe that nobody writes to.
        let output = File::from_std(bench.output_file().map_err(failed)?);
        let size = output.metadata().await.map_err(failed)?.len();
        // The open file stays readable, and nothing is left where this process ends.
        drop(bench);
        let body = ByteStream::new(ReaderStream::with_capacity(output, PIECE)).exactly(size);
        let output = self.output.as_str();
        Ok(Passing {
            body: inspected(body, output.to_owned(), self.rules.clone()),
            size: Some(size),
            disk_format: Some(DiskFormat::stored(output.to_owned())),
            container_format: Some(ContainerFormat::stored("bare".to_owned())),
            ..data
        })
    }

    async fn write_aside(
        &self,
        mut body: ByteStream,
        bench: &Bench,
    ) -> Result<Inspection, PluginError> {
        let mut inspection = Inspection::new();
        let mut file = File::create_new(bench.input()).await.map_err(failed)?;
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(failed)?;
            inspection.feed(&chunk);
            if inspection.position() > self.most_bytes {
                return Err(self.too_much());
            }
            file.write_all(&chunk).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        Ok(inspection)
    }

    fn too_much(&self) -> PluginError {
        bad(format!("there are more than {} bytes", self.most_bytes))
    }
}

#[async_trait]
impl ImportPlugin for ImageConversion {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn apply(&self, data: Passing) -> Result<Passing, PluginError> {
        let Some(declared) = data.disk_format.as_ref().map(ToString::to_string) else {
            return Err(bad("the image has no disk_format"));
        };
        if declared == self.output.as_str() || declared == "iso" {
            return Ok(Passing {
                body: inspected(data.body, declared, self.rules.clone()),
                ..data
            });
        }
        self.convert(data, &declared).await
    }
}

fn bad(reason: impl Into<String>) -> PluginError {
    PluginError::BadData {
        plugin: NAME,
        reason: reason.into(),
    }
}

fn failed(source: impl Into<glance_core::ports::BoxError>) -> PluginError {
    PluginError::Failed {
        plugin: NAME,
        source: source.into(),
    }
}

const NAME: &str = "image_conversion";

/// How much is read at a time.
const PIECE: usize = 256 << 10;

#[cfg(test)]
mod tests;
