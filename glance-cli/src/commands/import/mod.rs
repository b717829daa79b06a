//! The commands about imports, and about the stores that they fill.

mod follow;
mod request;

use serde_json::{Value, json};

use self::follow::import_and_follow;
use self::request::{COPY, DIRECT, request};
use super::client::{CommandError, Context};
use super::image::{fields_of_new, id_of, require_formats, shown, source};
use crate::args::{
    CreateViaImport, DeleteFromStore, ImportImage, ShowStores, StageImage, usage_error,
};
use crate::client::{ClientError, Purpose, Session, upload};
use crate::output::Looks;

pub(super) async fn stage(context: &Context, args: StageImage) -> Result<(), CommandError> {
    let Some(source) = source(args.file.as_deref(), args.sending.size)? else {
        return Err(ClientError::NoData.into());
    };
    upload(
        &context.session,
        &args.image.id,
        source,
        Purpose::Stage,
        None,
    )
    .await?;
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
    let DeleteFromStore { store, image } = args;
    context.session.delete_from_store(&store, &image.id).await?;
    context.print_for_machines(&json!({"id": image.id, "store": store, "deleted": true}))
}

pub(super) async fn import(context: &Context, args: ImportImage) -> Result<(), CommandError> {
    let request = request(
        "image-import",
        &args.import_method,
        args.source,
        args.target,
    )?;
    let session = &context.session;
    import_and_follow(session, &args.image.id, &request, args.waiting.wait).await?;
    let image = session.image(&args.image.id).await?;
    context.print(shown(image), Looks::default())
}

pub(super) async fn create(context: &Context, args: CreateViaImport) -> Result<(), CommandError> {
    let fields = fields_of_new(args.new);
    let data = match args.import_method.as_deref() {
        None | Some(DIRECT) => source(args.file.as_deref(), args.sending.size)?,
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

const CREATE: &str = "image-create-via-import";
