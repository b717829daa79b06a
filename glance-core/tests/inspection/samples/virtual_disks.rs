//! VHD, VHDX and VDI.

use super::{Sample, changed, put, sample};

pub(super) fn samples() -> Vec<Sample> {
    vec![
        sample("vhd", vhd(3)),
        sample("vhd that is a difference", vhd(4)),
        changed(
            "vhd that is a difference by its end alone",
            vhd(3),
            &[(4096 - 512 + 60, &[0, 0, 0, 4])],
        ),
        sample("vhd cut short", vhd(3)[..300].to_vec()),
        changed("vhd of 2^64 - 1 bytes", vhd(3), &[(40, &[0xff; 8])]),
        changed(
            "vhd that is fixed",
            vec![0; 4096],
            &[(3584, &vhd(2)[..512])],
        ),
        sample("vhdx", vhdx()),
        changed(
            "vhdx that has a parent",
            vhdx(),
            &[(PARAMETERS + 4, &[2, 0, 0, 0])],
        ),
        changed(
            "vhdx that tells where its parent is",
            vhdx(),
            &[(METADATA + 96, &LOCATOR_GUID)],
        ),
        changed(
            "vhdx with a log to be played back",
            vhdx(),
            &[(HEADERS + 63, &[1])],
        ),
        changed(
            "vhdx with such a log by its other header",
            vhdx(),
            &[(2 * HEADERS + 48, &[1])],
        ),
        headed(
            "vhdx with a log that only its older header names",
            [LOGGED_1, CLOSED_2],
        ),
        headed(
            "vhdx with a log that only its older header names, which is the other",
            [CLOSED_2, LOGGED_1],
        ),
        headed(
            "vhdx with a log that its newer header names",
            [CLOSED_1, LOGGED_2],
        ),
        headed(
            "vhdx with a log that one of two headers as new names",
            [LOGGED_1, CLOSED_1],
        ),
        changed(
            "vhdx with a log, and a newer header that is damaged",
            headed("", [LOGGED_1, CLOSED_2]).bytes,
            &[(2 * HEADERS + 4095, &[1])],
        ),
        changed(
            "vhdx with a log, and a newer header that is not marked",
            headed("", [LOGGED_1, CLOSED_2]).bytes,
            &[(2 * HEADERS, b"hood")],
        ),
        changed("vhdx without a table", vhdx(), &[(REGIONS, b"none")]),
        changed(
            "vhdx with a table without end",
            vhdx(),
            &[(REGIONS + 8, &[0xff; 4])],
        ),
        changed("vhdx without metadata", vhdx(), &[(REGIONS + 16, &[0])]),
        changed(
            "vhdx with two regions of metadata",
            vhdx(),
            &[(REGIONS + 8, &[2]), (REGIONS + 48, &METADATA_GUID)],
        ),
        changed(
            "vhdx whose metadata is its header",
            vhdx(),
            &[(REGIONS + 32, &[0; 8])],
        ),
        changed(
            "vhdx whose metadata is at the end of the world",
            vhdx(),
            &[(REGIONS + 32, &[0xff; 8])],
        ),
        changed(
            "vhdx with another table",
            vhdx(),
            &[(REGIONS + 65536, b"regi")],
        ),
        changed(
            "vhdx with two sizes",
            vhdx(),
            &[(METADATA + 96, &SIZE_GUID)],
        ),
        changed(
            "vhdx whose size is in a table",
            vhdx(),
            &[(METADATA + 48, &[0; 4])],
        ),
        changed("vhdx of 2^63 bytes", vhdx(), &[(SIZE + 7, &[0x80])]),
        sample("vhdx cut short", vhdx()[..METADATA].to_vec()),
        sample("vhdx cut in its size", vhdx()[..SIZE + 4].to_vec()),
        sample("vdi", vdi()),
        changed("vdi that is a difference", vdi(), &[(76, &[4])]),
        changed("vdi that is for undo", vdi(), &[(76, &[3])]),
        changed("vdi with a parent", vdi(), &[(440, &[7; 16])]),
        changed("vdi with a link", vdi(), &[(424, &[7; 16])]),
        sample("vdi cut short", vdi()[..100].to_vec()),
    ]
}

