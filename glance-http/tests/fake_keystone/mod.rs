//! A Keystone that says of tokens what a test tells it.

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use tokio::net::TcpListener;

/// Serves a login, and validations as told.
pub(crate) async fn keystone<F>(validated: impl Fn() -> F + Clone + Send + Sync + 'static) -> String
where
    F: Future<Output = Response> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let login = format!(
        r#"{{"token": {{"expires_at": "2999-01-01T00:00:00Z", "catalog": [
            {{"type": "identity", "name": "k", "endpoints": [
                {{"interface": "internal", "region": "R", "url": "{url}/v3"}}]}}]}}}}"#
    );
    let tokens = post(async move || (StatusCode::CREATED, [("x-subject-token", "own")], login))
        .get(async move || validated().await);
    let router = Router::new().route("/v3/auth/tokens", tokens);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}
