//! The groups of castellan: where certificates of signatures are.

use super::{Group, OptionSpec, honoured, ignored, unsupported};
use crate::config::value::Kind::{self, Bool, Text};

pub(super) const GROUPS: &[Group] = &[
    Group::unsupported(
        "key_manager",
        "whoever asks Barbican is said in `[barbican_service_user]`",
        &[KEY_MANAGER],
    ),
    Group::new("barbican", &[BARBICAN]),
    Group::ignored(
        "barbican_service_user",
        "certificates are read as version 3 of Keystone and version 1 of Barbican have it",
        &[SERVICE_USER],
    ),
    Group::unsupported(
        "vault",
        "certificates are read from Barbican, or files",
        &[],
    ),
];

const KEY_MANAGER: &[OptionSpec] =
    &[honoured("backend", Text, Some("barbican")).formerly(&[("key_manager", "api_class")])];

const BARBICAN: &[OptionSpec] = &[
    honoured("barbican_endpoint", Text, None),
    honoured("barbican_endpoint_type", Text, Some("public")),
    honoured("barbican_region_name", Text, None),
    honoured("verify_ssl", Bool, Some("true")),
    honoured("verify_ssl_path", Text, None),
    unsupported(
        "barbican_api_version",
        Text,
        None,
        "version 1 is the only one there is",
    )
    .or(&["v1", ""]),
    ignored(
        "auth_endpoint",
        Text,
        Some("http://localhost/identity/v3"),
        "Keystone is where `[barbican_service_user]` or `[keystone_authtoken]` says",
    ),
    ignored("number_of_retries", Kind::INTEGER, Some("60"), RETRIES),
    ignored("retry_delay", Kind::INTEGER, Some("1"), RETRIES),
    ignored(
        "send_service_user_token",
        Bool,
        Some("false"),
        "certificates are read in the name of this service alone",
    ),
];

const SERVICE_USER: &[OptionSpec] = &[
    honoured("cafile", Text, None),
    honoured("certfile", Text, None),
    honoured("keyfile", Text, None),
    honoured("insecure", Bool, Some("false")),
    honoured("auth_type", Text, None).formerly(&[("barbican_service_user", "auth_plugin")]),
    honoured("auth_url", Text, None),
    honoured("username", Text, None).formerly(&[("barbican_service_user", "user_name")]),
    honoured("user_id", Text, None),
    honoured("user_domain_id", Text, None),
    honoured("user_domain_name", Text, None),
    honoured("password", Text, None),
    honoured("project_name", Text, None).formerly(&[("barbican_service_user", "tenant_name")]),
    honoured("project_id", Text, None).formerly(&[("barbican_service_user", "tenant_id")]),
    honoured("project_domain_id", Text, None),
    honoured("project_domain_name", Text, None),
    honoured("domain_id", Text, None),
    honoured("domain_name", Text, None),
    honoured("default_domain_id", Text, None),
    honoured("default_domain_name", Text, None),
    honoured("system_scope", Text, None),
    honoured("application_credential_id", Text, None),
    honoured("application_credential_name", Text, None),
    honoured("application_credential_secret", Text, None),
];

const RETRIES: &str = "what nobody answers is asked again three times";
