//! The commands about members.

use serde_json::json;

use super::client::{CommandError, Context};
use crate::args::{ImageMember, ListMembers, SetMember};
use crate::output::Looks;

pub(super) async fn create(context: &Context, args: ImageMember) -> Result<(), CommandError> {
    let member = context
        .session
        .add_member(&args.image.id, &args.member)
        .await?;
    context.print_row(&TITLES, member)
}

pub(super) async fn delete(context: &Context, args: ImageMember) -> Result<(), CommandError> {
    context
        .session
        .remove_member(&args.image.id, &args.member)
        .await?;
    context.print_for_machines(&json!({
        "image_id": args.image.id,
        "member_id": args.member,
        "deleted": true,
    }))
}

pub(super) async fn list(context: &Context, args: ListMembers) -> Result<(), CommandError> {
    let members = context.session.members(&args.image_id).await?;
    context.print_all(&TITLES, members)
}

pub(super) async fn show(context: &Context, args: ImageMember) -> Result<(), CommandError> {
    let member = context.session.member(&args.image.id, &args.member).await?;
    context.print(member, Looks::default())
}

pub(super) async fn update(context: &Context, args: SetMember) -> Result<(), CommandError> {
    let membership = args.membership;
    let member = context
        .session
        .answer_as_member(
            &membership.image.id,
            &membership.member,
            args.status.as_str(),
        )
        .await?;
    context.print_row(&TITLES, member)
}

const TITLES: [&str; 3] = ["Image ID", "Member ID", "Status"];
