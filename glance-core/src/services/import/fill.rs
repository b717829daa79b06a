//! Filling stores: one reading for several of them.

use std::sync::Arc;

use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;

use super::super::allowance::Allowance;
use super::super::glance::Glance;
use super::super::image_data::Place;
use super::super::transfer::{Limits, transfer_to_all};
use super::super::turns::Turn;
use super::source::Opened;
use super::{Filling, Import, ends_work};
use crate::domain::{Image, Intent, ProjectId, Resource, StoreId};
use crate::error::Error;
use crate::ports::{BlobKey, BlobWriter, StoreError};

/// A store that is being filled.
struct Target {
    id: StoreId,
    place: Place,
    writer: Box<dyn BlobWriter>,
}

impl Target {
    fn writer(&mut self) -> &mut dyn BlobWriter {
        self.writer.as_mut()
    }
}

impl Glance {
    /// Fills the stores of the plan that have no data yet, some at a time.
    ///
    /// # Errors
    /// The import is no longer this process's, or the rows cannot be read or written. Whatever else
    /// fails stands in `filling`.
    pub(super) async fn fill(&self, import: &Import, filling: &mut Filling) -> Result<(), Error> {
        let image = self.own_image(import).await?;
        let _turn = self.turn_to_fill(import, image.owner.clone()).await?;
        let filled = self.stores.filled(&image);
        let (done, left): (Vec<_>, Vec<_>) = import
            .plan
            .stores
            .iter()
            .filter(|store| !filling.tally.failed.contains(*store))
            .cloned()
            .partition(|store| filled.contains(store));
        filling.tally.filled.extend(done);
        let at_a_time = self.settings().import.max_parallel_stores.max(1);
        for stores in left.chunks(at_a_time) {
            if import.plan.all_must_succeed && filling.has_failed() {
                break;
            }
            self.fill_some(import, stores, filling).await?;
        }
        Ok(())
    }

    /// Waits until the node has room for one more import, and shows signs of life meanwhile: each
    /// takes places of stores, which others wait for.
    async fn turn_to_fill(&self, import: &Import, owner: Option<ProjectId>) -> Result<Turn, Error> {
        let turn = async {
            let turn = self.importing.take(owner).await;
            turn.ok_or(Error::Stopping)
        };
        self.while_importing(import, turn).await
    }

    async fn fill_some(
        &self,
        import: &Import,
        stores: &[StoreId],
        filling: &mut Filling,
    ) -> Result<(), Error> {
        let image = self.own_image(import).await?;
        import.progress.begin(stores, import.plan.stores.len());
        let opening = async {
            let opened = self.open_source(import, &image, filling).await?;
            let limits = self.import_limits(import, &image, opened.size).await?;
            // Whoever took the import over has cleared the stores already.
            self.keep_import(&import.intent).await?;
            let starting = stores
                .iter()
                .map(|store| self.start_target(import, store, opened.size));
            Ok((join_all(starting).await, opened, limits))
        };
        let (started, opened, limits) = match self.while_importing(import, opening).await {
            Ok(opened) => opened,
            Err(error) if ends_work(&error) => return Err(error),
            // Later, somebody may say what the project may have.
            Err(error @ Error::Limits(_)) => return Err(error),
            Err(error) => {
                filling.all_failed(stores, &error);
                return Ok(());
            }
        };
        let mut targets = Vec::new();
        for (store, started) in stores.iter().zip(started) {
            match started {
                Ok(target) => targets.push(target),
                Err(error) => {
                    filling.unswept.insert(store.clone());
                    filling.store_failed(store, &error);
                }
            }
        }
        let written = self
            .write_targets(import, &image, (opened, limits), &mut targets, filling)
            .await;
        match written {
            Ok(true) => self.commit_targets(import, targets, filling).await,
            Ok(false) => {
                abort(targets, filling).await;
                Ok(())
            }
            Err(error) => {
                abort(targets, filling).await;
                Err(error)
            }
        }
    }

    async fn start_target(
        &self,
        import: &Import,
        id: &StoreId,
        size: Option<u64>,
    ) -> Result<Target, Error> {
        let known = self.stores.get(id);
        let known = known.ok_or_else(|| Error::UnknownStore {
            store: id.to_string(),
        })?;
        let key = BlobKey {
            size,
            ..BlobKey::of(&import.intent)
        };
        Ok(Target {
            id: id.clone(),
            writer: known.store.start(&key).await?,
            place: Place {
                store: Arc::clone(&known.store),
                intent: import.intent.clone(),
            },
        })
    }

