//! Errors as HTTP: the one table of what is answered.

use std::borrow::Cow;

use axum::http::header::{ALLOW, CONTENT_RANGE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use glance_core::domain::{CannotUpload, EditError, Event, IllegalTransition, Status};
use glance_core::ports::{CatalogError, Operation, SignatureError, StoreError, TokenError};
use glance_core::{Error, ErrorKind};

use crate::body::Stalled;
use crate::nodes::NodeError;
use crate::reply::{ErrorPage, Shape};

/// An answer that is not a success: a sentence for the client, and the cause for the log.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    page: ErrorPage,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Error>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, explanation: impl Into<Cow<'static, str>>) -> Self {
        let page = ErrorPage::new(status, explanation.into());
        Self(Box::new(Inner {
            status,
            page,
            headers: Vec::new(),
            cause: None,
        }))
    }

    pub(crate) fn bad_request(explanation: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, explanation)
    }

    pub(crate) fn forbidden(explanation: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, explanation)
    }

    /// A value that an image, a member, ... cannot have.
    pub(crate) fn schema(of: &str, what: impl std::fmt::Display) -> Self {
        Self::bad_request(format!(
            "Provided object does not match schema '{of}': {what}"
        ))
    }

    pub(crate) fn undecodable() -> Self {
        Self::bad_request(
            "Error decoding your request. Either the URL or the request body contained \
             characters that could not be decoded by Glance",
        )
    }

    /// Nothing is routed there.
    pub(crate) fn no_resource() -> Self {
        Self::new(StatusCode::NOT_FOUND, "The resource could not be found.")
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "This server could not verify that you are authorized to access the document you \
             requested. Either you supplied the wrong credentials (e.g., bad password), or your \
             browser does not understand how to supply the credentials required.",
        )
    }

    /// Nobody can say who asks, so nobody is let in.
    pub(crate) fn identity_unavailable(error: &TokenError) -> Self {
        tracing::error!(
            error = error as &dyn std::error::Error,
            "tokens cannot be verified"
        );
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The Keystone service is temporarily unavailable.",
        )
        .with_header(RETRY_AFTER, RETRY_AFTER_SECONDS)
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL)
    }

    /// A request body that is larger than it may be.
    pub(crate) fn body_too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The request body is larger than {limit} bytes."),
        )
    }

    /// The sender of a body fell silent.
    pub(crate) fn stalled() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "The request body stopped coming.",
        )
    }

    pub(crate) fn body_broke_off() -> Self {
        Self::bad_request("The request body broke off before its end.")
    }

    pub(crate) fn range_not_satisfiable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "The Range requested is not available.",
        )
        .with_detail(detail)
    }

    pub(crate) fn unsupported_media(given: Option<&str>, detail: String) -> Self {
        let given = given.map(|given| format!("{given} ")).unwrap_or_default();
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("The request media type {given}is not supported by this server."),
        )
        .with_detail(detail)
        .shaped(Shape::Media)
    }

    pub(crate) fn method_not_allowed(method: &Method, allowed: &str) -> Self {
        let error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("The method {method} is not allowed for this resource. "),
        );
        error.shaped(Shape::Verb).with_header(ALLOW, allowed)
    }

    pub(crate) fn method_not_implemented(method: &Method) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            format!("\nThe request method {method} is not implemented for this server. "),
        )
        .shaped(Shape::Verb)
    }

    pub(crate) fn request_id_too_long(limit: usize) -> Self {
        Self::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("X-Openstack-Request-ID may have at most {limit} characters."),
        )
    }

    /// Upstream's refusal of an owner or a property: a fixed sentence, then the reason.
    pub(crate) fn access_denied(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::forbidden("Access was denied to this resource.").with_detail(detail)
    }

    /// A request that one node passed on to another, which would have to pass it on again.
    pub(crate) fn in_a_circle() -> Self {
        Self::new(
            StatusCode::BAD_GATEWAY,
            "The node that is said to have the data of this image does not have it.",
        )
    }

    /// Another node says neither yes nor no: it redirects, say.
    pub(crate) fn not_an_answer(status: StatusCode) -> Self {
        Self::new(
            StatusCode::BAD_GATEWAY,
            format!("The node that has the data of this image answered {status}."),
        )
    }

    pub(crate) fn is_of_server(&self) -> bool {
        self.0.status.is_server_error()
    }

    pub(crate) fn is_forbidden(&self) -> bool {
        self.0.status == StatusCode::FORBIDDEN
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.push((name, value));
        }
        self
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.page.detail = detail.into();
        self
    }

    fn shaped(mut self, shape: Shape) -> Self {
        self.0.page.shape = shape;
        self
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let mut answer = explained(&error, status_of(&error));
        if let Error::Range(outside) = &error {
            answer = answer.with_header(CONTENT_RANGE, &format!("bytes */{}", outside.size));
        }
        if answer.0.status == StatusCode::SERVICE_UNAVAILABLE {
            answer = answer.with_header(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        answer.0.cause = Some(error);
        answer
    }
}

impl From<NodeError> for ApiError {
    fn from(error: NodeError) -> Self {
        match error {
            NodeError::Busy { .. } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The node that has the data of this image is asked for much at the moment: try \
                 again.",
            )
            .with_header(RETRY_AFTER, RETRY_AFTER_SECONDS),
            NodeError::Slow { .. } | NodeError::Unreachable { .. } => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "The node that has the data of this image does not answer.",
            ),
            NodeError::NotReachable | NodeError::Unreadable { .. } => Self::new(
                StatusCode::BAD_GATEWAY,
                "The node that has the data of this image cannot be asked, or its answer cannot be \
                 read.",
            ),
        }
    }
}

