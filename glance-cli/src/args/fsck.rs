//! The command line of `glance fsck`.

use std::time::Duration;

use clap::Args;
use glance_core::domain::StoreId;

use super::ConfigArgs;

#[derive(Debug, Args)]
pub(crate) struct Fsck {
    /// Repair what can be repaired without a doubt; without, nothing is changed.
    #[arg(long)]
    pub(crate) repair: bool,
    /// Only what is in this store, as `glance store list` prints it, or in the staging area.
    #[arg(long, value_name = "NAME")]
    pub(crate) store: Option<StoreId>,
    /// How many seconds nobody has touched an image, or gone on with work, before it is held for
    /// forgotten: more than the longest upload to a Python node takes.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "86400",
        value_parser = seconds
    )]
    pub(crate) min_age: Duration,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// No fewer than a lease of this service's own work may take to end.
fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 60..=MOST) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("it takes a number from 60 to {MOST}")),
    }
}

/// A hundred years.
const MOST: u64 = 100 * 365 * 24 * 3600;
