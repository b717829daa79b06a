//! What the stores hold, held against the catalog.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::join_all;

use super::{AT_ONCE, Check, Finding, Outcome, Report, Trouble};
use crate::domain::BlobUrl;
use crate::error::Error;
use crate::ports::{FoundBlob, ImageStore, StoreError};
use crate::services::strays::named_after;

impl Check<'_> {
    /// Looks at all blobs of the stores that tell what they hold.
    pub(super) async fn blobs(&self, report: &mut Report<'_>) -> Result<(), Error> {
        for store in self.stores() {
            if store.capabilities().list && !self.away.contains(store.id()) {
                self.blobs_of(store, report).await?;
            }
            self.tell_away(report);
        }
        Ok(())
    }

    async fn blobs_of(
        &self,
        store: &Arc<dyn ImageStore>,
        report: &mut Report<'_>,
    ) -> Result<(), Error> {
        let mut blobs = match store.list().await {
            Ok(blobs) => blobs,
            Err(error) => {
                self.away.note(store.id(), error);
                return Ok(());
            }
        };
        let mut suspects = BTreeMap::new();
        loop {
            let few: Vec<_> = blobs.by_ref().take(AT_ONCE).collect().await;
            let mut is_over = few.len() < AT_ONCE;
            let mut found = Vec::new();
            for blob in few {
                match blob {
                    Ok(blob) => found.push(blob),
                    Err(error) => {
                        self.away.note(store.id(), error);
                        is_over = true;
                    }
                }
            }
            let looks = found
                .iter()
                .map(|blob| self.glance.is_explained(store, blob));
            let explained = join_all(looks).await;
            report.looked_at(0, found.len());
            for (blob, is_explained) in found.into_iter().zip(explained) {
                if !is_explained? {
                    suspects.insert(blob.url.clone(), blob);
                }
            }
            if is_over {
                return self.sift(store, suspects, report).await;
            }
            if suspects.len() >= SUSPECTS {
                self.sift(store, std::mem::take(&mut suspects), report)
                    .await?;
            }
        }
    }

    /// Tells of those suspects that no location of any image leads to, and no delayed delete names,
    /// and that are still there, and still unexplained.
    async fn sift(
        &self,
        store: &Arc<dyn ImageStore>,
        mut suspects: BTreeMap<BlobUrl, FoundBlob>,
        report: &mut Report<'_>,
    ) -> Result<(), Error> {
        self.clear_located(store, &mut suspects).await?;
        for blob in suspects.into_values() {
            if self.glance.is_explained(store, &blob).await? {
                continue;
            }
            match store.size(&blob.url).await {
                Err(StoreError::NotFound { .. }) => continue,
                Err(error @ StoreError::Unavailable { .. }) => {
                    self.away.note(store.id(), error);
                    return Ok(());
                }
                Ok(_) | Err(_) => {}
            }
            let outcome = match self.plan.repair {
                true => self.stray_removed(store, &blob).await?,
                false => Outcome::Told,
            };
            report.found(Finding {
                trouble: Trouble::Stray { size: blob.size },
                image: named_after(&blob.url),
                store: Some(store.id().clone()),
                url: Some(blob.url),
                outcome,
            });
        }
        Ok(())
    }

    /// Clears blobs of suspicion that images lead to after which they are not named, and those that a
    /// delayed delete is to remove; also where such an image cannot be understood.
    async fn clear_located(
        &self,
        store: &Arc<dyn ImageStore>,
        suspects: &mut BTreeMap<BlobUrl, FoundBlob>,
    ) -> Result<(), Error> {
        let mut after = None;
        while !suspects.is_empty() {
            let located = self.deletes.located(after, LOCATIONS).await?;
            let Some(last) = located.last() else {
                break;
            };
            after = Some(last.at);
            for location in &located {
                for copy in store.copies(&location.url) {
                    suspects.remove(&copy);
                }
            }
        }
        Ok(())
    }
}

/// How many blobs may be under suspicion before the catalog is read for them.
const SUSPECTS: usize = 4096;

/// How many locations are read at once.
const LOCATIONS: u32 = 1000;
