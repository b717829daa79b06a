//! An import as it goes on, after the service has answered.

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use crate::client::{ClientError, ImportRequest, Session};
use crate::output::{self, Object};

/// Asks for an import, and waits for its end if that is wanted.
///
/// # Errors
///
/// The service cannot be reached, or refuses, or fails to import.
pub(super) async fn import_and_follow(
    session: &Session,
    id: &str,
    request: &ImportRequest,
    wait: bool,
) -> Result<(), ClientError> {
    if !wait {
        return session.import_image(id, request).await;
    }
    let earlier = session.image_tasks(id).await?;
    session.import_image(id, request).await?;
    follow(session, id, &earlier).await
}

/// Waits for the task that is not one of the earlier ones, and tells how it goes on.
async fn follow(session: &Session, id: &str, earlier: &[Object]) -> Result<(), ClientError> {
    let is_new = |task: &Object| {
        !earlier
            .iter()
            .any(|other| other.get("id") == task.get("id"))
    };
    let mut told = String::new();
    loop {
        let mut tasks = session.image_tasks(id).await?;
        // The copy of an image that is in all the stores already is no task.
        let Some(task) = tasks
            .iter()
            .rposition(is_new)
            .map(|at| tasks.swap_remove(at))
        else {
            return Ok(());
        };
        let image = session.image(id).await?;
        let progress = progress(&image, &task);
        if progress != told && !progress.is_empty() {
            output::note(&progress);
            told = progress;
        }
        match text(&task, "status") {
            "failure" => {
                let reason = match text(&task, "message") {
                    "" => "the service does not say why",
                    reason => reason,
                };
                return Err(ClientError::ImportFailed {
                    id: id.to_owned(),
                    reason: reason.to_owned(),
                });
            }
            "success" => return Ok(()),
            _ => sleep(PAUSE).await,
        }
    }
}

/// How an import goes on, as the image and the task say it.
fn progress(image: &Object, task: &Object) -> String {
    let said = [
        ("", text(task, "message")),
        (
            "still to come: ",
            text(image, "os_glance_importing_to_stores"),
        ),
        ("failed: ", text(image, "os_glance_failed_import")),
    ];
    let said: Vec<String> = said
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(title, text)| format!("{title}{text}"))
        .collect();
    said.join("; ")
}

fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Between two looks at an import.
const PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Object, progress};

    #[test]
    fn progress_is_what_is_to_come_and_what_failed() {
        let object = |value: Value| -> Object { serde_json::from_value(value).unwrap() };
        let image = object(json!({
            "os_glance_importing_to_stores": "a,b", "os_glance_failed_import": "c",
        }));

        let task = object(json!({"message": "Copied 7 MiB"}));
        assert_eq!(
            progress(&image, &task),
            "Copied 7 MiB; still to come: a,b; failed: c"
        );
        assert_eq!(
            progress(&Object::new(), &object(json!({"message": null}))),
            ""
        );
    }
}
