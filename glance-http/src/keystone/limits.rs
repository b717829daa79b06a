//! What projects may have: Keystone's unified limits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use glance_core::domain::{ProjectId, ProjectLimits};
use glance_core::ports::{LimitError, LimitSource};
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::cache::Generations;
use super::catalog::Wanted;
use super::error::KeystoneError;
use super::flight::SingleFlight;
use super::session::{Session, append};

/// The endpoint of this service, for whose service and region limits are registered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitEndpoint {
    /// By its id.
    Id(String),
    /// The only one that is like this.
    Like(Wanted),
}

/// What projects may have, as Keystone's unified limits say: the limit of a project, or else the
/// registered one, or else nothing. Its answers are remembered for a few seconds, and those who ask
/// for one project at the same time ask once.
///
/// Limits of bytes are in MiB, under upstream's names. A project is limited by itself, also where
/// Keystone's model is `strict_two_level`. The user of the session needs the role `reader` of the
/// system.
#[derive(Debug)]
pub struct KeystoneLimits {
    inner: Arc<Inner>,
    flights: SingleFlight<ProjectId, Outcome>,
    cache_time: Duration,
}

type Outcome = Result<ProjectLimits, Arc<KeystoneError>>;

#[derive(Debug)]
struct Inner {
    session: Session,
    endpoint: LimitEndpoint,
    service: OnceCell<Service>,
    known: Mutex<Generations<ProjectId, ProjectLimits>>,
}

impl KeystoneLimits {
    /// The limits of the service of an endpoint, asked for in the name of the session.
    pub fn new(session: Session, endpoint: LimitEndpoint) -> Self {
        Self {
            inner: Arc::new(Inner {
                session,
                endpoint,
                service: OnceCell::new(),
                known: Mutex::new(Generations::new(MOST_KNOWN)),
            }),
            flights: SingleFlight::new(),
            cache_time: CACHE_TIME,
        }
    }

    /// Remembers answers for so long; by default, for 5 seconds.
    #[must_use]
    pub fn with_cache_time(self, cache_time: Duration) -> Self {
        Self { cache_time, ..self }
    }
}

#[async_trait]
impl LimitSource for KeystoneLimits {
    async fn limits(&self, project: &ProjectId) -> Result<ProjectLimits, LimitError> {
        if let Some(limits) = self.inner.remembered(project) {
            return Ok(limits);
        }
        let (inner, asked) = (Arc::clone(&self.inner), project.clone());
        let cache_time = self.cache_time;
        let flight = self.flights.run(project.clone(), async move {
            match inner.remembered(&asked) {
                // Somebody else's answer has just come.
                Some(limits) => Ok(limits),
                None => inner.learn(asked, cache_time).await,
            }
        });
        let broke_off = || Err(Arc::new(KeystoneError::BrokeOff { action: ASK }));
        let outcome = flight.await.unwrap_or_else(broke_off);
        outcome.map_err(|source| LimitError::Unavailable {
            source: Box::new(source),
        })
    }
}

impl Inner {
    fn remembered(&self, project: &ProjectId) -> Option<ProjectLimits> {
        self.known().get(project, Instant::now())
    }