    /// Writes the data to all targets at once; those that fail drop out. `false` where none of the
    /// rest is worth to be committed.
    async fn write_targets(
        &self,
        import: &Import,
        image: &Image,
        (opened, limits): (Opened, Limits),
        targets: &mut Vec<Target>,
        filling: &mut Filling,
    ) -> Result<bool, Error> {
        let is_lost = |filling: &Filling| import.plan.all_must_succeed && filling.has_failed();
        if targets.is_empty() || is_lost(filling) {
            return Ok(false);
        }
        let signed = match opened.is_new() {
            true => {
                let bearing = opened.bearing(image);
                let checking = self.signature_check(&bearing);
                self.while_importing(import, checking).await
            }
            false => Ok(None),
        };
        let signed = match signed {
            Ok(signed) => signed,
            Err(error) if ends_work(&error) => return Err(error),
            Err(error) => {
                filling.all_failed(targets.iter().map(|target| &target.id), &error);
                return Ok(false);
            }
        };
        let algorithm = opened.algorithm;
        let (body, judged) = opened.split();
        let least = match import.plan.all_must_succeed {
            true => targets.len(),
            false => 1,
        };
        let writers = targets.iter_mut().map(Target::writer);
        let executor = &self.runtime.executor;
        let moving = transfer_to_all(
            executor,
            body,
            writers.collect(),
            least,
            algorithm,
            limits,
            signed,
        );
        let moving = async { Ok(moving.await) };
        let (received, written) = self.while_importing(import, moving).await?;
        let mut whole = Vec::new();
        let mut broken = Vec::new();
        for (target, written) in targets.drain(..).zip(written) {
            match written {
                Ok(()) => whole.push(target),
                Err(error) => {
                    filling.store_failed(&target.id, &error.into());
                    broken.push(target);
                }
            }
        }
        let is_broken = !broken.is_empty();
        abort(broken, filling).await;
        *targets = whole;
        let received = match received {
            // The writers' own errors say why.
            Err(Error::Stopping) if is_broken => return Ok(false),
            Err(error) if ends_work(&error) => return Err(error),
            received => received,
        };
        let arrived = received.and_then(|received| self.judge(image, judged, received));
        match arrived {
            Ok(Some(arrived)) => filling.arrived = Some(arrived),
            Ok(None) => {}
            Err(error) => {
                filling.all_failed(targets.iter().map(|target| &target.id), &error);
                return Ok(false);
            }
        }
        Ok(!is_lost(filling))
    }

    /// Commits what was written. Where a store that fails ends nothing, each is a location at once.
    async fn commit_targets(
        &self,
        import: &Import,
        targets: Vec<Target>,
        filling: &mut Filling,
    ) -> Result<(), Error> {
        let mut commits: FuturesUnordered<_> = targets
            .into_iter()
            .map(|Target { id, place, writer }| async move {
                (id, self.commit_imported(&place, writer).await)
            })
            .collect();
        let mut trouble = None;
        while let Some((id, committed)) = commits.next().await {
            let committed = match committed {
                Ok(committed) => committed,
                Err(error) => {
                    trouble = trouble.or(Some(error));
                    continue;
                }
            };
            match committed {
                Ok(location) => filling.stored.push((id.clone(), location)),
                Err(error) => {
                    // What stands where the blob was to go is nobody's: the image is not there.
                    filling.unclean.insert(id.clone());
                    filling.unswept.insert(id.clone());
                    filling.is_in_doubt |= matches!(error, StoreError::Unavailable { .. });
                    filling.store_failed(&id, &error.into());
                    continue;
                }
            }
            if import.plan.all_must_succeed || trouble.is_some() {
                continue;
            }
            match self.record(import, filling).await {
                Ok(()) => {}
                Err(error) if ends_work(&error) => trouble = Some(error),
                Err(error) => filling.store_failed(&id, &error),
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    /// What data of an import may be. What it takes in all its stores is reserved now, as far as it
    /// is announced, and else as it comes (rule R9).
    async fn import_limits(
        &self,
        import: &Import,
        image: &Image,
        size: Option<u64>,
    ) -> Result<Limits, Error> {
        let most = self.settings().quotas.image_bytes;
        Resource::ImageBytes.check(size.unwrap_or(0), most)?;
        let copies = import.plan.stores.len();
        let claim = self.claim_for_import(image, copies).await?;
        let allowance = Allowance::of(self, &import.intent, claim);
        let mut allowance = allowance.map(|allowance| allowance.for_copies(copies));
        if let (Some(size), Some(allowance)) = (size, &mut allowance) {
            allowance.cover_all(size).await?;
        }
        Ok(Limits {
            expected: size,
            most,
            allowance,
        })
    }
}

/// Gives up what was written, and notes the stores where that fails.
async fn abort(targets: Vec<Target>, filling: &mut Filling) {
    let aborting = targets
        .into_iter()
        .map(|Target { id, writer, .. }| async move { (id, writer.abort().await) });
    for (id, aborted) in join_all(aborting).await {
        if aborted.is_err() {
            filling.unswept.insert(id);
        }
    }
}

/// Tells of what was written and cannot be removed now.
pub(super) fn warn_unswept(intent: &Intent, store: &StoreId, error: &StoreError) {
    tracing::warn!(
        image.id = %intent.image, %store, error = error as &dyn std::error::Error,
        "what an import wrote could not be given up: it is removed when its store can be asked"
    );
}
