//! `glance inspect`: what a file is, as an upload would find it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;

use glance_core::domain::inspect::{
    Accepted, Format, Inspection, InspectionRules, Rejected, Report,
};
use glance_core::domain::{DiskFormat, Image, ImageId, Timestamp};
use serde_json::{Value, json};

use super::operator::OperatorError;
use crate::args::{Globals, Inspect};
use crate::output;

/// Prints what a file is.
///
/// # Errors
///
/// The file cannot be read, or the result not be written.
pub(crate) fn run(args: &Inspect, globals: &Globals) -> Result<ExitCode, OperatorError> {
    let report = read(&args.file).map_err(|source| OperatorError::File {
        action: "read",
        path: args.file.clone(),
        source,
    })?;
    let declared = declared(args, &report);
    let verdict = verdict(&declared, &report);
    let printed = if globals.client.json {
        output::json(&as_json(&report, &declared, &verdict))
    } else {
        output::lines(&as_text(&report, &declared, &verdict))
    };
    printed.map_err(OperatorError::Output)?;
    Ok(match verdict {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// Reads the file, or standard input for `-`, once from its start to its end.
fn read(path: &Path) -> io::Result<Report> {
    let mut input: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(io::stdin().lock()),
        _ => Box::new(File::open(path)?),
    };
    let mut inspection = Inspection::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(inspection.finish()),
            Ok(read) => inspection.feed(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The format that an upload would say: the one that was given, or the one that fits best. What no
/// `disk_format` is named after is uploaded as raw, such as a disk with partitions.
fn declared(args: &Inspect, report: &Report) -> DiskFormat {
    let formats = report.formats();
    let detected = match formats.as_slice() {
        several if several.contains(&Format::Iso) => Format::Iso,
        [Format::Gpt | Format::Luks | Format::Qed, ..] | [] => Format::Raw,
        [first, ..] => *first,
    };
    let given = args.disk_format.clone();
    given.unwrap_or_else(|| DiskFormat::stored(detected.as_str().to_owned()))
}

fn verdict(declared: &DiskFormat, report: &Report) -> Result<Accepted, Rejected> {
    let mut image = Image::queued(ImageId::from_bits(0), Timestamp::from_micros(0));
    image.disk_format = Some(declared.clone());
    image.accept(report, &InspectionRules::default())
}

fn as_json(report: &Report, declared: &DiskFormat, verdict: &Result<Accepted, Rejected>) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let faults = finding.faults.iter();
            let faults: Vec<Value> = faults
                .map(|fault| json!({"check": fault.check.as_str(), "reason": fault.reason}))
                .collect();
            json!({
                "format": finding.format.as_str(),
                "virtual_size": finding.virtual_size,
                "faults": faults,
            })
        })
        .collect();
    let virtual_size = match verdict {
        Ok(accepted) => accepted.virtual_size,
        Err(_) => report.virtual_size(),
    };
    json!({
        "size": report.size,
        "virtual_size": virtual_size,
        "disk_format": declared.as_str(),
        "accepted": verdict.is_ok(),
        "reason": verdict.as_ref().err().map(ToString::to_string),
        "findings": findings,
    })
}

fn as_text(report: &Report, declared: &DiskFormat, verdict: &Result<Accepted, Rejected>) -> String {
    let mut lines = vec![format!("size: {}", bytes(report.size))];
    for finding in &report.findings {
        let size = finding.virtual_size.map_or("unknown".to_owned(), bytes);
        lines.push(format!("format: {}, virtual size {size}", finding.format));
        let faults = finding.faults.iter();
        lines.extend(faults.map(|fault| format!("  unsafe: {fault}")));
    }
    lines.push(match verdict {
        Ok(_) => format!("verdict: accepted as {declared}"),
        Err(rejected) => format!("verdict: refused as {declared}: {rejected}"),
    });
    lines.join("\n")
}

fn bytes(count: u64) -> String {
    match output::human_size(count) {
        exact if exact.ends_with(" B") => exact,
        rounded => format!("{rounded} ({count} B)"),
    }
}
