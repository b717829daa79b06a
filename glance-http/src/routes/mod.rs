//! The table of all routes.

mod discovery;
mod extract;
pub(crate) mod health;
mod image_actions;
mod image_check;
mod image_file;
mod images;
mod import;
mod locations;
mod members;
mod metadefs;
mod passing_on;
mod schemas;
mod stores;
mod tags;
mod tasks;
mod verbs;

use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Router, middleware};

use self::metadefs::{namespaces, objects, properties, resource_types, tags as metadef_tags};
use self::verbs::Verbs;
use crate::auth;
use crate::error::ApiError;
use crate::options::Api;

/// Every path with what it takes.
fn resources() -> Vec<(&'static str, Verbs)> {
    vec![
        (
            "/v2/images",
            Verbs::new().get(images::list).post(images::create),
        ),
        (
            "/v2/images/{image_id}",
            Verbs::new()
                .get(images::show)
                .patch(images::edit)
                .delete(images::delete),
        ),
        (
            "/v2/images/{image_id}/actions/deactivate",
            Verbs::new().post(image_actions::deactivate),
        ),
        (
            "/v2/images/{image_id}/actions/reactivate",
            Verbs::new().post(image_actions::reactivate),
        ),
        (
            "/v2/images/{image_id}/file",
            Verbs::new()
                .get(image_file::download)
                .put(image_file::upload),
        ),
        (
            "/v2/images/{image_id}/import",
            Verbs::new().post(import::begin),
        ),
        (
            "/v2/images/{image_id}/locations",
            Verbs::new().get(locations::list).post(locations::add),
        ),
        (
            "/v2/images/{image_id}/members",
            Verbs::new().get(members::list).post(members::add),
        ),
        (
            "/v2/images/{image_id}/members/{member_id}",
            Verbs::new()
                .get(members::show)
                .put(members::answer)
                .delete(members::remove),
        ),
        (
            "/v2/images/{image_id}/metadefs/check",
            Verbs::new().get(image_check::check),
        ),
        (
            "/v2/images/{image_id}/stage",
            Verbs::new().put(image_file::stage),
        ),
        (
            "/v2/images/{image_id}/tags/{tag}",
            Verbs::new().put(tags::add).delete(tags::remove),
        ),
        (
            "/v2/images/{image_id}/tasks",
            Verbs::new().get(tasks::of_image),
        ),
        (
            "/v2/info/import",
            Verbs::new().get(discovery::import_methods),
        ),
        ("/v2/info/stores", Verbs::new().get(stores::list)),
        (
            "/v2/info/stores/detail",
            Verbs::new().get(stores::list_in_detail),
        ),
        ("/v2/info/usage", Verbs::new().get(discovery::usage)),
        (
            "/v2/metadefs/namespaces",
            Verbs::new().get(namespaces::list).post(namespaces::create),
        ),
        (
            "/v2/metadefs/namespaces/{namespace}",
            Verbs::new()
                .get(namespaces::show)
                .put(namespaces::edit)
                .delete(namespaces::delete),
        ),
        (
            "/v2/metadefs/namespaces/{namespace}/objects",
            Verbs::new()
                .get(objects::list)
                .post(objects::add)
                .delete(namespaces::delete_objects),
        ),
        (
            "/v2/metadefs/namespaces/{namespace}/objects/{object}",
            Verbs::new()
                .get(objects::show)
                .put(objects::replace)
                .delete(objects::delete),
        ),
        (
            "/v2/metadefs/namespaces/{namespace}/properties",
            Verbs::new()
                .get(properties::list)
                .post(properties::add)
                .delete(namespaces::delete_properties),
        ),
        (
            "/v2/metadefs/namespaces/{namespace}/properties/{property}",
            Verbs::new()
                .get(properties::show)
                .put(properties::replace)
                .delete(properties::delete),
        ),
        (
            "/v2/metadefs/namespaces/{namespace}/resource_types",
            Verbs::new()
                .get(resource_types::list_of_namespace)
                .post(resource_types::add),
        ),
        (
            "/v2/metadefs/namespaces/{namespace}/resource_types/{resource_type}",
            Verbs::new().delete(resource_types::delete),
        ),
        (
            "/v2/metadefs/namespaces/{namespace}/tags",
            Verbs::new()
                .get(metadef_tags::list)
                .post(metadef_tags::add_all)
                .delete(namespaces::delete_tags),
        ),
        (
            "/v2/metadefs/namespaces/{namespace}/tags/{tag}",
            Verbs::new()
                .get(metadef_tags::show)
                .post(metadef_tags::add)
                .put(metadef_tags::rename)
                .delete(metadef_tags::delete),
        ),
        (
            "/v2/metadefs/resource_types",
            Verbs::new().get(resource_types::list),
        ),
        ("/v2/schemas/image", Verbs::new().get(schemas::image)),
        ("/v2/schemas/images", Verbs::new().get(schemas::images)),
        ("/v2/schemas/member", Verbs::new().get(schemas::member)),
        ("/v2/schemas/members", Verbs::new().get(schemas::members)),
        ("/v2/schemas/task", Verbs::new().get(schemas::task)),
        ("/v2/schemas/tasks", Verbs::new().get(schemas::tasks)),
        (
            "/v2/schemas/metadefs/namespace",
            Verbs::new().get(schemas::metadef_namespace),
        ),
        (
            "/v2/schemas/metadefs/namespaces",
            Verbs::new().get(schemas::metadef_namespaces),
        ),
        (
            "/v2/schemas/metadefs/object",
            Verbs::new().get(schemas::metadef_object),
        ),
        (
            "/v2/schemas/metadefs/objects",
            Verbs::new().get(schemas::metadef_objects),
        ),
        (
            "/v2/schemas/metadefs/properties",
            Verbs::new().get(schemas::metadef_properties),
        ),
        (
            "/v2/schemas/metadefs/property",
            Verbs::new().get(schemas::metadef_property),
        ),
        (
            "/v2/schemas/metadefs/resource_type",
            Verbs::new().get(schemas::metadef_resource_type),
        ),
        (
            "/v2/schemas/metadefs/resource_types",
            Verbs::new().get(schemas::metadef_resource_types),
        ),
        (
            "/v2/schemas/metadefs/tag",
            Verbs::new().get(schemas::metadef_tag),
        ),
        (
            "/v2/schemas/metadefs/tags",
            Verbs::new().get(schemas::metadef_tags),
        ),
        (
            "/v2/stores/{store_id}/{image_id}",
            Verbs::new().delete(stores::delete_image),
        ),
        (
            "/v2/tasks",
            Verbs::new().get(tasks::list).post(tasks::create),
        ),
        ("/v2/tasks/{task_id}", Verbs::new().get(tasks::show)),
    ]
}

