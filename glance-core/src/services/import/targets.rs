//! Which ways to import there are, and which stores an import fills.

use super::super::glance::Glance;
use super::start::ImportRequest;
use crate::domain::{CannotImport, Image, ImportMethod, StoreId};
use crate::error::Error;

impl Glance {
    /// The ways to import that this service offers, in the order of its settings: those for which it
    /// has what they take.
    pub fn import_methods(&self) -> Vec<ImportMethod> {
        let methods = self.settings().import.methods.iter().copied();
        methods
            .filter(|method| match method {
                ImportMethod::GlanceDirect => self.stores.staging().is_some(),
                ImportMethod::WebDownload => self.web.is_some(),
                ImportMethod::CopyImage => true,
                ImportMethod::GlanceDownload => self.remote.is_some(),
            })
            .collect()
    }

    /// The stores that an import fills, each once; none where all have the data.
    pub(super) fn import_stores(
        &self,
        image: &Image,
        request: &ImportRequest,
    ) -> Result<Vec<StoreId>, Error> {
        let filled = self.stores.filled(image);
        let is_copy = request.method == ImportMethod::CopyImage;
        let mut stores = Vec::new();
        for store in self.asked_stores(request)? {
            let known = self.stores.get(&store);
            let known = known.ok_or_else(|| CannotImport::UnknownStore {
                store: store.clone(),
            })?;
            if !known.store.capabilities().write {
                return Err(CannotImport::ReadOnly { store }.into());
            }
            if is_copy && filled.contains(&store) {
                if request.all_stores {
                    continue;
                }
                return Err(CannotImport::AlreadyThere { store }.into());
            }
            if !stores.contains(&store) {
                stores.push(store);
            }
        }
        Ok(stores)
    }

    /// The stores that are asked for. Without names there is nothing to choose (upstream).
    fn asked_stores(&self, request: &ImportRequest) -> Result<Vec<StoreId>, Error> {
        let is_named = self.stores.are_named();
        let chosen = request.stores.as_ref().filter(|_| is_named);
        let header = request.store.as_ref().filter(|_| is_named);
        match (request.all_stores && is_named, chosen, header) {
            (true, None, None) => {
                let all = self.stores.all().iter();
                let written = all.filter(|known| known.store.capabilities().write);
                Ok(written.map(|known| known.id().clone()).collect())
            }
            (false, Some(stores), None) if !stores.is_empty() => Ok(stores.clone()),
            (false, _, Some(store)) if chosen.is_none_or(Vec::is_empty) => Ok(vec![store.clone()]),
            (false, _, None) => Ok(vec![self.stores.chosen(None)?.id().clone()]),
            _ => Err(CannotImport::StoresTwice.into()),
        }
    }
}