/// The table: one line for each kind of error, and Glance's quirks before them.
fn status_of(error: &Error) -> StatusCode {
    match (error, error.kind()) {
        // Glance: refusing to deactivate is a 403, refusing any other move a 409.
        (Error::Transition(refused), _) if refused.event.is_administrative() => {
            StatusCode::FORBIDDEN
        }
        // Glance: an image that is deactivated, with data that would stay.
        (Error::Transition(refused), _) if refused.event == Event::DeleteScheduled => {
            StatusCode::BAD_REQUEST
        }
        // Glance: a store that takes no data is gone for those who want to add some.
        (
            Error::Store(StoreError::Unsupported {
                operation: Operation::Write,
                ..
            }),
            _,
        ) => StatusCode::GONE,
        (Error::Body(body), _) if Stalled::caused(body) => StatusCode::REQUEST_TIMEOUT,
        (_, ErrorKind::BadData) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        (_, ErrorKind::Conflict) => StatusCode::CONFLICT,
        (_, ErrorKind::Forbidden) => StatusCode::FORBIDDEN,
        (_, ErrorKind::Gone) => StatusCode::GONE,
        (_, ErrorKind::Internal) => StatusCode::INTERNAL_SERVER_ERROR,
        (_, ErrorKind::Invalid | ErrorKind::Unsupported) => StatusCode::BAD_REQUEST,
        (_, ErrorKind::NotFound) => StatusCode::NOT_FOUND,
        (_, ErrorKind::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        (_, ErrorKind::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
        (_, ErrorKind::Unsatisfiable) => StatusCode::RANGE_NOT_SATISFIABLE,
    }
}

/// What the client is told: upstream's words where clients know them, else the error's own. Of a
/// backend it is told nothing but what kind of trouble it is (rule R6); that a certificate it named
/// itself cannot be had is of use to it.
fn explained(error: &Error, status: StatusCode) -> ApiError {
    if let Error::Signature(SignatureError::Unavailable { .. }) = error {
        return ApiError::new(status, sentence(&format!("{error}: try again")));
    }
    if status.is_server_error() {
        let text = match status {
            StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE,
            _ => INTERNAL,
        };
        return ApiError::new(status, text);
    }
    match error {
        Error::AlreadyMember { image, project } => ApiError::new(
            status,
            format!("Member {project} is duplicated for image {image}"),
        ),
        Error::Body(body) if Stalled::caused(body) => ApiError::stalled(),
        Error::Body(_) => ApiError::body_broke_off(),
        Error::CannotUpload(CannotUpload::Status(refused)) | Error::Transition(refused) => {
            ApiError::new(status, transition(*refused))
        }
        Error::Catalog(CatalogError::NotFound) => {
            ApiError::new(status, "The image no longer exists.")
        }
        Error::Catalog(CatalogError::Unstorable { .. }) => ApiError::new(
            status,
            "The database cannot keep a text of this request as it is.",
        ),
        Error::Catalog(_) => ApiError::new(status, "The image has changed meanwhile: try again."),
        Error::Deactivated { .. } => ApiError::new(
            status,
            "The requested image has been deactivated. Image data download is forbidden.",
        ),
        Error::DuplicateImage { image } => {
            ApiError::new(status, format!("Image ID {image} already exists!"))
        }
        Error::Edit(EditError::AlreadyPresent { .. } | EditError::Missing { .. }) => ApiError::new(
            status,
            "There was a conflict when trying to complete your request.",
        )
        .with_detail(sentence(error)),
        Error::ForeignOwner { .. } => ApiError::access_denied(sentence(error)),
        Error::ImageNotFound { id } => {
            ApiError::new(status, format!("No image found with ID {id}"))
        }
        Error::MemberNotFound { image, project } => ApiError::new(
            status,
            format!("{project} not found in the member list of the image {image}."),
        ),
        Error::NotAService => ApiError::new(
            status,
            "http store must be enabled to use location API by normal user.",
        ),
        Error::Range(_) => ApiError::range_not_satisfiable(sentence(error)),
        Error::Store(store) => ApiError::new(status, store_trouble(store)),
        _ => ApiError::new(status, sentence(error)),
    }
}

fn transition(refused: IllegalTransition) -> String {
    let from = refused.from;
    match refused.event {
        Event::DeleteScheduled => format!(
            "Image status transition from {from} to {} is not allowed",
            Status::PendingDelete
        ),
        Event::Deactivated => format!("Not allowed to deactivate image in status '{from}'"),
        Event::Reactivated => format!("Not allowed to reactivate image in status '{from}'"),
        Event::UploadStarted => {
            format!(
                "Image status transition from {from} to {} is not allowed",
                Status::Saving
            )
        }
        _ => sentence(&refused),
    }
}

/// A store's error without the names of stores and places.
fn store_trouble(error: &StoreError) -> &'static str {
    match error {
        StoreError::AlreadyExists { .. } => "The store holds data of this image already.",
        StoreError::BadLocation { .. } | StoreError::Forbidden { .. } => {
            "The location of the image's data cannot be used."
        }
        StoreError::Full { .. } => "There is not enough room in the image store.",
        StoreError::NotFound { .. } => "The data of the image is missing in its store.",
        StoreError::Unsupported {
            operation: Operation::Write,
            ..
        } => "Error in store configuration. Adding images to store is disabled.",
        StoreError::Unsupported { .. } => "The store that holds the image does not support this.",
        _ => "The image store refused.",
    }
}

/// An error's own words as a sentence.
pub(crate) fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    let mut sentence: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    sentence.push_str(chars.as_str());
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Inner {
            status,
            page,
            headers,
            cause,
        } = *self.0;
        if let Some(cause) = &cause {
            let error = cause as &dyn std::error::Error;
            if status.is_server_error() {
                tracing::error!(error, "the request failed");
            } else {
                tracing::debug!(error, "the request was refused");
            }
        }
        let mut response = page.into_response();
        *response.status_mut() = status;
        response.headers_mut().extend(headers);
        response
    }
}

/// `Accept-Patch`, of which there is no constant.
pub(crate) const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

const RETRY_AFTER_SECONDS: &str = "5";
const INTERNAL: &str =
    "The server has either erred or is incapable of performing the requested operation.";
const UNAVAILABLE: &str = "The service is unavailable for the moment: try again.";

#[cfg(test)]
mod tests;
