//! Whole configurations, as an operator would write them.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use glance_core::domain::policy::{PolicyOptions, ProtectionFormat};
use glance_stores::PoolOptions;

use super::stores::{Driver, FileConfig};
use super::{CheckConfig, Config, Database, Identity, Sources, Warning};

/// The least a file must say.
pub(super) const CONNECTION: &str =
    "[database]\nconnection = sqlite:////var/lib/glance/glance.sqlite\n";

/// The least that the flavor `keystone` needs.
pub(super) const KEYSTONE: &str = "[paste_deploy]\nflavor = keystone\n[keystone_authtoken]\n\
     auth_url = http://k:5000\nauth_type = password\nusername = glance\npassword = canary\n\
     user_domain_name = Default\n";

pub(super) fn loaded(text: &str) -> Result<(Config, Vec<Warning>), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("glance-api.conf");
    fs::write(&path, text).unwrap();
    Config::load(&Sources::default().with_file(&path)).map_err(|error| {
        let folder = format!("{}/", folder.path().display());
        error.to_string().replace(&folder, "")
    })
}

pub(super) fn config(text: &str) -> Config {
    loaded(&format!("{CONNECTION}{text}")).unwrap().0
}

/// Lines of `text` count from 3.
pub(super) fn failure(text: &str) -> String {
    loaded(&format!("{CONNECTION}{text}")).unwrap_err()
}

#[test]
fn a_server_without_any_file_keeps_its_data_beside_itself() {
    let config = Config::embedded().unwrap();

    assert_eq!(
        config.catalog.database,
        Database::Sqlite("glance-data/glance.sqlite".into())
    );
    assert_eq!(
        file(&config).folders[0].path,
        PathBuf::from("glance-data/images")
    );
    assert_eq!(
        config.listen.address,
        "127.0.0.1:9292".parse::<SocketAddr>().unwrap()
    );
    assert_eq!(config.identity, Identity::None);
    assert!(config.files.is_empty());
    assert!(config.policy.files.is_empty());
    assert!(Config::load(&Sources::default()).unwrap().1.is_empty());
}

#[test]
fn the_least_file_gives_the_defaults_of_glance() {
    let config = config("");

    assert_eq!(config.api.limit_param_default, 25);
    assert_eq!(config.api.api_limit_max, 1000);
    assert_eq!(config.api.max_request_id_length, 64);
    assert_eq!(config.api.public_endpoint, None);
    assert!(!config.api.show_image_direct_url);
    assert_eq!(config.quotas.image_size_cap, 1 << 40);
    assert_eq!(config.quotas.members, Some(128));
    assert_eq!(config.quotas.images_per_project, None);
    assert_eq!(config.quotas.queued_per_project, Some(10_000));
    assert_eq!(
        config.quotas.queued_lifetime,
        Some(Duration::from_secs(30 * 24 * 3600))
    );
    assert_eq!(config.formats.disk_formats.len(), 11);
    assert_eq!(config.formats.container_formats.len(), 8);
    assert!(config.catalog.synchronous && config.catalog.additions);
    assert_eq!(config.stores.hashing_algorithm, "sha512");
    assert_eq!(
        file(&config).folders[0].path,
        PathBuf::from("/var/lib/glance/images")
    );
    assert_eq!(file(&config).permissions, None);
    assert_eq!(config.listen.drain_timeout, Duration::from_secs(30));
    assert_eq!(config.listen.stall_timeout, Duration::from_secs(60));
    assert_eq!(config.listen.max_connections, 4096);
    assert!(config.log.stderr && config.log.file.is_none());
}

