//! The connections to one server of memcached, and whether it is left alone.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::MemcachedOptions;
use super::address::MemcachedAddress;
use super::connection::{Connection, NoReply, Reply, Request};
use super::tls::Tls;
use crate::keystone::seldom::Seldom;

/// One server. It has a deadline and a bulkhead (R19): whoever finds it slow or all connections
/// taken does without it.
#[derive(Debug)]
pub(super) struct Pool {
    server: MemcachedAddress,
    tls: Option<Tls>,
    deadline: Duration,
    dead_retry: Duration,
    idle_timeout: Duration,
    places: Semaphore,
    /// Those that nobody uses, and since when; the one that was used last at the end.
    idle: Mutex<Vec<(Connection, Instant)>>,
    outage: Mutex<Option<Outage>>,
    told_refused: Seldom,
}

/// A server that did not answer.
#[derive(Debug, Clone, Copy)]
struct Outage {
    since: Instant,
    retry_at: Instant,
}

impl Pool {
    pub(super) fn new(
        server: MemcachedAddress,
        tls: Option<Tls>,
        options: &MemcachedOptions,
    ) -> Self {
        Self {
            server,
            tls,
            deadline: options.deadline,
            dead_retry: options.dead_retry.min(super::LONGEST),
            idle_timeout: options.idle_timeout,
            places: Semaphore::new(options.most_connections.min(Semaphore::MAX_PERMITS)),
            idle: Mutex::default(),
            outage: Mutex::default(),
            told_refused: Seldom::default(),
        }
    }

    pub(super) fn server(&self) -> &MemcachedAddress {
        &self.server
    }

    /// Whether the server answers as far as is known, or it is time to see: then one caller is told
    /// so, and the others not before the next time.
    pub(super) fn is_to_be_asked(&self) -> bool {
        let now = Instant::now();
        match lock(&self.outage).as_mut() {
            None => true,
            Some(outage) if now < outage.retry_at => false,
            Some(outage) => {
                outage.retry_at = now + self.dead_retry;
                true
            }
        }
    }

    /// What the server says, if it does in time.
    pub(super) async fn send(&self, request: &Request<'_>) -> Option<Reply> {
        let begun = Instant::now();
        // Nobody closes the semaphore. That all places are taken is not the server's fault.
        let _place = timeout(self.deadline, self.places.acquire()).await.ok()?;
        if lock(&self.outage).is_some_and(|outage| outage.since > begun) {
            return None;
        }
        let replied = timeout(self.deadline, self.exchange(request)).await;
        match replied.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into())) {
            Ok(reply) => {
                self.answers(begun);
                Some(reply)
            }
            Err(NoReply::Refused(reason)) => {
                self.answers(begun);
                self.refuses(&reason);
                None
            }
            Err(NoReply::Broken(error)) => {
                self.does_not_answer(&error);
                None
            }
        }
    }

    async fn exchange(&self, request: &Request<'_>) -> Result<Reply, NoReply> {
        let mut opened = None;
        if let Some(mut connection) = self.idle_connection() {
            match connection.send(request).await {
                // The server may have started anew, or have closed it: what else is open is the same.
                Err(NoReply::Broken(_)) => lock(&self.idle).clear(),
                reply => opened = Some((connection, reply)),
            }
        }
        let (connection, reply) = match opened {
            Some(opened) => opened,
            None => {
                let mut connection = Connection::open(&self.server, self.tls.as_ref()).await?;
                let reply = connection.send(request).await;
                (connection, reply)
            }
        };
        if reply.is_ok() {
            lock(&self.idle).push((connection, Instant::now()));
        }
        reply
    }

    fn idle_connection(&self) -> Option<Connection> {
        let now = Instant::now();
        let mut idle = lock(&self.idle);
        idle.retain(|(_, since)| now.duration_since(*since) < self.idle_timeout);
        idle.pop().map(|(connection, _)| connection)
    }

    /// A request that was begun before the outage says nothing about its end.
    fn answers(&self, begun: Instant) {
        let over = lock(&self.outage).take_if(|outage| outage.since <= begun);
        if over.is_some() {
            tracing::info!(server = %self.server, "memcached answers again");
        }
    }

    fn does_not_answer(&self, error: &io::Error) {
        lock(&self.idle).clear();
        let now = Instant::now();
        let before = lock(&self.outage).replace(Outage {
            since: now,
            retry_at: now + self.dead_retry,
        });
        if before.is_none() {
            tracing::warn!(
                server = %self.server,
                error = error as &dyn std::error::Error,
                left_alone_seconds = self.dead_retry.as_secs(),
                "memcached does not answer: it is left alone for a while, and Keystone asked instead"
            );
        }
    }

    fn refuses(&self, reason: &str) {
        if self.told_refused.is_time() {
            tracing::warn!(
                server = %self.server,
                reason,
                "memcached refuses what it is asked: Keystone is asked instead"
            );
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
