//! The Image API inside an axum application of one's own, under a prefix.
//!
//! `cargo run --example in_axum --features http`, then
//! `curl http://127.0.0.1:8080/cloud/v2/images`.

use axum::Router;
use axum::routing::get;
use glance::LocalGlance;
use glance::http::ApiOptions;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join("glance-in-axum");
    let glance = LocalGlance::open(folder).await?;

    let application = Router::new()
        .route(
            "/",
            get(|| async { "an application with an image service in it" }),
        )
        .nest(
            "/cloud",
            glance::http::router(glance.clone(), ApiOptions::default()),
        );

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, application).await?;
    Ok(())
}
