//! `glance image-check`: whether the properties of an image are what their definitions say.

use std::process::ExitCode;

use serde_json::Value;

use super::client::{CommandError, Context};
use crate::args::OneImage;
use crate::output::{self, Object};

/// Prints what is not as a definition says; then the exit code is 1.
pub(super) async fn run(context: &Context, args: OneImage) -> Result<ExitCode, CommandError> {
    let check = context.session.check_image(&args.id).await?;
    let violations = objects(&check, "violations");
    let code = match violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    };
    if context.is_json() {
        context.print_for_machines(&check.into())?;
    } else if violations.is_empty() {
        let namespaces = check.get("namespaces").and_then(Value::as_array);
        let count = namespaces.map_or(0, Vec::len);
        output::lines(&format!(
            "all properties are as defined; namespaces looked at: {count}"
        ))?;
    } else {
        let titles = ["Property", "Value", "Message", "Namespace", "Pointer"];
        context.print_all(&titles, violations)?;
    }
    Ok(code)
}

fn objects(check: &Object, name: &str) -> Vec<Object> {
    let list = check.get(name).and_then(Value::as_array);
    let objects = list.into_iter().flatten().filter_map(Value::as_object);
    objects.cloned().collect()
}
