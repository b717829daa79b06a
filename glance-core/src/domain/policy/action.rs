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
    /// Make an image visible to all who ask for it.
    CommunitizeImage = "communitize_image",
    /// Stop downloads.
    Deactivate = "deactivate",
    /// Delete an image.
    DeleteImage = "delete_image",
    /// Take the data of an image out of one of its stores.
    DeleteImageLocation = "delete_image_location",
    /// Stop sharing an image.
    DeleteMember = "delete_member",
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
    /// Edit an image.
    ModifyImage = "modify_image",
    /// Answer an offer.
    ModifyMember = "modify_member",
    /// Make an image public.
    PublicizeImage = "publicize_image",
    /// Allow downloads again.
    Reactivate = "reactivate",
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
