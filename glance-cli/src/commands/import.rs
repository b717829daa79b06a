//! The commands about imports.

use super::client::{CommandError, Context};
use super::image::source;
use crate::args::StageImage;
use crate::client::{ClientError, Purpose, upload};
use crate::output::Looks;

pub(super) async fn stage(context: &Context, args: StageImage) -> Result<(), CommandError> {
    let Some(source) = source(args.file.as_deref(), args.size)? else {
        return Err(ClientError::NoData.into());
    };
    upload(&context.session, &args.id, source, Purpose::Stage, None).await?;
    Ok(())
}

pub(super) async fn info(context: &Context) -> Result<(), CommandError> {
    let info = context.session.import_info().await?;
    context.print(info, Looks::default())
}
