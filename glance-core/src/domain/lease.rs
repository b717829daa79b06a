//! Who works on what, until when.

use super::id::{ImageId, IntentId, StoreId};
use super::location::BlobUrl;
use super::time::Timestamp;

/// Work on a blob of an image, and who does it. Mostly the blob is not yet, or no longer, a location
/// of the image.
///
/// It is recorded before the blob exists and removed with the change that settles the matter, so
/// that after a crash every blob is explained (design D8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Its id; also the name under which the blob is written.
    pub id: IntentId,
    /// The image.
    pub image: ImageId,
    /// The store that holds, or will hold, the blob.
    pub store: StoreId,
    /// What is being done.
    pub work: Work,
    /// Who does it.
    pub holder: Holder,
    /// Until when nobody else may: a holder that lives moves this on.
    pub lease_until: Timestamp,
}

impl Intent {
    /// Whether whoever asks may finish or undo the work: the lease has ended, or an earlier
    /// process of the same node held it.
    pub fn is_abandoned(&self, asking: &Holder, now: Timestamp) -> bool {
        self.lease_until <= now
            || (self.holder.node == asking.node && self.holder.process != asking.process)
    }
}

impl Intent {
    /// The id of what explains the data of an image that lies in the staging area.
    pub fn id_of_staged(image: ImageId) -> IntentId {
        IntentId::stored(format!("staged {image}"))
    }
}

/// What is being done with a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever takes over must know what to do"
)]
pub enum Work {
    /// It is being written to the staging area.
    Stage,
    /// It lies in the staging area, until an import takes it up. Nobody is at work on it.
    Staged(BlobUrl),
    /// An import fills stores, from the staged blob where it has one; its task bears the same id.
    Import(Option<BlobUrl>),
    /// It is being written.
    Upload,
    /// It is being removed.
    Delete(BlobUrl),
    /// It is at a location of the image, and is being read for its hash.
    Hash(BlobUrl),
    /// What an import that was given up may have left where the store puts the data of the image is
    /// to be removed.
    Vacate,
    /// What was written under this id, and could not be given up while its store was away, is to be
    /// removed. No blob stands there.
    Discard(IntentId),
}

impl Work {
    /// The blob, where it is known.
    pub fn url(&self) -> Option<&BlobUrl> {
        match self {
            Self::Discard(_) | Self::Stage | Self::Upload | Self::Vacate => None,
            Self::Delete(url) | Self::Hash(url) | Self::Staged(url) => Some(url),
            Self::Import(url) => url.as_ref(),
        }
    }
}

/// A process of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// A name that no other living process has: an earlier holder of it is dead.
    pub node: String,
    /// This process.
    pub process: String,
}

impl Holder {
    /// Who holds what only waits: no node bears this name, so it ends with its lease alone.
    pub fn nobody() -> Self {
        Self {
            node: String::new(),
            process: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(node: &str, process: &str) -> Holder {
        Holder {
            node: node.to_owned(),
            process: process.to_owned(),
        }
    }

    #[test]
    fn work_is_abandoned_when_its_lease_ends_or_its_node_was_restarted() {
        let intent = Intent {
            id: "i".parse().unwrap(),
            image: ImageId::from_bits(1),
            store: "file".parse().unwrap(),
            work: Work::Upload,
            holder: holder("a", "1"),
            lease_until: Timestamp::from_micros(10),
        };
        let (early, late) = (Timestamp::from_micros(9), Timestamp::from_micros(10));

        assert!(!intent.is_abandoned(&holder("a", "1"), early));
        assert!(!intent.is_abandoned(&holder("b", "1"), early));
        assert!(intent.is_abandoned(&holder("a", "2"), early));
        assert!(intent.is_abandoned(&holder("b", "1"), late));
    }
}
