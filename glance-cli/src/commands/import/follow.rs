//! An import as it goes on, after the service has answered.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use crate::client::{ClientError, ImportRequest, Session};
use crate::output::{self, Object};

use super::request::COPY;

/// Asks for an import, and waits for its end if that is wanted.
///
/// # Errors
///
/// The service cannot be reached, or refuses, or fails to import; or how the import ends is not seen.
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
    let method = text(&request.method, "name");
    follow(session, id, method, &earlier).await
}

/// Waits for the task that is not one of the earlier ones, and tells how it goes on.
async fn follow(
    session: &Session,
    id: &str,
    method: &str,
    earlier: &[Object],
) -> Result<(), ClientError> {
    let is_new = |task: &Object| {
        !earlier
            .iter()
            .any(|other| other.get("id") == task.get("id"))
    };
    let mut told = String::new();
    loop {
        let mut tasks = seen(session, id, PATIENCE, || session.image_tasks(id)).await?;
        let task = tasks
            .iter()
            .rposition(is_new)
            .map(|at| tasks.swap_remove(at))
            .unwrap_or_default();
        let image = seen(session, id, PATIENCE, || session.image(id)).await?;
        let progress = progress(&image, &task);
        if progress != told && !progress.is_empty() {
            output::note(&progress);
            told = progress;
        }
        match stage(method, &image, &task) {
            Stage::GoesOn => sleep(PAUSE).await,
            Stage::Done => return Ok(()),
            Stage::Failed(reason) => {
                let id = id.to_owned();
                return Err(ClientError::ImportFailed { id, reason });
            }
        }
    }
}

/// What a service answers that may be away for a while: an import outlives its server, and this client
/// is no reason to look away earlier.
async fn seen<T, F>(
    session: &Session,
    id: &str,
    patience: Duration,
    ask: impl Fn() -> F + Send + Sync,
) -> Result<T, ClientError>
where
    T: Send,
    F: Future<Output = Result<T, ClientError>> + Send,
{
    let until = Instant::now() + patience;
    let mut trouble: Option<ClientError> = None;
    loop {
        let error = match timeout_at(until, ask()).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_) => {
                let silent = || session.silent_for(patience);
                trouble.take().unwrap_or_else(silent)
            }
        };
        // Without a token nothing is told any more, and yet the import goes on.
        let is_barred = matches!(error, ClientError::Refused { status: 401, .. });
        if !is_barred && !is_passing(&error) {
            return Err(error);
        }
        if is_barred || Instant::now() + PAUSE >= until {
            return Err(ClientError::ImportUnseen {
                id: id.to_owned(),
                source: Box::new(error),
            });
        }
        if trouble.is_none() {
            output::note(&format!(
                "{}; asking again for {} s",
                output::sentence(&error),
                patience.as_secs()
            ));
        }
        trouble = Some(error);
        sleep(PAUSE).await;
    }
}

/// Whether the service may have another answer soon.
fn is_passing(error: &ClientError) -> bool {
    match error {
        ClientError::Broken { .. }
        | ClientError::Silent { .. }
        | ClientError::Unreachable { .. } => true,
        ClientError::Refused { status, .. } => *status >= 500,
        _ => false,
    }
}

/// How far an import is.
#[derive(Debug, PartialEq, Eq)]
enum Stage {
    GoesOn,
    Done,
    Failed(String),
}

fn stage(method: &str, image: &Object, task: &Object) -> Stage {
    match (text(task, "status"), text(task, "message")) {
        ("", _) => stage_without_task(method, image),
        ("success", _) => Stage::Done,
        ("failure", "") => Stage::Failed("the service does not say why".to_owned()),
        ("failure", reason) => Stage::Failed(reason.to_owned()),
        _ => Stage::GoesOn,
    }
}

/// The copy of an image that is in all the stores already is no task; of any other import, the task may
/// be told to others alone, or no more.
fn stage_without_task(method: &str, image: &Object) -> Stage {
    let is_locked = ["os_glance_import_task", "os_glance_importing_to_stores"]
        .iter()
        .any(|lock| !text(image, lock).is_empty());
    match text(image, "status") {
        _ if is_locked => Stage::GoesOn,
        "active" | "deactivated" => Stage::Done,
        "uploading" | "importing" if method != COPY => Stage::GoesOn,
        status => Stage::Failed(format!("the service tells of no task, and it is {status}")),
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

/// How long a service may be away: longer than one takes to be restarted.
const PATIENCE: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use serde_json::{Value, json};
    use tokio::runtime::Builder;

    use super::{ClientError, Object, Stage, progress, seen, stage};
    use crate::client::{Session, SessionOptions};

    fn object(value: &Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn progress_is_what_is_to_come_and_what_failed() {
        let image = object(&json!({
            "os_glance_importing_to_stores": "a,b", "os_glance_failed_import": "c",
        }));

        let task = object(&json!({"message": "Copied 7 MiB"}));
        assert_eq!(
            progress(&image, &task),
            "Copied 7 MiB; still to come: a,b; failed: c"
        );
        assert_eq!(
            progress(&Object::new(), &object(&json!({"message": null}))),
            ""
        );
    }

    #[test]
    fn an_import_of_which_no_task_is_told_is_where_its_image_is() {
        let failed = |status: &str| {
            Stage::Failed(format!("the service tells of no task, and it is {status}"))
        };
        for (method, image, expected) in [
            ("copy-image", json!({"status": "active"}), Stage::Done),
            (
                "copy-image",
                json!({"status": "active", "os_glance_importing_to_stores": "a"}),
                Stage::GoesOn,
            ),
            ("web-download", json!({"status": "active"}), Stage::Done),
            (
                "web-download",
                json!({"status": "importing"}),
                Stage::GoesOn,
            ),
            (
                "web-download",
                json!({"status": "queued"}),
                failed("queued"),
            ),
            (
                "glance-direct",
                json!({"status": "uploading"}),
                Stage::GoesOn,
            ),
            (
                "glance-direct",
                json!({"status": "queued"}),
                failed("queued"),
            ),
            (
                "glance-direct",
                json!({"status": "queued", "os_glance_import_task": "t"}),
                Stage::GoesOn,
            ),
        ] {
            let stage = stage(method, &object(&image), &Object::new());

            assert_eq!(stage, expected, "{method}, {image}");
        }
    }

    #[test]
    fn a_service_that_stays_away_is_left_with_the_import_going_on() {
        let session = Session::new(SessionOptions {
            endpoint: "http://h".parse().unwrap(),
            token: None,
            headers: Vec::new(),
            insecure: false,
            certificates: None,
            patience: Duration::ZERO,
            is_verbose: false,
        })
        .unwrap();
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let patience = Duration::from_millis(1500);
        let refusal = |status| ClientError::Refused {
            status,
            explanation: "no".to_owned(),
        };
        for (status, is_unseen, times) in [(503, true, 2), (401, true, 1), (404, false, 1)] {
            let asked = AtomicUsize::new(0);
            let asking = seen::<(), _>(&session, "i", patience, || {
                asked.fetch_add(1, Ordering::Relaxed);
                async move { Err(refusal(status)) }
            });

            let error = runtime.block_on(asking).unwrap_err();

            let unseen = matches!(error, ClientError::ImportUnseen { .. });
            assert_eq!(unseen, is_unseen, "{status}: {error}");
            assert_eq!(asked.into_inner(), times, "{status}: {error}");
        }
        let silence = seen::<(), _>(&session, "i", patience, pending);
        let error = runtime.block_on(silence).unwrap_err();
        assert!(matches!(error, ClientError::ImportUnseen { .. }), "{error}");
    }
}
