//! VMDK, of which most is text.

use super::{Sample, changed, put, sample};

pub(super) fn samples() -> Vec<Sample> {
    let mut samples = vec![
        sample("vmdk", sparse(GOOD)),
        sample(
            "vmdk for a stream",
            sparse(&GOOD.replace("monolithicSparse", "streamOptimized")),
        ),
        sample("vmdk for a stream, with a footer", streamed()),
        sample(
            "vmdk whose lines end with a return",
            sparse(&GOOD.replace('\n', "\r\n")),
        ),
        changed("vmdk of version 4", sparse(GOOD), &[(4, &[4])]),
        changed(
            "vmdk that tells no size (CVE-2022-47951)",
            sparse(GOOD),
            &[(12, &[0; 8])],
        ),
        changed("vmdk of 2^73 bytes", sparse(GOOD), &[(19, &[0xff])]),
        changed(
            "vmdk whose descriptor is elsewhere",
            sparse(GOOD),
            &[(28, &[2])],
        ),
        changed("vmdk without a descriptor", sparse(""), &[]),
        changed(
            "vmdk whose descriptor has no room",
            sparse(GOOD),
            &[(36, &[0; 8])],
        ),
        changed(
            "vmdk whose descriptor is endless",
            sparse(GOOD),
            &[(36, &[0xff; 8])],
        ),
        changed(
            "vmdk whose descriptor has more room than it takes",
            [sparse(GOOD), vec![0; 1 << 20]].concat(),
            &[(36, &2000_u64.to_le_bytes())],
        ),
        changed(
            "vmdk whose descriptor has more room than there is",
            [sparse(GOOD), vec![0; 1 << 20]].concat(),
            &[(36, &3000_u64.to_le_bytes())],
        ),
        changed(
            "vmdk whose descriptor takes more room than any",
            [sparse(GOOD), vec![0; 1 << 20]].concat(),
            &[
                (36, &2000_u64.to_le_bytes()),
                (512 + GOOD.len(), &[b'\n'; 70_000]),
            ],
        ),
        changed(
            "vmdk whose descriptor is no text",
            sparse(GOOD),
            &[(520, &[0xff])],
        ),
        sample("vmdk cut short", sparse(GOOD)[..100].to_vec()),
        sample("vmdk cut in its descriptor", sparse(GOOD)[..600].to_vec()),
        changed(
            "vmdk with another footer",
            streamed(),
            &[(STREAM - 1024 + 4, &[2])],
        ),
        changed(
            "vmdk whose footer has another size",
            streamed(),
            &[(STREAM - 1024 + 12, &[2])],
        ),
        changed(
            "vmdk whose footer is elsewhere",
            streamed(),
            &[(STREAM - 1024 + 56, &[0xff; 8])],
        ),
        changed(
            "vmdk whose footer is not marked",
            streamed(),
            &[(STREAM - 1536 + 12, &[0])],
        ),
        changed(
            "vmdk that goes on after its end",
            streamed(),
            &[(STREAM - 1, &[1])],
        ),
        sample(
            "vmdk without its footer",
            streamed()[..STREAM - 512].to_vec(),
        ),
        changed("vmdk of ESX", vec![0; 4096], &[(0, b"COWD\x01")]),
        sample("vmdk text (CVE-2022-47951)", flat().into_bytes()),
        sample("vmdk text of a known type", GOOD.as_bytes().to_vec()),
        sample(
            "vmdk text behind bytes that are none",
            [b"# \xff\xfe\nversion=1\n", flat().as_bytes()].concat(),
        ),
        sample(
            "vmdk text behind blank lines",
            format!("\n  \n\nVersion=1\n{}", flat()).into_bytes(),
        ),
        sample(
            "vmdk text behind a long comment",
            format!("#{}\n{}", " ".repeat(9000), flat()).into_bytes(),
        ),
        sample(
            "vmdk text behind a comment with a NUL",
            format!("#\0\nversion=1\n{}", flat()).into_bytes(),
        ),
        sample(
            "vmdk text behind a blank line and a comment with a NUL",
            [b"  \r\n#\0\nversion=1\r\n".to_vec(), vec![0; 4096]].concat(),
        ),
        sample(
            "vmdk text of another version",
            b"version=3\n\0\0\0".to_vec(),
        ),
        sample(
            "text that is long",
            b"All work and no play. ".repeat(100_000),
        ),
    ];
    for (name, from, to) in TRICKS {
        samples.push(sample(name, sparse(&GOOD.replace(from, to))));
    }
    samples
}