    fn known(&self) -> MutexGuard<'_, Generations<ProjectId, ProjectLimits>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn learn(&self, project: ProjectId, cache_time: Duration) -> Outcome {
        let service = self.service.get_or_try_init(|| self.find_service()).await?;
        let mut query = vec![("service_id", service.service_id.as_str())];
        query.extend(service.region_id.as_deref().map(|id| ("region_id", id)));
        let registered: RegisteredLimits = self.ask("registered_limits", &query).await?;
        query.push(("project_id", project.as_str()));
        let own: Limits = self.ask("limits", &query).await?;
        let limits = own.over(&registered);
        let until = Instant::now() + cache_time;
        self.known().put(project, limits, until);
        Ok(limits)
    }

    /// The service and the region of the endpoint; they stay what they are.
    async fn find_service(&self) -> Result<Service, Arc<KeystoneError>> {
        let wanted = match &self.endpoint {
            LimitEndpoint::Id(id) => {
                let found: OneEndpoint = self.ask(&format!("endpoints/{id}"), &[]).await?;
                return Ok(found.endpoint);
            }
            LimitEndpoint::Like(wanted) => wanted,
        };
        let mut query = vec![("type", wanted.service.as_str())];
        query.extend(wanted.name.as_deref().map(|name| ("name", name)));
        let services: Services = self.ask("services", &query).await?;
        let service = only(services.services, wanted)?;
        let mut query = vec![
            ("service_id", service.id.as_str()),
            ("interface", wanted.interface.as_str()),
        ];
        query.extend(wanted.region.as_deref().map(|region| ("region_id", region)));
        let endpoints: Endpoints = self.ask("endpoints", &query).await?;
        only(endpoints.endpoints, wanted)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Arc<KeystoneError>> {
        let mut url: Url = self.session.identity_url().await?;
        append(&mut url, path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let answer = self.session.get(ASK, &url, &HeaderMap::new()).await?;
        if answer.status != 200 {
            return Err(Arc::new(KeystoneError::Refused {
                action: ASK,
                status: answer.status,
            }));
        }
        serde_json::from_slice(&answer.body).map_err(|error| {
            Arc::new(KeystoneError::Malformed {
                action: ASK,
                problem: error.to_string(),
            })
        })
    }
}

/// The only one of what was found.
fn only<T>(found: Vec<T>, wanted: &Wanted) -> Result<T, Arc<KeystoneError>> {
    let count = found.len();
    match <[T; 1]>::try_from(found) {
        Ok([one]) => Ok(one),
        Err(_) => Err(Arc::new(KeystoneError::NotTheOnlyEndpoint {
            service: wanted.service.clone(),
            interface: wanted.interface,
            found: count,
        })),
    }
}

#[derive(Debug, Deserialize)]
struct OneEndpoint {
    endpoint: Service,
}

#[derive(Debug, Deserialize)]
struct Endpoints {
    endpoints: Vec<Service>,
}

/// What of an endpoint limits are registered for.
#[derive(Debug, Deserialize)]
struct Service {
    service_id: String,
    region_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Services {
    services: Vec<Identified>,
}

#[derive(Debug, Deserialize)]
struct Identified {
    id: String,
}

#[derive(Debug, Deserialize)]
struct RegisteredLimits {
    registered_limits: Vec<RegisteredLimit>,
}

#[derive(Debug, Deserialize)]
struct RegisteredLimit {
    resource_name: String,
    default_limit: i64,
}

#[derive(Debug, Deserialize)]
struct Limits {
    limits: Vec<Limit>,
}

#[derive(Debug, Deserialize)]
struct Limit {
    resource_name: String,
    resource_limit: i64,
}

impl Limits {
    /// The project's own limits, and the registered ones where it has none.
    fn over(&self, registered: &RegisteredLimits) -> ProjectLimits {
        let limit = |name: &str| {
            let own = self.limits.iter().find(|limit| limit.resource_name == name);
            let mut others = registered.registered_limits.iter();
            let own = own.map(|limit| limit.resource_limit);
            let limit = own.or_else(|| {
                let registered = others.find(|limit| limit.resource_name == name)?;
                Some(registered.default_limit)
            });
            // What is not registered is not to be had; -1 is Keystone's word for no limit.
            u64::try_from(limit.unwrap_or(0)).ok()
        };
        let bytes = |name| limit(name).map(|mebibytes| mebibytes.saturating_mul(MIB));
        ProjectLimits {
            images: limit("image_count_total"),
            staged_bytes: bytes("image_stage_total"),
            stored_bytes: bytes("image_size_total"),
            uploads: limit("image_count_uploading"),
        }
    }
}

const ASK: &str = "find the limits of a project";
/// Long enough for a burst of requests, short enough for who just raised a limit.
const CACHE_TIME: Duration = Duration::from_secs(5);
/// A hundred bytes each.
const MOST_KNOWN: usize = 20_000;
const MIB: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn over(own: &str, registered: &str) -> ProjectLimits {
        let own: Limits = serde_json::from_str(&format!(r#"{{"limits": [{own}]}}"#)).unwrap();
        let registered = format!(r#"{{"registered_limits": [{registered}]}}"#);
        own.over(&serde_json::from_str(&registered).unwrap())
    }

    #[test]
    fn a_project_s_own_limit_goes_before_the_registered_one() {
        let limits = over(
            r#"{"resource_name": "image_size_total", "resource_limit": 2},
               {"resource_name": "image_count_uploading", "resource_limit": -1}"#,
            r#"{"resource_name": "image_size_total", "default_limit": 1},
               {"resource_name": "image_stage_total", "default_limit": 3},
               {"resource_name": "image_count_total", "default_limit": 4},
               {"resource_name": "image_count_uploading", "default_limit": 5}"#,
        );

        assert_eq!(limits.stored_bytes, Some(2 << 20));
        assert_eq!(limits.staged_bytes, Some(3 << 20));
        assert_eq!((limits.images, limits.uploads), (Some(4), None));
    }

    #[test]
    fn what_is_not_registered_is_not_to_be_had() {
        let nothing = ProjectLimits {
            images: Some(0),
            staged_bytes: Some(0),
            stored_bytes: Some(0),
            uploads: Some(0),
        };

        assert_eq!(over("", ""), nothing);
    }
}
