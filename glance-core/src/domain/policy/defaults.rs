//! The default rule of everything that Glance's policy files can name: one table
//! (spec/policy.md §3).

use super::action::Action;

/// A rule that Glance has, and what it says where no policy file says otherwise.
#[derive(Debug)]
pub(super) struct DefaultRule {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    /// What it said before, and says as well without `enforce_new_defaults`.
    pub(super) old: Option<&'static str>,
    /// Whether only tokens for projects pass it.
    pub(super) for_projects: bool,
}

/// What has to hold besides the rule without `enforce_new_defaults`: the old rules let everybody
/// do everything, and code checked who owns the image.
pub(super) fn ownership(action: Action) -> Option<&'static str> {
    match action {
        Action::AddImage => Some("rule:context_is_admin or project_id:%(owner)s"),
        Action::AddMember
        | Action::Deactivate
        | Action::DeleteImage
        | Action::DeleteImageLocation
        | Action::DeleteMember
        | Action::ModifyImage
        | Action::Reactivate
        | Action::SetImageLocation
        | Action::UploadImage => Some("rule:context_is_admin or project_id:%(project_id)s"),
        Action::ModifyMember => Some("rule:context_is_admin or not project_id:%(project_id)s"),
        Action::AddImageLocation
        | Action::AddMetadefNamespace
        | Action::AddMetadefObject
        | Action::AddMetadefProperty
        | Action::AddMetadefResourceTypeAssociation
        | Action::AddMetadefTag
        | Action::AddMetadefTags
        | Action::CommunitizeImage
        | Action::CopyImage
        | Action::DeleteMetadefNamespace
        | Action::DeleteMetadefObject
        | Action::DeleteMetadefTag
        | Action::DeleteMetadefTags
        | Action::DownloadFromStore
        | Action::DownloadImage
        | Action::FetchImageLocation
        | Action::GetImage
        | Action::GetImageLocation
        | Action::GetImages
        | Action::GetMember
        | Action::GetMembers
        | Action::GetMetadefNamespace
        | Action::GetMetadefNamespaces
        | Action::GetMetadefObject
        | Action::GetMetadefObjects
        | Action::GetMetadefProperties
        | Action::GetMetadefProperty
        | Action::GetMetadefResourceType
        | Action::GetMetadefTag
        | Action::GetMetadefTags
        | Action::ListMetadefResourceTypes
        | Action::ModifyMetadefNamespace
        | Action::ModifyMetadefObject
        | Action::ModifyMetadefProperty
        | Action::ModifyMetadefTag
        | Action::PublicizeImage
        | Action::RemoveMetadefProperty
        | Action::RemoveMetadefResourceTypeAssociation
        | Action::StoresInfoDetail
        | Action::TasksApiAccess => None,
    }
}

/// The rule that says who is an administrator.
pub(super) const ADMINISTRATOR: &str = "context_is_admin";

macro_rules! admin {
    () => {
        "rule:context_is_admin"
    };
}

macro_rules! admin_or {
    ($($other:expr),*) => {
        concat!(admin!(), " or (", $($other),*, ")")
    };
}

macro_rules! member {
    () => {
        "role:member and project_id:%(project_id)s"
    };
}

macro_rules! reader {
    () => {
        "role:reader and project_id:%(project_id)s"
    };
}

/// Those who have been let see an image. It passes for any shared image: who is a member of it was
/// settled when it was read.
macro_rules! visible {
    () => {
        "(project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or \
         'public':%(visibility)s or 'shared':%(visibility)s)"
    };
}

macro_rules! concerned {
    () => {
        "role:reader and (project_id:%(project_id)s or project_id:%(member_id)s)"
    };
}

const ADMIN: &str = admin!();
const ADMIN_OR_MEMBER: &str = admin_or!(member!());
const ADMIN_OR_READER: &str = admin_or!(reader!());
const ADMIN_OR_CONCERNED: &str = admin_or!(concerned!());
const DOWNLOAD: &str = admin_or!("role:member and ", visible!());
const GET_NAMESPACE: &str =
    admin_or!("role:reader and (project_id:%(project_id)s or 'public':%(visibility)s)");
const OLD: &str = "rule:default";
const OLD_CACHE: &str = "rule:manage_image_cache";
const OLD_METADEF: &str = "rule:metadef_default";
const METADEF_ADMIN: &str = "rule:metadef_admin";