/// A sparse disk of 1 GiB with a descriptor.
fn sparse(descriptor: &str) -> Vec<u8> {
    let mut bytes = vec![0; 16 << 10];
    put(&mut bytes, 0, b"KDMV\x01\0\0\0\x03\0\0\0");
    put(&mut bytes, 12, &(1_u64 << 21).to_le_bytes());
    put(&mut bytes, 20, &128_u64.to_le_bytes());
    put(&mut bytes, 28, &1_u64.to_le_bytes());
    put(&mut bytes, 36, &20_u64.to_le_bytes());
    put(&mut bytes, 56, &21_u64.to_le_bytes());
    put(&mut bytes, 512, descriptor.as_bytes());
    bytes
}

/// The same with the truth at its end.
fn streamed() -> Vec<u8> {
    let mut bytes = sparse(&GOOD.replace("monolithicSparse", "streamOptimized"));
    put(&mut bytes, 0, b"KDMV\x03");
    let footer = bytes[..512].to_vec();
    put(&mut bytes, 56, &[0xff; 8]);
    put(&mut bytes, STREAM - 1536 + 12, &3_u32.to_le_bytes());
    put(&mut bytes, STREAM - 1024, &footer);
    bytes
}

fn flat() -> String {
    GOOD.replace("monolithicSparse", "monolithicFlat")
        .replace("SPARSE \"disk.vmdk\"", "FLAT \"/etc/passwd\" 0")
}

const STREAM: usize = 16 << 10;

const GOOD: &str = "# Disk DescriptorFile\nversion=1\nCID=7f2a9c01\nparentCID=ffffffff\n\
    createType=\"monolithicSparse\"\n\n# Extent description\nRW 2097152 SPARSE \"disk.vmdk\"\n\n\
    # The Disk Data Base\nddb.virtualHWVersion = \"4\"\nddb.adapterType = \"ide\"\n";

/// Names, what is replaced in the good descriptor, and by what.
const TRICKS: [(&str, &str, &str); 15] = [
    (
        "vmdk whose extent is flat",
        "SPARSE \"disk.vmdk\"",
        "FLAT \"disk.vmdk\" 0",
    ),
    (
        "vmdk with two extents",
        "# The Disk",
        "RW 2097152 SPARSE \"more.vmdk\"\n# The Disk",
    ),
    (
        "vmdk that is flat (CVE-2022-47951)",
        "monolithicSparse",
        "monolithicFlat",
    ),
    ("vmdk of a type without a name", "monolithicSparse", ""),
    ("vmdk without a type", "createType", "creationType"),
    (
        "vmdk with a second type in a comment",
        "# The Disk",
        "# createType=\"vmfs\" The Disk",
    ),
    (
        "vmdk with a path (CVE-2022-47951)",
        "disk.vmdk",
        "/etc/passwd",
    ),
    (
        "vmdk with a path of Windows",
        "disk.vmdk",
        "..\\\\other.vmdk",
    ),
    ("vmdk with a protocol", "disk.vmdk", "nbd:10.0.0.1:10809"),
    (
        "vmdk without an extent",
        "RW 2097152 SPARSE \"disk.vmdk\"",
        "",
    ),
    (
        "vmdk with a line that says nothing",
        "version=1",
        "version 1",
    ),
    (
        "vmdk with a blank before its value",
        "version=1",
        "version =1",
    ),
    ("vmdk with an indented extent", "RW 2097152", " RW 2097152"),
    (
        "vmdk with a parent",
        "parentCID=ffffffff",
        "parentCID=7f2a9c00",
    ),
    (
        "vmdk that tells where its parent is",
        "createType",
        "parentFileNameHint=\"base.vmdk\"\ncreateType",
    ),
];
