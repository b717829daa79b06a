//! What `qemu-img` is asked, and what its answers mean.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use glance_core::ports::PluginError;
use serde_json::Value;

use super::super::proportion::{RATIO, most_of};
use super::cage::{Cage, Ended, Files, Limits, Room};
use super::workshop::Bench;
use super::{bad, failed};
use crate::OpenError;

/// `qemu-img`, in its cage.
#[derive(Debug)]
pub(super) struct Qemu {
    cage: Cage,
    most_bytes: u64,
    vmdk_types: Vec<String>,
}

/// What `qemu-img` calls a format of ours. The format is always told, never guessed.
pub(super) fn format(declared: &str) -> Option<&'static str> {
    Some(match declared {
        "qcow2" => "qcow2",
        "raw" => "raw",
        "vdi" => "vdi",
        "vhd" => "vpc",
        "vhdx" => "vhdx",
        "vmdk" => "vmdk",
        _ => return None,
    })
}

impl Qemu {
    pub(super) fn open(most_bytes: u64, vmdk_types: Vec<String>) -> Result<Self, OpenError> {
        Ok(Self {
            cage: Cage::open("qemu-img", "qemu-utils")?,
            most_bytes,
            vmdk_types,
        })
    }

    /// Looks at the disk as `qemu-img` sees it: our own inspectors found nothing, and two programs
    /// that read the same bytes may still differ.
    pub(super) async fn check(&self, bench: Bench, format: &str) -> Result<Bench, PluginError> {
        let arguments = words(&["info", "--output=json", "-f", format], &[&bench.input()]);
        let files = Files {
            input: Some(bench.input()),
            output: None,
        };
        let limits = self.info_limits();
        let (bench, ended) = self.run(bench, arguments, files, limits).await?;
        let info: Value = serde_json::from_slice(&ended.stdout)
            .map_err(|_| bad("the disk cannot be described"))?;
        let data = &info["format-specific"]["data"];
        let others = [
            &info["backing-filename"],
            &info["full-backing-filename"],
            &data["data-file"],
        ];
        if others.iter().any(|other| !other.is_null()) {
            return Err(bad("the disk has data in another file"));
        }
        if info["virtual-size"]
            .as_u64()
            .is_none_or(|size| size > self.most_bytes)
        {
            return Err(bad(format!(
                "the disk has more than {} bytes",
                self.most_bytes
            )));
        }
        if format == "vmdk" {
            let kind = data["create-type"].as_str().unwrap_or_default();
            if !self.vmdk_types.iter().any(|allowed| allowed == kind) {
                return Err(bad("a VMDK of this type is not allowed"));
            }
        }
        Ok(bench)
    }

    /// Converts the disk, which is read from so many bytes.
    pub(super) async fn convert(
        &self,
        bench: Bench,
        from: &str,
        to: &str,
        taken: u64,
    ) -> Result<Bench, PluginError> {
        let (input, output) = (bench.input(), bench.output());
        let arguments = ["convert", "-f", from, "-O", to];
        let arguments = words(&arguments, &[&input, &output]);
        let files = Files {
            input: Some(input),
            output: Some(output),
        };
        let output = bench.output_file().map_err(failed)?;
        let limits = Limits {
            room: Some(Room::new(output, most_of(taken))),
            ..self.convert_limits()
        };
        let (bench, _) = self.run(bench, arguments, files, limits).await?;
        Ok(bench)
    }

    async fn run(
        &self,
        bench: Bench,
        arguments: Vec<OsString>,
        files: Files,
        limits: Limits,
    ) -> Result<(Bench, Ended), PluginError> {
        let ended = self.cage.run(arguments, files, limits, bench).await;
        let (bench, ended) = ended.map_err(|error| match error.kind() {
            ErrorKind::FileTooLarge => {
                bad(format!("the disk takes more than {RATIO} times its size"))
            }
            _ => failed(error),
        })?;
        if !ended.is_success {
            // Its words name files of ours: they are for the log.
            let said = String::from_utf8_lossy(&ended.stderr);
            tracing::warn!(status = %ended.status, said = %said.trim(), "qemu-img failed");
            return Err(bad("the disk cannot be converted"));
        }
        Ok((bench, ended))
    }

    /// Upstream's.
    fn info_limits(&self) -> Limits {
        Limits {
            memory: 1 << 30,
            cpu: Duration::from_secs(2),
            file: 0,
            room: None,
            wall: Duration::from_secs(60),
        }
    }

    fn convert_limits(&self) -> Limits {
        Limits {
            memory: 2 << 30,
            cpu: Duration::from_secs(3600),
            // Formats have something to say of every part of a disk.
            file: self
                .most_bytes
                .saturating_add(self.most_bytes / 256 + (64 << 20)),
            room: None,
            wall: Duration::from_secs(6 * 3600),
        }
    }
}

fn words(arguments: &[&str], files: &[&Path]) -> Vec<OsString> {
    let arguments = arguments.iter().map(OsString::from);
    let files = files
        .iter()
        .map(|file| AsRef::<OsStr>::as_ref(file).to_owned());
    arguments.chain(files).collect()
}
