//! The group of keystonemiddleware, and of the login that keystoneauth reads beside it.

use super::keystoneauth::{LOGIN, TLS};
use super::{Group, OptionSpec, honoured, ignored};
use crate::config::value::Kind::{self, Bool, List, Text};

pub(super) const GROUPS: &[Group] = &[Group::new(
    "keystone_authtoken",
    &[MIDDLEWARE, TLS, LOGIN, MEMCACHED, PASTE_FILE],
)];

const MIDDLEWARE: &[OptionSpec] = &[
    honoured("www_authenticate_uri", Text, None).formerly(&["auth_uri"]),
    honoured("auth_version", Text, None),
    honoured("interface", Text, Some("internal")),
    honoured("region_name", Text, None),
    // The default is the one of Glance's paste file; keystonemiddleware's is false.
    honoured("delay_auth_decision", Bool, Some("true")),
    honoured("http_connect_timeout", Kind::POSITIVE, None),
    honoured("http_request_max_retries", Kind::NATURAL, Some("3")),
    honoured("token_cache_time", Kind::INTEGER, Some("300")),
    honoured("service_token_roles", List, Some("service")),
    honoured("service_token_roles_required", Bool, Some("true")),
    honoured("enforce_token_bind", Text, Some("permissive")),
    honoured("auth_section", Text, None),
    honoured("trust_id", Text, None),
    ignored(
        "include_service_catalog",
        Bool,
        Some("true"),
        "nothing here asks for the caller's catalog",
    ),
    ignored(
        "service_type",
        Text,
        None,
        "tokens with access rules are refused, as upstream refuses them without this option",
    ),
    ignored(
        "cache",
        Text,
        None,
        "requests bring no cache with them: answers are shared in `memcached_servers`",
    ),
];

const MEMCACHED: &[OptionSpec] = &[
    honoured("memcached_servers", List, None).formerly(&["memcache_servers"]),
    honoured("memcache_security_strategy", Text, Some("None")),
    honoured("memcache_secret_key", Text, None),
    honoured("memcache_pool_dead_retry", Kind::NATURAL, Some("300")),
    honoured("memcache_pool_maxsize", Kind::POSITIVE, Some("10")),
    // The default is 250 ms, which is no whole number; upstream's is 3 s.
    honoured("memcache_pool_socket_timeout", Kind::POSITIVE, None),
    honoured("memcache_pool_unused_timeout", Kind::NATURAL, Some("60")),
    ignored(
        "memcache_pool_conn_get_timeout",
        Kind::INTEGER,
        Some("10"),
        "the wait for a connection is as long as that for an answer, of \
         `memcache_pool_socket_timeout`",
    ),
    ignored(
        "memcache_use_advanced_pool",
        Bool,
        Some("true"),
        "there is one kind of pool",
    ),
    honoured("memcache_tls_enabled", Bool, Some("false")),
    honoured("memcache_tls_cafile", Text, None),
    honoured("memcache_tls_certfile", Text, None),
    honoured("memcache_tls_keyfile", Text, None),
    honoured("memcache_tls_allowed_ciphers", Text, None),
    honoured("memcache_sasl_enabled", Bool, Some("false")),
    ignored("memcache_username", Text, None, SASL),
    ignored("memcache_password", Text, None, SASL),
];

const PASTE_FILE: &[OptionSpec] = &[
    ignored("paste.filter_factory", Text, None, PASTE),
    ignored("oslo_config_project", Text, None, PASTE),
    ignored("oslo_config_program", Text, None, PASTE),
];

const SASL: &str = "it is for `memcache_sasl_enabled`";
const PASTE: &str = "pipelines are not read";
