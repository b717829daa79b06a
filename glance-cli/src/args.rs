//! The command line: every command and flag, and nothing of what they do.

mod client;
mod fsck;
mod import;
mod metadefs;
mod metadefs_files;
mod policy;
mod task;
mod value;

use std::env;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Command as Grammar, CommandFactory, FromArgMatches, Parser, Subcommand};
use glance_core::domain::{DiskFormat, ImageId};
use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

pub(crate) use self::client::{
    AddFirstLocation, AddLocation, Attributes, ClientCommand, CreateImage, DeleteImages,
    DeleteLocations, DownloadImage, ImageMember, ImageTag, ListImages, ListMembers, NewImage,
    OneImage, SetMember, ShowImage, UpdateImage, UpdateLocation, UploadImage,
};
pub(crate) use self::fsck::Fsck;
pub(crate) use self::import::{
    CreateViaImport, DeleteFromStore, ImportImage, ImportSource, ImportTarget, ShowStores,
    StageImage,
};
pub(crate) use self::metadefs::{
    Associate, CreateNamespace, CreateObject, CreateProperty, CreateTag, CreateTags,
    ImportNamespace, ListNamespaces, MetadefCommand, NamespaceFields, OneNamespace, OneObject,
    OneProperty, OneTag, ShowNamespace, ShowObject, ShowObjectProperty, ShowProperty,
    UpdateNamespace, UpdateObject, UpdateProperty, UpdateTag, Widest,
};
pub(crate) use self::metadefs_files::{ExportMetadefs, LoadMetadefs, Metadefs};
pub(crate) use self::policy::{CheckPolicy, Policy};
pub(crate) use self::task::{CancelTask, CreateTask, ListTasks, OneTask, Task};

/// The OpenStack Image service: a server, its tools, and a client.
///
/// `glance serve` starts a service with everything under ./glance-data. The image, member
/// and md commands talk to a service, by default the one on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "glance",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What all commands take, and what all client commands take.
#[derive(Debug, Args)]
pub(crate) struct Globals {
    /// Say more: the log at debug level, or each request; never a token.
    #[arg(short, long, global = true)]
    pub(crate) debug: bool,
    #[command(flatten)]
    pub(crate) client: Connection,
}

/// How a client reaches the service, and how it prints.
#[derive(Debug, Args)]
#[command(next_help_heading = "Client options")]
pub(crate) struct Connection {
    /// Where the service is; over --os-endpoint.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "OS_IMAGE_URL",
        value_parser = value::endpoint
    )]
    pub(crate) os_image_url: Option<Url>,
    /// Where the service is.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "OS_ENDPOINT",
        default_value = "http://127.0.0.1:9292",
        value_parser = value::endpoint
    )]
    pub(crate) os_endpoint: Url,
    /// The token to send.
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        env = "OS_AUTH_TOKEN",
        hide_env_values = true
    )]
    pub(crate) os_auth_token: Option<String>,
    /// A header to send with each request, as `Name: value`. May be repeated.
    #[arg(long, global = true, value_name = "HEADER", value_parser = value::header)]
    pub(crate) header: Vec<(HeaderName, HeaderValue)>,
    /// Do not check the certificate of an https service.
    #[arg(long, global = true)]
    pub(crate) insecure: bool,
    /// A file of PEM certificates; the certificate of the service must be signed by one of them.
    #[arg(long, global = true, value_name = "FILE", env = "OS_CACERT")]
    pub(crate) os_cacert: Option<PathBuf>,
    /// How many seconds the service may stay silent; 0 is for ever.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) timeout: u64,
    /// Print one JSON value instead of tables.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print more columns.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Only version 2 is spoken; for scripts that say so.
    #[arg(long, global = true, value_name = "VERSION", hide = true, value_parser = ["2"])]
    pub(crate) os_image_api_version: Option<String>,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
pub(crate) enum Command {
    /// Serve images over HTTP until told to stop.
    Serve(Serve),
    /// Create, update or look at the schema of the catalog's database.
    #[command(subcommand)]
    Db(Db),
    /// Load metadata definitions into the catalog, write them to files, or remove them all.
    #[command(subcommand)]
    Metadefs(Metadefs),
    /// Remove what deletes and broken uploads left behind, or take a delete back.
    Scrub(Scrub),
    /// Hold the catalog against the stores: exit code 0, 1 if something is left to do, 2 on failure.
    Fsck(Fsck),
    /// Tell what a file is and whether it is safe, as an upload would: exit code 0, or 1 if refused.
    Inspect(Inspect),
    /// Look at who may do what.
    #[command(subcommand)]
    Policy(Policy),
    /// Look at the stores of the configuration.
    #[command(subcommand)]
    Store(Store),
    /// Cancel what goes on after a request was answered.
    #[command(subcommand)]
    Task(Task),
    #[command(flatten)]
    Client(ClientCommand),
}

/// Where the configuration is.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct ConfigArgs {
    /// A configuration file like glance-api.conf. May be repeated: later ones win.
    #[arg(long, value_name = "FILE")]
    pub(crate) config_file: Vec<PathBuf>,
    /// A folder whose *.conf files are read, after all --config-file. May be repeated.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) config_dir: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen, over what the configuration says [default: 127.0.0.1:9292].
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = value::bind)]
    pub(crate) bind: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The file, or - for standard input. It is read once, from its start to its end.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What it is to be uploaded as [default: what it is].
    #[arg(long, value_name = "FORMAT")]
    pub(crate) disk_format: Option<DiskFormat>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Db {
    /// Tell whether the schema is current: exit code 0, or 3, 4 or 5 as `glance-manage db check`.
    Check(ConfigArgs),
    /// Remove what this server adds to Glance's tables; nothing may be serving them.
    DowngradeAdditions(ConfigArgs),
    /// Create the schema, or add what is missing of it.
    Sync(ConfigArgs),
    /// Print the revision of the schema.
    Version(ConfigArgs),
}

