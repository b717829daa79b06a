//! Imports: data that a service fetches, or takes from where it was staged.

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};

use super::error::ClientError;
use super::images::JSON;
use super::session::Session;
use crate::output::Object;

/// An import as a service is asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImportRequest {
    /// Where the data comes from: the member `method`, with its name.
    pub(crate) method: Object,
    /// Where it goes.
    pub(crate) target: Target,
}

/// Where imported data goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The store that the service chooses.
    Default,
    /// One store.
    One(String),
    /// Several stores, and whether all of them must succeed.
    Several {
        stores: Vec<String>,
        must_succeed: bool,
    },
    /// All stores there are, and whether all of them must succeed.
    All { must_succeed: bool },
}

impl ImportRequest {
    /// The body of the request. As Python's client does it, one store is a header instead.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({"method": self.method});
        let must_succeed = match &self.target {
            Target::Default | Target::One(_) => return body,
            Target::Several {
                stores,
                must_succeed,
            } => {
                body["stores"] = json!(stores);
                must_succeed
            }
            Target::All { must_succeed } => {
                body["all_stores"] = true.into();
                must_succeed
            }
        };
        body["all_stores_must_succeed"] = (*must_succeed).into();
        body
    }
}

impl Session {
    /// The ways to import that the service offers, as it tells of them.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn import_info(&self) -> Result<Object, ClientError> {
        let url = self.url(&["info", "import"]);
        let info = self.call(Method::GET, url, None).await?;
        self.object(info)
    }

    /// Asks for the data of an image to be imported, which goes on after the answer.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn import_image(
        &self,
        id: &str,
        import: &ImportRequest,
    ) -> Result<(), ClientError> {
        let url = self.url(&["images", id, "import"]);
        let mut request = Self::request(Method::POST, url, Some((JSON, &import.body())));
        if let Target::One(store) = &import.target {
            let store = HeaderValue::from_str(store);
            let store = store.map_err(|_| self.not_glance("no store has such a name"))?;
            request.headers_mut().insert("x-image-meta-store", store);
        }
        self.exchange(request).await?;
        Ok(())
    }

    /// The stores of the service, as it tells of them; with their set-up, for administrators.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn stores_info(&self, detail: bool) -> Result<Object, ClientError> {
        let path: &[&str] = if detail {
            &["info", "stores", "detail"]
        } else {
            &["info", "stores"]
        };
        let info = self.call(Method::GET, self.url(path), None).await?;
        self.object(info)
    }

    /// Removes the data of an image from one of its stores.
    ///
    /// # Errors
    ///
    /// The service cannot be reached, or refuses.
    pub(crate) async fn delete_from_store(&self, store: &str, id: &str) -> Result<(), ClientError> {
        let url = self.url(&["stores", store, id]);
        self.call(Method::DELETE, url, None).await?;
        Ok(())
    }
}