/// The routes behind the identity of the caller.
pub(crate) fn table(api: Api) -> Router {
    resources()
        .into_iter()
        .fold(Router::new(), |router, (path, verbs)| {
            router.route(path, verbs.into_router())
        })
        .route("/v2", any(discovery::to_versioned_root))
        .fallback(unknown)
        .layer(middleware::from_fn_with_state(api.clone(), auth::identify))
        .with_state(api)
}

/// A method on a path, as in `GET /v2/images/{image_id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path, with names in braces for what varies.
    pub path: &'static str,
}

/// Everything that [`router`](crate::router) answers to callers, for documents, metrics and tests.
pub fn endpoints() -> Vec<Endpoint> {
    let resources = resources().into_iter();
    resources
        .flat_map(|(path, verbs)| {
            verbs
                .methods()
                .into_iter()
                .map(move |method| Endpoint { method, path })
        })
        .collect()
}

async fn unknown(method: Method) -> Response {
    if KNOWN_METHODS.contains(&method) {
        ApiError::no_resource().into_response()
    } else {
        ApiError::method_not_implemented(&method).into_response()
    }
}

const KNOWN_METHODS: [Method; 6] = [
    Method::DELETE,
    Method::GET,
    Method::HEAD,
    Method::PATCH,
    Method::POST,
    Method::PUT,
];