#[derive(Debug, Args)]
pub(crate) struct Scrub {
    /// Go on until stopped, with `[DEFAULT] wakeup_time` between two passes.
    #[arg(long, short = 'D', conflicts_with = "restore")]
    pub(crate) daemon: bool,
    /// Take back the delete of an image whose data is still there: it is active again.
    #[arg(long, value_name = "IMAGE_ID")]
    pub(crate) restore: Option<ImageId>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Print the stores, and what they can do.
    List(ConfigArgs),
    /// Write, read and delete a probe in a store, and print how fast that is.
    Check(CheckStore),
}

#[derive(Debug, Args)]
pub(crate) struct CheckStore {
    /// The name of the store, as `glance store list` prints it.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// How large the probe is, in MiB.
    #[arg(
        long,
        value_name = "MIB",
        default_value_t = 64,
        value_parser = clap::value_parser!(u64).range(1..=1 << 20)
    )]
    pub(crate) size: u64,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

impl Cli {
    /// Reads the command line.
    ///
    /// # Errors
    ///
    /// What is wrong with it, or the help that was asked for.
    pub(crate) fn read(
        arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        let matches = Self::grammar().try_get_matches_from(arguments)?;
        Self::from_arg_matches(&matches)
    }

    /// The grammar. The help of an operator's command leaves out what only clients have.
    pub(crate) fn grammar() -> Grammar {
        // A variable that is set to nothing is not set, as scripts of OpenStack have it.
        let mut grammar = Self::command().mut_args(|argument| {
            let variable = argument.get_env().and_then(env::var_os);
            if variable.is_some_and(|value| value.is_empty()) {
                argument.env(None)
            } else {
                argument
            }
        });
        grammar.build();
        for path in [
            &["serve"][..],
            &["scrub"],
            &["db"],
            &["db", "check"],
            &["db", "downgrade-additions"],
            &["db", "sync"],
            &["db", "version"],
            &["metadefs"],
            &["metadefs", "export"],
            &["metadefs", "load"],
            &["metadefs", "unload"],
            &["policy"],
            &["store"],
            &["task"],
            &["task", "cancel"],
        ] {
            grammar = without_client_options(grammar, path, &[]);
        }
        for command in ["inspect", "fsck"] {
            grammar = without_client_options(grammar, &[command], &["json"]);
        }
        for command in ["list", "check"] {
            grammar = without_client_options(grammar, &["policy", command], &["json"]);
            grammar = without_client_options(grammar, &["store", command], &["json"]);
        }
        grammar
    }
}

/// An error that is shown like any other of the command line, for what its grammar cannot say.
pub(crate) fn usage_error(command: &str, problem: &str) -> clap::Error {
    let mut grammar = Cli::grammar();
    match grammar.find_subcommand_mut(command) {
        Some(command) => command.error(ErrorKind::MissingRequiredArgument, problem),
        None => grammar.error(ErrorKind::MissingRequiredArgument, problem),
    }
}

fn without_client_options(grammar: Grammar, path: &[&str], but: &[&str]) -> Grammar {
    match path.split_first() {
        Some((name, rest)) => {
            grammar.mut_subcommand(name, |command| without_client_options(command, rest, but))
        }
        None => grammar.mut_args(|argument| {
            let is_for_clients = argument.get_help_heading() == Some("Client options")
                && !but.contains(&argument.get_id().as_str());
            argument.hide(is_for_clients)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Cli, Command};

    fn read(line: &str) -> Result<Cli, clap::Error> {
        Cli::read(line.split(' '))
    }

    #[test]
    fn the_grammar_makes_sense() {
        Cli::grammar().debug_assert();
    }

    #[test]
    fn client_options_stand_before_or_after_the_command() {
        for line in [
            "glance --os-image-url http://h:1/image --json image-list",
            "glance image-list --os-image-url http://h:1/image --json",
        ] {
            let client = read(line).unwrap().globals.client;

            assert_eq!(client.os_image_url.unwrap().as_str(), "http://h:1/image");
            assert!(client.json);
        }
    }

    #[test]
    fn the_help_of_an_operator_command_leaves_out_what_only_clients_have() {
        let help = |line: &str| read(line).unwrap_err().to_string();

        assert!(help("glance image-list --help").contains("--os-auth-token"));
        for line in [
            "glance serve --help",
            "glance db check --help",
            "glance db downgrade-additions --help",
            "glance db sync --help",
            "glance db version --help",
            "glance scrub --help",
            "glance fsck --help",
            "glance metadefs load --help",
            "glance metadefs unload --help",
            "glance metadefs export --help",
            "glance policy list --help",
            "glance policy check --help",
            "glance store list --help",
            "glance store check --help",
            "glance task cancel --help",
        ] {
            let help = help(line);
            assert!(!help.contains("--os-auth-token"), "{help}");
            assert!(help.contains("--config-file"), "{help}");
            assert!(help.contains("--debug"), "{help}");
        }
    }

    #[test]
    fn a_misspelt_command_is_answered_with_the_nearest() {
        let error = read("glance image-lst").unwrap_err().to_string();

        assert!(error.contains("image-list"), "{error}");
    }

    #[test]
    fn the_address_to_listen_on_has_an_address_and_a_port() {
        let Command::Serve(serve) = read("glance serve --bind localhost:80").unwrap().command
        else {
            panic!("another command");
        };

        assert_eq!(serve.bind.unwrap().to_string(), "127.0.0.1:80");
        assert!(read("glance serve --bind 127.0.0.1").is_err());
    }
}
