//! Which part of a list.

use super::sort::SortValue;

/// A page of a list: so many images after a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// How many images at most.
    pub limit: u32,
    /// After this position of the query's sort; from the start if none.
    pub after: Option<Vec<SortValue>>,
}

/// How long pages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimits {
    /// Where the caller does not say: `limit_param_default`.
    pub default: u32,
    /// At most: `api_limit_max`.
    pub max: u32,
}

impl PageLimits {
    /// The length of a page for which `asked` were asked.
    pub fn of(self, asked: Option<u32>) -> u32 {
        asked.unwrap_or(self.default).min(self.max)
    }
}

impl Default for PageLimits {
    fn default() -> Self {
        Self {
            default: 25,
            max: 1000,
        }
    }
}
