//! Members as JSON, and what is asked about them.

use glance_core::domain::{MemberStatus, Membership, ProjectId};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::image::Text;
use crate::error::{ApiError, sentence};

/// Reads `{"member": "<project>"}`.
pub(crate) fn new_member(body: &Value) -> Result<ProjectId, ApiError> {
    let Value::Object(body) = body else {
        return Err(ApiError::bad_request(
            "Expected a member in the form: {\"member\": \"image_id\"}",
        ));
    };
    match body.get("member") {
        None => Err(ApiError::bad_request("Member to be added not specified")),
        Some(Value::Null) => Err(ApiError::bad_request("Member can't be empty")),
        Some(Value::String(id)) if id.is_empty() => {
            Err(ApiError::bad_request("Member can't be empty"))
        }
        Some(Value::String(id)) => id
            .parse()
            .map_err(|error| ApiError::bad_request(sentence(&error))),
        Some(_) => Err(ApiError::bad_request("The id of a member is a string.")),
    }
}

/// Reads `{"status": "<answer>"}`.
pub(crate) fn answer(body: &Value) -> Result<MemberStatus, ApiError> {
    let Value::Object(body) = body else {
        return Err(ApiError::bad_request(
            "Expected a status in the form: {\"status\": \"status\"}",
        ));
    };
    let status = body
        .get("status")
        .ok_or_else(|| ApiError::bad_request("Status not specified"))?;
    status
        .as_str()
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| {
            ApiError::bad_request(
                "Incorrect request: Status must be \"pending\", \"accepted\" or \"rejected\".",
            )
        })
}

/// A member as JSON.
pub(crate) struct MemberView<'a>(pub(crate) &'a Membership);

impl Serialize for MemberView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let member = self.0;
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("member_id", member.project.as_str())?;
        map.serialize_entry("image_id", member.image.as_str())?;
        map.serialize_entry("status", member.status.as_str())?;
        map.serialize_entry("created_at", &Text(&member.created_at))?;
        map.serialize_entry("updated_at", &Text(&member.updated_at))?;
        map.serialize_entry("schema", "/v2/schemas/member")?;
        map.end()
    }
}

/// The members of an image as JSON.
pub(crate) struct MemberListView<'a>(pub(crate) &'a [Membership]);

impl Serialize for MemberListView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members: Vec<MemberView<'_>> = self.0.iter().map(MemberView).collect();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("members", &members)?;
        map.serialize_entry("schema", "/v2/schemas/members")?;
        map.end()
    }
}