#[test]
fn a_full_file_is_read() {
    let config = config(
        "glance_rs_additions = off\nsqlite_synchronous = no\n\
         [DEFAULT]\nimage_tag_quota = -1\nimage_size_cap = 9223372036854775808\n\
         public_endpoint = https://images.example.org\nlog_dir = /var/log/glance\n\
         [paste_deploy]\nflavor = headers\n\
         [glance_store]\nfilesystem_store_datadirs = /srv/a:10\n\
         filesystem_store_datadirs = /srv/b\nfilesystem_store_file_perm = 640\n\
         [app:healthcheck]\ndisable_by_file_path = /run/off\n\
         [glance_rs]\nbind_host = ::\nbind_port = 80\nimage_count_quota = 7\n\
         queued_image_quota = -1\nqueued_image_lifetime = 0\n",
    );

    assert!(!config.catalog.additions && !config.catalog.synchronous);
    assert_eq!(config.quotas.tags, None);
    assert_eq!(config.quotas.image_size_cap, 1 << 63);
    assert_eq!(config.quotas.images_per_project, Some(7));
    assert_eq!(config.quotas.queued_per_project, None);
    assert_eq!(config.quotas.queued_lifetime, None);
    assert_eq!(config.identity, Identity::Headers);
    assert_eq!(config.listen.address, "[::]:80".parse().unwrap());
    assert_eq!(file(&config).permissions, Some(0o640));
    assert_eq!(file(&config).folders.len(), 2);
    assert_eq!(file(&config).folders[0].priority, 10);
    assert_eq!(
        config.edge.health.checks,
        [CheckConfig::DisableByFile(Some("/run/off".into()))]
    );
    assert_eq!(
        config.log.file,
        Some(PathBuf::from("/var/log/glance/glance-api.log"))
    );
    assert!(!config.log.stderr);
}

#[test]
fn a_flag_of_the_command_line_wins_over_environment_and_files() {
    let variable = ("OS_GLANCE_RS__BIND_PORT".to_owned(), "81".to_owned());
    let sources = Sources::new([variable]);

    let from_environment = Config::load(&sources).unwrap().0;
    let from_flag = Config::load(&sources.with_override("--port", "glance_rs", "bind_port", "82"))
        .unwrap()
        .0;

    assert_eq!(from_environment.listen.address.port(), 81);
    assert_eq!(from_flag.listen.address.port(), 82);
}

#[test]
fn a_wrong_flag_is_named() {
    let sources = Sources::default().with_override("--port", "glance_rs", "bind_port", "x");

    assert_eq!(
        Config::load(&sources).unwrap_err().to_string(),
        "`[glance_rs] bind_port` in the command line (`--port`) is `x`, but must be a whole \
         number from 0 to 65535"
    );
}

#[test]
fn policy_is_looked_for_beside_the_file() {
    let config = config("[oslo_policy]\npolicy_dirs = /etc/rules\n");

    assert!(config.policy.files[0].ends_with("policy.yaml"));
    assert_eq!(config.policy.files[0].parent(), config.files[0].parent());
    assert_eq!(config.policy.folders, [[PathBuf::from("/etc/rules")]]);
    assert_eq!(config.policy.chosen_file, None);
    assert_eq!(config.policy.options, PolicyOptions::default());
}

#[test]
fn a_property_protection_file_is_looked_for_beside_the_file() {
    let text = "[DEFAULT]\nproperty_protection_file = p.conf\n\
                property_protection_rule_format = policies\n";

    let protection = config(text).protection.unwrap();

    assert!(protection.places[0].ends_with("p.conf"));
    assert_eq!(protection.format, ProtectionFormat::Policies);
    assert_eq!(config("").protection, None);
}

#[test]
fn a_file_without_a_connection_is_told_what_to_set() {
    assert_eq!(
        loaded("[DEFAULT]\ndebug = true\n").unwrap_err(),
        "`[database] connection` is not set in `glance-api.conf`: set it, for example to \
         `sqlite:////var/lib/glance/glance.sqlite`"
    );
}

#[test]
fn another_database_is_refused_without_showing_the_password() {
    assert_eq!(
        loaded("[database]\nconnection = oracle+cx://glance:secret@db/glance\n").unwrap_err(),
        "`[database] connection` in `glance-api.conf` line 2 is a `oracle+cx` URL, but must be one \
         of `sqlite`, `mysql`, `mariadb` or `postgresql`"
    );
    assert_eq!(
        loaded("[database]\nconnection = mysql://glance:secret@db/glance?x=secret\n").unwrap_err(),
        "`[database] connection` in `glance-api.conf` line 2 has a parameter `x` that this version \
         does not take, or not like this"
    );
    assert_eq!(
        loaded("[database]\nconnection = secret\n").unwrap_err(),
        "`[database] connection` in `glance-api.conf` line 2 is not a URL: it must look like \
         `sqlite:////absolute/path` or `mysql://user:password@host/glance`"
    );
}

