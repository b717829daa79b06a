//! A zip archive with one file in it, read from front to back (PKWARE's APPNOTE.TXT).

use std::io;

use async_compression::tokio::bufread::DeflateDecoder;
use bytes::{Buf, Bytes};
use crc32fast::Hasher;
use futures::stream;
use glance_core::ports::ByteStream;
use tokio::io::{AsyncRead, AsyncReadExt, Take};

use super::packing::Packing;
use super::{PIECE, Source, broken};

/// The file in the archive.
pub(super) fn unpacked(source: Source) -> ByteStream {
    let state = Some(State::Start(source));
    ByteStream::new(stream::unfold(state, |state| async move {
        match state?.next().await {
            Ok(Some((chunk, state))) => Some((Ok(chunk), Some(state))),
            Ok(None) => None,
            Err(error) => Some((Err(broken(Packing::Zip, error)), None)),
        }
    }))
}

enum State {
    Start(Source),
    Inside(Box<File>),
}

/// The file that is being read.
struct File {
    header: Header,
    data: Data,
    sum: Hasher,
    length: u64,
}

enum Data {
    Stored(Take<Source>),
    Deflated(DeflateDecoder<Take<Source>>),
}

/// What stands before a file.
struct Header {
    /// What the data has to be, unless that stands behind it.
    expected: Option<Expected>,
    is_deflated: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Expected {
    sum: u32,
    packed: u64,
    length: u64,
}

impl State {
    async fn next(self) -> io::Result<Option<(Bytes, Self)>> {
        let mut file = match self {
            Self::Start(source) => Box::new(File::open(source).await?),
            Self::Inside(file) => file,
        };
        let mut piece = vec![0; PIECE];
        let length = match &mut file.data {
            Data::Stored(data) => data.read(&mut piece).await?,
            Data::Deflated(data) => data.read(&mut piece).await?,
        };
        if length == 0 {
            return file.close().await.map(|()| None);
        }
        piece.truncate(length);
        file.sum.update(&piece);
        file.length += length as u64;
        Ok(Some((piece.into(), Self::Inside(file))))
    }
}

impl File {
    async fn open(mut source: Source) -> io::Result<Self> {
        let header = Header::read(&mut source).await?;
        let packed = header.expected.map_or(u64::MAX, |expected| expected.packed);
        let data = source.take(packed);
        Ok(Self {
            data: match header.is_deflated {
                true => Data::Deflated(DeflateDecoder::new(data)),
                false => Data::Stored(data),
            },
            header,
            sum: Hasher::new(),
            length: 0,
        })
    }

