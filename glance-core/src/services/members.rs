//! Sharing an image with projects.

use super::glance::Glance;
use crate::domain::policy::Action;
use crate::domain::{
    Caller, Image, ImageId, MemberStatus, Membership, ProjectId, Timestamp, Visibility,
};
use crate::error::Error;
use crate::ports::CatalogError;

impl Glance {
    /// Offers a shared image to a project.
    ///
    /// # Errors
    /// There is none that the caller may see; it is not shared; the caller may not; the project
    /// is a member already; the quota is used up.
    pub async fn add_member(
        &self,
        caller: &Caller,
        id: ImageId,
        project: ProjectId,
    ) -> Result<Membership, Error> {
        let image = self.shown_image(caller, id).await?;
        self.permit(caller, Action::AddMember, &image)?;
        check_shared(&image)?;
        let member = Membership::offered(id, project, self.now());
        match self
            .catalog
            .put_member(&member, self.settings().quotas.members)
            .await
        {
            Ok(()) => Ok(member),
            Err(CatalogError::Conflict) => Err(Error::AlreadyMember {
                image: id,
                project: member.project,
            }),
            Err(CatalogError::NotFound) => Err(Error::ImageNotFound { id: id.to_string() }),
            Err(error) => Err(error.into()),
        }
    }

    /// The members of a shared image; a member that is not its owner gets its own row alone.
    ///
    /// # Errors
    /// There is none that the caller may see; it is not shared; the caller may not.
    pub async fn members(&self, caller: &Caller, id: ImageId) -> Result<Vec<Membership>, Error> {
        let image = self.shown_image(caller, id).await?;
        self.permit(caller, Action::GetMembers, &image)?;
        check_shared(&image)?;
        if self.permit(caller, Action::GetMember, &image).is_err() {
            return Ok(Vec::new());
        }
        let mut members = self.catalog.members(id).await?;
        members.retain(|member| self.concerns(caller, &image, &member.project));
        Ok(members)
    }

    /// One member of a shared image. Whatever stands against it, it is then not found.
    ///
    /// # Errors
    /// There is none that the caller may see.
    pub async fn member(
        &self,
        caller: &Caller,
        id: ImageId,
        project: &str,
    ) -> Result<Membership, Error> {
        let absent = || Error::MemberNotFound {
            image: id,
            project: project.to_owned(),
        };
        let image = self.shown_image(caller, id).await?;
        self.permit(caller, Action::GetMember, &image)
            .map_err(|_| absent())?;
        check_shared(&image).map_err(|_| absent())?;
        self.concerned_member(caller, &image, project).await
    }

    /// Answers an offer: for the member's own project.
    ///
    /// # Errors
    /// There is none that the caller may see; it is not shared; the caller may not.
    pub async fn answer_offer(
        &self,
        caller: &Caller,
        id: ImageId,
        project: &str,
        status: MemberStatus,
    ) -> Result<Membership, Error> {
        let image = self.shown_image(caller, id).await?;
        check_shared(&image)?;
        self.permit(caller, Action::GetMember, &image)?;
        let member = self.concerned_member(caller, &image, project).await?;
        self.permit(caller, Action::ModifyMember, &image)?;
        let now = self.now();
        self.set_member(&member, Some(status), now).await?;
        Ok(Membership {
            status,
            updated_at: now,
            ..member
        })
    }

    /// Takes an offer back.
    ///
    /// # Errors
    /// There is none that the caller may see; it is not shared; the caller may not.
    pub async fn remove_member(
        &self,
        caller: &Caller,
        id: ImageId,
        project: &str,
    ) -> Result<(), Error> {
        let image = self.shown_image(caller, id).await?;
        check_shared(&image)?;
        self.permit(caller, Action::DeleteMember, &image)?;
        let member = self.concerned_member(caller, &image, project).await?;
        self.set_member(&member, None, self.now()).await
    }

    /// Whether a membership is the caller's to see: its own, or of an image of its own (rule R16).
    fn concerns(&self, caller: &Caller, image: &Image, project: &ProjectId) -> bool {
        self.is_admin(caller)
            || caller.project() == Some(project)
            || caller.project() == image.owner.as_ref()
    }

    async fn concerned_member(
        &self,
        caller: &Caller,
        image: &Image,
        project: &str,
    ) -> Result<Membership, Error> {
        let members = self.catalog.members(image.id).await?;
        members
            .into_iter()
            .find(|member| member.project.as_str() == project)
            .filter(|member| self.concerns(caller, image, &member.project))
            .ok_or_else(|| Error::MemberNotFound {
                image: image.id,
                project: project.to_owned(),
            })
    }

    async fn set_member(
        &self,
        member: &Membership,
        status: Option<MemberStatus>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let set = self
            .catalog
            .set_member(member.image, &member.project, status, now)
            .await;
        set.map_err(|error| match error {
            CatalogError::NotFound => Error::MemberNotFound {
                image: member.image,
                project: member.project.to_string(),
            },
            error => error.into(),
        })
    }
}

fn check_shared(image: &Image) -> Result<(), Error> {
    match image.visibility {
        Visibility::Shared => Ok(()),
        visibility => Err(Error::NotShared {
            image: image.id,
            visibility,
        }),
    }
}
