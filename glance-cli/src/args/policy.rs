//! The commands about policy.

use clap::{Args, Subcommand};
use glance_core::domain::{DomainId, ProjectId, UserId, Visibility};

use super::{ConfigArgs, value};

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Print every rule, its default and what is in force.
    List(ConfigArgs),
    /// Explain whether somebody may do something: exit code 0 if so, 1 if not.
    ///
    /// It judges the rule alone, on an image of the caller's own project unless --owner says
    /// otherwise. Whether the caller sees a private or shared image at all is decided before.
    Check(Box<CheckPolicy>),
}

#[derive(Debug, Args)]
pub(crate) struct CheckPolicy {
    /// The name of the rule, as `glance policy list` prints it.
    #[arg(value_name = "ACTION")]
    pub(crate) action: String,
    /// A role of the caller. May be repeated.
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Vec<String>,
    /// The caller's project.
    #[arg(
        long,
        value_name = "ID",
        default_value = "own-project",
        conflicts_with_all = ["domain", "system_scope"]
    )]
    pub(crate) project: ProjectId,
    /// The caller's user.
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<UserId>,
    /// The caller's token is for this domain, not for a project.
    #[arg(long, value_name = "ID", conflicts_with = "system_scope")]
    pub(crate) domain: Option<DomainId>,
    /// The caller's token is for the system, not for a project.
    #[arg(long)]
    pub(crate) system_scope: bool,
    /// A role of the service that the request came through. May be repeated.
    #[arg(long, value_name = "ROLE")]
    pub(crate) service_role: Vec<String>,
    /// Whose the image is; the caller's project's, if it is left out.
    #[arg(long, value_name = "ID")]
    pub(crate) owner: Option<ProjectId>,
    /// Who may see the image.
    #[arg(
        long,
        value_name = "VISIBILITY",
        default_value = "private",
        value_parser = ["public", "private", "shared", "community"]
    )]
    pub(crate) visibility: String,
    /// A custom property of the image. May be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = value::pair)]
    pub(crate) property: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

impl CheckPolicy {
    /// Who may see the image.
    pub(crate) fn visibility(&self) -> Visibility {
        // The grammar lets nothing else through.
        self.visibility.parse().unwrap_or(Visibility::Private)
    }
}
