//! Which version of the API a request is for.

use axum::extract::{OriginalUri, Request, State};
use axum::http::header::{ACCEPT, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::forwarded::Forwarded;
use crate::error::ApiError;
use crate::options::{Api, ApiOptions};
use crate::reply;
use crate::routes::health;
use crate::wire::versions::Versions;

/// Answers what needs no identity (versions, the health check, `OPTIONS`), and sends the rest on
/// with `/v2` before its path, whatever minor version it was asked of.
pub(crate) async fn negotiate(State(api): State<Api>, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        // As upstream's CORS filter, which then says what pages of other origins may do.
        return StatusCode::OK.into_response();
    }
    let (mut parts, body) = request.into_parts();
    let versions = Versions {
        stores: api.glance.stores().are_named(),
    };
    match destination(parts.uri.path(), &parts.headers, versions) {
        Destination::Health if !api.options.health.answers(&parts) => {
            ApiError::no_resource().into_response()
        }
        Destination::Health => health::check(&api.options.health, &parts).await,
        Destination::Versions(status) => reply::json(
            status,
            &versions.document(&Base::of(&parts, &api.options).0),
        ),
        Destination::Api(path) => {
            let base = Base::of(&parts, &api.options);
            parts.extensions.insert(base);
            let path = match parts.uri.query() {
                Some(query) => format!("{path}?{query}"),
                None => path,
            };
            match path.parse::<Uri>() {
                Ok(uri) => parts.uri = uri,
                Err(_) => return ApiError::undecodable().into_response(),
            }
            next.run(Request::from_parts(parts, body)).await
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Destination {
    Api(String),
    Health,
    Versions(StatusCode),
}

fn destination(path: &str, headers: &HeaderMap, versions: Versions) -> Destination {
    let accept = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let inside = path.strip_prefix('/').unwrap_or(path);
    let (first, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
    if first == "healthcheck" {
        return Destination::Health;
    }
    if let Some(version) = accept.strip_prefix(MEDIA_TYPE) {
        return if versions.serve(version) {
            Destination::Api(format!("/v2{path}"))
        } else {
            Destination::Versions(StatusCode::MULTIPLE_CHOICES)
        };
    }
    match first {
        "versions" => Destination::Versions(StatusCode::OK),
        version if versions.serve(version) => Destination::Api(format!("/v2{rest}")),
        _ => Destination::Versions(StatusCode::MULTIPLE_CHOICES),
    }
}

/// Where clients reach the service: as configured, or where the request came in.
#[derive(Debug, Clone)]
pub(crate) struct Base(pub(crate) String);

impl Base {
    fn of(parts: &Parts, options: &ApiOptions) -> Self {
        if let Some(endpoint) = &options.public_endpoint {
            return Self(endpoint.trim_end_matches('/').to_owned());
        }
        let original = parts
            .extensions
            .get::<OriginalUri>()
            .map_or(&parts.uri, |uri| &uri.0);
        let told = match options.trust_proxy_headers {
            true => Forwarded::of(&parts.headers),
            false => Forwarded::default(),
        };
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let authority = original.authority().map(|authority| authority.as_str());
        let Some(host) = told.host.as_deref().or(host).or(authority) else {
            return Self(String::new());
        };
        let scheme = told.scheme.as_deref().or(original.scheme_str());
        Self(format!(
            "{}://{host}{}{}",
            scheme.unwrap_or("http"),
            told.prefix,
            prefix(original.path(), parts.uri.path())
        ))
    }
}

/// The prefix under which the router is nested: what was cut off the path on the way here.
fn prefix<'a>(original: &'a str, path: &str) -> &'a str {
    original
        .strip_suffix(path)
        .unwrap_or(original)
        .trim_end_matches('/')
}

const MEDIA_TYPE: &str = "application/vnd.openstack.images-";

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_STORE: Versions = Versions { stores: false };

    fn plain(path: &str) -> Destination {
        destination(path, &HeaderMap::new(), ONE_STORE)
    }

    #[test]
    fn every_served_version_is_v2() {
        for path in ["/v2/images", "/v2.9/images", "/v2.15/images"] {
            assert_eq!(
                plain(path),
                Destination::Api("/v2/images".to_owned()),
                "{path}"
            );
        }
        assert_eq!(plain("/v2"), Destination::Api("/v2".to_owned()));
        assert_eq!(plain("/v2/"), Destination::Api("/v2/".to_owned()));
    }

    #[test]
    fn anything_else_gets_the_choice_of_versions() {
        for path in [
            "/",
            "",
            "/v1/images",
            "/v2.8/images",
            "/v2.14",
            "//v2/images",
            "/image",
        ] {
            let choice = Destination::Versions(StatusCode::MULTIPLE_CHOICES);
            assert_eq!(plain(path), choice, "{path}");
        }
        for path in ["/versions", "/versions/", "/versions/foo"] {
            assert_eq!(plain(path), Destination::Versions(StatusCode::OK), "{path}");
        }
    }

    #[test]
    fn a_version_in_accept_leaves_the_path_alone() {
        let headers = |version: &str| {
            let accept = format!("{MEDIA_TYPE}{version}");
            HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())])
        };

        assert_eq!(
            destination("/images", &headers("v2.3"), ONE_STORE),
            Destination::Api("/v2/images".to_owned())
        );
        assert_eq!(
            destination("/images", &headers("v9"), ONE_STORE),
            Destination::Versions(StatusCode::MULTIPLE_CHOICES)
        );
    }
}
