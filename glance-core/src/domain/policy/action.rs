//! Every action a policy rules on.

use std::fmt;

/// Declares the actions with their names in policy files.
macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)?) => {
        /// What a caller wants to do, by the name it has in Glance's policy files.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(clippy::exhaustive_enums, reason = "the table of defaults must answer each")]
        pub enum Action {
            $($(#[$doc])* $variant,)*
        }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in policy files.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

actions! {
    /// Create an image.
    AddImage = "add_image",
    /// Say where the data of an image is.
    AddImageLocation = "add_image_location",
    /// Share an image.
    AddMember = "add_member",
    /// Create a namespace of metadata definitions.
    AddMetadefNamespace = "add_metadef_namespace",
    /// Add an object to a namespace.
    AddMetadefObject = "add_metadef_object",
    /// Add a property to a namespace.
    AddMetadefProperty = "add_metadef_property",
    /// Say that a namespace is for a resource type.
    AddMetadefResourceTypeAssociation = "add_metadef_resource_type_association",
    /// Add a tag to a namespace.
    AddMetadefTag = "add_metadef_tag",
    /// Set the tags of a namespace.
    AddMetadefTags = "add_metadef_tags",
    /// Make an image visible to all who ask for it.
    CommunitizeImage = "communitize_image",
    /// Copy the data of an image to more stores.
    CopyImage = "copy_image",
    /// Stop downloads.
    Deactivate = "deactivate",
    /// Delete an image.
    DeleteImage = "delete_image",
    /// Take the data of an image out of one of its stores.
    DeleteImageLocation = "delete_image_location",
    /// Stop sharing an image.
    DeleteMember = "delete_member",
    /// Delete a namespace.
    DeleteMetadefNamespace = "delete_metadef_namespace",
    /// Delete an object of a namespace.
    DeleteMetadefObject = "delete_metadef_object",
    /// Delete a tag of a namespace.
    DeleteMetadefTag = "delete_metadef_tag",
    /// Delete the tags of a namespace.
    DeleteMetadefTags = "delete_metadef_tags",
    /// Say from which store the data of an image is read.
    DownloadFromStore = "download_from_store",
    /// Read the data of an image.
    DownloadImage = "download_image",
    /// Ask where the data of an image is, to read it there.
    FetchImageLocation = "fetch_image_location",
    /// Show an image.
    GetImage = "get_image",
    /// See where the data of an image is.
    GetImageLocation = "get_image_location",
    /// List images.
    GetImages = "get_images",
    /// Show a member.
    GetMember = "get_member",
    /// List members.
    GetMembers = "get_members",
    /// Show a namespace.
    GetMetadefNamespace = "get_metadef_namespace",
    /// List namespaces.
    GetMetadefNamespaces = "get_metadef_namespaces",
    /// Show an object of a namespace.
    GetMetadefObject = "get_metadef_object",
    /// List the objects of a namespace.
    GetMetadefObjects = "get_metadef_objects",
    /// List the properties of a namespace.
    GetMetadefProperties = "get_metadef_properties",
    /// Show a property of a namespace.
    GetMetadefProperty = "get_metadef_property",
    /// Show that a namespace is for a resource type.
    GetMetadefResourceType = "get_metadef_resource_type",
    /// Show a tag of a namespace.
    GetMetadefTag = "get_metadef_tag",
    /// List the tags of a namespace.
    GetMetadefTags = "get_metadef_tags",
    /// List resource types.
    ListMetadefResourceTypes = "list_metadef_resource_types",
    /// Edit an image.
    ModifyImage = "modify_image",
    /// Answer an offer.
    ModifyMember = "modify_member",
    /// Edit a namespace.
    ModifyMetadefNamespace = "modify_metadef_namespace",
    /// Edit an object of a namespace.
    ModifyMetadefObject = "modify_metadef_object",
    /// Edit a property of a namespace.
    ModifyMetadefProperty = "modify_metadef_property",
    /// Rename a tag of a namespace.
    ModifyMetadefTag = "modify_metadef_tag",
    /// Make an image public.
    PublicizeImage = "publicize_image",
    /// Allow downloads again.
    Reactivate = "reactivate",
    /// Delete a property of a namespace.
    RemoveMetadefProperty = "remove_metadef_property",
    /// Say that a namespace is no longer for a resource type.
    RemoveMetadefResourceTypeAssociation = "remove_metadef_resource_type_association",
    /// Edit where the data of an image is.
    SetImageLocation = "set_image_location",
    /// See how stores are set up.
    StoresInfoDetail = "stores_info_detail",
    /// See tasks, and ask for some, whoever's they are.
    TasksApiAccess = "tasks_api_access",
    /// Write the data of an image.
    UploadImage = "upload_image",
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
