//! Tasks: what a service does after it has answered.

use reqwest::Method;
use serde_json::{Value, json};

use super::error::ClientError;
use super::images::{JSON, Query, into_object};
use super::session::Session;
use crate::output::Object;

impl Session {
    /// All tasks that the query means, page after page.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn list_tasks(&self, query: &Query) -> Result<Vec<Object>, ClientError> {
        self.list("tasks", query).await
    }

    /// A task.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn task(&self, id: &str) -> Result<Object, ClientError> {
        let url = self.url(&["tasks", id]);
        let task = self.call(Method::GET, url, None).await?;
        self.object(task)
    }

    /// Asks for a new task.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn create_task(
        &self,
        kind: &str,
        input: Object,
    ) -> Result<Object, ClientError> {
        let body = json!({"type": kind, "input": input});
        let url = self.url(&["tasks"]);
        let task = self.call(Method::POST, url, Some((JSON, &body))).await?;
        self.object(task)
    }

    /// The tasks of an image.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn image_tasks(&self, image: &str) -> Result<Vec<Object>, ClientError> {
        let url = self.url(&["images", image, "tasks"]);
        let mut answer = self.call(Method::GET, url, None).await?;
        match answer.get_mut("tasks").map(Value::take) {
            Some(Value::Array(tasks)) => Ok(tasks.into_iter().filter_map(into_object).collect()),
            _ => Err(self.not_glance("its list has no tasks")),
        }
    }
}