/// All of them, sorted by name.
pub(super) const DEFAULTS: &[DefaultRule] = &[
    of_api(
        "add_image",
        admin_or!(member!(), " and project_id:%(owner)s"),
    )
    .once(OLD),
    of_api(
        "add_image_location",
        concat!(
            "rule:service_api or (",
            member!(),
            " and project_id:%(owner)s)"
        ),
    ),
    of_api("add_member", ADMIN_OR_MEMBER).once(OLD),
    of_api("add_metadef_namespace", METADEF_ADMIN),
    of_api("add_metadef_object", METADEF_ADMIN),
    of_api("add_metadef_property", METADEF_ADMIN),
    of_api("add_metadef_resource_type_association", METADEF_ADMIN),
    of_api("add_metadef_tag", METADEF_ADMIN),
    of_api("add_metadef_tags", METADEF_ADMIN),
    of_api("add_task", "rule:default"),
    of_api("cache_clean", ADMIN),
    of_api("cache_delete", ADMIN).once(OLD_CACHE),
    of_api("cache_image", ADMIN).once(OLD_CACHE),
    of_api("cache_list", ADMIN).once(OLD_CACHE),
    of_api("cache_prune", ADMIN),
    of_api("communitize_image", ADMIN_OR_MEMBER).once(OLD),
    alias(ADMINISTRATOR, "role:admin"),
    of_api("copy_image", ADMIN),
    of_api("deactivate", ADMIN_OR_MEMBER).once(OLD),
    alias("default", "").once(ADMIN),
    of_api("delete_image", ADMIN_OR_MEMBER).once(OLD),
    of_api("delete_image_location", ADMIN).once(OLD),
    of_api("delete_member", ADMIN_OR_MEMBER).once(OLD),
    of_api("delete_metadef_namespace", METADEF_ADMIN),
    of_api("delete_metadef_object", METADEF_ADMIN),
    of_api("delete_metadef_tag", METADEF_ADMIN),
    of_api("delete_metadef_tags", METADEF_ADMIN),
    of_api("download_from_store", DOWNLOAD),
    of_api("download_image", DOWNLOAD).once(OLD),
    of_api("fetch_image_location", "rule:service_api"),
    of_api("get_image", admin_or!("role:reader and ", visible!())).once(OLD),
    of_api("get_image_location", ADMIN_OR_READER).once(OLD),
    of_api("get_images", ADMIN_OR_READER).once(OLD),
    of_api("get_member", ADMIN_OR_CONCERNED).once(OLD),
    of_api("get_members", ADMIN_OR_CONCERNED).once(OLD),
    of_api("get_metadef_namespace", GET_NAMESPACE).once(OLD_METADEF),
    of_api("get_metadef_namespaces", ADMIN_OR_READER).once(OLD_METADEF),
    of_api("get_metadef_object", GET_NAMESPACE).once(OLD_METADEF),
    of_api("get_metadef_objects", GET_NAMESPACE).once(OLD_METADEF),
    of_api("get_metadef_properties", GET_NAMESPACE).once(OLD_METADEF),
    of_api("get_metadef_property", GET_NAMESPACE).once(OLD_METADEF),
    of_api("get_metadef_resource_type", GET_NAMESPACE).once(OLD_METADEF),
    of_api("get_metadef_tag", GET_NAMESPACE).once(OLD_METADEF),
    of_api("get_metadef_tags", GET_NAMESPACE).once(OLD_METADEF),
    of_api("get_task", "rule:default"),
    of_api("get_tasks", "rule:default"),
    of_api("list_cached_nodes", ADMIN),
    of_api("list_metadef_resource_types", GET_NAMESPACE).once(OLD_METADEF),
    of_api("manage_image_cache", ADMIN),
    alias("metadef_admin", ADMIN),
    alias("metadef_default", ""),
    of_api("modify_image", ADMIN_OR_MEMBER).once(OLD),
    of_api(
        "modify_member",
        admin_or!("role:member and project_id:%(member_id)s"),
    )
    .once(OLD),
    of_api("modify_metadef_namespace", METADEF_ADMIN),
    of_api("modify_metadef_object", METADEF_ADMIN),
    of_api("modify_metadef_property", METADEF_ADMIN),
    of_api("modify_metadef_tag", METADEF_ADMIN),
    of_api("modify_task", "rule:default"),
    of_api("publicize_image", ADMIN),
    of_api("reactivate", ADMIN_OR_MEMBER).once(OLD),
    of_api("remove_metadef_property", METADEF_ADMIN),
    of_api("remove_metadef_resource_type_association", METADEF_ADMIN),
    alias("service_api", "role:service or role:admin"),
    of_api("set_image_location", ADMIN_OR_MEMBER).once(OLD),
    of_api(
        "stores_info_detail",
        concat!(admin!(), " or rule:service_api"),
    )
    .once(ADMIN),
    of_api("tasks_api_access", ADMIN),
    of_api("upload_image", ADMIN_OR_MEMBER).once(OLD),
];

/// A rule that others refer to.
const fn alias(name: &'static str, text: &'static str) -> DefaultRule {
    DefaultRule {
        name,
        text,
        old: None,
        for_projects: false,
    }
}

/// A rule about a request.
const fn of_api(name: &'static str, text: &'static str) -> DefaultRule {
    DefaultRule {
        name,
        text,
        old: None,
        for_projects: true,
    }
}

impl DefaultRule {
    const fn once(mut self, old: &'static str) -> Self {
        self.old = Some(old);
        self
    }
}
