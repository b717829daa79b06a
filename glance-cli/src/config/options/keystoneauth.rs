//! What keystoneauth reads in every group in which a service logs in.

use super::{OptionSpec, honoured};
use crate::config::value::Kind::{Bool, Text};

pub(super) const TLS: &[OptionSpec] = &[
    honoured("cafile", Text, None),
    honoured("certfile", Text, None),
    honoured("keyfile", Text, None),
    honoured("insecure", Bool, Some("false")),
];

pub(super) const LOGIN: &[OptionSpec] = &[
    honoured("auth_type", Text, None).formerly(&["auth_plugin"]),
    honoured("auth_url", Text, None),
    honoured("username", Text, None).formerly(&["user_name"]),
    honoured("user_id", Text, None),
    honoured("user_domain_id", Text, None),
    honoured("user_domain_name", Text, None),
    honoured("password", Text, None),
    honoured("project_name", Text, None).formerly(&["tenant_name"]),
    honoured("project_id", Text, None).formerly(&["tenant_id"]),
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
