//! Tasks: work on images that goes on after the request for it is answered.

use std::fmt;
use std::mem;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Map, Value};
use thiserror::Error;

use super::id::{ImageId, ProjectId, TaskId, UserId};
use super::location::BlobUrl;
use super::text::beginning;
use super::time::Timestamp;

/// Work on an image that goes on after the request for it is answered, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What is done.
    pub kind: TaskKind,
    /// The project that it is done for.
    pub owner: Option<ProjectId>,
    /// The image that it is about.
    pub image: Option<ImageId>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// The user that asked for it.
    pub user: Option<UserId>,
    /// What it was asked to do.
    pub input: Option<Map<String, Value>>,
    /// What came of it.
    pub result: Option<Map<String, Value>>,
    /// How far it is, or why it failed.
    pub message: Option<String>,
    /// From when on nobody is told of it any more.
    pub expires_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last showed a sign of life.
    pub updated_at: Timestamp,
    status: TaskStatus,
}

impl Task {
    /// A task that nobody is at work on yet.
    pub fn pending(id: TaskId, kind: TaskKind, now: Timestamp) -> Self {
        Self {
            id,
            kind,
            owner: None,
            image: None,
            request_id: None,
            user: None,
            input: None,
            result: None,
            message: None,
            expires_at: None,
            created_at: now,
            updated_at: now,
            status: TaskStatus::Pending,
        }
    }

    /// The same task in the status in which a task log holds it. For task logs only.
    #[must_use]
    pub fn stored_as(mut self, status: TaskStatus) -> Self {
        self.status = status;
        self
    }

    /// Where it is in its life.
    pub fn status(&self) -> TaskStatus {
        self.status
    }

    /// Whether it is still told of.
    pub fn is_told(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires| expires > now)
    }

    /// The task as it is told: its addresses without what may be credentials (rule R6), as with those
    /// of blobs. Its row keeps them, for whoever takes it over.
    #[must_use]
    pub fn told(mut self) -> Self {
        if let Some(input) = &mut self.input {
            for (name, path) in [
                ("import_from", ""),
                ("import_req", "/method/uri"),
                ("loc_url", ""),
            ] {
                let holder = input.get_mut(name);
                if let Some(Value::String(url)) = holder.and_then(|it| it.pointer_mut(path)) {
                    *url = BlobUrl::new(mem::take(url)).to_string();
                }
            }
        }
        self
    }

    /// The task with somebody at work on it.
    ///
    /// # Errors
    /// It has ended, or was begun.
    pub fn begun(&self, now: Timestamp) -> Result<Self, IllegalMove> {
        self.moved(TaskStatus::Processing, now)
    }

    /// The task with its work done; it is told of for `lifetime` from now on.
    ///
    /// # Errors
    /// It has ended, or was never begun.
    pub fn succeeded(
        &self,
        result: Map<String, Value>,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<Self, IllegalMove> {
        let mut task = self.moved(TaskStatus::Success, now)?;
        task.result = Some(result);
        task.expires_at = Some(now.after(lifetime));
        Ok(task)
    }

    /// The task given up, with the reason; it is told of for `lifetime` from now on.
    ///
    /// # Errors
    /// It has ended.
    pub fn failed(
        &self,
        reason: String,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<Self, IllegalMove> {
        let mut task = self.moved(TaskStatus::Failure, now)?;
        task.message = Some(reason);
        task.expires_at = Some(now.after(lifetime));
        Ok(task)
    }

    fn moved(&self, to: TaskStatus, now: Timestamp) -> Result<Self, IllegalMove> {
        use TaskStatus as S;
        match (self.status, to) {
            (S::Pending, S::Processing | S::Failure) | (S::Processing, S::Success | S::Failure) => {
                Ok(Self {
                    status: to,
                    updated_at: now.max(self.updated_at),
                    ..self.clone()
                })
            }
            (from, to) => Err(IllegalMove { from, to }),
        }
    }
}

/// Declares an enum of words with their texts.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident, $what:literal: $($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)?) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(clippy::exhaustive_enums, reason = "adapters must answer each")]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownTaskWord;

            fn from_str(text: &str) -> Result<Self, UnknownTaskWord> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(UnknownTaskWord {
                        what: $what,
                        text: beginning(text),
                    }),
                }
            }
        }
    };
}

words! {
    /// What a task does.
    TaskKind, "a type of task":
    /// Makes an image of data from the web: the old tasks API.
    Import = "import",
    /// Gives an image its data: `POST /v2/images/{id}/import`.
    ApiImageImport = "api_image_import",
    /// Looks at data that somebody else wrote: `POST /v2/images/{id}/locations`.
    LocationImport = "location_import",
}

words! {
    /// Where a task is in its life.
    TaskStatus, "a status of tasks":
    /// Nobody is at work on it yet.
    Pending = "pending",
    /// Somebody is at work on it.
    Processing = "processing",
    /// It is done.
    Success = "success",
    /// It was given up.
    Failure = "failure",
}

/// A move that tasks do not make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a task in status `{from}` does not become `{to}`")]
pub struct IllegalMove {
    /// The status that the task is in.
    pub from: TaskStatus,
    /// The status that it was to have.
    pub to: TaskStatus,
}

/// A word that is no type or status of tasks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not {what}")]
pub struct UnknownTaskWord {
    what: &'static str,
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_task_moves_to_its_end_and_no_further() {
        let lifetime = Duration::from_secs(60);
        let mut moves = String::new();
        for from in TaskStatus::ALL {
            let id = "t".parse().unwrap();
            let task = Task::pending(id, TaskKind::ApiImageImport, at(1)).stored_as(*from);
            let moved = [
                task.begun(at(2)),
                task.succeeded(Map::new(), at(2), lifetime),
                task.failed("why".to_owned(), at(2), lifetime),
            ];
            for to in moved.into_iter().flatten() {
                moves += &format!("{from} -> {}\n", to.status());
            }
        }

        let all = "pending -> processing\npending -> failure\nprocessing -> success\n\
                   processing -> failure\n";
        assert_eq!(moves, all);
    }

    #[test]
    fn only_what_has_ended_expires() {
        let lifetime = Duration::from_secs(60);
        let task = Task::pending("t".parse().unwrap(), TaskKind::Import, at(1));
        let begun = task.begun(at(2)).unwrap();

        let done = begun.succeeded(Map::new(), at(10), lifetime).unwrap();

        assert!(begun.is_told(at(1_000_000)));
        assert!(done.is_told(at(69)));
        assert!(!done.is_told(at(70)));
    }
}
