//! Keeps the policy of a server as its files have it.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use glance_core::ports::ReplaceableRules;

use super::files::{PolicyFileError, PolicyFiles, Stamp};

/// Keeps the policy of a server as its files have it. A file that is broken changes nothing.
#[derive(Debug, Clone)]
pub(crate) struct Keeper {
    files: PolicyFiles,
    rules: Arc<ReplaceableRules>,
    /// How the files looked before they were read.
    seen: Option<Stamp>,
}

impl Keeper {
    /// Reads the policy for the first time.
    ///
    /// # Errors
    ///
    /// A file is broken.
    pub(crate) fn start(files: PolicyFiles) -> Result<(Self, Vec<String>), PolicyFileError> {
        let seen = Some(files.stamp()?);
        let loaded = files.load()?;
        let rules = Arc::new(ReplaceableRules::new(loaded.rules));
        Ok((Self { files, rules, seen }, loaded.warnings))
    }

    /// The policy in force.
    pub(crate) fn rules(&self) -> Arc<ReplaceableRules> {
        Arc::clone(&self.rules)
    }

    /// Reads the files again, whether they changed or not.
    pub(crate) fn renew(&self) {
        match self.files.load() {
            Ok(loaded) => {
                tracing::info!(files = loaded.files.len(), "policy read again");
                warn(&loaded.warnings);
                self.rules.replace(loaded.rules);
            }
            Err(error) => tracing::error!(
                error = &error as &dyn Error,
                "the policy cannot be read again; the rules in force stay"
            ),
        }
    }

    /// Looks at the files again and again, and reads them when they have changed and stand still.
    /// It happens beside all requests, which go on with the rules in force.
    pub(crate) async fn watch(mut self) {
        let mut before = self.seen.take();
        let mut loaded = before.clone();
        loop {
            tokio::time::sleep(INTERVAL).await;
            let keeper = self.clone();
            let known = (before, loaded);
            let looked = tokio::task::spawn_blocking(move || keeper.look(known)).await;
            // A panic would be a bug; what was known then is looked at anew.
            (before, loaded) = looked.unwrap_or_default();
        }
    }

    /// What the files look like now, and what they looked like when they were last read.
    fn look(
        &self,
        (before, loaded): (Option<Stamp>, Option<Stamp>),
    ) -> (Option<Stamp>, Option<Stamp>) {
        // What cannot be looked at looks like nothing else; reading it says why.
        let now = self.files.stamp().ok();
        // A file that is being written, or moved into place, is not read half.
        if now != loaded && now == before {
            self.renew();
            return (now.clone(), now);
        }
        (now, loaded)
    }
}

/// Logs what the operator should know of a policy.
pub(crate) fn warn(warnings: &[String]) {
    for warning in warnings {
        tracing::warn!("policy: {warning}");
    }
}

/// How often files are looked at. A change is in force after twice as long.
const INTERVAL: Duration = Duration::from_millis(500);
