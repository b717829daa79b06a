//! The commands about images.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::{CommandError, Context};
use crate::args::{
    Attributes, CreateImage, DeleteImages, DownloadImage, ImageTag, ListImages, NewImage, OneImage,
    ShowImage, UpdateImage, UploadImage, usage_error,
};
use crate::client::{
    ClientError, DataSource, Fallback, Purpose, Query, Target, changes, download, upload,
};
use crate::output::{self, Looks, Object};

pub(super) async fn create(context: &Context, args: CreateImage) -> Result<(), CommandError> {
    let fields = fields_of_new(args.new);
    let source = source(args.data.file.as_deref(), args.data.sending.size)?;
    if source.is_some() {
        require_formats("image-create", &fields)?;
    }
    let mut image = context.session.create_image(&fields.into()).await?;
    let id = id_of(&image);
    let mut uploaded = Ok(());
    if let Some(source) = source {
        uploaded = upload(
            &context.session,
            &id,
            source,
            Purpose::Use,
            args.data.store.as_deref(),
        )
        .await;
        image = context.session.image(&id).await.unwrap_or(image);
    }
    // The image is there, whatever became of its data.
    context.print(shown(image), Looks::default())?;
    Ok(uploaded?)
}

pub(super) async fn delete(
    context: &Context,
    args: DeleteImages,
) -> Result<ExitCode, CommandError> {
    let mut outcome = Vec::new();
    let mut code = ExitCode::SUCCESS;
    for id in args.ids {
        match context.session.delete_image(&id).await {
            Ok(()) => outcome.push(json!({"id": id, "deleted": true})),
            Err(error) => {
                let reason = output::sentence(&error);
                output::note(&format!("glance: cannot delete image {id}: {reason}"));
                outcome.push(json!({"id": id, "deleted": false, "error": reason}));
                code = ExitCode::FAILURE;
            }
        }
    }
    context.print_for_machines(&outcome.into())?;
    Ok(code)
}

pub(super) async fn download_data(
    context: &Context,
    args: DownloadImage,
) -> Result<(), CommandError> {
    let is_allowed =
        args.allow_md5_fallback || env::var_os("OS_IMAGE_ALLOW_MD5_FALLBACK").is_some();
    let fallback = if is_allowed {
        Fallback::Md5
    } else {
        Fallback::None
    };
    let target = args.file.clone().map_or(Target::Stdout, Target::File);
    let prefer = args.prefer.as_deref();
    let saved = download(&context.session, &args.image.id, target, fallback, prefer).await?;
    if let Some(file) = args.file {
        let (algorithm, value) = saved.verified.unzip();
        context.print_for_machines(&json!({
            "id": args.image.id,
            "file": file.to_string_lossy(),
            "size": saved.bytes,
            "verified_algo": algorithm,
            "verified_value": value,
        }))?;
    }
    Ok(())
}

pub(super) async fn list(context: &Context, args: ListImages) -> Result<(), CommandError> {
    let mut titles = vec!["ID", "Name"];
    if context.is_verbose {
        titles.extend(["Disk_format", "Container_format", "Size", "Status", "Owner"]);
    }
    if args.include_stores == Some(true) {
        titles.push("Stores");
    }
    let images = context.session.list_images(&query(args)).await?;
    context.print_all(&titles, images)
}

pub(super) async fn show(context: &Context, args: ShowImage) -> Result<(), CommandError> {
    let image = context.session.image(&args.image.id).await?;
    let looks = Looks {
        human_readable: args.human_readable,
        max_column_width: args.widest.max_column_width,
    };
    context.print(shown(image), looks)
}

pub(super) async fn update(context: &Context, args: UpdateImage) -> Result<(), CommandError> {
    let mut image = context.session.image(&args.image.id).await?;
    let operations = changes(&image, &fields(args.attributes), &args.remove_property);
    if operations != json!([]) {
        image = context
            .session
            .patch_image(&args.image.id, &operations)
            .await?;
    }
    context.print(shown(image), Looks::default())
}

pub(super) async fn upload_data(context: &Context, args: UploadImage) -> Result<(), CommandError> {
    let source =
        source(args.data.file.as_deref(), args.data.sending.size)?.ok_or(ClientError::NoData)?;
    upload(
        &context.session,
        &args.image.id,
        source,
        Purpose::Use,
        args.data.store.as_deref(),
    )
    .await?;
    print_image_for_machines(context, &args.image.id).await
}

pub(super) async fn act(
    context: &Context,
    args: OneImage,
    action: &'static str,
) -> Result<(), CommandError> {
    context.session.act_on_image(&args.id, action).await?;
    print_image_for_machines(context, &args.id).await
}

pub(super) async fn add_tag(context: &Context, args: ImageTag) -> Result<(), CommandError> {
    context.session.add_tag(&args.image.id, &args.tag).await?;
    let image = context.session.image(&args.image.id).await?;
    context.print_row(&["ID", "Tags"], image)
}

pub(super) async fn remove_tag(context: &Context, args: ImageTag) -> Result<(), CommandError> {
    context
        .session
        .remove_tag(&args.image.id, &args.tag)
        .await?;
    print_image_for_machines(context, &args.image.id).await
}

/// People see nothing where all went well, as in Python's client.
async fn print_image_for_machines(context: &Context, id: &str) -> Result<(), CommandError> {
    if !context.is_json() {
        return Ok(());
    }
    let image = context.session.image(id).await?;
    context.print_for_machines(&image.into())
}

