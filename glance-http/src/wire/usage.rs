//! The body of `/v2/info/usage`.

use glance_core::ProjectUsage;
use serde_json::{Value, json};

/// What a project has and may have, under upstream's names and in its units: MiB, and numbers of
/// images. Without limits, nothing.
pub(crate) fn body(told: Option<ProjectUsage>) -> Value {
    let Some(ProjectUsage { usage, limits }) = told else {
        return json!({"usage": {}});
    };
    let mebibytes =
        |bytes: u64, limit: Option<u64>| figure(bytes / MIB, limit.map(|limit| limit / MIB));
    json!({"usage": {
        "image_size_total": mebibytes(usage.stored_bytes, limits.stored_bytes),
        "image_stage_total": mebibytes(usage.staged_bytes, limits.staged_bytes),
        "image_count_total": figure(usage.images, limits.images),
        "image_count_uploading": figure(usage.uploads, limits.uploads),
    }})
}

fn figure(usage: u64, limit: Option<u64>) -> Value {
    match limit {
        Some(limit) => json!({"usage": usage, "limit": limit}),
        // Keystone's word for no limit.
        None => json!({"usage": usage, "limit": -1}),
    }
}

const MIB: u64 = 1 << 20;
