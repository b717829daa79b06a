//! What a server says of itself at its start.

use std::net::SocketAddr;

use super::metrics;
use crate::config::{Config, Database, Identity, Warning};
use crate::output;

/// Tells people where the server is and what it works with. It goes beside the log, which may be
/// in a file.
pub(super) fn announce(config: &Config, address: SocketAddr) {
    output::note(&format!(
        "glance {}: serving images at {}",
        env!("CARGO_PKG_VERSION"),
        url(address)
    ));
    if config.files.is_empty() {
        output::note("  without a configuration file (--config-file), so with the defaults:");
    }
    for (what, where_it_is) in facts(config) {
        output::note(&format!("  {what:<9} {where_it_is}"));
    }
}

/// Logs what the operator should know, though the server can start.
pub(super) fn warn(config: &Config, address: SocketAddr, warnings: &[Warning]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    if config.api.show_image_direct_url {
        tracing::warn!(
            "`[DEFAULT] show_image_direct_url` shows readers of an image where its data is stored: \
             this weakens rule R4, by which locations are not shown"
        );
    }
    if matches!(&config.identity, Identity::Keystone(keystone) if keystone.session.tls.insecure) {
        tracing::warn!(
            "`[keystone_authtoken] insecure` believes whoever answers in Keystone's place: this \
             weakens rule R18, by which nobody is taken for more than an identity service says"
        );
    }
    if config.api.show_multiple_locations {
        tracing::warn!(
            "`[DEFAULT] show_multiple_locations` lets owners of images see and choose where data is \
             read from: this weakens rule R4, by which locations are a service's alone"
        );
    }
    let inspection = &config.formats.inspection;
    if !inspection.require_match {
        tracing::warn!(
            "`[image_format] require_image_format_match = false` takes data that is not what its \
             image is said to be: this weakens rule R2, by which the format is what the bytes say"
        );
    }
    if !inspection.gpt_nonfatal.is_empty() {
        tracing::warn!(
            "`[image_format] gpt_safety_checks_nonfatal` takes tables of partitions that fail {}: \
             this weakens rule R2, by which the format is what the bytes say",
            inspection.gpt_nonfatal.join(", ")
        );
    }
    if config.quotas.soft_storage {
        tracing::warn!(
            "`[glance_rs] soft_storage_limits` lets data of unknown size pass what its project may \
             store: this weakens rule R9, by which limits hold while data comes"
        );
    }
    if !address.ip().is_loopback() {
        match &config.identity {
            Identity::None => tracing::warn!(
                "`[glance_rs] allow_unauthenticated_remote` makes whoever reaches {address} an \
                 administrator: this weakens rule R18, by which nobody is taken for more than an \
                 identity service says"
            ),
            Identity::Headers => tracing::warn!(
                "flavor `headers` believes whoever reaches {address}: let nobody but the \
                 authenticating proxy get there (rule R18)"
            ),
            Identity::Keystone(_) => {}
        }
    }
    if config.catalog.database == Database::SqliteInMemory {
        tracing::warn!(
            "the catalog is in memory: it is gone when the server ends, while the files of its \
             images stay"
        );
    }
}

/// Where a client reaches the server.
pub(super) fn url(address: SocketAddr) -> String {
    let ip = address.ip();
    let host = match (ip.is_unspecified(), address.is_ipv6()) {
        (true, _) => "localhost".to_owned(),
        (false, true) => format!("[{ip}]"),
        (false, false) => ip.to_string(),
    };
    format!("http://{host}:{}", address.port())
}

fn facts(config: &Config) -> Vec<(&'static str, String)> {
    let mut facts: Vec<(&'static str, String)> = config
        .files
        .iter()
        .map(|file| ("settings", file.display().to_string()))
        .collect();
    facts.push((
        "catalog",
        match &config.catalog.database {
            Database::Sqlite(path) => format!("{} (SQLite)", path.display()),
            Database::SqliteInMemory => "in memory".to_owned(),
            Database::Mysql(server) => format!("{server} (MySQL)"),
            Database::Postgres(server) => format!("{server} (PostgreSQL)"),
        },
    ));
    let stores = &config.stores;
    for store in &stores.all {
        if stores.named {
            facts.push(("images", format!("{}: {}", store.id, store.driver)));
        } else if store.id == stores.default {
            facts.push(("images", store.driver.to_string()));
        }
    }
    facts.push((
        "identity",
        match &config.identity {
            Identity::None => "none: whoever reaches this address is an administrator".to_owned(),
            Identity::Headers => "from the X-... headers that a trusted proxy sets".to_owned(),
            Identity::Keystone(keystone) => {
                // Without what a URL may hold of credentials.
                let url = &keystone.session.auth_url;
                format!(
                    "Keystone at {}{}",
                    url.origin().ascii_serialization(),
                    url.path()
                )
            }
        },
    ));
    if let Some(address) = config.listen.metrics {
        facts.push(("metrics", metrics::url(address)));
    }
    if let Some(file) = &config.log.file {
        facts.push(("log", file.display().to_string()));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::{facts, url};
    use crate::config::Config;

    #[test]
    fn the_url_is_one_that_a_client_can_use() {
        for (address, shown) in [
            ("127.0.0.1:9292", "http://127.0.0.1:9292"),
            ("0.0.0.0:80", "http://localhost:80"),
            ("[::1]:80", "http://[::1]:80"),
        ] {
            assert_eq!(url(address.parse().unwrap()), shown);
        }
    }

    #[test]
    fn an_embedded_server_tells_where_its_data_is() {
        let facts = facts(&Config::embedded().unwrap());

        let facts: Vec<_> = facts
            .iter()
            .map(|(what, is)| (*what, is.as_str()))
            .collect();
        assert_eq!(
            facts,
            [
                ("catalog", "glance-data/glance.sqlite (SQLite)"),
                ("images", "glance-data/images"),
                (
                    "identity",
                    "none: whoever reaches this address is an administrator"
                ),
            ]
        );
    }
}
