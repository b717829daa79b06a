//! qcow2, QED and LUKS.

use super::{Sample, changed, put, sample};

pub(super) fn samples() -> Vec<Sample> {
    let v2 = || qcow2(2);
    let v3 = || qcow2(3);
    let features = |bits: u64| bits.to_be_bytes();
    vec![
        sample("qcow2 v2", v2()),
        sample("qcow2 v3", v3()),
        changed(
            "qcow2 v3 with harmless features",
            v3(),
            &[(72, &features(0b1011))],
        ),
        changed(
            "qcow2 v3 with a table of feature names",
            v3(),
            &[(104, &extension(0x6803_f857, 24))],
        ),
        changed("qcow2 v1", v2(), &[(4, &1_u32.to_be_bytes())]),
        changed("qcow2 v4", v3(), &[(4, &4_u32.to_be_bytes())]),
        changed(
            "qcow2 v2 with a backing file (CVE-2015-5163)",
            v2(),
            &backing(),
        ),
        changed(
            "qcow2 v3 with a backing file (CVE-2024-44082)",
            v3(),
            &backing(),
        ),
        changed(
            "qcow2 v3 with a data file (CVE-2024-32498)",
            v3(),
            &[(72, &features(0b100))],
        ),
        changed(
            "qcow2 v2 that names a data file",
            v2(),
            &[(72, &extension(0x4441_5441, 16))],
        ),
        changed(
            "qcow2 v3 that names a data file",
            v3(),
            &[(104, &extension(0x4441_5441, 16))],
        ),
        changed(
            "qcow2 v3 that names a data file behind other extensions",
            v3(),
            &[
                (104, &extension(0x6803_f857, 24)),
                (136, &extension(0x4441_5441, 16)),
            ],
        ),
        changed(
            "qcow2 v3 with an extension that does not end",
            v3(),
            &[(104, &extension(7, u32::MAX))],
        ),
        changed(
            "qcow2 v3 with extended L2 entries",
            v3(),
            &[(72, &features(0b1_0000))],
        ),
        changed(
            "qcow2 v3 with an unknown feature",
            v3(),
            &[(72, &features(1 << 63))],
        ),
        changed(
            "qcow2 v3 of 2^63 bytes",
            v3(),
            &[(24, &(1_u64 << 63).to_be_bytes())],
        ),
        changed("qcow2 v3 of no bytes", v3(), &[(24, &[0; 8])]),
        sample("qcow2 cut short (CVE-2015-5163)", v2()[..100].to_vec()),
        sample("qcow2 magic alone", b"QFI\xfb".to_vec()),
        sample("qcow2 magic cut short", b"QFI".to_vec()),
        changed(
            "qcow2 in the second sector",
            vec![0; 4096],
            &[(512, &v3()[..512])],
        ),
        changed("qed", vec![0; 4096], &[(0, b"QED\0")]),
        sample("qed cut short", b"QED\0".to_vec()),
        sample("luks 1", luks(1)),
        sample("luks 2", luks(2)),
        sample("luks 1 cut short", luks(1)[..200].to_vec()),
        changed(
            "luks 1 whose data is past its end",
            luks(1),
            &[(104, &[0xff; 4])],
        ),
    ]
}

/// A disk of 1 GiB.
pub(super) fn qcow2(version: u32) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    put(&mut bytes, 0, b"QFI\xfb");
    put(&mut bytes, 4, &version.to_be_bytes());
    put(&mut bytes, 20, &12_u32.to_be_bytes());
    put(&mut bytes, 24, &(1_u64 << 30).to_be_bytes());
    if version == 3 {
        put(&mut bytes, 96, &4_u32.to_be_bytes());
        put(&mut bytes, 100, &104_u32.to_be_bytes());
    }
    bytes
}

fn backing() -> [(usize, &'static [u8]); 3] {
    [
        (8, &[0, 0, 0, 0, 0, 0, 4, 0]),
        (16, &[0, 0, 0, 11]),
        (1024, b"/etc/passwd"),
    ]
}

fn extension(kind: u32, length: u32) -> Vec<u8> {
    [kind.to_be_bytes(), length.to_be_bytes()].concat()
}

fn luks(version: u16) -> Vec<u8> {
    let mut bytes = vec![0; 8192];
    put(&mut bytes, 0, b"LUKS\xba\xbe");
    put(&mut bytes, 6, &version.to_be_bytes());
    put(&mut bytes, 104, &8_u32.to_be_bytes());
    bytes
}
