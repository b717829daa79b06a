//! The Image API as a server, from library parts: what `glance serve` does without a
//! configuration file.
//!
//! `cargo run --example server --features http`

use glance::LocalGlance;
use glance::http::server::{ServerOptions, serve};
use glance::http::{ApiOptions, router};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let glance = LocalGlance::open("glance-data").await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:9292").await?;
    let stop = async {
        // Without signals, the server runs until it is killed.
        let _ = tokio::signal::ctrl_c().await;
    };
    serve(
        listener,
        router(glance.clone(), ApiOptions::default()),
        ServerOptions::default(),
        stop,
    )
    .await?;
    Ok(())
}
