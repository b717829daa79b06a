//! The text in a VMDK that says what its data is and where (CVE-2022-47951).

use super::super::report::{Check, Finding};

/// Finds what is wrong with the descriptor of a disk whose data is said to be in the same file.
pub(super) fn check(finding: &mut Finding, bytes: &[u8]) {
    let text = until_nul(bytes);
    let lines = || {
        let lines = text.split(|byte| *byte == b'\n');
        lines
            .map(<[u8]>::trim_ascii_end)
            .filter(|line| !line.is_empty())
    };
    let extents = || lines().filter(|line| is_extent(line));
    let mut require = |holds, check, reason| finding.require(holds, check, reason);
    require(
        !text.is_empty() && text.iter().all(|byte| is_text(*byte)),
        Check::Descriptor,
        "its descriptor is missing, or no text",
    );
    require(
        has_known_type(text),
        Check::Descriptor,
        "it is neither monolithicSparse nor streamOptimized",
    );
    require(
        lines().all(|line| is_extent(line) || is_setting(line) || line.starts_with(b"#")),
        Check::Descriptor,
        "a line of its descriptor cannot be understood",
    );
    require(
        extents().count() == 1 && extents().all(is_sparse),
        Check::Descriptor,
        "its descriptor has not one sparse extent",
    );
    require(
        !extents().flatten().any(|byte| PATH.contains(byte)),
        Check::Descriptor,
        "an extent of its descriptor has a path",
    );
    require(
        !lines().any(has_parent) && find(text, PARENT_FILE).is_none(),
        Check::Parent,
        "it is a difference from another disk",
    );
}

/// Whether every type that the text names is one whose data is in the same file: programs differ in
/// which one they read.
fn has_known_type(text: &[u8]) -> bool {
    let mut rest = text;
    let mut count = 0;
    while let Some(at) = find(rest, TYPE) {
        rest = rest.get(at + TYPE.len()..).unwrap_or_default();
        let name = rest.split(|byte| *byte == b'"').next().unwrap_or_default();
        if !KNOWN_TYPES
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
        {
            return false;
        }
        count += 1;
    }
    count > 0
}

fn is_extent(line: &[u8]) -> bool {
    ACCESS.iter().any(|access| begins(line, access))
}

/// Whether the data of an extent is in the sparse disk: access, sectors, type, name.
fn is_sparse(line: &[u8]) -> bool {
    let words = line.split(u8::is_ascii_whitespace);
    let kind = words.filter(|word| !word.is_empty()).nth(2);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"SPARSE"))
}

/// `name=value`, without a blank before the `=`; what begins with `ddb` is about the disk.
fn is_setting(line: &[u8]) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let name = line.split(|byte| *byte == b'=').next().unwrap_or_default();
    begins(line, b"ddb")
        || (name.len() < line.len() && !name.is_empty() && name.iter().all(is_word))
}

fn has_parent(line: &[u8]) -> bool {
    let id = line.get(PARENT.len()..).unwrap_or_default();
    begins(line, PARENT) && !id.eq_ignore_ascii_case(NO_PARENT)
}

/// Whether a text begins with a word, in letters of any size.
pub(super) fn begins(text: &[u8], word: &[u8]) -> bool {
    let first = text.get(..word.len());
    first.is_some_and(|first| first.eq_ignore_ascii_case(word))
}

/// The bytes before the first NUL.
pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Whether a byte belongs in text.
pub(super) fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')
}

/// Where a word first stands in a text, in letters of any size.
pub(super) fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    let mut windows = text.windows(word.len());
    windows.position(|window| window.eq_ignore_ascii_case(word))
}

/// The most bytes of a descriptor that are read. QEMU, VMware and open-vmdk give it 20 sectors, and in
/// front of the first grain there is room for 127; QEMU looks for one in 512 bytes.
pub(super) const LONGEST: usize = 64 << 10;

/// What stands before the type.
pub(super) const TYPE: &[u8] = b"createType=\"";

const KNOWN_TYPES: [&[u8]; 2] = [b"monolithicSparse", b"streamOptimized"];

/// How the line of an extent begins.
const ACCESS: [&[u8]; 3] = [b"RW ", b"RDONLY ", b"NOACCESS "];

/// What the plain name of a file has not: folders, here or on Windows, and protocols of QEMU.
const PATH: &[u8] = b"/\\:";

/// What stands before the file of the parent, and before its id.
const PARENT_FILE: &[u8] = b"parentFileNameHint";
const PARENT: &[u8] = b"parentCID=";

/// The id of no parent.
const NO_PARENT: &[u8] = b"ffffffff";
