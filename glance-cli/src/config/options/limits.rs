//! The group of oslo.limit, and of what keystoneauth reads beside it.

use super::keystoneauth::{LOGIN, TLS};
use super::{Group, OptionSpec, honoured, ignored};
use crate::config::value::Kind::{self, Bool, List, Text};

pub(super) const GROUPS: &[Group] = &[Group::new("oslo_limit", &[ENDPOINT, SESSION, TLS, LOGIN])];

const ENDPOINT: &[OptionSpec] = &[
    honoured("endpoint_id", Text, None),
    honoured("endpoint_service_name", Text, None),
    honoured("endpoint_service_type", Text, None),
    honoured("endpoint_region_name", Text, None),
    honoured("endpoint_interface", Text, Some("public")),
];

const SESSION: &[OptionSpec] = &[
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

const ONE_KEYSTONE: &str = "limits are asked of version 3 of Keystone, found in its own catalog";
