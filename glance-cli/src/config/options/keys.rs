//! The groups of castellan: where certificates of signatures are.

use super::keystoneauth::{LOGIN, TLS};
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
        &[TLS, LOGIN],
    ),
    Group::unsupported(
        "vault",
        "certificates are read from Barbican, or files",
        &[],
    ),
];

const KEY_MANAGER: &[OptionSpec] =
    &[honoured("backend", Text, Some("barbican")).formerly(&["api_class"])];

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

const RETRIES: &str = "what nobody answers is asked again three times";
