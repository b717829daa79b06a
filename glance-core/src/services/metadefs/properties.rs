//! Properties of a namespace.

use super::{Metadefs, missing};
use crate::domain::Caller;
use crate::domain::metadef::{Dated, MetadefChange, NamespaceContents, Part, Property};
use crate::domain::policy::Action;
use crate::error::Error;
use crate::ports::{Parts, Wanted};

impl Metadefs<'_> {
    /// Lists the properties of a namespace in the order in which they came.
    ///
    /// # Errors
    /// There is no namespace that the caller may see; the caller may not list.
    pub async fn properties(
        &self,
        caller: &Caller,
        namespace: &str,
    ) -> Result<Vec<Dated<Property>>, Error> {
        let parts = Parts {
            properties: Wanted::All,
            ..Parts::NONE
        };
        let contents = self.visible(caller, namespace, &parts).await?;
        self.permit(caller, Action::GetMetadefProperties, &contents)?;
        Ok(contents.properties)
    }

    /// Shows a property; of a resource type, by the name that it has on such resources.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; the namespace is not for the
    /// resource type, or the name does not begin with its prefix.
    pub async fn property(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
        resource_type: Option<&str>,
    ) -> Result<Dated<Property>, Error> {
        let name = match resource_type {
            None => name,
            Some(resource_type) => {
                self.without_prefix(caller, namespace, name, resource_type)
                    .await?
            }
        };
        let mut contents = self.with_property(caller, namespace, name).await?;
        self.permit(caller, Action::GetMetadefProperty, &contents)?;
        held(&mut contents, name)
    }

    /// Adds a property to a namespace.
    ///
    /// # Errors
    /// There is no namespace that the caller may see; the caller may not; there is a property of the
    /// name.
    pub async fn add_property(
        &self,
        caller: &Caller,
        namespace: &str,
        property: Property,
    ) -> Result<Dated<Property>, Error> {
        let contents = self.visible(caller, namespace, &Parts::NONE).await?;
        self.permit(caller, Action::AddMetadefProperty, &contents)?;
        let change = MetadefChange::AddProperty(property.clone());
        let what = (Part::Property, property.name.as_str());
        self.change(&contents, &change, what).await?;
        Ok(Dated::new(property, self.glance.now()))
    }

    /// Puts a property in the place of one, under its name or another.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; there is another of the new name.
    pub async fn replace_property(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
        property: Property,
    ) -> Result<Dated<Property>, Error> {
        let mut contents = self.with_property(caller, namespace, name).await?;
        self.permit(caller, Action::ModifyMetadefProperty, &contents)?;
        let held = held(&mut contents, name)?;
        let change = MetadefChange::ReplaceProperty(held.value.name.clone(), property.clone());
        let what = (Part::Property, property.name.as_str());
        self.change(&contents, &change, what).await?;
        Ok(held.changed(property, self.glance.now()))
    }

    /// Deletes a property.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; the namespace is protected.
    pub async fn delete_property(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
    ) -> Result<(), Error> {
        let mut contents = self.with_property(caller, namespace, name).await?;
        self.permit(caller, Action::RemoveMetadefProperty, &contents)?;
        let held = held(&mut contents, name)?;
        let change = MetadefChange::RemoveProperty(held.value.name);
        self.change(&contents, &change, (Part::Property, name))
            .await
    }

    /// The name of a property, given the name that it has on resources of a type.
    async fn without_prefix<'n>(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &'n str,
        resource_type: &str,
    ) -> Result<&'n str, Error> {
        let parts = Parts {
            associations: Wanted::named(resource_type),
            ..Parts::NONE
        };
        let contents = self.visible(caller, namespace, &parts).await?;
        self.permit(caller, Action::GetMetadefProperty, &contents)?;
        self.permit(caller, Action::GetMetadefResourceType, &contents)?;
        let association = contents
            .associations
            .first()
            .ok_or_else(|| missing(&contents, Part::Association, resource_type))?;
        let prefix = association.value.prefix.as_ref();
        prefix
            .filter(|prefix| !prefix.as_str().is_empty())
            .and_then(|prefix| name.strip_prefix(prefix.as_str()))
            .ok_or_else(|| missing(&contents, Part::Property, name))
    }

    async fn with_property(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
    ) -> Result<NamespaceContents, Error> {
        let parts = Parts {
            properties: Wanted::named(name),
            ..Parts::NONE
        };
        self.visible(caller, namespace, &parts).await
    }
}

/// The property that was read.
fn held(contents: &mut NamespaceContents, name: &str) -> Result<Dated<Property>, Error> {
    let property = contents.properties.pop();
    property.ok_or_else(|| missing(contents, Part::Property, name))
}
