//! The end of an import that was taken up so often that it is not to be tried again.

use super::super::glance::Glance;
use super::{Filling, Import, ends_work};
use crate::domain::Work;
use crate::error::Error;

impl Glance {
    /// Rolls an import back that was taken over so often that it is not to be tried again: it kills who
    /// is at it, or its store is away for long. What may be in a store that cannot be asked is left to
    /// work of its own, so that the image need not wait for the store.
    ///
    /// # Errors
    /// The rows cannot be read or written.
    pub(super) async fn stop_import(&self, import: &Import) -> Result<(), Error> {
        let (intent, plan) = (&import.intent, &import.plan);
        let seen = self.catalog.find(plan.image, None).await?;
        let Some(image) = seen.map(|seen| seen.image) else {
            let mut filling = Filling::of(import);
            let clearing = self.clear_unfilled(import, None, &mut filling);
            self.while_held(intent, clearing).await?;
            return self.give_up(import, filling).await;
        };
        // What the last process had on its way lands in less than a lease.
        let landing = async {
            self.runtime.executor.sleep(self.settings().lease).await;
            Ok(())
        };
        self.while_held(intent, landing).await?;
        let filled = self.stores.filled(&image);
        let unfilled = plan.stores.iter().filter(|id| !filled.contains(*id));
        let (mut left, mut filling) = (Vec::new(), Filling::of(import));
        for known in unfilled.filter_map(|id| self.stores.get(id)) {
            let store = known.store.as_ref();
            left.extend(self.discard_from(import, store).await?);
            let vacating = self.vacate_unfilled(import, store);
            match self.while_held(intent, vacating).await {
                Ok(()) => {}
                Err(error) if ends_work(&error) => return Err(error),
                Err(error) => {
                    tracing::warn!(
                        image.id = %plan.image, store = %known.id(),
                        error = &error as &dyn std::error::Error,
                        "what a stopped import may have left is removed when its store is back"
                    );
                    left.push(self.left_in(import, known.id(), Work::Vacate));
                    filling.store_failed(known.id(), &error);
                }
            }
        }
        let mut reason = format!(
            "given up: it was taken up again {MOST_TAKE_OVERS} times, and each time its process died or \
             a store was away"
        );
        if filling.has_failed() {
            reason = format!("{reason}: {}", filling.reason());
        }
        self.roll_back(import, &filling, &reason, left).await
    }
}

/// How often an import is taken over before it is given up: often enough for nodes that are restarted
/// one after the other.
pub(super) const MOST_TAKE_OVERS: u64 = 3;