/// What the flags say of an image to be made, as it stands on the wire.
pub(super) fn fields_of_new(new: NewImage) -> Object {
    let mut fields = fields(new.attributes);
    if let Some(id) = new.id {
        fields.insert("id".to_owned(), id.into());
    }
    if !new.tags.is_empty() {
        fields.insert("tags".to_owned(), new.tags.into());
    }
    fields
}

/// What the flags say of an image, as it stands on the wire.
fn fields(attributes: Attributes) -> Object {
    let texts = [
        ("name", attributes.name.map(Value::from)),
        ("owner", attributes.owner.map(Value::from)),
        ("visibility", attributes.visibility.map(Value::from)),
        ("disk_format", attributes.disk_format.map(format)),
        ("container_format", attributes.container_format.map(format)),
        ("min_disk", attributes.min_disk.map(Value::from)),
        ("min_ram", attributes.min_ram.map(Value::from)),
        ("protected", attributes.protected.map(Value::from)),
        ("os_hidden", attributes.hidden.map(Value::from)),
    ];
    let own = attributes
        .property
        .into_iter()
        .map(|(name, value)| (name, Some(value.into())));
    own.chain(texts.map(|(name, value)| (name.to_owned(), value)))
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// The name of a format, where `None` is none.
fn format(name: String) -> Value {
    match name.as_str() {
        "None" => Value::Null,
        _ => name.into(),
    }
}

/// The data that goes with a command, if there is any.
pub(super) fn source(
    file: Option<&Path>,
    size: Option<u64>,
) -> Result<Option<DataSource>, ClientError> {
    match file {
        Some(path) => DataSource::file(path, size).map(Some),
        None => DataSource::stdin(size),
    }
}

/// The service takes no data without formats; better to say so before an image is made for it.
pub(super) fn require_formats(command: &str, fields: &Object) -> Result<(), CommandError> {
    let missing: Vec<&str> = [
        ("--disk-format", "disk_format"),
        ("--container-format", "container_format"),
    ]
    .into_iter()
    .filter(|(_, name)| fields.get(*name).is_none_or(Value::is_null))
    .map(|(flag, _)| flag)
    .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let problem = format!("data of an image needs {} as well\n", missing.join(" and "));
    Err(usage_error(command, &problem).into())
}

fn query(args: ListImages) -> Query {
    let mut parameters = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        parameters.extend(value.map(|value| (name.to_owned(), value)));
    };
    add("visibility", args.visibility);
    add("member_status", args.member_status);
    add("owner", args.owner);
    add("checksum", args.checksum);
    add("os_hash_value", args.hash);
    add("os_hidden", args.hidden.map(|hidden| hidden.to_string()));
    for tag in args.tag {
        add("tag", Some(tag));
    }
    let is_default = args.sort.is_none() && args.sort_key.is_empty();
    match (&args.sort, is_default) {
        (Some(_), _) => add("sort", args.sort),
        (None, true) => add("sort_key", Some("name".to_owned())),
        (None, false) => {}
    }
    for key in args.sort_key {
        add("sort_key", Some(key));
    }
    for direction in &args.sort_dir {
        add("sort_dir", Some(direction.clone()));
    }
    if args.sort_dir.is_empty() && parameters.iter().any(|(name, _)| name == "sort_key") {
        parameters.push(("sort_dir".to_owned(), "asc".to_owned()));
    }
    parameters.extend(args.property_filter);
    Query {
        parameters,
        limit: args.limit,
        page_size: args.page_size,
    }
}

/// The image without its links, which lead back to the service.
pub(super) fn shown(mut image: Object) -> Object {
    for link in ["self", "file", "schema"] {
        image.remove(link);
    }
    image
}

pub(super) fn id_of(image: &Object) -> String {
    let id = image.get("id").and_then(Value::as_str);
    id.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{fields_of_new, query};
    use crate::args::{Cli, ClientCommand, Command};

    fn command(line: &str) -> ClientCommand {
        match Cli::read(line.split(' ')).unwrap().command {
            Command::Client(command) => command,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn flags_become_the_fields_of_an_image() {
        let ClientCommand::ImageCreate(args) = command(
            "glance image-create --name n --disk-format qcow2 --container-format None \
             --min-ram 5 --protected true --hidden False --property a=b=c --tags x y",
        ) else {
            panic!("another command");
        };

        assert_eq!(
            json!(fields_of_new(args.new)),
            json!({
                "name": "n", "disk_format": "qcow2", "container_format": null, "min_ram": 5,
                "protected": true, "os_hidden": false, "a": "b=c",
                "tags": ["x", "y"],
            })
        );
    }

    fn asked(line: &str) -> String {
        let ClientCommand::ImageList(args) = command(line) else {
            panic!("another command");
        };
        let pairs: Vec<String> = query(args)
            .parameters
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }

    #[test]
    fn a_list_is_sorted_by_name_unless_told_otherwise() {
        assert_eq!(asked("glance image-list"), "sort_key=name&sort_dir=asc");
        assert_eq!(
            asked("glance image-list --sort-key size --sort-key id"),
            "sort_key=size&sort_key=id&sort_dir=asc"
        );
        assert_eq!(
            asked("glance image-list --sort-dir desc"),
            "sort_key=name&sort_dir=desc"
        );
        assert_eq!(
            asked("glance image-list --sort name:asc,id"),
            "sort=name:asc,id"
        );
    }

    #[test]
    fn each_condition_stands_in_the_query() {
        assert_eq!(
            asked(
                "glance image-list --visibility all --member-status pending --owner o \
                 --checksum c --hash h --tag t --tag u --hidden --property-filter a=b \
                 --sort id"
            ),
            "visibility=all&member_status=pending&owner=o&checksum=c&os_hash_value=h\
             &os_hidden=true&tag=t&tag=u&sort=id&a=b"
        );
    }
}
