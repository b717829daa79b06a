//! Objects of a namespace.

use super::{Metadefs, missing};
use crate::domain::Caller;
use crate::domain::metadef::{Dated, MetadefChange, NamespaceContents, Object, Part};
use crate::domain::policy::Action;
use crate::error::Error;
use crate::ports::{Parts, Wanted};

impl Metadefs<'_> {
    /// Lists the objects of a namespace in the order in which they came.
    ///
    /// # Errors
    /// There is no namespace that the caller may see; the caller may not list.
    pub async fn objects(
        &self,
        caller: &Caller,
        namespace: &str,
    ) -> Result<Vec<Dated<Object>>, Error> {
        let parts = Parts {
            objects: Wanted::All,
            ..Parts::NONE
        };
        let contents = self.visible(caller, namespace, &parts).await?;
        self.permit(caller, Action::GetMetadefObjects, &contents)?;
        match self.shows(caller, Action::GetMetadefObject, &contents) {
            true => Ok(contents.objects),
            false => Ok(Vec::new()),
        }
    }

    /// Shows an object.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not.
    pub async fn object(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
    ) -> Result<Dated<Object>, Error> {
        let mut contents = self.with_object(caller, namespace, name).await?;
        self.permit(caller, Action::GetMetadefObject, &contents)?;
        held(&mut contents, name)
    }

    /// Adds an object to a namespace.
    ///
    /// # Errors
    /// There is no namespace that the caller may see; the caller may not; there is an object of the
    /// name.
    pub async fn add_object(
        &self,
        caller: &Caller,
        namespace: &str,
        object: Object,
    ) -> Result<Dated<Object>, Error> {
        let contents = self.visible(caller, namespace, &Parts::NONE).await?;
        self.permit(caller, Action::AddMetadefObject, &contents)?;
        let change = MetadefChange::AddObject(object.clone());
        let what = (Part::Object, object.name.as_str());
        self.change(&contents, &change, what).await?;
        Ok(Dated::new(object, self.glance.now()))
    }

    /// Puts an object in the place of one, under its name or another.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; there is another of the new name.
    pub async fn replace_object(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
        object: Object,
    ) -> Result<Dated<Object>, Error> {
        let mut contents = self.with_object(caller, namespace, name).await?;
        self.permit(caller, Action::ModifyMetadefObject, &contents)?;
        let held = held(&mut contents, name)?;
        let change = MetadefChange::ReplaceObject(held.value.name.clone(), object.clone());
        let what = (Part::Object, object.name.as_str());
        self.change(&contents, &change, what).await?;
        Ok(held.changed(object, self.glance.now()))
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; the namespace is protected.
    pub async fn delete_object(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
    ) -> Result<(), Error> {
        let mut contents = self.with_object(caller, namespace, name).await?;
        self.permit(caller, Action::DeleteMetadefObject, &contents)?;
        let held = held(&mut contents, name)?;
        let change = MetadefChange::RemoveObject(held.value.name);
        self.change(&contents, &change, (Part::Object, name)).await
    }

    async fn with_object(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
    ) -> Result<NamespaceContents, Error> {
        let parts = Parts {
            objects: Wanted::named(name),
            ..Parts::NONE
        };
        self.visible(caller, namespace, &parts).await
    }
}

/// The object that was read.
fn held(contents: &mut NamespaceContents, name: &str) -> Result<Dated<Object>, Error> {
    let object = contents.objects.pop();
    object.ok_or_else(|| missing(contents, Part::Object, name))
}
