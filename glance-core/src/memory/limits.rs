//! Limits that are given once.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::domain::{ProjectId, ProjectLimits};
use crate::ports::{LimitError, LimitSource};

/// Limits that are given once: the same for every project, but for those that have their own.
#[derive(Debug, Clone, Default)]
pub struct FixedLimits {
    default: ProjectLimits,
    own: BTreeMap<ProjectId, ProjectLimits>,
}

impl FixedLimits {
    /// The same for every project.
    pub fn new(default: ProjectLimits) -> Self {
        Self {
            default,
            own: BTreeMap::new(),
        }
    }

    /// Gives a project its own.
    #[must_use]
    pub fn with_project(mut self, project: ProjectId, limits: ProjectLimits) -> Self {
        self.own.insert(project, limits);
        self
    }
}

#[async_trait]
impl LimitSource for FixedLimits {
    async fn limits(&self, project: &ProjectId) -> Result<ProjectLimits, LimitError> {
        Ok(self.own.get(project).copied().unwrap_or(self.default))
    }
}
