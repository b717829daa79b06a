//! Where image data is kept: `[glance_store]` with the options of every driver, and the groups
//! that several stores would have.

use super::{Group, OptionSpec, honoured, ignored, unsupported};
use crate::config::value::Kind::{self, Bool};
use crate::config::value::Kind::{Choice, Dict, List, Multi, Text};

pub(super) const GROUPS: &[Group] = &[
    Group::new("glance_store", &[CHOICE, DRIVERS]),
    Group::new("backend_defaults", &[DRIVERS]),
    Group::ignored("os_glance_staging_store", CHUNKS, &[RESERVED]),
    Group::ignored("os_glance_tasks_store", TASKS, &[]),
];

/// The group of one store of `enabled_backends`; it bears the name of the store.
pub(super) const STORE: Group = Group::new("", &[OF_A_STORE, DRIVERS]);

/// Which stores there are, and which of them is the default.
const CHOICE: &[OptionSpec] = &[
    honoured("stores", List, Some("file,http")),
    honoured("default_store", Text, Some("file")),
    honoured("default_backend", Text, None),
];

/// What is said of one of several stores.
const OF_A_STORE: &[OptionSpec] = &[
    honoured("mirrored_stores", Dict, Some("")),
    honoured("store_description", Text, None),
    honoured("weight", Kind::INTEGER, Some("0")),
];

