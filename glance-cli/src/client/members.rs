//! Members: the projects that an image is shared with.

use reqwest::Method;
use serde_json::json;

use super::error::ClientError;
use super::images::JSON;
use super::session::Session;
use crate::output::Object;

impl Session {
    /// The members of an image.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn members(&self, image: &str) -> Result<Vec<Object>, ClientError> {
        let url = self.url(&["images", image, "members"]);
        let mut answer = self.call(Method::GET, url, None).await?;
        self.items(&mut answer, "members")
    }

    /// A member.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn member(&self, image: &str, member: &str) -> Result<Object, ClientError> {
        let url = self.url(&["images", image, "members", member]);
        let answer = self.call(Method::GET, url, None).await?;
        self.object(answer)
    }

    /// Adds a member.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn add_member(
        &self,
        image: &str,
        member: &str,
    ) -> Result<Object, ClientError> {
        let url = self.url(&["images", image, "members"]);
        let body = json!({"member": member});
        let answer = self.call(Method::POST, url, Some((JSON, &body))).await?;
        self.object(answer)
    }

    /// Sets the answer of a member.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn answer_as_member(
        &self,
        image: &str,
        member: &str,
        status: &str,
    ) -> Result<Object, ClientError> {
        let url = self.url(&["images", image, "members", member]);
        let body = json!({"status": status});
        let answer = self.call(Method::PUT, url, Some((JSON, &body))).await?;
        self.object(answer)
    }

    /// Removes a member.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn remove_member(&self, image: &str, member: &str) -> Result<(), ClientError> {
        let url = self.url(&["images", image, "members", member]);
        self.call(Method::DELETE, url, None).await.map(drop)
    }
}
