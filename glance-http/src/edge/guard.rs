//! What holds for every answer: no panic ends a connection, and errors look as clients like them.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;

use crate::error::ApiError;
use crate::reply::{Form, render};

/// Answers 500 where a handler panics.
pub(crate) async fn catch_panic(request: Request, next: Next) -> Response {
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answered.unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        tracing::error!(panic = message, "a handler panicked");
        ApiError::internal().into_response()
    })
}

/// Writes the pages of errors in the form that the client prefers.
pub(crate) async fn render_error(request: Request, next: Next) -> Response {
    let form = Form::preferred(request.headers());
    render(next.run(request).await, form)
}
