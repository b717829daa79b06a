//! Whether an image is what the definitions say.

use super::Metadefs;
use crate::domain::metadef::{
    NamespaceContents, NamespaceName, NamespaceQuery, NamespaceSortKey, ResourceTypeName, Violation,
};
use crate::domain::policy::Action;
use crate::domain::query::Direction;
use crate::domain::{Caller, ImageId};
use crate::error::Error;
use crate::ports::{Parts, Wanted};

/// What came of looking at the properties of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageCheck {
    /// The namespaces that were looked at, in the order of their names.
    pub namespaces: Vec<NamespaceName>,
    /// The properties that are not what a definition says.
    pub violations: Vec<Violation>,
}

impl Metadefs<'_> {
    /// Looks at the properties of an image that the caller sees: which of them break a definition in
    /// a namespace that is for images and that the caller sees.
    ///
    /// # Errors
    /// There is no image that the caller may see; the caller may not list namespaces.
    pub async fn check_image(&self, caller: &Caller, id: ImageId) -> Result<ImageCheck, Error> {
        let image = self.glance.image(caller, id).await?;
        self.permit_at_all(caller, Action::GetMetadefNamespaces)?;
        let images = ResourceTypeName::stored(IMAGES.to_owned());
        let mut check = ImageCheck::default();
        let mut query = NamespaceQuery {
            visibility: None,
            resource_types: Some(vec![images.clone()]),
            key: NamespaceSortKey::Name,
            direction: Direction::Ascending,
            limit: NAMESPACES_AT_ONCE,
            after: None,
        };
        let viewer = self.glance.viewer(caller);
        loop {
            let page = self.catalog.namespaces(&query, &viewer).await?;
            let last = page.last().map(|last| query.position(&last.namespace));
            let names: Vec<NamespaceName> = page
                .into_iter()
                .filter(|contents| self.may_read(caller, contents))
                .map(|contents| contents.namespace.value.name)
                .collect();
            for contents in self.catalog.read(&names, &DEFINITIONS).await? {
                let violations = contents.violations(&image.properties, &images);
                check.violations.extend(violations);
                check.namespaces.push(contents.namespace.value.name);
            }
            match last {
                Some(_) => query.after = last,
                None => return Ok(check),
            }
        }
    }

    fn may_read(&self, caller: &Caller, contents: &NamespaceContents) -> bool {
        [
            Action::GetMetadefNamespace,
            Action::GetMetadefObjects,
            Action::GetMetadefProperties,
        ]
        .into_iter()
        .all(|action| self.shows(caller, action, contents))
    }
}

/// The type of resources that images are.
const IMAGES: &str = "OS::Glance::Image";
/// How many namespaces are held at once.
const NAMESPACES_AT_ONCE: u32 = 200;
/// All that says what properties may be.
const DEFINITIONS: Parts = Parts {
    associations: Wanted::All,
    objects: Wanted::All,
    properties: Wanted::All,
    tags: Wanted::Nothing,
};
