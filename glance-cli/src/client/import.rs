//! Imports: data that a service fetches, or takes from where it was staged.

use reqwest::Method;

use super::error::ClientError;
use super::session::Session;
use crate::output::Object;

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
}
