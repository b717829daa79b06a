//! The formats that are told by their bytes.

use std::fmt;

/// A format that data is found to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// A table of partitions, GPT or MBR.
    Gpt,
    /// ISO 9660 or UDF.
    Iso,
    /// A disk that is encrypted with LUKS.
    Luks,
    /// QEMU's copy-on-write format, of any version.
    Qcow2,
    /// QEMU's enhanced disk, which nobody should use.
    Qed,
    /// Nothing else: the bytes of a disk as they are.
    Raw,
    /// VirtualBox's disk.
    Vdi,
    /// Microsoft's older disk.
    Vhd,
    /// Microsoft's newer disk.
    Vhdx,
    /// VMware's disk.
    Vmdk,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Gpt,
        Self::Iso,
        Self::Luks,
        Self::Qcow2,
        Self::Qed,
        Self::Raw,
        Self::Vdi,
        Self::Vhd,
        Self::Vhdx,
        Self::Vmdk,
    ];

    /// Its name, as a `disk_format` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gpt => "gpt",
            Self::Iso => "iso",
            Self::Luks => "luks",
            Self::Qcow2 => "qcow2",
            Self::Qed => "qed",
            Self::Raw => "raw",
            Self::Vdi => "vdi",
            Self::Vhd => "vhd",
            Self::Vhdx => "vhdx",
            Self::Vmdk => "vmdk",
        }
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
