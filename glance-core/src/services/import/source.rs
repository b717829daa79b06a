//! Where the data of an import is read: once for several stores.

use super::super::glance::Glance;
use super::super::transfer::Received;
use super::remote::Wholeness;
use super::{Arrived, Filling, Import};
use crate::domain::{
    ContainerFormat, DiskFormat, HashAlgorithm, Image, Imported, Multihash, PropertyName,
    PropertyValue, StoreId,
};
use crate::error::Error;
use crate::ports::{ByteStream, Passing, SourceError};

/// Data on its way to stores.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) body: ByteStream,
    /// How many bytes there are, if that is known.
    pub(super) size: Option<u64>,
    /// The hash to compute.
    pub(super) algorithm: HashAlgorithm,
    made: Made,
}

/// Where it comes from, by which it is judged.
#[derive(Debug)]
enum Made {
    /// From a store: it has to be what the image is known to have.
    Copied(Known),
    /// From outside, as plugins have left it.
    New {
        disk_format: Option<DiskFormat>,
        container_format: Option<ContainerFormat>,
        properties: Vec<(PropertyName, PropertyValue)>,
        wholeness: Option<Wholeness>,
    },
}

/// What is known of data that a store holds.
#[derive(Debug)]
struct Known {
    store: StoreId,
    size: Option<u64>,
    checksum: Option<String>,
    multihash: Option<Multihash>,
    /// This import took the very same data already.
    is_accepted: bool,
}

impl Glance {
    /// Opens what the next stores are filled from: one that has the data, if there is one.
    pub(super) async fn open_source(
        &self,
        import: &Import,
        image: &Image,
        filling: &Filling,
    ) -> Result<Opened, Error> {
        let opened = match (filling.stored.first(), &filling.arrived) {
            (Some((store, location)), Some(arrived)) => {
                let content = &arrived.imported.content;
                let known = Known {
                    store: store.clone(),
                    size: Some(content.size),
                    checksum: Some(content.checksum.clone()),
                    multihash: Some(content.multihash.clone()),
                    is_accepted: true,
                };
                let held = self.stores.get(store);
                let held = held.ok_or(Error::NoStoreOf { image: image.id })?;
                let body = held.store.read(&location.url, None).await?;
                self.copied(body, known)
            }
            _ if !image.locations.is_empty() => self.open_copy(image).await?,
            _ => self.open_new(import, image).await?,
        };
        Ok(Opened {
            body: import.progress.copied(opened.body, opened.size),
            ..opened
        })
    }

    /// From the first store that gives the data.
    async fn open_copy(&self, image: &Image) -> Result<Opened, Error> {
        let mut trouble = Error::NoStoreOf { image: image.id };
        for (holder, location) in self.stores.holding(image) {
            let Some(holder) = holder else {
                continue;
            };
            match holder.store.read(&location.url, None).await {
                Ok(body) => {
                    let known = Known {
                        store: holder.id().clone(),
                        size: image.size,
                        checksum: image.checksum.clone(),
                        multihash: image.multihash.clone(),
                        is_accepted: false,
                    };
                    return Ok(self.copied(body, known));
                }
                Err(error) => trouble = error.into(),
            }
        }
        Err(trouble)
    }

    fn copied(&self, body: ByteStream, known: Known) -> Opened {
        let computed = known.multihash.as_ref();
        let computed = computed.and_then(|hash| hash.algorithm.parse().ok());
        Opened {
            body,
            size: known.size,
            algorithm: computed.unwrap_or(self.settings().hash),
            made: Made::Copied(known),
        }
    }

    /// From outside, through the plugins.
    async fn open_new(&self, import: &Import, image: &Image) -> Result<Opened, Error> {
        let (mut data, wholeness) = match &import.plan.remote {
            Some(remote) => {
                let (data, wholeness) = self.open_remote(import, image, remote).await?;
                (data, Some(wholeness))
            }
            None => (self.open_near(import, image).await?, None),
        };
        if !self.plugins.is_empty() && !import.plan.is_creation {
            data.body = import.progress.source(data.body, data.size);
            for plugin in self.plugins.iter() {
                data = plugin.apply(data).await?;
            }
        }
        let changed = |is_changed: bool| is_changed.then_some(());
        Ok(Opened {
            body: data.body,
            size: data.size,
            algorithm: self.settings().hash,
            made: Made::New {
                disk_format: changed(data.disk_format != image.disk_format).and(data.disk_format),
                container_format: changed(data.container_format != image.container_format)
                    .and(data.container_format),
                properties: data.properties,
                wholeness,
            },
        })
    }

