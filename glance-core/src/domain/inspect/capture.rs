//! Bytes that an inspector keeps of a stream, and numbers in them.

use std::ops::Range;

/// The bytes of one range of the data.
#[derive(Debug)]
pub(super) struct Region {
    offset: u64,
    length: usize,
    bytes: Vec<u8>,
}

impl Region {
    pub(super) fn new(offset: u64, length: usize) -> Self {
        Self {
            offset,
            length,
            bytes: Vec::new(),
        }
    }

    /// Takes what it still lacks of a chunk that stands at `at`. What was passed over never comes.
    pub(super) fn feed(&mut self, at: u64, chunk: &[u8]) {
        let missing = self.length - self.bytes.len();
        if missing == 0 {
            return;
        }
        let before = self.next().checked_sub(at).map(usize::try_from);
        let Some(Ok(before)) = before else {
            return;
        };
        let Some(rest) = chunk.get(before..).filter(|rest| !rest.is_empty()) else {
            return;
        };
        let taken = rest.get(..missing).unwrap_or(rest);
        // All at once, so that it never grows to twice its length.
        self.bytes.reserve_exact(missing);
        self.bytes.extend_from_slice(taken);
    }

    /// What is there of it, from its start.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn is_complete(&self) -> bool {
        self.bytes.len() == self.length
    }

    /// Where it ends in the data.
    pub(super) fn end(&self) -> u64 {
        self.offset.saturating_add(self.length as u64)
    }

    /// What it lacks of data of `size` bytes.
    pub(super) fn wanted(&self, size: u64) -> Option<Range<u64>> {
        let wanted = self.next()..self.end().min(size);
        (!wanted.is_empty()).then_some(wanted)
    }

    fn next(&self) -> u64 {
        self.offset.saturating_add(self.bytes.len() as u64)
    }
}

/// The start of the data, kept only while it may have a format's magic bytes.
#[derive(Debug)]
pub(super) struct Head {
    magic: &'static [u8],
    magic_at: usize,
    region: Region,
    is_other: bool,
}

impl Head {
    /// The first `length` bytes of data that has `magic` at `magic_at`.
    pub(super) fn new(magic: &'static [u8], magic_at: usize, length: usize) -> Self {
        Self {
            magic,
            magic_at,
            region: Region::new(0, length),
            is_other: false,
        }
    }

    pub(super) fn feed(&mut self, at: u64, chunk: &[u8]) {
        if self.is_other || self.region.is_complete() {
            return;
        }
        // Most data is of another format and comes in large chunks: then nothing is kept.
        let first = match at {
            0 => chunk.get(self.magic_range()),
            _ => None,
        };
        if first.is_some_and(|first| first != self.magic) {
            self.is_other = true;
            return;
        }
        self.region.feed(at, chunk);
        if let Some(there) = self.region.bytes().get(self.magic_range()) {
            self.is_other = there != self.magic;
        }
    }

    /// Whether the magic bytes are there.
    pub(super) fn is_match(&self) -> bool {
        self.region.bytes().get(self.magic_range()) == Some(self.magic)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.region.bytes()
    }

    pub(super) fn wanted(&self, size: u64) -> Option<Range<u64>> {
        let wanted = self.region.wanted(size);
        wanted.filter(|_| !self.is_other)
    }

    fn magic_range(&self) -> Range<usize> {
        self.magic_at..self.magic_at + self.magic.len()
    }
}

/// The last bytes of the data.
#[derive(Debug)]
pub(super) struct Tail {
    length: usize,
    bytes: Vec<u8>,
    end: u64,
}

impl Tail {
    pub(super) fn new(length: usize) -> Self {
        Self {
            length,
            bytes: Vec::with_capacity(2 * length),
            end: 0,
        }
    }

    pub(super) fn feed(&mut self, at: u64, chunk: &[u8]) {
        if at != self.end {
            self.bytes.clear();
        }
        self.end = at.saturating_add(chunk.len() as u64);
        let last = chunk.get(chunk.len().saturating_sub(self.length)..);
        let last = last.unwrap_or(chunk);
        let surplus = (self.bytes.len() + last.len()).saturating_sub(self.length);
        self.bytes.drain(..surplus.min(self.bytes.len()));
        self.bytes.extend_from_slice(last);
    }

    /// The last bytes of data of `size` bytes, if all of them were seen.
    pub(super) fn bytes(&self, size: u64) -> Option<&[u8]> {
        (self.end == size && self.bytes.len() == self.length).then_some(&self.bytes)
    }

    pub(super) fn wanted(&self, size: u64) -> Option<Range<u64>> {
        let start = size.saturating_sub(self.length as u64);
        (self.end < size).then(|| start.max(self.end.min(size))..size)
    }
}

/// Declares readers of whole numbers: `None` past the end.
macro_rules! numbers {
    ($($name:ident: $number:ty, $from:ident;)*) => {
        $(pub(super) fn $name(bytes: &[u8], at: usize) -> Option<$number> {
            let end = at.checked_add(size_of::<$number>())?;
            let bytes = bytes.get(at..end)?;
            bytes.try_into().ok().map(<$number>::$from)
        })*
    };
}

numbers! {
    u16_le: u16, from_le_bytes;
    u32_le: u32, from_le_bytes;
    u64_le: u64, from_le_bytes;
    u16_be: u16, from_be_bytes;
    u32_be: u32, from_be_bytes;
    u64_be: u64, from_be_bytes;
}

/// Whether there is anything but zeros.
pub(super) fn is_set(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte != 0)
}

/// Bytes of a sector.
pub(super) const SECTOR: u64 = 512;
