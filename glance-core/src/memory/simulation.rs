//! A seeded scheduler: tasks in an order that follows from a seed, and crashes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, poll_fn};

use super::clock::VirtualClock;
use super::random::SeededIds;
use crate::Runtime;
use crate::domain::Timestamp;
use crate::ports::{Clock, Executor};

/// A seeded scheduler with virtual time. Clones are one scheduler.
///
/// Which of the tasks that are ready runs next follows from the seed, so a failing interleaving
/// replays. A crash drops every task of a process where it stands; what ports hold outside the
/// tasks stays.
#[derive(Debug, Clone)]
pub struct Simulation {
    clock: VirtualClock,
    random: Arc<SeededIds>,
    tasks: Arc<Mutex<Tasks>>,
    process: u64,
}

#[derive(Default)]
struct Tasks {
    next: u64,
    waiting: BTreeMap<u64, Task>,
    ready: Vec<u64>,
}

struct Task {
    process: u64,
    /// Away while it is being polled.
    future: Option<BoxFuture<'static, ()>>,
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

impl Simulation {
    /// A scheduler of this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            clock: VirtualClock::default(),
            random: Arc::new(SeededIds::new(seed)),
            tasks: Arc::default(),
            process: 0,
        }
    }

    /// The same scheduler, for tasks of another process.
    #[must_use]
    pub fn process(&self, process: u64) -> Self {
        Self {
            process,
            ..self.clone()
        }
    }

    /// Time, ids and work of this simulation, for a service.
    pub fn runtime(&self) -> Runtime {
        Runtime {
            clock: Arc::new(self.clock.clone()),
            executor: Arc::new(self.clone()),
            ids: Arc::<SeededIds>::clone(&self.random),
        }
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A number below `bound`, of the seed.
    pub fn choose(&self, bound: usize) -> usize {
        self.random.below(bound)
    }

    /// Lets others run first, or not, as the seed has it. Ports call it where a real one waits.
    pub async fn pause(&self) {
        for _ in 0..self.choose(3) {
            let mut yielded = false;
            poll_fn(|cx| {
                if yielded {
                    return Poll::Ready(());
                }
                yielded = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
    }

    /// Runs one task until it waits; where none is ready, moves time to the next sleeper.
    /// `false` where nothing is left to do.
    pub fn step(&self) -> bool {
        let Some((id, mut task)) = self.take_ready() else {
            return match self.clock.next_wake() {
                Some(wake) if !self.tasks().waiting.is_empty() => {
                    self.clock.advance(wake);
                    true
                }
                _ => false,
            };
        };
        let waker = Waker::from(Arc::new(TaskWaker {
            id,
            tasks: Arc::clone(&self.tasks),
        }));
        let polled = task.poll_unpin(&mut Context::from_waker(&waker));
        let mut tasks = self.tasks();
        match polled {
            Poll::Ready(()) => {
                tasks.waiting.remove(&id);
            }
            Poll::Pending => {
                if let Some(waiting) = tasks.waiting.get_mut(&id) {
                    waiting.future = Some(task);
                }
            }
        }
        true
    }

    /// Drops every task of this process where it stands.
    pub fn crash(&self) {
        let dropped: Vec<Task> = {
            let mut tasks = self.tasks();
            let (dropped, rest) = std::mem::take(&mut tasks.waiting)
                .into_iter()
                .partition::<BTreeMap<_, _>, _>(|(_, task)| task.process == self.process);
            tasks.waiting = rest;
            dropped.into_values().collect()
        };
        // Outside the lock: dropping a future may wake another.
        drop(dropped);
    }

    /// Moves time on.
    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    fn take_ready(&self) -> Option<(u64, BoxFuture<'static, ()>)> {
        let mut tasks = self.tasks();
        while !tasks.ready.is_empty() {
            let at = self.random.below(tasks.ready.len());
            let id = tasks.ready.swap_remove(at);
            if let Some(task) = tasks
                .waiting
                .get_mut(&id)
                .and_then(|task| task.future.take())
            {
                return Some((id, task));
            }
        }
        None
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Executor for Simulation {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let mut tasks = self.tasks();
        let id = tasks.next;
        tasks.next += 1;
        let task = Task {
            process: self.process,
            future: Some(task),
        };
        tasks.waiting.insert(id, task);
        tasks.ready.push(id);
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send + 'static>) {
        self.spawn(async move { work() }.boxed());
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }
}

struct TaskWaker {
    id: u64,
    tasks: Arc<Mutex<Tasks>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if !tasks.ready.contains(&self.id) {
            tasks.ready.push(self.id);
        }
    }
}
