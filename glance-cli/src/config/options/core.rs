//! `[DEFAULT]`, `[database]` and this server's own `[glance_rs]`.

use super::{Group, OptionSpec, honoured, ignored, unsupported};
use crate::config::value::Kind::{self, Bool};
use crate::config::value::Kind::{BoundedList, Choice, Dict, List, Size, Text};

pub(super) const GROUPS: &[Group] = &[
    Group::new("DEFAULT", &[DEFAULT]),
    Group::new("database", &[DATABASE]),
    Group::new("glance_rs", &[GLANCE_RS]),
];

const DEFAULT: &[OptionSpec] = &[
    // The API.
    unsupported(
        "allow_anonymous_access",
        Bool,
        Some("false"),
        "callers without a token get no read-only view in this version",
    ),
    honoured("max_request_id_length", Kind::NATURAL, Some("64")),
    honoured("public_endpoint", Text, None),
    honoured("worker_self_reference_url", Text, None),
    honoured("limit_param_default", Kind::POSITIVE, Some("25")),
    honoured("api_limit_max", Kind::POSITIVE, Some("1000")),
    honoured("show_image_direct_url", Bool, Some("false")),
    honoured("show_multiple_locations", Bool, Some("false")),
    honoured("property_protection_file", Text, None),
    honoured(
        "property_protection_rule_format",
        Choice(&["roles", "policies"]),
        Some("roles"),
    ),
    honoured("metadata_source_path", Text, Some("/etc/glance/metadefs/")),
    // Data and limits.
    honoured("hashing_algorithm", Choice(HASHES), Some("sha512")),
    honoured("image_size_cap", SIZE_CAP, Some("1099511627776")),
    honoured("image_member_quota", Kind::INTEGER, Some("128")),
    honoured("image_property_quota", Kind::INTEGER, Some("128")),
    honoured("image_tag_quota", Kind::INTEGER, Some("128")),
    honoured("image_location_quota", Kind::INTEGER, Some("10")),
    honoured("user_storage_quota", Size, Some("0")),
    honoured("use_keystone_limits", Bool, Some("false")),
    unsupported(
        "metadata_encryption_key",
        Text,
        None,
        "locations are not encrypted in this version, and encrypted ones cannot be read",
    ),
    ignored(
        "digest_algorithm",
        Text,
        Some("sha256"),
        "Glance itself no longer uses it",
    ),
    honoured("do_secure_hash", Bool, Some("true")),
    honoured("http_retries", Kind::INTEGER, Some("3")),
    honoured("enabled_backends", Dict, None),
    // Import.
    honoured("node_staging_uri", Text, Some("file:///tmp/staging/")),
    honoured(
        "enabled_import_methods",
        BoundedList,
        Some("[glance-direct,web-download,copy-image]"),
    ),
    // Deleting.
    honoured("delayed_delete", Bool, Some("false")),
    honoured("scrub_time", Kind::NATURAL, Some("0")),
    honoured("scrub_pool_size", Kind::POSITIVE, Some("1")),
    honoured("wakeup_time", Kind::NATURAL, Some("300")),
    ignored("daemon", Bool, Some("false"), SCRUBBER),
    ignored("restore", Text, None, SCRUBBER),
    // The cache.
    unsupported(
        "image_cache_dir",
        Text,
        None,
        "images are not cached in this version",
    ),
    ignored("image_cache_driver", Text, Some("centralized_db"), CACHE),
    ignored(
        "image_cache_max_size",
        Kind::NATURAL,
        Some("10737418240"),
        CACHE,
    ),
    ignored(
        "image_cache_stall_time",
        Kind::NATURAL,
        Some("86400"),
        CACHE,
    ),
    ignored("image_cache_sqlite_db", Text, Some("cache.db"), CACHE),
    // Notices.
    ignored(
        "default_publisher_id",
        Text,
        Some("image.localhost"),
        NOTICES,
    ),
    ignored("disabled_notifications", List, Some(""), NOTICES),
    ignored("transport_url", Text, Some("rabbit://"), NOTICES),
    ignored("control_exchange", Text, Some("glance"), NOTICES),
    ignored("rpc_response_timeout", Kind::INTEGER, Some("60"), NOTICES),
    ignored("rpc_ping_enabled", Bool, Some("false"), NOTICES),
    ignored(
        "executor_thread_pool_size",
        Kind::INTEGER,
        Some("64"),
        NOTICES,
    )
    .formerly(&["rpc_thread_pool_size"]),
    // The log.
    honoured("debug", Bool, Some("false")),
    honoured("log_file", Text, None).formerly(&["logfile"]),
    honoured("log_dir", Text, None).formerly(&["logdir"]),
    honoured("use_stderr", Bool, Some("false")),
    ignored("use_syslog", Bool, Some("false"), LOG_TARGET),
    ignored("syslog_log_facility", Text, Some("LOG_USER"), LOG_TARGET),
    ignored("use_journal", Bool, Some("false"), LOG_TARGET),
    ignored("use_json", Bool, Some("false"), LOG_FORMAT),
    ignored("log_config_append", Text, None, LOG_FORMAT).formerly(&["log_config", "log-config"]),
    ignored(
        "log_date_format",
        Text,
        Some("%Y-%m-%d %H:%M:%S"),
        LOG_FORMAT,
    ),
    ignored("log_color", Bool, Some("false"), LOG_FORMAT),
    ignored("logging_context_format_string", Text, None, LOG_FORMAT),
    ignored("logging_default_format_string", Text, None, LOG_FORMAT),
    ignored("logging_debug_format_suffix", Text, None, LOG_FORMAT),
    ignored("logging_exception_prefix", Text, None, LOG_FORMAT),
    ignored("logging_user_identity_format", Text, None, LOG_FORMAT),
    ignored("instance_format", Text, None, LOG_FORMAT),
    ignored("instance_uuid_format", Text, None, LOG_FORMAT),
    ignored("default_log_levels", List, None, LOG_FORMAT),
    ignored("publish_errors", Bool, Some("false"), LOG_FORMAT),
    ignored("fatal_deprecations", Bool, Some("false"), LOG_FORMAT),
    ignored("log_rotation_type", Text, Some("none"), LOG_ROTATION),
    ignored(
        "log_rotate_interval",
        Kind::INTEGER,
        Some("1"),
        LOG_ROTATION,
    ),
    ignored("log_rotate_interval_type", Text, Some("days"), LOG_ROTATION),
    ignored("max_logfile_count", Kind::INTEGER, Some("30"), LOG_ROTATION),
    ignored(
        "max_logfile_size_mb",
        Kind::INTEGER,
        Some("200"),
        LOG_ROTATION,
    ),
    ignored(
        "rate_limit_interval",
        Kind::INTEGER,
        Some("0"),
        LOG_ROTATION,
    ),
    ignored("rate_limit_burst", Kind::INTEGER, Some("0"), LOG_ROTATION),
    ignored(
        "rate_limit_except_level",
        Text,
        Some("CRITICAL"),
        LOG_ROTATION,
    ),
    ignored("pydev_worker_debug_host", Text, None, PYTHON),
    ignored("pydev_worker_debug_port", Kind::PORT, Some("5678"), PYTHON),
];

