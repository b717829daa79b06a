//! How data is packed, as its first bytes tell. Pure.

use std::fmt;

/// A way to pack data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Bzip2,
    Gzip,
    Lha,
    Xz,
    Zip,
    Zstd,
}

impl Packing {
    /// How many bytes tell it.
    pub(super) const HEAD: usize = 10;

    pub(super) fn of(head: &[u8]) -> Option<Self> {
        Some(match head {
            [b'P', b'K', 3, 4, ..] => Self::Zip,
            [_, _, b'-', b'l', b'h', _, b'-', ..] => Self::Lha,
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // The level, and then the digits of pi.
            [
                b'B',
                b'Z',
                b'h',
                b'1'..=b'9',
                0x31,
                0x41,
                0x59,
                0x26,
                0x53,
                0x59,
                ..,
            ] => Self::Bzip2,
            _ => return None,
        })
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bzip2 => "bzip2",
            Self::Gzip => "gzip",
            Self::Lha => "LHA",
            Self::Xz => "xz",
            Self::Zip => "zip",
            Self::Zstd => "zstd",
        })
    }
}
