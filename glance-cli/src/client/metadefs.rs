//! Metadata definitions: namespaces, and what they hold.

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use url::Url;

use super::error::ClientError;
use super::images::{JSON, into_object};
use super::session::Session;
use crate::output::Object;

impl Session {
    /// All namespaces that the conditions mean, page after page.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn namespaces(
        &self,
        conditions: &[(&str, String)],
        page_size: u32,
    ) -> Result<Vec<Object>, ClientError> {
        let mut url = self.metadef_url(&["namespaces"]);
        url.query_pairs_mut()
            .append_pair("limit", &page_size.to_string())
            .extend_pairs(conditions);
        self.pages(url, "namespaces", usize::MAX).await
    }

    /// What is at a path under `/v2/metadefs`.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn metadef(&self, path: &[&str]) -> Result<Object, ClientError> {
        let answer = self.call(Method::GET, self.metadef_url(path), None).await?;
        self.object(answer)
    }

    /// A namespace, with the names of its properties as a resource type has them.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn namespace_for(
        &self,
        namespace: &str,
        resource_type: &str,
    ) -> Result<Object, ClientError> {
        let mut url = self.metadef_url(&["namespaces", namespace]);
        url.query_pairs_mut()
            .append_pair("resource_type", resource_type);
        let answer = self.call(Method::GET, url, None).await?;
        self.object(answer)
    }

    /// The list called `name` that is at a path.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn metadefs(
        &self,
        path: &[&str],
        name: &str,
    ) -> Result<Vec<Object>, ClientError> {
        self.pages(self.metadef_url(path), name, usize::MAX).await
    }

    /// The properties of a namespace, each with its name.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn properties(&self, namespace: &str) -> Result<Vec<Object>, ClientError> {
        let mut answer = self
            .metadef(&["namespaces", namespace, "properties"])
            .await?;
        let Some(Value::Object(properties)) = answer.remove("properties") else {
            return Err(self.not_glance("its list has no properties"));
        };
        let named = properties.into_iter().filter_map(|(name, property)| {
            let mut property = into_object(property)?;
            property.insert("name".to_owned(), name.into());
            Some(property)
        });
        Ok(named.collect())
    }

    /// Adds something to the list at a path, or, without fields, what the path names.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn add_metadef(
        &self,
        path: &[&str],
        fields: Option<&Value>,
    ) -> Result<Object, ClientError> {
        let body = fields.map(|fields| (JSON, fields));
        let url = self.metadef_url(path);
        let answer = self.call(Method::POST, url, body).await?;
        self.object(answer)
    }

    /// Gives a namespace tags: those it has stay only if they are to be appended to.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn add_tags(
        &self,
        namespace: &str,
        names: &[&str],
        append: bool,
    ) -> Result<Vec<Object>, ClientError> {
        let url = self.metadef_url(&["namespaces", namespace, "tags"]);
        let tags: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        let body = json!({"tags": tags});
        let mut request = Self::request(Method::POST, url, Some((JSON, &body)));
        if append {
            let name = HeaderName::from_static("x-openstack-append");
            let yes = HeaderValue::from_static("True");
            request.headers_mut().insert(name, yes);
        }
        let mut answer = self.exchange(request).await?;
        self.items(&mut answer, "tags")
    }

    /// Replaces what is at a path.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn replace_metadef(
        &self,
        path: &[&str],
        fields: &Value,
    ) -> Result<Object, ClientError> {
        let url = self.metadef_url(path);
        let answer = self.call(Method::PUT, url, Some((JSON, fields))).await?;
        self.object(answer)
    }

    /// Deletes what is at a path.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn delete_metadef(&self, path: &[&str]) -> Result<(), ClientError> {
        let url = self.metadef_url(path);
        self.call(Method::DELETE, url, None).await.map(drop)
    }

    fn metadef_url(&self, path: &[&str]) -> Url {
        let mut segments = vec!["metadefs"];
        segments.extend(path);
        self.url(&segments)
    }
}
