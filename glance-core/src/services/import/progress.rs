//! How far an import is, in words for its task.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::TryStreamExt;

use crate::domain::StoreId;
use crate::ports::ByteStream;

/// What has been read for the stores that are being filled now. Clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<Mutex<Stage>>);

#[derive(Debug, Default)]
struct Stage {
    /// The stores, where they are not all of those that are asked for.
    to: Option<String>,
    /// What plugins work on.
    source: Option<Count>,
    /// What goes to the stores.
    copied: Option<Count>,
}

/// Bytes.
#[derive(Debug, Clone, Copy)]
struct Count {
    done: u64,
    total: Option<u64>,
}

impl Progress {
    /// Some stores of all are filled from now on.
    pub(super) fn begin(&self, some: &[StoreId], all: usize) {
        let names: Vec<&str> = some.iter().map(StoreId::as_str).collect();
        *self.stage() = Stage {
            to: (some.len() < all).then(|| names.join(",")),
            ..Stage::default()
        };
    }

    /// The same data, counted as what plugins work on.
    pub(super) fn source(&self, body: ByteStream, total: Option<u64>) -> ByteStream {
        self.counted(body, total, |stage| &mut stage.source)
    }

    /// The same data, counted as what goes to the stores.
    pub(super) fn copied(&self, body: ByteStream, total: Option<u64>) -> ByteStream {
        self.counted(body, total, |stage| &mut stage.copied)
    }

    fn counted(
        &self,
        body: ByteStream,
        total: Option<u64>,
        of: impl Fn(&mut Stage) -> &mut Option<Count> + Send + 'static,
    ) -> ByteStream {
        *of(&mut self.stage()) = Some(Count { done: 0, total });
        let progress = self.clone();
        ByteStream::new(body.inspect_ok(move |chunk| {
            if let Some(count) = of(&mut progress.stage()) {
                count.done += chunk.len() as u64;
            }
        }))
    }

    /// Nothing where nothing has been read. What plugins make of the data is told of once they have
    /// read it all: of a stream that is decompressed, nobody knows how long it becomes.
    pub(super) fn told(&self) -> Option<String> {
        let stage = self.stage();
        let to = stage.to.as_ref();
        let to = to.map(|stores| format!(" to {stores}")).unwrap_or_default();
        let begun = |count: &Count| count.done > 0;
        match (stage.source, stage.copied.filter(begun)) {
            (Some(source), copied) if copied.is_none() || source.has_more() => {
                begun(&source).then(|| format!("Read {}", source.told()))
            }
            (_, copied) => copied.map(|copied| format!("Copied {}{to}", copied.told())),
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    fn has_more(&self) -> bool {
        self.total.is_some_and(|total| self.done < total)
    }

    fn told(&self) -> String {
        let done = self.done >> 20;
        match self.total {
            Some(total) => format!("{done} of {} MiB", total >> 20),
            None => format!("{done} MiB"),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    const MIB: usize = 1 << 20;

    fn stores(names: &[&str]) -> Vec<StoreId> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn pass(body: &mut ByteStream) {
        block_on(body.try_next()).unwrap();
    }

    fn mebibytes(count: usize) -> ByteStream {
        let chunks = (0..count).map(|_| Ok::<_, std::io::Error>(vec![0; MIB].into()));
        ByteStream::new(futures::stream::iter(chunks.collect::<Vec<_>>()))
    }

    #[test]
    fn what_is_copied_is_told_with_the_total_where_that_is_known() {
        for (total, told) in [(Some(3 << 20), "Copied 1 of 3 MiB"), (None, "Copied 1 MiB")] {
            let progress = Progress::default();
            progress.begin(&stores(&["a", "b"]), 2);
            let mut body = progress.copied(mebibytes(3), total);
            assert_eq!(progress.told(), None);
            pass(&mut body);
            assert_eq!(progress.told().as_deref(), Some(told));
        }
    }

    #[test]
    fn each_reading_for_some_of_the_stores_begins_anew_and_names_them() {
        let progress = Progress::default();
        for store in ["a", "b"] {
            progress.begin(&stores(&[store]), 2);
            pass(&mut progress.copied(mebibytes(2), Some(2 << 20)));
            let told = format!("Copied 1 of 2 MiB to {store}");
            assert_eq!(progress.told(), Some(told));
        }
    }

    #[test]
    fn what_plugins_read_is_told_first_and_then_what_they_made_of_it() {
        let progress = Progress::default();
        progress.begin(&stores(&["a"]), 1);
        let mut source = progress.source(mebibytes(2), Some(2 << 20));
        let mut made = progress.copied(mebibytes(9), None);
        pass(&mut source);
        pass(&mut made);
        assert_eq!(progress.told().as_deref(), Some("Read 1 of 2 MiB"));
        pass(&mut source);
        pass(&mut made);
        assert_eq!(progress.told().as_deref(), Some("Copied 2 MiB"));
    }
}
