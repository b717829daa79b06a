//! Tags.

use super::text::{self, bounded_text};

bounded_text! {
    /// A tag: 1 to 255 characters. Holding a `Tag` is the proof that it was checked.
    Tag, "a tag", 255, text::check_filled
}
