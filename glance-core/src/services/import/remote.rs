//! Data from another Glance: in the name of whoever asked, by a token that no row holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::{StreamExt, stream};

use super::super::glance::Glance;
use super::Import;
use super::start::ImportRequest;
use crate::domain::{
    Attribute, Caller, CannotImport, Edit, HashAlgorithm, Hasher, Image, ImportMethod,
    InvalidProperty, Presence, PropertyName, PropertyValue, RemoteDescription, RemoteError,
    RemoteImage, Status,
};
use crate::error::Error;
use crate::ports::{
    BodyError, ByteStream, Executor, Passing, SourceError, Token, TokenError, run_blocking,
};

/// What is asked of an import from another Glance, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "adapters must say all of it")]
pub struct AskedRemote {
    /// The region whose service has the image.
    pub region: Option<String>,
    /// Its id there.
    pub image: Option<String>,
    /// Which endpoint of the service is asked.
    pub interface: Option<String>,
    /// The token of whoever asks: it opens the other Glance as well.
    pub token: Option<Token>,
}

/// Who asks another Glance. It lives as long as the process: no row and no log has it.
#[derive(Debug)]
pub(super) struct Envoy {
    caller: Caller,
    token: Token,
}

/// The image of another Glance that a request names, and who asks for it.
///
/// # Errors
/// It is not named.
pub(super) fn named_remote(
    caller: &Caller,
    request: &ImportRequest,
) -> Result<Option<(RemoteImage, Envoy)>, CannotImport> {
    if request.method != ImportMethod::GlanceDownload {
        return Ok(None);
    }
    let asked = request.remote.clone().unwrap_or_default();
    let remote = RemoteImage::named(
        asked.region.as_deref(),
        asked.image.as_deref(),
        asked.interface.as_deref(),
    )?;
    let token = asked.token.ok_or(CannotImport::Remote {
        member: "X-Auth-Token",
        reason: "it is missing",
    })?;
    let caller = caller.clone();
    Ok(Some((remote, Envoy { caller, token })))
}

impl Glance {
    /// Opens the data of an image of another Glance, with what comes along. What is read of it is
    /// held against what its service tells.
    ///
    /// # Errors
    /// Its service is not to be found or does not give it; it is not active; what comes along may
    /// not be here, or not by this caller.
    pub(super) async fn open_remote(
        &self,
        import: &Import,
        image: &Image,
        remote: &RemoteImage,
    ) -> Result<(Passing, Wholeness), Error> {
        let (Some((_, images)), Some(envoy)) = (&self.remote, &import.envoy) else {
            return Err(RemoteError::NoToken.into());
        };
        let (token, unreadable) = (&envoy.token, |error| unreadable(remote, &error));
        let service = self.remote_service(envoy, remote).await?;
        let told = images.describe(&service, remote.image, token).await;
        let told = told.map_err(unreadable)?;
        if told.status != Status::Active.as_str() {
            return Err(RemoteError::NotActive {
                image: remote.image,
                region: remote.region.clone(),
                status: told.status.chars().take(LONGEST_ECHO).collect(),
            }
            .into());
        }
        let edits = self.edits_of(remote, &told)?;
        let edited = self.edited(&envoy.caller, image, &edits, self.now())?;
        let hash = told.multihash.as_ref().and_then(|hash| {
            let algorithm: HashAlgorithm = hash.algorithm.parse().ok()?;
            Some((algorithm, hash.value.clone()))
        });
        let open = images.open(&service, remote.image, token, hash.is_some());
        let incoming = open.await.map_err(unreadable)?;
        let size = told.size.or(incoming.size);
        if incoming.size.is_some() && incoming.size != size {
            return Err(other_data(remote, "size").into());
        }
        let is_whole = Arc::<AtomicBool>::default();
        let checked = Checked {
            body: incoming.body,
            size,
            hash: hash.map(|(algorithm, value)| (algorithm.hasher(), value)),
            read: 0,
            remote: remote.clone(),
            executor: Arc::clone(&self.runtime.executor),
            is_whole: Arc::clone(&is_whole),
        };
        let passing = Passing {
            body: checked.into_bytes(),
            size,
            disk_format: edited.disk_format,
            container_format: edited.container_format,
            properties: properties_of(edits),
            roles: import.plan.roles.clone(),
        };
        let remote = remote.clone();
        Ok((passing, Wholeness { is_whole, remote }))
    }

