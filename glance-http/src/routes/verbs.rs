//! What one path takes, and how it refuses the rest.

use axum::handler::Handler;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter};

use crate::error::ApiError;
use crate::options::Api;

/// The methods of one path with their handlers. Unlike axum's own, `get` does not answer `HEAD`:
/// upstream has no `HEAD`.
pub(super) struct Verbs {
    methods: Vec<Method>,
    router: MethodRouter<Api>,
}

impl Verbs {
    pub(super) fn new() -> Self {
        Self {
            methods: Vec::new(),
            router: MethodRouter::new(),
        }
    }

    pub(super) fn get<H: Handler<T, Api>, T: 'static>(self, handler: H) -> Self {
        self.on(Method::GET, MethodFilter::GET, handler)
    }

    pub(super) fn post<H: Handler<T, Api>, T: 'static>(self, handler: H) -> Self {
        self.on(Method::POST, MethodFilter::POST, handler)
    }

    pub(super) fn put<H: Handler<T, Api>, T: 'static>(self, handler: H) -> Self {
        self.on(Method::PUT, MethodFilter::PUT, handler)
    }

    pub(super) fn patch<H: Handler<T, Api>, T: 'static>(self, handler: H) -> Self {
        self.on(Method::PATCH, MethodFilter::PATCH, handler)
    }

    pub(super) fn delete<H: Handler<T, Api>, T: 'static>(self, handler: H) -> Self {
        self.on(Method::DELETE, MethodFilter::DELETE, handler)
    }

    /// The methods in the order in which they were given.
    pub(super) fn methods(self) -> Vec<Method> {
        self.methods
    }

    /// The routes; every other method is refused with the list of these.
    pub(super) fn into_router(self) -> MethodRouter<Api> {
        let allowed: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        let allowed = allowed.join(", ");
        let refuse = move |method: Method| {
            let refused: Response = ApiError::method_not_allowed(&method, &allowed).into_response();
            async move { refused }
        };
        self.router.head(refuse.clone()).fallback(refuse)
    }

    fn on<H: Handler<T, Api>, T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        handler: H,
    ) -> Self {
        self.methods.push(method);
        self.router = self.router.on(filter, handler);
        self
    }
}
