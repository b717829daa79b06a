//! Images: what can be asked of them, besides their data.

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::error::ClientError;
use super::session::Session;
use crate::output::Object;

/// What a list is asked for.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// Conditions and order, as they stand in the URL.
    pub(crate) parameters: Vec<(String, String)>,
    /// The most items.
    pub(crate) limit: Option<usize>,
    /// How many at once.
    pub(crate) page_size: Option<u32>,
}

impl Session {
    /// All images that the query means, page after page.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn list_images(&self, query: &Query) -> Result<Vec<Object>, ClientError> {
        self.list("images", query).await
    }

    /// All that the query means of a list that goes page after page.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(super) async fn list(&self, of: &str, query: &Query) -> Result<Vec<Object>, ClientError> {
        let wanted = query.limit.unwrap_or(usize::MAX);
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let page_size = query.page_size.unwrap_or(PAGE_SIZE);
        let first = usize::try_from(page_size).unwrap_or(wanted).min(wanted);
        let mut url = self.url(&[of]);
        url.query_pairs_mut()
            .append_pair("limit", &first.to_string())
            .extend_pairs(&query.parameters);
        self.pages(url, of, wanted).await
    }

    /// Up to so many objects of the list called `name`, page after page.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(super) async fn pages(
        &self,
        mut url: Url,
        name: &str,
        wanted: usize,
    ) -> Result<Vec<Object>, ClientError> {
        let mut objects = Vec::new();
        loop {
            let mut page = self.call(Method::GET, url, None).await?;
            let found = self.items(&mut page, name)?;
            let is_empty = found.is_empty();
            objects.extend(found);
            objects.truncate(wanted);
            let next = page.get("next").and_then(Value::as_str);
            match next {
                Some(link) if objects.len() < wanted && !is_empty => {
                    let next = self.linked(link);
                    url = next.ok_or_else(|| self.not_glance("its list goes on elsewhere"))?;
                }
                _ => return Ok(objects),
            }
        }
    }

    /// The objects of the list called `name` in an answer.
    pub(super) fn items(&self, answer: &mut Value, name: &str) -> Result<Vec<Object>, ClientError> {
        match answer.get_mut(name).map(Value::take) {
            Some(Value::Array(items)) => Ok(items.into_iter().filter_map(into_object).collect()),
            _ => Err(self.not_glance("its answer is no list of what was asked for")),
        }
    }

    /// An image.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn image(&self, id: &str) -> Result<Object, ClientError> {
        let url = self.url(&["images", id]);
        let image = self.call(Method::GET, url, None).await?;
        self.object(image)
    }

    /// Creates an image, without data.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn create_image(&self, fields: &Value) -> Result<Object, ClientError> {
        let url = self.url(&["images"]);
        let image = self.call(Method::POST, url, Some((JSON, fields))).await?;
        self.object(image)
    }

    /// Makes changes to an image, all or none.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn patch_image(
        &self,
        id: &str,
        operations: &Value,
    ) -> Result<Object, ClientError> {
        let url = self.url(&["images", id]);
        let image = self
            .call(Method::PATCH, url, Some((PATCH, operations)))
            .await?;
        self.object(image)
    }

    /// Deletes an image.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn delete_image(&self, id: &str) -> Result<(), ClientError> {
        let url = self.url(&["images", id]);
        self.call(Method::DELETE, url, None).await.map(drop)
    }

    /// Which properties of an image are not what the metadata definitions say.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn check_image(&self, id: &str) -> Result<Object, ClientError> {
        let url = self.url(&["images", id, "metadefs", "check"]);
        let answer = self.call(Method::GET, url, None).await?;
        match answer.get("violations").is_some_and(Value::is_array) {
            true => self.object(answer),
            false => Err(self.not_glance("it does not check images")),
        }
    }

    /// Makes an image do something: `deactivate` or `reactivate`.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn act_on_image(&self, id: &str, action: &str) -> Result<(), ClientError> {
        let url = self.url(&["images", id, "actions", action]);
        self.call(Method::POST, url, None).await.map(drop)
    }

    /// Says where the data of a queued image is.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn add_location(&self, id: &str, location: &Value) -> Result<(), ClientError> {
        let url = self.url(&["images", id, "locations"]);
        let body = Some((JSON, location));
        self.call(Method::POST, url, body).await.map(drop)
    }

    /// Adds a tag.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn add_tag(&self, id: &str, tag: &str) -> Result<(), ClientError> {
        let url = self.url(&["images", id, "tags", tag]);
        self.call(Method::PUT, url, None).await.map(drop)
    }

    /// Removes a tag.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn remove_tag(&self, id: &str, tag: &str) -> Result<(), ClientError> {
        let url = self.url(&["images", id, "tags", tag]);
        self.call(Method::DELETE, url, None).await.map(drop)
    }

    /// The answer, if it is an object.
    pub(super) fn object(&self, answer: Value) -> Result<Object, ClientError> {
        into_object(answer).ok_or_else(|| self.not_glance("its answer is no object"))
    }
}

/// The operations that make `image` have `fields` and lose `removed`: those that change something.
pub(crate) fn changes(image: &Object, fields: &Object, removed: &[String]) -> Value {
    let removals = removed
        .iter()
        .filter(|name| image.contains_key(*name) && !fields.contains_key(*name))
        .map(|name| json!({"op": "remove", "path": pointer(name)}));
    let edits = fields
        .iter()
        .filter(|(name, value)| image.get(*name) != Some(*value))
        .map(|(name, value)| {
            let op = if image.contains_key(name) {
                "replace"
            } else {
                "add"
            };
            json!({"op": op, "path": pointer(name), "value": value})
        });
    removals.chain(edits).collect()
}

pub(super) fn into_object(value: Value) -> Option<Object> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// The JSON pointer to a field.
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

pub(super) const JSON: &str = "application/json";
const PATCH: &str = "application/openstack-images-v2.1-json-patch";
/// What Python's client asks for at once.
const PAGE_SIZE: u32 = 200;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Object, changes, into_object};

    fn object(value: Value) -> Object {
        into_object(value).unwrap()
    }

    #[test]
    fn only_what_differs_is_changed() {
        let image = object(json!({"name": "a", "min_ram": 0, "colour": "red", "size": null}));
        let fields = object(json!({"name": "b", "min_ram": 0, "new/key~": "x"}));
        let removed = ["colour".to_owned(), "absent".to_owned()];

        assert_eq!(
            changes(&image, &fields, &removed),
            json!([
                {"op": "remove", "path": "/colour"},
                {"op": "replace", "path": "/name", "value": "b"},
                {"op": "add", "path": "/new~1key~0", "value": "x"},
            ])
        );
    }

    #[test]
    fn nothing_is_changed_where_all_is_as_it_should_be() {
        let image = object(json!({"name": "a"}));

        assert_eq!(changes(&image, &image.clone(), &[]), json!([]));
    }
}