#[test]
fn flavors_that_are_not_built_are_refused() {
    for (flavor, reason) in [
        (
            "headers+caching",
            "images are not cached in this version; use `keystone`, `headers` or none",
        ),
        (
            "caching",
            "images are not cached in this version; use `keystone`, `headers` or none",
        ),
    ] {
        assert_eq!(
            failure(&format!("[paste_deploy]\nflavor = {flavor}\n")),
            format!(
                "`[paste_deploy] flavor` in `glance-api.conf` line 4 cannot be honoured: {reason}"
            )
        );
    }
    assert_eq!(
        failure("[paste_deploy]\nflavor = vanilla\n"),
        "`[paste_deploy] flavor` in `glance-api.conf` line 4 is `vanilla`, but must be \
         `keystone`, `headers` or left out"
    );
}

#[test]
fn listening_beyond_this_machine_without_identity_must_be_allowed() {
    let open = "[glance_rs]\nbind_host = 0.0.0.0\n";

    assert!(failure(open).starts_with("refusing to listen on 0.0.0.0:9292 without identity"));
    assert!(
        loaded(&format!(
            "{CONNECTION}{open}allow_unauthenticated_remote = on\n"
        ))
        .is_ok()
    );
    for local in ["localhost", "[::1]", "127.0.0.2", "::ffff:127.0.0.1"] {
        let text = format!("{CONNECTION}[glance_rs]\nbind_host = {local}\n");
        assert!(loaded(&text).is_ok(), "{local}");
    }
}

#[test]
fn an_address_that_is_a_name_is_refused() {
    assert_eq!(
        failure("[glance_rs]\nbind_host = images.example.org\n"),
        "`[glance_rs] bind_host` in `glance-api.conf` line 4 is `images.example.org`, but must \
         be an IP address like 127.0.0.1, 0.0.0.0 or ::1"
    );
}

#[test]
fn a_public_endpoint_must_be_a_web_address_and_hides_its_password() {
    assert_eq!(
        failure("[DEFAULT]\npublic_endpoint = ftp://me:secret@host\n"),
        "`[DEFAULT] public_endpoint` in `glance-api.conf` line 4 is `ftp://***@host`, but must be \
         an http or https URL"
    );
}

#[test]
fn permissions_must_be_octal_and_let_the_owner_read() {
    for digits in ["888", "40", "77777"] {
        assert_eq!(
            failure(&format!(
                "[glance_store]\nfilesystem_store_file_perm = {digits}\n"
            )),
            format!(
                "`[glance_store] filesystem_store_file_perm` in `glance-api.conf` line 4 is \
                 `{digits}`, but must be 0, or octal digits that let the owner read, like 640"
            )
        );
    }
}

#[test]
fn an_unknown_hash_is_refused_with_the_known_ones() {
    assert_eq!(
        failure("[DEFAULT]\nhashing_algorithm = crc32\n"),
        "`[DEFAULT] hashing_algorithm` in `glance-api.conf` line 4 is `crc32`, but must be one of \
         md5, sha1, sha224, sha256, sha384, sha512"
    );
}

#[test]
fn an_option_that_would_break_a_promise_stops_the_start() {
    for line in [
        "[DEFAULT]\nimage_cache_dir = /var/cache",
        "[DEFAULT]\nallow_anonymous_access = true",
        "[DEFAULT]\nmetadata_encryption_key = 1234567890123456",
        "[glance_store]\nfilesystem_store_metadata_file = m.json",
        "[glance_store]\nfilesystem_thin_provisioning = true",
    ] {
        let message = failure(line);
        assert!(message.contains("cannot be honoured"), "{message}");
    }
}

