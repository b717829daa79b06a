//! What the fuzz targets do with their input.
//!
//! Formats keep what matters far apart, so an input is not the data itself, but pieces of it: each
//! is the number of zeros before it (3 bytes, little-endian), its length (2 bytes), and its bytes.

use glance_core::domain::inspect::{Format, Inspection, InspectionRules, Report};
use glance_core::domain::{ContainerFormat, DiskFormat, Image, ImageId, Timestamp};

/// Inspects data in three ways, which have to find the same, and shows it to the gate.
///
/// # Panics
/// One of them found something else; or the gate let unsafe data in.
pub fn inspect(formats: &[Format], input: &[u8]) {
    let data = decode(input);
    let whole = in_chunks(formats, &data, data.len().max(1));

    assert_eq!(
        in_chunks(formats, &data, data.len() / 50 + input.len() % 7 + 1),
        whole
    );
    assert_eq!(looked_at(formats, &data), whole);
    for finding in &whole.findings {
        assert!(
            finding
                .virtual_size
                .is_none_or(|size| i64::try_from(size).is_ok())
        );
        judge(finding.format, &whole);
    }
    judge(Format::Raw, &whole);
}

fn judge(declared: Format, report: &Report) {
    let mut image = Image::queued(ImageId::from_bits(0), Timestamp::from_micros(0));
    image.disk_format = Some(DiskFormat::stored(declared.as_str().to_owned()));
    image.container_format = Some(ContainerFormat::stored("bare".to_owned()));
    let accepted = image.accept(report, &InspectionRules::default());
    // What starts from a disk and from a disc is judged as the one of the two.
    if accepted.is_ok() && report.findings.len() == 1 {
        assert_eq!(report.faults().count(), 0);
    }
}

fn in_chunks(formats: &[Format], data: &[u8], size: usize) -> Report {
    let mut inspection = Inspection::of(formats);
    data.chunks(size).for_each(|chunk| inspection.feed(chunk));
    inspection.finish()
}

fn looked_at(formats: &[Format], data: &[u8]) -> Report {
    let size = data.len() as u64;
    let mut inspection = Inspection::of(formats);
    while let Some(wanted) = inspection.wanted(size) {
        inspection.skip(wanted.start - inspection.position());
        let [start, end] = [wanted.start, wanted.end].map(|at| at as usize);
        inspection.feed(&data[start..end]);
    }
    inspection.skip(size - inspection.position());
    inspection.finish()
}

/// The data that an input stands for: at most [`LONGEST`] bytes of it.
pub fn decode(mut input: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    while let Some(([a, b, c, d, e], rest)) = input.split_first_chunk() {
        let gap = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
        let length = usize::from(u16::from_le_bytes([*d, *e])).min(rest.len());
        if data.len() + gap + length > LONGEST {
            break;
        }
        data.resize(data.len() + gap, 0);
        data.extend_from_slice(&rest[..length]);
        input = &rest[length..];
    }
    data
}

/// An input that stands for the data.
pub fn encode(data: &[u8]) -> Vec<u8> {
    let mut input = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let start = at + data[at..].iter().take_while(|byte| **byte == 0).count();
        let mut end = start;
        // Short runs of zeros belong to the piece.
        while end < data.len() && end - start < 60_000 {
            let zeros = data[end..]
                .iter()
                .take(32)
                .take_while(|byte| **byte == 0)
                .count();
            if zeros == 32 {
                break;
            }
            end = (end + zeros.max(1)).min(data.len());
        }
        let (gap, length) = ((start - at) as u32, (end - start) as u16);
        input.extend_from_slice(&gap.to_le_bytes()[..3]);
        input.extend_from_slice(&length.to_le_bytes());
        input.extend_from_slice(&data[start..end]);
        at = end;
    }
    input
}

/// How much data an input may stand for.
pub const LONGEST: usize = 4 << 20;