/// A disk of 1 GiB, with its footer at either end.
fn vhd(kind: u32) -> Vec<u8> {
    let mut footer = vec![0; 512];
    put(&mut footer, 0, b"conectix");
    put(&mut footer, 40, &(1_u64 << 30).to_be_bytes());
    put(&mut footer, 60, &kind.to_be_bytes());
    let mut bytes = vec![0; 4096];
    put(&mut bytes, 0, &footer);
    put(&mut bytes, 3584, &footer);
    bytes
}

/// A disk of 1 GiB, with its metadata earlier than real ones have it.
fn vhdx() -> Vec<u8> {
    let mut bytes = vec![0; SIZE + 4096];
    put(&mut bytes, 0, b"vhdxfile");
    put(&mut bytes, REGIONS, b"regi");
    put(&mut bytes, REGIONS + 8, &1_u32.to_le_bytes());
    put(&mut bytes, REGIONS + 16, &METADATA_GUID);
    put(&mut bytes, REGIONS + 32, &(METADATA as u64).to_le_bytes());
    put(&mut bytes, METADATA, b"metadata");
    put(&mut bytes, METADATA + 10, &3_u16.to_le_bytes());
    for (at, guid, place) in [(32, SIZE_GUID, SIZE), (64, PARAMETERS_GUID, PARAMETERS)] {
        put(&mut bytes, METADATA + at, &guid);
        let offset = u32::try_from(place - METADATA).unwrap();
        put(&mut bytes, METADATA + at + 16, &offset.to_le_bytes());
    }
    put(&mut bytes, SIZE, &(1_u64 << 30).to_le_bytes());
    bytes
}

const HEADERS: usize = 64 << 10;
const REGIONS: usize = 192 << 10;
const METADATA: usize = 320 << 10;
const PARAMETERS: usize = METADATA + (64 << 10);
const SIZE: usize = PARAMETERS + 8;

const METADATA_GUID: [u8; 16] = [
    0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b, 0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e,
];
const SIZE_GUID: [u8; 16] = [
    0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48, 0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8,
];
const PARAMETERS_GUID: [u8; 16] = [
    0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d, 0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b,
];
const LOCATOR_GUID: [u8; 16] = [
    0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45, 0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c,
];

/// A disk with two headers: of each its checksum, its number, and a byte of the log that it names.
fn headed(name: &'static str, headers: [(u32, u8, u8); 2]) -> Sample {
    let mut bytes = vhdx();
    for (at, (checksum, number, log)) in [HEADERS, 2 * HEADERS].into_iter().zip(headers) {
        put(&mut bytes, at, b"head");
        put(&mut bytes, at + 4, &checksum.to_le_bytes());
        put(&mut bytes, at + 8, &[number]);
        put(&mut bytes, at + 48, &[log; 16]);
    }
    sample(name, bytes)
}

// What the checksums cover is 4096 bytes, zeros but for these: by a program that gives those of QEMU's
// headers, too.
const CLOSED_1: (u32, u8, u8) = (0x7eb9_d2cb, 1, 0);
const LOGGED_1: (u32, u8, u8) = (0x38d9_2228, 1, 7);
const CLOSED_2: (u32, u8, u8) = (0xfc5c_00a3, 2, 0);
const LOGGED_2: (u32, u8, u8) = (0xba3c_f040, 2, 7);

/// A disk of 1 GiB.
fn vdi() -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    put(&mut bytes, 0, b"<<< A disk >>>\n");
    put(&mut bytes, 64, &0xbeda_107f_u32.to_le_bytes());
    put(&mut bytes, 68, &0x1_0001_u32.to_le_bytes());
    put(&mut bytes, 76, &1_u32.to_le_bytes());
    put(&mut bytes, 368, &(1_u64 << 30).to_le_bytes());
    bytes
}
