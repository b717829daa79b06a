//! Requests for what another node has, passed on to it.

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use glance_core::domain::ImageId;
use serde_json::Value;

use crate::auth::Credentials;
use crate::edge::RequestId;
use crate::error::ApiError;
use crate::nodes::{NodeAnswer, NodeRequest, Nodes};
use crate::wire::store::IMAGE_STORE;

/// What a request says beside its body that another node has to hear.
pub(super) struct PassingOn {
    headers: HeaderMap,
    /// Whether it comes from a node: it is passed on once, never in a circle.
    pub(super) is_passed_on: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for PassingOn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Credentials(mut headers) = parts.extensions.get().cloned().unwrap_or_default();
        let RequestId(id) = parts.extensions.get().cloned().unwrap_or_default();
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some(store) = parts.headers.get(IMAGE_STORE) {
            headers.insert(IMAGE_STORE, store.clone());
        }
        headers.insert(PASSED_ON, HeaderValue::from_static("1"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(Self {
            headers,
            is_passed_on: parts.headers.contains_key(&PASSED_ON),
        })
    }
}

impl PassingOn {
    /// Begins an import at another node.
    pub(super) async fn import(
        mut self,
        nodes: &dyn Nodes,
        host: &str,
        image: ImageId,
        body: &Value,
    ) -> Result<Response, ApiError> {
        if self.is_passed_on {
            tracing::error!(
                image.id = %image, host,
                "another node asks for an import of data that is staged at a third: is \
                 worker_self_reference_url what only that node is reached at?"
            );
            return Err(ApiError::in_a_circle());
        }
        let json = HeaderValue::from_static("application/json");
        self.headers.insert(CONTENT_TYPE, json);
        let request = NodeRequest {
            method: Method::POST,
            path: format!("/v2/images/{image}/import"),
            headers: self.headers,
            body: body.to_string().into(),
        };
        passed_on(nodes, host, image, request).await
    }

    /// Deletes an image at another node; `None` where it cannot, and the image is to be deleted here.
    pub(super) async fn delete(
        self,
        nodes: &dyn Nodes,
        host: &str,
        image: ImageId,
    ) -> Result<Option<Response>, ApiError> {
        let request = NodeRequest {
            method: Method::DELETE,
            path: format!("/v2/images/{image}"),
            headers: self.headers,
            body: Bytes::new(),
        };
        match passed_on(nodes, host, image, request).await {
            Ok(answer) => Ok(Some(answer)),
            Err(refused) if refused.is_of_server() => Ok(None),
            Err(refused) => Err(refused),
        }
    }
}

/// The answer of another node, as that of this one.
async fn passed_on(
    nodes: &dyn Nodes,
    host: &str,
    image: ImageId,
    request: NodeRequest,
) -> Result<Response, ApiError> {
    let method = request.method.clone();
    let answer = nodes.ask(host, request).await.map_err(|error| {
        tracing::warn!(
            image.id = %image, host, %method, error = &error as &dyn std::error::Error,
            "a request could not be passed on to the node that has the data"
        );
        ApiError::from(error)
    })?;
    let status = answer.status;
    tracing::info!(
        image.id = %image, host, %method, status = status.as_u16(),
        "a request was passed on to the node that has the data"
    );
    match status.is_success() {
        true => Ok(status.into_response()),
        false => Err(refusal(&answer)),
    }
}

/// What another node refuses, in its words.
fn refusal(answer: &NodeAnswer) -> ApiError {
    let status = answer.status;
    if !(status.is_client_error() || status.is_server_error()) {
        return ApiError::not_an_answer(status);
    }
    let page: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let message = page.as_ref().and_then(|page| page["message"].as_str());
    let (explanation, detail) = message
        .and_then(|message| message.split_once(BREAK))
        .unwrap_or((reason(status), ""));
    ApiError::new(status, explanation.to_owned()).with_detail(detail.trim().to_owned())
}

fn reason(status: StatusCode) -> &'static str {
    status
        .canonical_reason()
        .unwrap_or("The node that has the data of this image refused.")
}

/// What stands between explanation and detail of an error's page.
const BREAK: &str = "<br /><br />\n";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-openstack-request-id");

/// Marks a request that comes from a node.
const PASSED_ON: HeaderName = HeaderName::from_static("x-glance-passed-on");
