//! The commands about imports, and about the stores that they fill.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::client::{CommandError, Context};
use super::image::{fields, id_of, require_formats, shown, source};
use crate::args::{
    CreateViaImport, DeleteFromStore, ImportImage, ImportSource, ImportTarget, ShowStores,
    StageImage, usage_error,
};
use crate::client::{self, ClientError, ImportRequest, Purpose, Session, upload};
use crate::output::{self, Looks, Object};

pub(super) async fn stage(context: &Context, args: StageImage) -> Result<(), CommandError> {
    let Some(source) = source(args.file.as_deref(), args.size)? else {
        return Err(ClientError::NoData.into());
    };
    upload(&context.session, &args.id, source, Purpose::Stage, None).await?;
    Ok(())
}

pub(super) async fn info(context: &Context) -> Result<(), CommandError> {
    let info = context.session.import_info().await?;
    context.print(info, Looks::default())
}

pub(super) async fn stores(context: &Context, args: ShowStores) -> Result<(), CommandError> {
    let info = context.session.stores_info(args.detail).await?;
    context.print(info, Looks::default())
}

pub(super) async fn delete_from_store(
    context: &Context,
    args: DeleteFromStore,
) -> Result<(), CommandError> {
    let DeleteFromStore { store, id } = args;
    context.session.delete_from_store(&store, &id).await?;
    context.print_for_machines(&json!({"id": id, "store": store, "deleted": true}))
}

pub(super) async fn import(context: &Context, args: ImportImage) -> Result<(), CommandError> {
    let request = request(
        "image-import",
        &args.import_method,
        args.source,
        args.target,
    )?;
    let session = &context.session;
    import_and_follow(session, &args.id, &request, args.waiting.wait).await?;
    let image = session.image(&args.id).await?;
    context.print(shown(image), Looks::default())
}

pub(super) async fn create(context: &Context, args: CreateViaImport) -> Result<(), CommandError> {
    let mut fields = fields(args.attributes);
    if let Some(id) = args.id {
        fields.insert("id".to_owned(), id.into());
    }
    if !args.tags.is_empty() {
        fields.insert("tags".to_owned(), args.tags.into());
    }
    let data = match args.import_method.as_deref() {
        None | Some(DIRECT) => source(args.file.as_deref(), args.size)?,
        Some(method) if args.file.is_some() => {
            let problem = format!("--file is for {DIRECT}, not for {method}\n");
            return Err(usage_error(CREATE, &problem).into());
        }
        Some(_) => None,
    };
    let implied = data.is_some().then(|| DIRECT.to_owned());
    let Some(method) = args.import_method.or(implied) else {
        let image = context.session.create_image(&fields.into()).await?;
        return context.print(shown(image), Looks::default());
    };
    if method == DIRECT && data.is_none() {
        return Err(ClientError::NoData.into());
    }
    if method == COPY {
        let problem = format!("{COPY} is for images that have data: see image-import\n");
        return Err(usage_error(CREATE, &problem).into());
    }
    let request = request(CREATE, &method, args.source, args.target)?;
    require_formats(CREATE, &fields)?;
    require_method(&context.session, &method).await?;

    let session = &context.session;
    let mut image = session.create_image(&fields.into()).await?;
    let id = id_of(&image);
    let work = async {
        if let Some(data) = data {
            upload(session, &id, data, Purpose::Stage, None).await?;
        }
        import_and_follow(session, &id, &request, args.waiting.wait).await
    };
    let imported = work.await;
    image = session.image(&id).await.unwrap_or(image);
    // The image is there, whatever became of its data.
    context.print(shown(image), Looks::default())?;
    Ok(imported?)
}