    /// Checks what was read, and that nothing else is in the archive.
    async fn close(self) -> io::Result<()> {
        let data = match self.data {
            Data::Stored(data) => data,
            Data::Deflated(data) => data.into_inner(),
        };
        let left = data.limit();
        let mut source = data.into_inner();
        let (sum, length) = (self.sum.finalize(), self.length);
        let next = match self.header.expected {
            Some(_) if left > 0 && self.header.is_deflated => {
                return Err(wrong("its data ends too early"));
            }
            Some(_) if left > 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            Some(expected) => {
                if (expected.sum, expected.length) != (sum, length) {
                    return Err(wrong("its data is not what it was"));
                }
                source.read_u32_le().await?
            }
            None => {
                let packed = u64::MAX - left;
                let found = Expected {
                    sum,
                    packed,
                    length,
                };
                descriptor(&mut source, found).await?
            }
        };
        directory(&mut source, next).await
    }
}

impl Header {
    async fn read(source: &mut Source) -> io::Result<Self> {
        let mut head = [0; 30];
        source.read_exact(&mut head).await?;
        // Behind signature and version; then, time and date are left out.
        let mut fields = &head[6..];
        let (flags, method) = (fields.get_u16_le(), fields.get_u16_le());
        fields.advance(4);
        let sum = fields.get_u32_le();
        let (packed, length) = (fields.get_u32_le(), fields.get_u32_le());
        let (name, extra) = (fields.get_u16_le(), fields.get_u16_le());
        let name = bytes(source, name.into()).await?;
        let extra = bytes(source, extra.into()).await?;
        if name.last() == Some(&b'/') {
            return Err(wrong("it begins with a folder"));
        }
        if flags & (ENCRYPTED | ENCRYPTED_HEADERS) != 0 {
            return Err(wrong("it is encrypted"));
        }
        let is_deflated = match method {
            0 => false,
            8 => true,
            _ => return Err(wrong("its method is neither stored nor deflated")),
        };
        let expected = match flags & LENGTHS_BEHIND != 0 {
            true if !is_deflated => return Err(wrong("it does not tell where its data ends")),
            true => None,
            false => {
                let (packed, length) = zip64(&extra, packed, length)?;
                Some(Expected {
                    sum,
                    packed,
                    length,
                })
            }
        };
        Ok(Self {
            expected,
            is_deflated,
        })
    }
}

/// The lengths of large files, which stand in an extra field.
fn zip64(mut extra: &[u8], packed: u32, length: u32) -> io::Result<(u64, u64)> {
    if packed != u32::MAX && length != u32::MAX {
        return Ok((packed.into(), length.into()));
    }
    while extra.len() >= 4 {
        let (id, size) = (extra.get_u16_le(), usize::from(extra.get_u16_le()));
        if id == ZIP64 && size >= 16 && extra.len() >= 16 {
            let (length, packed) = (extra.get_u64_le(), extra.get_u64_le());
            return Ok((packed, length));
        }
        extra.advance(size.min(extra.len()));
    }
    Err(wrong("it does not tell how long its data is"))
}

/// What stands behind data of unknown length, with or without a signature, with lengths of 4 or of 8
/// bytes. Gives the signature of what follows.
async fn descriptor(source: &mut Source, found: Expected) -> io::Result<u32> {
    let mut sum = source.read_u32_le().await?;
    if sum == DESCRIPTOR {
        sum = source.read_u32_le().await?;
    }
    let first = source.read_u64_le().await?;
    let mut next = source.read_u32_le().await?;
    let (packed, length) = match next {
        DIRECTORY | HEADER => (first & u64::from(u32::MAX), first >> 32),
        low => {
            let high = source.read_u32_le().await?;
            next = source.read_u32_le().await?;
            (first, u64::from(high) << 32 | u64::from(low))
        }
    };
    let told = Expected {
        sum,
        packed,
        length,
    };
    match told == found {
        true => Ok(next),
        false => Err(wrong("its data is not what it was")),
    }
}

/// The rest of the archive: a directory with one entry, and its end.
async fn directory(source: &mut Source, mut signature: u32) -> io::Result<()> {
    if signature == HEADER {
        return Err(wrong(SEVERAL));
    }
    if signature != DIRECTORY {
        return Err(wrong("its directory is not where it should be"));
    }
    let mut entry = [0; 42];
    source.read_exact(&mut entry).await?;
    let mut lengths = &entry[24..30];
    let names = [(); 3].map(|()| u64::from(lengths.get_u16_le()));
    skip(source, names.iter().sum()).await?;
    signature = source.read_u32_le().await?;
    if signature == END_64 {
        let length = source.read_u64_le().await?;
        if length > 1 << 16 {
            return Err(wrong("its end is too long"));
        }
        // Then, where that stood: a signature and 16 bytes.
        skip(source, length + 20).await?;
        signature = source.read_u32_le().await?;
    }
    match signature {
        END => {}
        DIRECTORY => return Err(wrong(SEVERAL)),
        _ => return Err(wrong("its end is not where it should be")),
    }
    let mut end = [0; 18];
    source.read_exact(&mut end).await?;
    skip(source, u16::from_le_bytes([end[16], end[17]]).into()).await?;
    match source.read(&mut [0]).await? {
        0 => Ok(()),
        _ => Err(wrong("something follows its end")),
    }
}

async fn bytes(source: &mut Source, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    source.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn skip(source: &mut (impl AsyncRead + Unpin), length: u64) -> io::Result<()> {
    let skipped = tokio::io::copy(&mut source.take(length), &mut tokio::io::sink()).await?;
    match skipped == length {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn wrong(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

const HEADER: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const DIRECTORY: u32 = 0x0201_4b50;
const END_64: u32 = 0x0606_4b50;
const END: u32 = 0x0605_4b50;

/// The id of an extra field.
const ZIP64: u16 = 1;

// Bits of a header's flags.
const ENCRYPTED: u16 = 1;
const LENGTHS_BEHIND: u16 = 1 << 3;
const ENCRYPTED_HEADERS: u16 = 1 << 13;

const SEVERAL: &str = "there is more than one file in it";