const DATABASE: &[OptionSpec] = &[
    honoured("connection", Text, None),
    honoured("sqlite_synchronous", Bool, Some("true")),
    honoured("glance_rs_additions", Bool, Some("true")),
    honoured("glance_rs_statement_timeout", Kind::POSITIVE, Some("30")),
    ignored(
        "slave_connection",
        Text,
        None,
        "everything is read from `connection`",
    ),
    ignored("asyncio_connection", Text, None, PYTHON),
    ignored("asyncio_slave_connection", Text, None, PYTHON),
    ignored("backend", Text, Some("sqlalchemy"), PYTHON),
    ignored("synchronous_reader", Bool, Some("true"), SESSIONS),
    ignored("mysql_sql_mode", Text, Some("TRADITIONAL"), SESSIONS),
    ignored("mysql_wsrep_sync_wait", Kind::INTEGER, None, SESSIONS),
    ignored("connection_parameters", Text, Some(""), SESSIONS),
    honoured("connection_recycle_time", Kind::INTEGER, Some("3600")),
    honoured("max_pool_size", Kind::INTEGER, Some("5")),
    honoured("max_overflow", Kind::INTEGER, Some("50")),
    // SQLAlchemy's default.
    honoured("pool_timeout", Kind::NATURAL, Some("30")),
    honoured("max_retries", Kind::INTEGER, Some("10")),
    honoured("retry_interval", Kind::NATURAL, Some("10")),
    ignored("use_db_reconnect", Bool, Some("false"), SESSIONS),
    ignored("db_retry_interval", Kind::INTEGER, Some("1"), SESSIONS),
    ignored("db_inc_retry_interval", Bool, Some("true"), SESSIONS),
    ignored("db_max_retry_interval", Kind::INTEGER, Some("10"), SESSIONS),
    ignored("db_max_retries", Kind::INTEGER, Some("20"), SESSIONS),
    ignored("connection_debug", Kind::INTEGER, Some("0"), PYTHON),
    ignored("connection_trace", Bool, Some("false"), PYTHON),
];

/// What Glance leaves to its WSGI server, and what it does not have.
const GLANCE_RS: &[OptionSpec] = &[
    honoured("bind_host", Text, Some("127.0.0.1")),
    honoured("bind_port", Kind::PORT, Some("9292")),
    honoured("allow_unauthenticated_remote", Bool, Some("false")),
    honoured("drain_timeout", Kind::NATURAL, Some("30")),
    honoured("header_timeout", Kind::POSITIVE, Some("30")),
    honoured("stall_timeout", Kind::POSITIVE, Some("60")),
    honoured("max_connections", Kind::POSITIVE, Some("4096")),
    honoured("compress_from_bytes", Kind::NATURAL, Some("8192")),
    honoured("metrics_bind", Text, None),
    honoured("image_count_quota", Kind::INTEGER, Some("-1")),
    honoured("limit_cache_time", Kind::NATURAL, Some("5")),
    honoured("signature_certificates", Text, None),
    honoured("signature_roots", Text, None),
    honoured("soft_storage_limits", Bool, Some("false")),
    honoured("import_allowed_hosts", List, Some("")),
    honoured("queued_image_lifetime", Kind::NATURAL, Some("2592000")),
    honoured("queued_image_quota", Kind::INTEGER, Some("10000")),
];

/// What the core can compute.
const HASHES: &[&str] = &["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

/// Glance allows one byte more than a signed 64-bit number holds.
const SIZE_CAP: Kind = Kind::Integer {
    min: 1,
    max: 1 << 63,
};

const CACHE: &str = "images are not cached in this version";
const LOG_FORMAT: &str = "the log has a form of its own; `debug` sets its level";
const LOG_ROTATION: &str = "log files are not rotated or thinned out; logrotate can";
const LOG_TARGET: &str = "the log goes to a file or to standard error, which systemd forwards";
const NOTICES: &str = "notifications are not sent in this version";
const PYTHON: &str = "it is about Python";
const SCRUBBER: &str = "`glance scrub` takes it from its command line";
const SESSIONS: &str =
    "sessions are set up, and lost ones and deadlocks tried again, as this server needs it";
