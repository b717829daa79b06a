//! Data that is judged as it passes.

use futures::{StreamExt, stream};
use glance_core::domain::inspect::{Format, Inspection, InspectionRules, Rejected};
use glance_core::ports::{BodyError, ByteStream};

use super::bad;

/// The same bytes, and an error at their end where they are no safe disk of this format.
pub(super) fn inspected(body: ByteStream, declared: String, rules: InspectionRules) -> ByteStream {
    let state = Some((body, Inspection::new(), declared, rules));
    ByteStream::new(stream::unfold(state, |state| async move {
        let (mut body, mut inspection, declared, rules) = state?;
        match body.next().await {
            Some(Ok(chunk)) => {
                inspection.feed(&chunk);
                Some((Ok(chunk), Some((body, inspection, declared, rules))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None => match judge(inspection, &declared, &rules) {
                Ok(()) => None,
                Err(reason) => Some((Err(BodyError(bad(reason).into())), None)),
            },
        }
    }))
}

/// Whether data is a safe disk of the format that it is said to have. What is said to be raw may
/// begin with a table of partitions, and be of no other format.
pub(super) fn judge(
    inspection: Inspection,
    declared: &str,
    rules: &InspectionRules,
) -> Result<(), String> {
    let report = inspection.finish();
    let accepted = report.accept_as(declared, rules);
    let rejected = match (accepted, report.formats().as_slice()) {
        (Err(rejected), _) => rejected,
        (Ok(_), [Format::Raw | Format::Gpt]) => return Ok(()),
        (Ok(_), [detected, ..]) if declared == Format::Raw.as_str() => Rejected::Mismatch {
            declared: declared.to_owned(),
            detected: *detected,
        },
        (Ok(_), _) => return Ok(()),
    };
    Err(rejected.to_string())
}
