//! ISO 9660, UDF and tables of partitions, and what is several things at once.

use super::{Sample, changed, put, qemu, sample};

pub(super) fn samples() -> Vec<Sample> {
    let table =
        |entry: [u8; 16]| changed("", vec![0; 4096], &[(446, &entry), (510, &[0x55, 0xaa])]);
    let mbr = || table(LINUX).bytes;
    let gpt = || table(PROTECTIVE).bytes;
    vec![
        sample("iso", iso()),
        changed("iso that is UDF", iso(), &[(32769, b"NSR03")]),
        changed("iso without a size", iso(), &[(32768, &[2])]),
        sample("iso cut short", iso()[..33000].to_vec()),
        changed(
            "iso of all blocks there are",
            iso(),
            &[(32848, &[0xff; 4]), (32896, &[0xff; 2])],
        ),
        changed(
            "iso with an MBR",
            iso(),
            &[(446, &LINUX), (510, &[0x55, 0xaa])],
        ),
        changed(
            "iso with a GPT",
            iso(),
            &[(446, &PROTECTIVE), (510, &[0x55, 0xaa])],
        ),
        changed("iso with an empty MBR", iso(), &[(510, &[0x55, 0xaa])]),
        changed("iso and qcow2", iso(), &[(0, &qemu::qcow2(3)[..512])]),
        changed(
            "iso and vmdk text",
            iso(),
            &[(0, b"# Disk DescriptorFile\nversion=1\n")],
        ),
        changed(
            "iso, qcow2 and MBR",
            iso(),
            &[(0, b"QFI\xfb"), (510, &[0x55, 0xaa])],
        ),
        sample("mbr", mbr()),
        sample("gpt", gpt()),
        changed("mbr that is empty", mbr(), &[(446, &[0; 16])]),
        changed("mbr with a strange boot flag", mbr(), &[(446, &[0x81])]),
        changed("gpt beside other partitions", gpt(), &[(462, &LINUX)]),
        changed("gpt in the second entry", mbr(), &[(462, &PROTECTIVE)]),
        changed("gpt that begins elsewhere", gpt(), &[(447, &[9])]),
        changed("gpt that begins at another block", gpt(), &[(454, &[2])]),
        changed(
            "fat",
            vec![0; 4096],
            &[(16, &[2]), (21, &[0xf8]), (510, &[0x55, 0xaa])],
        ),
        sample("mbr cut short", mbr()[..511].to_vec()),
        changed(
            "mbr and vmdk text",
            mbr(),
            &[(
                0,
                b"# Disk DescriptorFile\nversion=1\ncreateType=\"monolithicFlat\"\n",
            )],
        ),
        changed("mbr and qcow2", mbr(), &[(0, &qemu::qcow2(3)[..400])]),
        changed("mbr and luks", mbr(), &[(0, b"LUKS\xba\xbe\0\x01")]),
    ]
}

/// A disc of 19 blocks.
fn iso() -> Vec<u8> {
    let mut bytes = vec![0; 38912];
    put(&mut bytes, 32768, b"\x01CD001\x01");
    put(&mut bytes, 32848, &19_u32.to_le_bytes());
    put(&mut bytes, 32896, &2048_u16.to_le_bytes());
    bytes
}

/// An entry of a table: a bootable Linux, and what covers a GPT.
const LINUX: [u8; 16] = [0x80, 0, 2, 0, 0x83, 0, 9, 0, 1, 0, 0, 0, 7, 0, 0, 0];
const PROTECTIVE: [u8; 16] = [0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff, 1, 0, 0, 0, 7, 0, 0, 0];
