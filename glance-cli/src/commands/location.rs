//! The commands about locations.

use serde_json::{Value, json};

use super::client::{CommandError, Context};
use super::image::shown;
use crate::args::{AddFirstLocation, AddLocation, DeleteLocations, UpdateLocation};
use crate::client::ClientError;
use crate::output::{Looks, Object};

/// Says where the data of a queued image is.
pub(super) async fn add_first(
    context: &Context,
    args: AddFirstLocation,
) -> Result<(), CommandError> {
    let location = json!({"url": args.url, "validation_data": args.validation_data});
    context
        .session
        .add_location(&args.image.id, &location)
        .await?;
    let image = context.session.image(&args.image.id).await?;
    context.print(shown(image), Looks::default())
}

pub(super) async fn add(context: &Context, args: AddLocation) -> Result<(), CommandError> {
    let said: Object = [
        ("checksum", args.checksum),
        ("os_hash_algo", args.hash_algo),
        ("os_hash_value", args.hash_value),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
    .collect();
    let mut location = json!({"url": args.url, "metadata": args.metadata});
    if let (false, Value::Object(location)) = (said.is_empty(), &mut location) {
        location.insert("validation_data".to_owned(), said.into());
    }
    let operation = json!([{"op": "add", "path": "/locations/-", "value": location}]);
    let image = context
        .session
        .patch_image(&args.image.id, &operation)
        .await?;
    context.print(shown(image), Looks::default())
}

pub(super) async fn delete(context: &Context, args: DeleteLocations) -> Result<(), CommandError> {
    let image = context.session.image(&args.image.id).await?;
    let known = locations(&image)?;
    let mut places = Vec::new();
    for url in &args.url {
        places.push(place(known, url)?);
    }
    // The last first, so that the others stay where they are.
    places.sort_unstable();
    places.dedup();
    let operations: Vec<Value> = places
        .iter()
        .rev()
        .map(|at| json!({"op": "remove", "path": format!("/locations/{at}")}))
        .collect();
    let image = context
        .session
        .patch_image(&args.image.id, &operations.into())
        .await?;
    context.print_for_machines(&image.into())
}

pub(super) async fn update(context: &Context, args: UpdateLocation) -> Result<(), CommandError> {
    let mut image = context.session.image(&args.image.id).await?;
    let mut known = locations(&image)?.to_vec();
    let at = place(&known, &args.url)?;
    if let Some(location) = known.get_mut(at) {
        *location = json!({"url": args.url, "metadata": args.metadata});
    }
    let operation = json!([{"op": "replace", "path": "/locations", "value": known}]);
    image = context
        .session
        .patch_image(&args.image.id, &operation)
        .await?;
    context.print(shown(image), Looks::default())
}

fn locations(image: &Object) -> Result<&[Value], ClientError> {
    let locations = image.get("locations").and_then(Value::as_array);
    locations.map(Vec::as_slice).ok_or(ClientError::NoLocations)
}

fn place(known: &[Value], url: &str) -> Result<usize, ClientError> {
    let place = known
        .iter()
        .position(|location| location.get("url").and_then(Value::as_str) == Some(url));
    place.ok_or_else(|| ClientError::UnknownLocation {
        url: url.to_owned(),
    })
}