    async fn remote_service(&self, envoy: &Envoy, remote: &RemoteImage) -> Result<String, Error> {
        let Some((services, _)) = &self.remote else {
            return Err(RemoteError::NoCatalog.into());
        };
        let RemoteImage {
            region, interface, ..
        } = remote;
        match services.find(&envoy.token, region, interface).await {
            Ok(Some(service)) => Ok(service),
            Ok(None) => Err(RemoteError::NoEndpoint {
                region: region.clone(),
                interface: interface.clone(),
            }
            .into()),
            Err(TokenError::Invalid) => Err(RemoteError::TokenRefused.into()),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "nobody can say where an image service is"
                );
                Err(RemoteError::NoCatalog.into())
            }
        }
    }

    /// What an image takes over from one of another Glance. Names that are the service's own, there
    /// or here, are none of it (rule R5).
    fn edits_of(
        &self,
        remote: &RemoteImage,
        told: &RemoteDescription,
    ) -> Result<Vec<Edit>, RemoteError> {
        let refused = |name: &str, error: &dyn std::fmt::Display| RemoteError::Property {
            name: name.to_owned(),
            region: remote.region.clone(),
            reason: error.to_string(),
        };
        let mut edits = Vec::new();
        let mut set = |attribute| edits.push(Edit::Set(Presence::Any, attribute));
        if let Some(format) = &told.disk_format {
            let format = format.parse();
            let format = format.map_err(|error| refused("disk_format", &error))?;
            set(Attribute::DiskFormat(Some(format)));
        }
        if let Some(format) = &told.container_format {
            let format = format.parse();
            let format = format.map_err(|error| refused("container_format", &error))?;
            set(Attribute::ContainerFormat(Some(format)));
        }
        let prefixes = &self.settings().import.remote_properties;
        for (name, value) in &told.properties {
            if !prefixes.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            let wanted = match name.parse::<PropertyName>() {
                Err(InvalidProperty::Reserved { .. }) => continue,
                wanted => wanted.map_err(|error| refused(name, &error))?,
            };
            let value = value.parse::<PropertyValue>();
            let value = value.map_err(|error| refused(name, &error))?;
            set(Attribute::Property(wanted, value));
        }
        Ok(edits)
    }
}

fn properties_of(edits: Vec<Edit>) -> Vec<(PropertyName, PropertyValue)> {
    let properties = edits.into_iter().filter_map(|edit| match edit {
        Edit::Set(_, Attribute::Property(name, value)) => Some((name, value)),
        _ => None,
    });
    properties.collect()
}

fn unreadable(remote: &RemoteImage, error: &SourceError) -> RemoteError {
    let (image, region) = (remote.image, remote.region.clone());
    match error {
        SourceError::Refused { status: 401 } => RemoteError::TokenRefused,
        SourceError::Refused { status: 404 } => RemoteError::NotFound { image, region },
        error => RemoteError::Unreadable {
            image,
            region,
            reason: error.to_string(),
        },
    }
}

fn other_data(remote: &RemoteImage, what: &'static str) -> RemoteError {
    RemoteError::OtherData {
        image: remote.image,
        region: remote.region.clone(),
        what,
    }
}

/// Whether all of what another Glance sent was read, and is what its service tells.
#[derive(Debug)]
pub(super) struct Wholeness {
    is_whole: Arc<AtomicBool>,
    remote: RemoteImage,
}

impl Wholeness {
    /// Refuses data of which a plugin left the end unread.
    pub(super) fn check(&self) -> Result<(), RemoteError> {
        match self.is_whole.load(Ordering::Acquire) {
            true => Ok(()),
            false => Err(other_data(&self.remote, "size")),
        }
    }
}

/// Data on its way from another Glance, held against what its service tells.
struct Checked {
    body: ByteStream,
    size: Option<u64>,
    hash: Option<(Hasher, String)>,
    read: u64,
    remote: RemoteImage,
    executor: Arc<dyn Executor>,
    is_whole: Arc<AtomicBool>,
}

impl Checked {
    /// The bytes, and an error in place of their end where they are others.
    fn into_bytes(self) -> ByteStream {
        ByteStream::new(stream::unfold(Some(self), |checked| async move {
            let mut checked = checked?;
            match checked.next().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(checked))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        let Some(chunk) = self.body.next().await.transpose()? else {
            self.end()?;
            return Ok(None);
        };
        self.read = self.read.saturating_add(chunk.len() as u64);
        if let Some((mut hasher, value)) = self.hash.take() {
            let next = chunk.clone();
            let hashing = run_blocking(self.executor.as_ref(), move || {
                hasher.update(&next);
                hasher
            });
            let hasher = hashing.await.ok_or_else(|| broken(Error::Stopping))?;
            self.hash = Some((hasher, value));
        }
        Ok(Some(chunk))
    }

    fn end(&mut self) -> Result<(), BodyError> {
        if self.size.is_some_and(|size| size != self.read) {
            return Err(broken(other_data(&self.remote, "size")));
        }
        if let Some((hasher, value)) = self.hash.take()
            && !value.eq_ignore_ascii_case(&hasher.finish())
        {
            return Err(broken(other_data(&self.remote, "hash")));
        }
        self.is_whole.store(true, Ordering::Release);
        Ok(())
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> BodyError {
    BodyError(Box::new(error))
}

/// A status is a word.
const LONGEST_ECHO: usize = 32;
