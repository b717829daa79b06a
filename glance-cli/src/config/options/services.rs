//! The groups of what runs around the API: identity, policy, import, messages, health.

use super::{Group, OptionSpec, honoured, ignored, unsupported};
use crate::config::value::Kind::{self, Bool};
use crate::config::value::Kind::{BoundedList, Choice, Dict, Float, List, Multi, Text};

pub(super) const GROUPS: &[Group] = &[
    Group::new("paste_deploy", &[PASTE_DEPLOY]),
    Group::new("image_format", &[IMAGE_FORMAT]),
    Group::new("healthcheck", &[HEALTHCHECK]),
    Group::new("oslo_policy", &[OSLO_POLICY]),
    Group::new("cors", &[CORS]),
    Group::new("oslo_middleware", &[OSLO_MIDDLEWARE]),
    Group::new("wsgi", &[WSGI]),
    Group::new("task", &[TASK]),
    Group::new("taskflow_executor", &[TASKFLOW_EXECUTOR]),
    Group::new("image_import_opts", &[IMAGE_IMPORT_OPTS]),
    Group::new("import_filtering_opts", &[IMPORT_FILTERING_OPTS]),
    Group::new("glance_download_properties", &[GLANCE_DOWNLOAD_PROPERTIES]),
    Group::new("image_conversion", &[IMAGE_CONVERSION]),
    Group::new("inject_metadata_properties", &[INJECT_METADATA_PROPERTIES]),
    Group::new("oslo_concurrency", &[OSLO_CONCURRENCY]),
    Group::new("oslo_messaging_notifications", &[NOTIFICATIONS]),
    Group::new("profiler", &[PROFILER]),
    Group::ignored("oslo_messaging_amqp", MESSAGES, &[]),
    Group::ignored("oslo_messaging_kafka", MESSAGES, &[]),
    Group::ignored("oslo_messaging_metrics", MESSAGES, &[]),
    Group::ignored("oslo_messaging_rabbit", MESSAGES, &[]),
    Group::ignored("oslo_middleware_tracing", TRACING, &[]),
    Group::ignored("profiler_jaeger", TRACING, &[]),
    Group::ignored("profiler_otlp", TRACING, &[]),
    Group::ignored("oslo_reports", REPORTS, &[]),
];

const PASTE_DEPLOY: &[OptionSpec] = &[
    honoured("flavor", Text, None),
    ignored(
        "config_file",
        Text,
        None,
        "pipelines are not read; `flavor` chooses identity",
    ),
];

const IMAGE_FORMAT: &[OptionSpec] = &[
    honoured(
        "container_formats",
        List,
        Some("ami,ari,aki,bare,ovf,ova,docker,compressed"),
    )
    .formerly_in("DEFAULT", "container_formats"),
    honoured(
        "disk_formats",
        List,
        Some("ami,ari,aki,vhd,vhdx,vmdk,raw,qcow2,vdi,iso,ploop"),
    )
    .formerly_in("DEFAULT", "disk_formats"),
    honoured("require_image_format_match", Bool, Some("true")),
    honoured(
        "vmdk_allowed_types",
        List,
        Some("streamOptimized,monolithicSparse"),
    ),
    honoured("gpt_safety_checks_nonfatal", List, Some("")),
];

const HEALTHCHECK: &[OptionSpec] = &[
    // The default is the one of Glance's paste file; oslo.middleware has none.
    honoured(
        "disable_by_file_path",
        Text,
        Some("/etc/glance/healthcheck_disable"),
    ),
    // As in Glance's paste file, too.
    honoured("backends", List, Some("disable_by_file")),
    honoured("disable_by_file_paths", List, Some("")),
    honoured("enable_by_file_paths", List, Some("")),
    honoured("detailed", Bool, Some("false")),
    honoured("allowed_source_ranges", List, Some("")),
    honoured("ignore_proxied_requests", Bool, Some("false")),
    ignored("paste.app_factory", Text, None, PASTE),
    ignored("paste.filter_factory", Text, None, PASTE),
    ignored("oslo_config_project", Text, None, PASTE),
    ignored("oslo_config_program", Text, None, PASTE),
];

const OSLO_POLICY: &[OptionSpec] = &[
    honoured("policy_file", Text, Some("policy.yaml")),
    honoured("policy_dirs", Multi, Some("policy.d")),
    honoured("enforce_new_defaults", Bool, Some("true")),
    honoured("enforce_scope", Bool, Some("true")),
    ignored(
        "policy_default_rule",
        Text,
        Some("default"),
        "a rule that is not defined lets nobody pass",
    ),
    ignored(
        "remote_content_type",
        Choice(&["application/x-www-form-urlencoded", "application/json"]),
        Some("application/x-www-form-urlencoded"),
        REMOTE,
    ),
    ignored("remote_ssl_verify_server_crt", Bool, Some("false"), REMOTE),
    ignored("remote_ssl_ca_crt_file", Text, None, REMOTE),
    ignored("remote_ssl_client_crt_file", Text, None, REMOTE),
    ignored("remote_ssl_client_key_file", Text, None, REMOTE),
    ignored("remote_timeout", Float, Some("60"), REMOTE),
];