    /// What was staged, or what a URI names.
    async fn open_near(&self, import: &Import, image: &Image) -> Result<Passing, Error> {
        let (body, size) = match (import.staged(), &import.plan.uri, &self.web) {
            (Some(url), _, _) => {
                let staging = self.stores.at_work(&import.intent.store);
                let staging = staging.ok_or(Error::NoStoreOf { image: image.id })?;
                let size = staging.size(url).await?;
                (staging.read(url, None).await?, Some(size))
            }
            (None, Some(uri), Some(web)) => {
                let incoming = web.open(uri).await?;
                (incoming.body, incoming.size)
            }
            _ => {
                let reason = "this service does not read the web".to_owned();
                return Err(SourceError::Forbidden { reason }.into());
            }
        };
        Ok(Passing {
            body,
            size,
            disk_format: image.disk_format.clone(),
            container_format: image.container_format.clone(),
            properties: Vec::new(),
            roles: import.plan.roles.clone(),
        })
    }

    /// What came, if it is fit to be the image's; `None` for a copy of what the image has.
    pub(super) fn judge(
        &self,
        image: &Image,
        made: Judged,
        received: Received,
    ) -> Result<Option<Arrived>, Error> {
        match made.0 {
            Made::Copied(known) => {
                if !known.is(&received) {
                    return Err(Error::OtherData {
                        image: image.id,
                        store: known.store,
                    });
                }
                if !known.is_accepted {
                    self.accept(image, &received.report)?;
                }
                Ok(None)
            }
            Made::New {
                disk_format,
                container_format,
                properties,
                wholeness,
            } => {
                if let Some(wholeness) = wholeness {
                    wholeness.check()?;
                }
                let mut arrived = Arrived {
                    imported: Imported {
                        content: received.content,
                        disk_format,
                        container_format,
                        properties,
                    },
                    report: received.report,
                };
                arrived.imported.content.virtual_size = self.fit(image, &arrived)?;
                Ok(Some(arrived))
            }
        }
    }

    /// Refuses data that is not what the image is said to be by now: its formats may be edited until
    /// it is active. Gives the size of the disk in it.
    pub(super) fn fit(&self, image: &Image, arrived: &Arrived) -> Result<Option<u64>, Error> {
        let mut image = image.clone();
        image.learn_imported(&arrived.imported);
        image.require_formats()?;
        self.accept(&image, &arrived.report)
    }
}

/// How data is judged once it is read.
#[derive(Debug)]
pub(super) struct Judged(Made);

impl Opened {
    /// Whether it comes from outside.
    pub(super) fn is_new(&self) -> bool {
        matches!(self.made, Made::New { .. })
    }

    /// The image with the properties that come with the data: they may say that it is signed.
    pub(super) fn bearing(&self, image: &Image) -> Image {
        let mut image = image.clone();
        if let Made::New { properties, .. } = &self.made {
            image.properties.extend(properties.iter().cloned());
        }
        image
    }

    /// The data, and how it is judged.
    pub(super) fn split(self) -> (ByteStream, Judged) {
        (self.body, Judged(self.made))
    }
}

impl Known {
    /// Whether data that was read is this; of what is not known, nothing can be said.
    fn is(&self, received: &Received) -> bool {
        let content = &received.content;
        let hash = self.multihash.as_ref();
        self.size.is_none_or(|size| size == content.size)
            && self
                .checksum
                .as_ref()
                .is_none_or(|checksum| checksum.eq_ignore_ascii_case(&content.checksum))
            && hash.is_none_or(|hash| {
                hash.algorithm != content.multihash.algorithm
                    || hash.value.eq_ignore_ascii_case(&content.multihash.value)
            })
    }
}
