//! Every port in memory: for tests, examples and first steps.
//!
//! [`MemoryGlance`] is a whole service. [`Simulation`] runs one under a seeded scheduler, with
//! virtual time: the same seed always gives the same interleaving (design D12).

mod catalog;
mod clock;
mod executor;
mod glance;
mod limits;
mod metadefs;
mod random;
mod scheduled_deletes;
mod simulation;
mod store;
mod task_log;

pub use self::catalog::MemoryCatalog;
pub use self::clock::VirtualClock;
pub use self::executor::ThreadExecutor;
pub use self::glance::MemoryGlance;
pub use self::limits::FixedLimits;
pub use self::random::SeededIds;
pub use self::simulation::Simulation;
pub use self::store::MemoryStore;