const CORS: &[OptionSpec] = &[
    honoured("allowed_origin", List, Some("")),
    honoured("allow_credentials", Bool, Some("true")),
    honoured(
        "allow_headers",
        List,
        Some(
            "Content-MD5,X-Image-Meta-Checksum,X-Storage-Token,Accept-Encoding,X-Auth-Token,\
             X-Identity-Status,X-Roles,X-Service-Catalog,X-User-Id,X-Tenant-Id,\
             X-OpenStack-Request-ID",
        ),
    ),
    honoured("allow_methods", List, Some("GET,PUT,POST,DELETE,PATCH")),
    honoured(
        "expose_headers",
        List,
        Some(
            "X-Image-Meta-Checksum,X-Auth-Token,X-Subject-Token,X-Service-Token,\
             X-OpenStack-Request-ID",
        ),
    ),
    honoured("max_age", Kind::INTEGER, Some("3600")),
];

/// A group `[cors.NAME]`, for an origin with rules of its own.
pub(super) const CORS_ORIGIN: Group = Group::new("", &[CORS]);

const OSLO_MIDDLEWARE: &[OptionSpec] = &[
    honoured("enable_proxy_headers_parsing", Bool, Some("false")),
    ignored(
        "max_request_body_size",
        Kind::INTEGER,
        Some("114688"),
        UNUSED,
    ),
    ignored(
        "http_basic_auth_user_file",
        Text,
        Some("/etc/htpasswd"),
        UNUSED,
    ),
];

const WSGI: &[OptionSpec] = &[
    honoured("task_pool_threads", Kind::POSITIVE, Some("16")),
    ignored("python_interpreter", Text, None, "it is about Python"),
];

const TASK: &[OptionSpec] = &[
    honoured("task_time_to_live", Kind::INTEGER, Some("48"))
        .formerly_in("DEFAULT", "task_time_to_live"),
    ignored(
        "task_executor",
        Choice(&["taskflow"]),
        Some("taskflow"),
        THREADS,
    ),
    honoured("work_dir", Text, None),
];

const TASKFLOW_EXECUTOR: &[OptionSpec] = &[
    ignored(
        "engine_mode",
        Choice(&["serial", "parallel"]),
        Some("parallel"),
        THREADS,
    ),
    ignored("max_workers", Kind::POSITIVE, Some("10"), THREADS),
    ignored("conversion_format", Choice(DISK_FORMATS), None, LEGACY),
];

const IMAGE_IMPORT_OPTS: &[OptionSpec] = &[
    honoured("image_import_plugins", BoundedList, Some("[]")),
    honoured("max_parallel_stores", Kind::POSITIVE, Some("1")),
];

const IMPORT_FILTERING_OPTS: &[OptionSpec] = &[
    honoured("allowed_schemes", BoundedList, Some("[http,https]")),
    honoured("disallowed_schemes", BoundedList, Some("[]")),
    honoured("allowed_hosts", BoundedList, Some("[]")),
    honoured("disallowed_hosts", BoundedList, Some("[]")),
    honoured("allowed_ports", BoundedList, Some("[80,443]")),
    honoured("disallowed_ports", BoundedList, Some("[]")),
];

const GLANCE_DOWNLOAD_PROPERTIES: &[OptionSpec] = &[honoured(
    "extra_properties",
    BoundedList,
    Some("[hw_,trait:,os_distro,os_secure_boot,os_type]"),
)];

const IMAGE_CONVERSION: &[OptionSpec] =
    &[honoured("output_format", Choice(DISK_FORMATS), Some("raw"))];

const INJECT_METADATA_PROPERTIES: &[OptionSpec] = &[
    honoured("ignore_user_roles", List, Some("admin")),
    honoured("inject", Dict, Some("")),
];

const OSLO_CONCURRENCY: &[OptionSpec] = &[
    ignored("lock_path", Text, None, LOCKS),
    ignored("disable_process_locking", Bool, Some("false"), LOCKS),
];

const NOTIFICATIONS: &[OptionSpec] = &[
    unsupported(
        "driver",
        Multi,
        None,
        "notifications are not sent in this version; use `noop` or leave it out",
    )
    .or(&["noop", ""]),
    ignored("transport_url", Text, None, MESSAGES),
    ignored("topics", List, Some("notifications"), MESSAGES),
    ignored("retry", Kind::INTEGER, Some("-1"), MESSAGES),
];

const PROFILER: &[OptionSpec] = &[
    unsupported("enabled", Bool, Some("false"), "osprofiler is not built in"),
    ignored("trace_sqlalchemy", Bool, Some("false"), TRACING),
    ignored("trace_requests", Bool, Some("false"), TRACING),
    ignored("hmac_keys", Text, Some("SECRET_KEY"), TRACING),
    ignored("connection_string", Text, Some("messaging://"), TRACING),
    ignored("filter_error_trace", Bool, Some("false"), TRACING),
    ignored("socket_timeout", Float, Some("0.1"), TRACING),
    ignored("sentinel_service_name", Text, Some("mymaster"), TRACING),
    ignored("es_doc_type", Text, Some("notification"), TRACING),
    ignored("es_scroll_size", Kind::INTEGER, Some("10000"), TRACING),
    ignored("es_scroll_time", Text, Some("2m"), TRACING),
];

const DISK_FORMATS: &[&str] = &["qcow2", "raw", "vmdk"];

const REMOTE: &str = "rules that ask another service are refused in this version";
const LEGACY: &str = "tasks of the type `import` do not run in this version";
const LOCKS: &str = "there are no lock files";
const MESSAGES: &str = "notifications are not sent in this version";
const PASTE: &str = "pipelines are not read";
const REPORTS: &str = "there are no Guru Meditation reports";
const THREADS: &str = "tasks do not run in threads of their own";
const TRACING: &str = "osprofiler is not built in";
const UNUSED: &str = "Glance's own pipelines do not use it either";
