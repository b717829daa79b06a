//! The group of oslo.limit, and of what keystoneauth reads beside it.

use super::{Group, OptionSpec, honoured, ignored};
use crate::config::value::Kind::{self, Bool, List, Text};

pub(super) const GROUPS: &[Group] = &[Group::new("oslo_limit", &[ENDPOINT, SESSION, LOGIN])];

const ENDPOINT: &[OptionSpec] = &[
    honoured("endpoint_id", Text, None),
    honoured("endpoint_service_name", Text, None),
    honoured("endpoint_service_type", Text, None),
    honoured("endpoint_region_name", Text, None),
    honoured("endpoint_interface", Text, Some("public")),
];

const SESSION: &[OptionSpec] = &[
    honoured("cafile", Text, None),
    honoured("certfile", Text, None),
    honoured("keyfile", Text, None),
    honoured("insecure", Bool, Some("false")),
    honoured("timeout", Kind::POSITIVE, None),
    honoured("connect_retries", Kind::NATURAL, None),
    honoured("region_name", Text, None),
    honoured("valid_interfaces", List, None),
    ignored("collect_timing", Bool, Some("false"), ONE_KEYSTONE),
    ignored("connect_retry_delay", Kind::Float, None, ONE_KEYSTONE),
    ignored("endpoint_override", Text, None, ONE_KEYSTONE),
    ignored("max_version", Text, None, ONE_KEYSTONE),
    ignored("min_version", Text, None, ONE_KEYSTONE),
    ignored("retriable_status_codes", List, None, ONE_KEYSTONE),
    ignored("service_name", Text, None, ONE_KEYSTONE),
    ignored("service_type", Text, None, ONE_KEYSTONE),
    ignored("split_loggers", Bool, Some("false"), ONE_KEYSTONE),
    ignored("status_code_retries", Kind::INTEGER, None, ONE_KEYSTONE),
    ignored("status_code_retry_delay", Kind::Float, None, ONE_KEYSTONE),
    ignored("version", Text, None, ONE_KEYSTONE),
];

const LOGIN: &[OptionSpec] = &[
    honoured("auth_type", Text, None).formerly(&[("oslo_limit", "auth_plugin")]),
    honoured("auth_url", Text, None),
    honoured("username", Text, None).formerly(&[("oslo_limit", "user_name")]),
    honoured("user_id", Text, None),
    honoured("user_domain_id", Text, None),
    honoured("user_domain_name", Text, None),
    honoured("password", Text, None),
    honoured("project_name", Text, None).formerly(&[("oslo_limit", "tenant_name")]),
    honoured("project_id", Text, None).formerly(&[("oslo_limit", "tenant_id")]),
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

const ONE_KEYSTONE: &str = "limits are asked of version 3 of Keystone, found in its own catalog";