/// The options of every kind of store.
const DRIVERS: &[OptionSpec] = &[
    // file
    honoured(
        "filesystem_store_datadir",
        Text,
        Some("/var/lib/glance/images"),
    ),
    honoured("filesystem_store_datadirs", Multi, None),
    honoured("filesystem_store_file_perm", Kind::NATURAL, Some("0")),
    ignored(
        "filesystem_store_chunk_size",
        Kind::POSITIVE,
        Some("65536"),
        "the server chooses how much of a file it reads at a time",
    ),
    unsupported(
        "filesystem_store_metadata_file",
        Text,
        None,
        "locations carry no metadata of the store in this version",
    ),
    unsupported(
        "filesystem_thin_provisioning",
        Bool,
        Some("false"),
        "files are not sparse in this version",
    ),
    ignored(
        "filesystem_store_timeout",
        Kind::NATURAL,
        Some("0"),
        THREADS,
    ),
    ignored(
        "filesystem_store_thread_pool_size",
        Kind::POSITIVE,
        Some("10"),
        THREADS,
    ),
    ignored(
        "filesystem_store_threadpool_threshold",
        PERCENT,
        Some("75"),
        THREADS,
    ),
    // http
    honoured("https_ca_certificates_file", Text, None),
    honoured("https_insecure", Bool, Some("true")),
    honoured("http_proxy_information", Dict, Some("")),
    honoured("http_allowed_hosts", List, Some("")),
    honoured("http_allowed_ports", List, Some("")),
    // azure and gcs, which Glance does not have
    honoured("azure_store_account", Text, None),
    honoured("azure_store_access_key", Text, None),
    honoured("azure_store_container", Text, None),
    honoured("azure_store_create_container_on_put", Bool, Some("false")),
    honoured("azure_store_endpoint", Text, None),
    honoured(
        "azure_store_large_object_chunk_size",
        Kind::POSITIVE,
        Some("10"),
    ),
    honoured("azure_store_thread_pools", Kind::POSITIVE, Some("10")),
    honoured("gcs_store_bucket", Text, None),
    honoured("gcs_store_credentials_file", Text, None),
    honoured("gcs_store_endpoint", Text, None),
    honoured(
        "gcs_store_large_object_chunk_size",
        Kind::POSITIVE,
        Some("10"),
    ),
    honoured("gcs_store_thread_pools", Kind::POSITIVE, Some("10")),
    // swift
    ignored("swift_store_auth_insecure", Bool, Some("false"), SWIFT),
    ignored("swift_store_cacert", Text, None, SWIFT),
    ignored("swift_store_region", Text, None, SWIFT),
    ignored("swift_store_endpoint", Text, None, SWIFT),
    ignored("swift_store_endpoint_type", Text, Some("publicURL"), SWIFT),
    ignored(
        "swift_store_service_type",
        Text,
        Some("object-store"),
        SWIFT,
    ),
    ignored("swift_store_container", Text, Some("glance"), SWIFT),
    ignored(
        "swift_store_large_object_size",
        Kind::POSITIVE,
        Some("5120"),
        SWIFT,
    ),
    ignored(
        "swift_store_large_object_chunk_size",
        Kind::POSITIVE,
        Some("200"),
        SWIFT,
    ),
    ignored(
        "swift_store_create_container_on_put",
        Bool,
        Some("false"),
        SWIFT,
    ),
    ignored("swift_store_multi_tenant", Bool, Some("false"), SWIFT),
    ignored(
        "swift_store_multiple_containers_seed",
        Kind::NATURAL,
        Some("0"),
        SWIFT,
    ),
    ignored("swift_store_admin_tenants", List, Some(""), SWIFT),
    ignored("swift_store_ssl_compression", Bool, Some("true"), SWIFT),
    ignored(
        "swift_store_retry_get_count",
        Kind::NATURAL,
        Some("0"),
        SWIFT,
    ),
    ignored(
        "swift_store_expire_soon_interval",
        Kind::NATURAL,
        Some("60"),
        SWIFT,
    ),
    ignored("swift_store_use_trusts", Bool, Some("true"), SWIFT),
    ignored("swift_buffer_on_upload", Bool, Some("false"), SWIFT),
    ignored("swift_upload_buffer_dir", Text, None, SWIFT),
    ignored("default_swift_reference", Text, Some("ref1"), SWIFT),
    ignored("swift_store_config_file", Text, None, SWIFT),
    ignored("swift_store_application_credential_id", Text, None, SWIFT),
    ignored(
        "swift_store_application_credential_secret",
        Text,
        None,
        SWIFT,
    ),
    ignored("swift_store_auth_version", Text, Some("3"), SWIFT),
    ignored("swift_store_auth_address", Text, None, SWIFT),
    ignored("swift_store_user", Text, None, SWIFT),
    ignored("swift_store_key", Text, None, SWIFT),
    ignored("swift_store_project_name", Text, None, SWIFT),
    ignored("swift_store_project_id", Text, None, SWIFT),
    // s3
    honoured("s3_store_host", Text, None),
    honoured("s3_store_region_name", Text, Some("")),
    honoured("s3_store_access_key", Text, None),
    honoured("s3_store_secret_key", Text, None),
    honoured("s3_store_bucket", Text, None),
    honoured("s3_store_create_bucket_on_put", Bool, Some("false")),
    honoured(
        "s3_store_bucket_url_format",
        Choice(URL_FORMATS),
        Some("auto"),
    ),
    honoured("s3_store_large_object_size", Kind::INTEGER, Some("100")),
    honoured(
        "s3_store_large_object_chunk_size",
        Kind::INTEGER,
        Some("10"),
    ),
    honoured("s3_store_thread_pools", Kind::INTEGER, Some("10")),
    honoured("s3_store_cacert", Text, Some("")),
    honoured(
        "s3_store_enable_data_integrity_protection",
        Bool,
        Some("false"),
    ),
    ignored(
        "s3_store_request_checksum_calculation",
        Choice(CHECKSUMS),
        Some("when_required"),
        S3,
    ),
    ignored(
        "s3_store_response_checksum_validation",
        Choice(CHECKSUMS),
        Some("when_required"),
        S3,
    ),
    // rbd
    ignored("rbd_store_chunk_size", Kind::POSITIVE, Some("8"), RBD),
    ignored("rbd_store_pool", Text, Some("images"), RBD),
    ignored("rbd_store_user", Text, None, RBD),
    ignored("rbd_store_ceph_conf", Text, Some(""), RBD),
    ignored("rados_connect_timeout", Kind::INTEGER, Some("-1"), RBD),
    ignored("rbd_thin_provisioning", Bool, Some("false"), RBD),
    // cinder
    ignored(
        "cinder_catalog_info",
        Text,
        Some("volumev3::publicURL"),
        CINDER,
    ),
    ignored("cinder_endpoint_template", Text, None, CINDER),
    ignored("cinder_os_region_name", Text, None, CINDER)
        .formerly_in("glance_store", "os_region_name"),
    ignored("cinder_ca_certificates_file", Text, None, CINDER),
    ignored("cinder_http_retries", Kind::NATURAL, Some("3"), CINDER),
    ignored(
        "cinder_state_transition_timeout",
        Kind::NATURAL,
        Some("300"),
        CINDER,
    ),
    ignored("cinder_api_insecure", Bool, Some("false"), CINDER),
    ignored("cinder_store_auth_address", Text, None, CINDER),
    ignored("cinder_store_user_name", Text, None, CINDER),
    ignored(
        "cinder_store_user_domain_name",
        Text,
        Some("Default"),
        CINDER,
    ),
    ignored("cinder_store_password", Text, None, CINDER),
    ignored("cinder_store_project_name", Text, None, CINDER),
    ignored(
        "cinder_store_project_domain_name",
        Text,
        Some("Default"),
        CINDER,
    ),
    ignored("cinder_store_application_credential_id", Text, None, CINDER),
    ignored(
        "cinder_store_application_credential_secret",
        Text,
        None,
        CINDER,
    ),
    ignored(
        "rootwrap_config",
        Text,
        Some("/etc/glance/rootwrap.conf"),
        CINDER,
    ),
    ignored("cinder_volume_type", Text, None, CINDER),
    ignored("cinder_use_multipath", Bool, Some("false"), CINDER),
    ignored("cinder_enforce_multipath", Bool, Some("false"), CINDER),
    ignored(
        "cinder_mount_point_base",
        Text,
        Some("/var/lib/glance/mnt"),
        CINDER,
    ),
    ignored("cinder_do_extend_attached", Bool, Some("false"), CINDER),
    ignored(
        "cinder_attachment_retry_attempts",
        Kind::POSITIVE,
        Some("5"),
        CINDER,
    ),
    // vmware
    ignored("vmware_server_host", Text, None, VMWARE),
    ignored("vmware_server_username", Text, None, VMWARE),
    ignored("vmware_server_password", Text, None, VMWARE),
    ignored("vmware_api_retry_count", Kind::POSITIVE, Some("10"), VMWARE),
    ignored(
        "vmware_task_poll_interval",
        Kind::POSITIVE,
        Some("5"),
        VMWARE,
    ),
    ignored(
        "vmware_store_image_dir",
        Text,
        Some("/openstack_glance"),
        VMWARE,
    ),
    ignored("vmware_insecure", Bool, Some("false"), VMWARE)
        .formerly_in("glance_store", "vmware_api_insecure"),
    ignored("vmware_ca_file", Text, None, VMWARE),
    ignored("vmware_datastores", Multi, None, VMWARE),
];

const RESERVED: &[OptionSpec] = &[
    honoured(
        "filesystem_store_datadir",
        Text,
        Some("/var/lib/glance/os_glance_staging_store"),
    ),
    ignored(
        "filesystem_store_chunk_size",
        Kind::POSITIVE,
        Some("65536"),
        CHUNKS,
    ),
];

const CHECKSUMS: &[&str] = &["when_required", "when_supported"];
const URL_FORMATS: &[&str] = &["auto", "virtual", "path"];
const PERCENT: Kind = Kind::Integer { min: 0, max: 100 };

const CINDER: &str = "the cinder store is not built in this version";
const RBD: &str = "the rbd store is not built in this version";
const S3: &str =
    "an upload bears a checksum where `s3_store_enable_data_integrity_protection` says so";
const CHUNKS: &str = "staged data is written in pieces of the size that suits the machine";
const TASKS: &str = "nothing is kept aside for tasks in this version";
const SWIFT: &str = "the swift store is not built in this version";
const THREADS: &str = "calls to the file system have no timeout in this version";
const VMWARE: &str = "the vmware store is not built in this version";
