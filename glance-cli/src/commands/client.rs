//! The commands of a client: which use of the service each of them is.

use std::process::ExitCode;
use std::time::Duration;

use thiserror::Error;

use super::{image, image_check, import, location, member, metadefs, task};
use crate::args::{ClientCommand, Globals};
use crate::client::{ClientError, Session, SessionOptions};
use crate::output::{self, Looks, Object};

/// Why a command did not do what it should.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum CommandError {
    /// The service, or the way to it.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The result cannot be printed.
    #[error("cannot write the result")]
    Output(#[from] std::io::Error),
    /// The command line asks for what makes no sense.
    #[error(transparent)]
    Usage(#[from] clap::Error),
}

/// A command at work: the service it talks to, and how it prints.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) session: Session,
    is_json: bool,
    pub(super) is_verbose: bool,
}

/// Does what a client command asks for.
///
/// # Errors
///
/// What the service refused, or what is wrong on this side.
pub(crate) async fn run(
    command: ClientCommand,
    globals: Globals,
) -> Result<ExitCode, CommandError> {
    use ClientCommand as C;
    let context = Context::new(globals)?;
    match command {
        C::ImageCheck(args) => return image_check::run(&context, args).await,
        C::ImageCreate(args) => image::create(&context, args).await?,
        C::ImageCreateViaImport(args) => import::create(&context, args).await?,
        C::ImageDelete(args) => return image::delete(&context, args).await,
        C::ImageDownload(args) => image::download_data(&context, args).await?,
        C::ImageList(args) => image::list(&context, args).await?,
        C::ImageShow(args) => image::show(&context, args).await?,
        C::ImageUpdate(args) => image::update(&context, args).await?,
        C::ImageUpload(args) => image::upload_data(&context, args).await?,
        C::ImageDeactivate(args) => image::act(&context, args, "deactivate").await?,
        C::ImageReactivate(args) => image::act(&context, args, "reactivate").await?,
        C::ImageImport(args) => import::import(&context, args).await?,
        C::ImageStage(args) => import::stage(&context, args).await?,
        C::ImageTasks(args) => task::of_image(&context, args).await?,
        C::ImageTagUpdate(args) => image::add_tag(&context, args).await?,
        C::ImageTagDelete(args) => image::remove_tag(&context, args).await?,
        C::AddLocation(args) => location::add_first(&context, args).await?,
        C::LocationAdd(args) => location::add(&context, args).await?,
        C::LocationDelete(args) => location::delete(&context, args).await?,
        C::LocationUpdate(args) => location::update(&context, args).await?,
        C::ImportInfo => import::info(&context).await?,
        C::StoresDelete(args) => import::delete_from_store(&context, args).await?,
        C::StoresInfo(args) => import::stores(&context, args).await?,
        C::MemberCreate(args) => member::create(&context, args).await?,
        C::MemberDelete(args) => member::delete(&context, args).await?,
        C::MemberList(args) => member::list(&context, args).await?,
        C::MemberGet(args) => member::show(&context, args).await?,
        C::MemberUpdate(args) => member::update(&context, args).await?,
        C::Metadef(command) => metadefs::run(&context, command).await?,
        C::TaskCreate(args) => task::create(&context, args).await?,
        C::TaskList(args) => task::list(&context, args).await?,
        C::TaskShow(args) => task::show(&context, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Context {
    fn new(globals: Globals) -> Result<Self, ClientError> {
        let client = globals.client;
        let session = Session::new(SessionOptions {
            endpoint: client.os_image_url.unwrap_or(client.os_endpoint),
            token: client.os_auth_token.filter(|token| !token.is_empty()),
            headers: client.header,
            insecure: client.insecure,
            certificates: client.os_cacert,
            patience: Duration::from_secs(client.timeout),
            is_verbose: globals.debug,
        })?;
        Ok(Self {
            session,
            is_json: client.json,
            is_verbose: client.verbose,
        })
    }

    /// Prints an image or a member.
    pub(super) fn print(&self, object: Object, looks: Looks) -> Result<(), CommandError> {
        if self.is_json {
            output::json(&object.into())?;
        } else {
            output::properties(&object, looks)?;
        }
        Ok(())
    }

    /// Prints images or members.
    pub(super) fn print_all(
        &self,
        titles: &[&str],
        objects: Vec<Object>,
    ) -> Result<(), CommandError> {
        if self.is_json {
            output::json(&objects.into_iter().map(serde_json::Value::Object).collect())?;
        } else {
            output::list(titles, &objects)?;
        }
        Ok(())
    }

    /// Prints one object of which people see a row, and machines all.
    pub(super) fn print_row(&self, titles: &[&str], object: Object) -> Result<(), CommandError> {
        if self.is_json {
            output::json(&object.into())?;
        } else {
            output::list(titles, &[object])?;
        }
        Ok(())
    }

    /// Prints for machines what people see by the lack of a complaint.
    pub(super) fn print_for_machines(&self, value: &serde_json::Value) -> Result<(), CommandError> {
        if self.is_json {
            output::json(value)?;
        }
        Ok(())
    }

    /// Whether machines read the result.
    pub(super) fn is_json(&self) -> bool {
        self.is_json
    }
}