/// What the flags ask for.
fn request(
    command: &str,
    method: &str,
    source: ImportSource,
    target: ImportTarget,
) -> Result<ImportRequest, CommandError> {
    let wrong = |problem: &str| Err(usage_error(command, &format!("{problem}\n")).into());
    let is_remote = source.remote_region.is_some() || source.remote_image_id.is_some();
    if source.uri.is_some() != (method == WEB) {
        return wrong("--uri goes with --import-method web-download, which needs it");
    }
    if is_remote && method != REMOTE {
        return wrong("--remote-region and --remote-image-id go with glance-download");
    }
    let mut members = json!({"name": method});
    if let Some(uri) = source.uri {
        members["uri"] = uri.into();
    }
    if method == REMOTE {
        let (Some(region), Some(image)) = (source.remote_region, source.remote_image_id) else {
            return wrong("glance-download needs --remote-region and --remote-image-id");
        };
        members["glance_region"] = region.into();
        members["glance_image_id"] = image.into();
        members["glance_service_interface"] = source.remote_service_interface.into();
    }
    let must_succeed = !target.allow_failure;
    let target = match (target.store, target.stores, target.all_stores) {
        (Some(store), ..) => client::ImportTarget::One(store),
        (None, _, Some(true)) => client::ImportTarget::All { must_succeed },
        (None, stores, _) if stores.is_empty() => client::ImportTarget::Default,
        (None, stores, _) => client::ImportTarget::Several {
            stores,
            must_succeed,
        },
    };
    if method == COPY && target == client::ImportTarget::Default {
        return wrong("copy-image needs --store, --stores or --all-stores");
    }
    let method = match members {
        Value::Object(members) => members,
        _ => Object::new(),
    };
    Ok(ImportRequest { method, target })
}

/// Better to say so before an image is made for it.
async fn require_method(session: &Session, method: &str) -> Result<(), ClientError> {
    let info = session.import_info().await?;
    let offered = info
        .get("import-methods")
        .and_then(|ways| ways.get("value"));
    let offered = offered
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if offered.iter().any(|offered| offered == method) {
        return Ok(());
    }
    let names: Vec<&str> = offered.iter().filter_map(Value::as_str).collect();
    Err(ClientError::NotOffered {
        method: method.to_owned(),
        offered: match names.join(", ") {
            none if none.is_empty() => "no way".to_owned(),
            names => names,
        },
    })
}

async fn import_and_follow(
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

const CREATE: &str = "image-create-via-import";
const DIRECT: &str = "glance-direct";
const WEB: &str = "web-download";
const REMOTE: &str = "glance-download";
const COPY: &str = "copy-image";

/// Between two looks at an import.
const PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ImportRequest, Object, client, progress, request};
    use crate::args::{Cli, ClientCommand, Command};

    fn asked(line: &str) -> Result<ImportRequest, String> {
        let words = format!("glance image-import i {line}");
        let cli = Cli::read(words.split_whitespace()).map_err(|error| error.to_string())?;
        let Command::Client(ClientCommand::ImageImport(args)) = cli.command else {
            panic!("another command");
        };
        request(
            "image-import",
            &args.import_method,
            args.source,
            args.target,
        )
        .map_err(|error| error.to_string())
    }

    fn body(line: &str) -> Value {
        asked(line).unwrap().body()
    }

    #[test]
    fn the_body_of_an_import_is_what_the_api_wants() {
        for (line, expected) in [
            ("", json!({"method": {"name": "glance-direct"}})),
            (
                "--import-method web-download --uri http://h/d",
                json!({"method": {"name": "web-download", "uri": "http://h/d"}}),
            ),
            (
                "--import-method glance-download --remote-region r --remote-image-id m",
                json!({"method": {
                    "name": "glance-download", "glance_region": "r", "glance_image_id": "m",
                    "glance_service_interface": "public",
                }}),
            ),
            (
                "--import-method copy-image --stores a,b",
                json!({
                    "method": {"name": "copy-image"}, "stores": ["a", "b"],
                    "all_stores_must_succeed": false,
                }),
            ),
            (
                "--import-method copy-image --all-stores True --allow-failure False",
                json!({
                    "method": {"name": "copy-image"}, "all_stores": true,
                    "all_stores_must_succeed": true,
                }),
            ),
            (
                "--all-stores False",
                json!({"method": {"name": "glance-direct"}}),
            ),
        ] {
            assert_eq!(body(line), expected, "{line}");
        }
    }

    #[test]
    fn one_store_is_named_in_a_header() {
        let request = asked("--store a").unwrap();

        assert_eq!(request.target, client::ImportTarget::One("a".to_owned()));
        assert_eq!(request.body(), json!({"method": {"name": "glance-direct"}}));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (line, problem) in [
            (
                "--uri http://h/d",
                "--uri goes with --import-method web-download",
            ),
            ("--import-method web-download", "which needs it"),
            ("--import-method glance-download", "needs --remote-region"),
            ("--remote-region r", "go with glance-download"),
            (
                "--import-method copy-image",
                "needs --store, --stores or --all-stores",
            ),
            ("--store a --stores b", "cannot be used with"),
            ("--store a --all-stores true", "cannot be used with"),
            ("--stores a --all-stores true", "cannot be used with"),
        ] {
            let said = asked(line).unwrap_err();
            assert!(said.contains(problem), "{line}: {said}");
        }
    }

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
