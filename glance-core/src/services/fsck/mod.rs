//! The catalog held against the stores and the staging area (design D8), in constant memory. Servers
//! may be at work meanwhile: whatever looks wrong is looked at again before it is told.

mod away;
mod blobs;
mod finding;
mod images;
mod repair;

use std::sync::Arc;
use std::time::Duration;

use self::away::Away;
pub use self::finding::{Finding, Outcome, Trouble};
use super::glance::Glance;
use crate::domain::{Holder, StoreId, Work};
use crate::error::Error;
use crate::ports::{ImageStore, ScheduledDeletes};

/// What is checked, and what becomes of what is found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it is all that there is to say")]
pub struct CheckPlan {
    /// Whether what is found is repaired, where that is safe.
    pub repair: bool,
    /// Only what is in this store, or in the staging area of this name.
    pub store: Option<StoreId>,
    /// How long nobody has to have touched an image, or gone on with work, before it is held for
    /// forgotten: a Python node at work leaves no other sign of life.
    pub min_age: Duration,
}

impl Default for CheckPlan {
    fn default() -> Self {
        Self {
            repair: false,
            store: None,
            min_age: Duration::from_secs(24 * 3600),
        }
    }
}

/// How far a check came, and what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Checked {
    /// Images that were looked at.
    pub images: u64,
    /// Blobs that were looked at.
    pub blobs: u64,
    /// What was found.
    pub found: u64,
    /// How much of that is repaired.
    pub repaired: u64,
}

/// What a check tells while it goes on.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "whoever listens hears all")]
pub enum CheckEvent {
    /// Something does not fit.
    Found(Box<Finding>),
    /// It goes on.
    Progress(Checked),
}

/// Who hears what a check tells.
type Tell<'a> = &'a mut (dyn FnMut(CheckEvent) + Send);

impl Glance {
    /// Holds the catalog against the stores and the staging area, and tells one by one what does not
    /// fit; repairs what it safely can, if the plan says so. `deletes` is the same catalog.
    ///
    /// # Errors
    /// The plan names no store of this service; the catalog does not answer. What fails in a store is
    /// told, and the rest goes on.
    pub async fn check(
        &self,
        deletes: &dyn ScheduledDeletes,
        plan: &CheckPlan,
        tell: Tell<'_>,
    ) -> Result<Checked, Error> {
        let check = Check {
            glance: self,
            deletes,
            plan,
            away: Away::default(),
        };
        let mut report = Report {
            tell,
            done: Checked::default(),
        };
        if let Some(store) = &plan.store
            && self.stores.at_work(store).is_none()
        {
            return Err(Error::UnknownStore {
                store: store.to_string(),
            });
        }
        check.work(&mut report).await?;
        check.images(&mut report).await?;
        check.blobs(&mut report).await?;
        Ok(report.done)
    }
}

/// A check that is going on.
struct Check<'a> {
    glance: &'a Glance,
    deletes: &'a dyn ScheduledDeletes,
    plan: &'a CheckPlan,
    away: Away,
}

impl Check<'_> {
    /// Work that nobody has gone on with for long: a scrubber would have, if it could.
    async fn work(&self, report: &mut Report<'_>) -> Result<(), Error> {
        let now = self.glance.now();
        let catalog = &self.glance.catalog;
        let latest = now.before(self.plan.min_age);
        let overdue = catalog.abandoned_intents(&Holder::nobody(), latest).await?;
        for intent in overdue {
            let is_asked = self.covers(&intent.store) && intent.lease_until <= latest;
            // Somebody may go on with it by now.
            if !is_asked || catalog.find_intent(&intent.id).await?.as_ref() != Some(&intent) {
                continue;
            }
            let outcome = match &intent.work {
                _ if !self.plan.repair => Outcome::Told,
                Work::Hash(_) | Work::Import(_) => Outcome::Left("a server goes on with it"),
                _ => self.settled(&intent).await?,
            };
            report.found(Finding {
                trouble: Trouble::Overdue {
                    since: now.since(intent.lease_until),
                },
                image: Some(intent.image),
                store: Some(intent.store.clone()),
                url: intent.work.url().cloned(),
                outcome,
            });
        }
        Ok(())
    }

    /// Whether what is in a store is to be checked.
    fn covers(&self, store: &StoreId) -> bool {
        self.plan.store.as_ref().is_none_or(|only| only == store)
    }

    /// The stores that are to be checked, and the staging area.
    fn stores(&self) -> impl Iterator<Item = &Arc<dyn ImageStore>> {
        let stores = self.glance.stores.all().iter().map(|known| &known.store);
        stores
            .chain(self.glance.stores.staging())
            .filter(|store| self.covers(store.id()))
    }

    /// Tells of the stores that turned out to be away since this was last asked.
    fn tell_away(&self, report: &mut Report<'_>) {
        for (store, source) in self.away.news() {
            report.found(Finding {
                trouble: Trouble::StoreAway { source },
                image: None,
                store: Some(store),
                url: None,
                outcome: match self.plan.repair {
                    true => Outcome::Left("check again when it is back"),
                    false => Outcome::Told,
                },
            });
        }
    }
}

/// What is told and counted.
struct Report<'a> {
    tell: Tell<'a>,
    done: Checked,
}

impl Report<'_> {
    fn found(&mut self, finding: Finding) {
        self.done.found += 1;
        if matches!(finding.outcome, Outcome::Repaired(_)) {
            self.done.repaired += 1;
        }
        (self.tell)(CheckEvent::Found(Box::new(finding)));
    }

    /// So many more images and blobs were looked at.
    fn looked_at(&mut self, images: usize, blobs: usize) {
        self.done.images += images as u64;
        self.done.blobs += blobs as u64;
        (self.tell)(CheckEvent::Progress(self.done));
    }
}

/// How much is looked at at a time.
const AT_ONCE: usize = 16;
