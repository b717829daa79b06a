//! Resource types, and which namespaces are for which.

use super::{Metadefs, missing};
use crate::domain::Caller;
use crate::domain::metadef::{Association, Dated, MetadefChange, Part, ResourceType};
use crate::domain::policy::Action;
use crate::error::Error;
use crate::ports::{Parts, Wanted};

impl Metadefs<'_> {
    /// Lists all resource types that are known.
    ///
    /// # Errors
    /// The caller may not.
    pub async fn resource_types(&self, caller: &Caller) -> Result<Vec<Dated<ResourceType>>, Error> {
        self.permit_at_all(caller, Action::ListMetadefResourceTypes)?;
        Ok(self.catalog.resource_types().await?)
    }

    /// Lists which resource types a namespace is for.
    ///
    /// # Errors
    /// There is no namespace that the caller may see; the caller may not list.
    pub async fn associations(
        &self,
        caller: &Caller,
        namespace: &str,
    ) -> Result<Vec<Dated<Association>>, Error> {
        let parts = Parts {
            associations: Wanted::All,
            ..Parts::NONE
        };
        let contents = self.visible(caller, namespace, &parts).await?;
        self.permit(caller, Action::ListMetadefResourceTypes, &contents)?;
        match self.shows(caller, Action::GetMetadefResourceType, &contents) {
            true => Ok(contents.associations),
            false => Ok(Vec::new()),
        }
    }

    /// Says that a namespace is for a resource type. A type that nobody knew of is known from then
    /// on.
    ///
    /// # Errors
    /// There is no namespace that the caller may see; the caller may not; it is so already.
    pub async fn add_association(
        &self,
        caller: &Caller,
        namespace: &str,
        association: Association,
    ) -> Result<Dated<Association>, Error> {
        let contents = self.visible(caller, namespace, &Parts::NONE).await?;
        self.permit(caller, Action::AddMetadefResourceTypeAssociation, &contents)?;
        let change = MetadefChange::AddAssociation(association.clone());
        let what = (Part::Association, association.resource_type.as_str());
        self.change(&contents, &change, what).await?;
        Ok(Dated::new(association, self.glance.now()))
    }

    /// Says that a namespace is no longer for a resource type. The type stays.
    ///
    /// # Errors
    /// There is no namespace that the caller may see; the caller may not; it is not for the type;
    /// the namespace is protected.
    pub async fn delete_association(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
    ) -> Result<(), Error> {
        let parts = Parts {
            associations: Wanted::named(name),
            ..Parts::NONE
        };
        let mut contents = self.visible(caller, namespace, &parts).await?;
        let action = Action::RemoveMetadefResourceTypeAssociation;
        self.permit(caller, action, &contents)?;
        let held = contents.associations.pop();
        let held = held.ok_or_else(|| missing(&contents, Part::Association, name))?;
        let change = MetadefChange::RemoveAssociation(held.value.resource_type);
        self.change(&contents, &change, (Part::Association, name))
            .await
    }
}
