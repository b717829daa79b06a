//! What JSON, query strings and headers look like, and what they mean.

pub(crate) mod attribute;
pub(crate) mod image;
pub(crate) mod image_check;
pub(crate) mod image_schema;
pub(crate) mod import;
pub(crate) mod links;
pub(crate) mod location;
pub(crate) mod member;
pub(crate) mod metadef;
pub(crate) mod new_image;
pub(crate) mod new_task;
pub(crate) mod patch;
pub(crate) mod pointer;
pub(crate) mod query_string;
pub(crate) mod range;
pub(crate) mod schema;
pub(crate) mod store;
pub(crate) mod task;
pub(crate) mod task_schema;
pub(crate) mod upload;
pub(crate) mod usage;
pub(crate) mod versions;

use glance_core::Error;
use glance_core::domain::{Caller, ImageId};

use crate::error::ApiError;
use crate::options::Api;

/// Reads the id of an image. What is no UUID is the id of no image.
pub(crate) fn image_id(text: &str) -> Result<ImageId, ApiError> {
    text.parse().map_err(|_| {
        let id = text.chars().take(LONGEST_ECHO).collect();
        Error::ImageNotFound { id }.into()
    })
}

/// For whom an answer is written, and how.
pub(crate) struct Reader<'a> {
    pub(crate) api: &'a Api,
    pub(crate) is_admin: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(caller: &Caller, api: &'a Api) -> Self {
        Self {
            api,
            is_admin: api.glance.is_admin(caller),
        }
    }
}

const LONGEST_ECHO: usize = 255;