/// How the first store is set up, which is one of files.
pub(super) fn file(config: &Config) -> &FileConfig {
    match &config.stores.all[0].driver {
        Driver::File(file) => file,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_pool_of_a_server_is_read_in_the_words_of_sqlalchemy() {
    let server = |more: &str| {
        let text = format!("[database]\nconnection = mysql://glance:secret@db/glance\n{more}");
        let config = loaded(&text).unwrap().0;
        let Database::Mysql(server) = config.catalog.database.clone() else {
            panic!("{:?}", config.catalog);
        };
        assert!(!format!("{config:?}").contains("secret"));
        (server, config.catalog)
    };

    let (usual, catalog) = server("");
    assert_eq!(usual.pool, PoolOptions::default());
    assert_eq!(catalog.retries, Some(10));
    let (other, catalog) = server(
        "max_pool_size = 0\nmax_overflow = 2\npool_timeout = 3\nconnection_recycle_time = -1\n\
         max_retries = -1\nretry_interval = 1\nglance_rs_additions = false\n",
    );
    assert_eq!((other.pool.size, other.pool.overflow), (10_000, 2));
    assert_eq!(other.pool.timeout, Duration::from_secs(3));
    assert_eq!(other.pool.recycle, None);
    assert!(!other.additions);
    assert_eq!(
        (catalog.retries, catalog.retry_interval),
        (None, Duration::from_secs(1))
    );
}

#[test]
fn what_an_origin_does_not_say_cors_says_for_it() {
    let config = config(
        "[cors]\nallowed_origin = https://a, https://b\nmax_age = 7\n\
         [cors.other]\nallowed_origin = https://c\nallow_methods = GET\n",
    );

    let [general, other] = &config.edge.cors[..] else {
        panic!("{:?}", config.edge.cors);
    };
    assert_eq!(general.origins, ["https://a", "https://b"]);
    assert_eq!((general.max_age, general.allow_methods.len()), (7, 5));
    assert_eq!(other.origins, ["https://c"]);
    assert_eq!(
        (other.max_age, &other.allow_methods[..]),
        (7, &["GET".to_owned()][..])
    );
    assert!(other.allow_credentials);
}

#[test]
fn the_health_check_looks_at_the_file_of_the_own_port() {
    let config = config(
        "[healthcheck]\nbackends = disable_by_files_ports, enable_by_files\ndetailed = true\n\
         disable_by_file_paths = 80:/run/a, 9292:/run/b\nenable_by_file_paths = /srv/c,/srv/d\n",
    );

    let checks = [
        CheckConfig::DisableByFile(Some("/run/b".into())),
        CheckConfig::EnableByFiles(vec!["/srv/c".into(), "/srv/d".into()]),
    ];
    assert_eq!(config.edge.health.checks, checks);
    assert!(config.edge.health.detailed);
}

#[test]
fn the_health_check_answers_where_it_is_told() {
    let config = config(
        "[healthcheck]\nallowed_source_ranges = 10.0.0.0/8, ::1\nignore_proxied_requests = on\n",
    );

    let health = &config.edge.health;
    let sources = ["10.0.0.0/8", "::1/128"].map(|network| network.parse().unwrap());
    assert_eq!(health.allowed_sources, sources);
    assert!(health.ignores_proxied);
    for wrong in ["10.0.0.1/8", "everywhere", "10.0.0.0/33"] {
        let message = failure(&format!("[healthcheck]\nallowed_source_ranges = {wrong}\n"));
        assert!(message.contains("networks like 10.0.0.0/8"), "{message}");
    }
}

#[test]
fn a_health_check_that_makes_no_sense_is_refused() {
    let said = |text: &str| failure(&format!("[healthcheck]\n{text}\n"));

    assert!(said("backends = ping").contains("disable_by_files_ports"));
    assert!(said("backends = disable_by_file,enable_by_files").contains("only one of"));
    let backend = "backends = disable_by_files_ports";
    let message = said(&format!("{backend}\ndisable_by_file_paths = /run/off"));
    assert!(message.contains("a list of `port:path`"), "{message}");
}
