//! Tags of a namespace.

use super::{Metadefs, missing};
use crate::domain::Caller;
use crate::domain::metadef::{Dated, MetadefChange, NamespaceContents, Part, TagName, TagQuery};
use crate::domain::policy::Action;
use crate::error::Error;
use crate::ports::{Parts, Wanted};

impl Metadefs<'_> {
    /// Lists tags of a namespace.
    ///
    /// # Errors
    /// There is no namespace that the caller may see; the caller may not list; the marker is none of
    /// the tags.
    pub async fn tags(
        &self,
        caller: &Caller,
        namespace: &str,
        query: &TagQuery,
    ) -> Result<Vec<Dated<TagName>>, Error> {
        let parts = Parts {
            tags: Wanted::All,
            ..Parts::NONE
        };
        let mut contents = self.visible(caller, namespace, &parts).await?;
        self.permit(caller, Action::GetMetadefTags, &contents)?;
        let tags = std::mem::take(&mut contents.tags);
        query.page_of(tags).ok_or_else(|| {
            let marker = query.marker.as_ref().map(TagName::as_str);
            missing(&contents, Part::Tag, marker.unwrap_or_default())
        })
    }

    /// Shows a tag.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not.
    pub async fn tag(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
    ) -> Result<Dated<TagName>, Error> {
        let mut contents = self.with_tag(caller, namespace, name).await?;
        self.permit(caller, Action::GetMetadefTag, &contents)?;
        held(&mut contents, name)
    }

    /// Adds a tag to a namespace.
    ///
    /// # Errors
    /// There is no namespace that the caller may see; the caller may not; the tag is there.
    pub async fn add_tag(
        &self,
        caller: &Caller,
        namespace: &str,
        tag: TagName,
    ) -> Result<Dated<TagName>, Error> {
        let contents = self.visible(caller, namespace, &Parts::NONE).await?;
        self.permit(caller, Action::AddMetadefTag, &contents)?;
        let change = MetadefChange::AddTags(vec![tag.clone()]);
        self.change(&contents, &change, (Part::Tag, tag.as_str()))
            .await?;
        Ok(Dated::new(tag, self.glance.now()))
    }

    /// Sets the tags of a namespace, or adds some to those it has. No tags change nothing
    /// (upstream).
    ///
    /// # Errors
    /// There is no namespace that the caller may see; the caller may not; one of the tags is there,
    /// or twice among these.
    pub async fn add_tags(
        &self,
        caller: &Caller,
        namespace: &str,
        tags: &[TagName],
        are_added: bool,
    ) -> Result<(), Error> {
        let contents = self.visible(caller, namespace, &Parts::NONE).await?;
        self.permit(caller, Action::AddMetadefTags, &contents)?;
        if tags.is_empty() {
            return Ok(());
        }
        let change = match are_added {
            true => MetadefChange::AddTags(tags.to_vec()),
            false => MetadefChange::ReplaceTags(tags.to_vec()),
        };
        let names: Vec<&str> = tags.iter().map(TagName::as_str).collect();
        self.change(&contents, &change, (Part::Tag, &names.join(", ")))
            .await
    }

    /// Gives a tag another name.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; the new name is another tag's.
    pub async fn rename_tag(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
        tag: TagName,
    ) -> Result<Dated<TagName>, Error> {
        let mut contents = self.with_tag(caller, namespace, name).await?;
        self.permit(caller, Action::ModifyMetadefTag, &contents)?;
        let held = held(&mut contents, name)?;
        let change = MetadefChange::RenameTag(held.value.clone(), tag.clone());
        self.change(&contents, &change, (Part::Tag, tag.as_str()))
            .await?;
        Ok(held.changed(tag, self.glance.now()))
    }

    /// Deletes a tag.
    ///
    /// # Errors
    /// There is none that the caller may see; the caller may not; the namespace is protected.
    pub async fn delete_tag(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
    ) -> Result<(), Error> {
        let mut contents = self.with_tag(caller, namespace, name).await?;
        self.permit(caller, Action::DeleteMetadefTag, &contents)?;
        let held = held(&mut contents, name)?;
        let change = MetadefChange::RemoveTag(held.value);
        self.change(&contents, &change, (Part::Tag, name)).await
    }

    async fn with_tag(
        &self,
        caller: &Caller,
        namespace: &str,
        name: &str,
    ) -> Result<NamespaceContents, Error> {
        let parts = Parts {
            tags: Wanted::named(name),
            ..Parts::NONE
        };
        self.visible(caller, namespace, &parts).await
    }
}

/// The tag that was read.
fn held(contents: &mut NamespaceContents, name: &str) -> Result<Dated<TagName>, Error> {
    let tag = contents.tags.pop();
    tag.ok_or_else(|| missing(contents, Part::Tag, name))
}
