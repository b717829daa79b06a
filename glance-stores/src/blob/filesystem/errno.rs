//! Errors of the system to errors of a store: one table.

use std::io;

use glance_core::domain::{BlobUrl, StoreId};
use glance_core::ports::{Operation, StoreError};
use rustix::io::Errno;

/// What an error of the system means for whoever asked the store for `operation`.
pub(super) fn store_error(
    store: &StoreId,
    operation: Operation,
    location: Option<&BlobUrl>,
    error: io::Error,
) -> StoreError {
    let store = store.clone();
    match (Errno::from_io_error(&error), location) {
        (Some(Errno::NOENT), Some(location)) => StoreError::NotFound {
            store,
            location: location.clone(),
        },
        (Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG), _) => StoreError::Full { store },
        // LOOP: a symbolic link stands where a file should, and is not followed (rule R4).
        (Some(Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::LOOP), _) => {
            StoreError::PermissionDenied {
                store,
                operation,
                source: error.into(),
            }
        }
        _ => StoreError::Backend {
            store,
            operation,
            source: error.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_match_the_golden_table() {
        let store: StoreId = "file".parse().unwrap();
        let location = BlobUrl::new("file:///images/a");
        let errors = [
            ("ENOENT", Errno::NOENT),
            ("ENOSPC", Errno::NOSPC),
            ("EDQUOT", Errno::DQUOT),
            ("EFBIG", Errno::FBIG),
            ("EACCES", Errno::ACCESS),
            ("EPERM", Errno::PERM),
            ("EROFS", Errno::ROFS),
            ("ELOOP", Errno::LOOP),
            ("EIO", Errno::IO),
        ];

        let mut table = String::new();
        for (name, errno) in errors {
            let error = store_error(&store, Operation::Write, Some(&location), errno.into());
            table += &format!("{name}: {error}\n");
        }

        expect_test::expect![[r#"
            ENOENT: store `file` holds nothing at `file:///images/a`
            ENOSPC: store `file` is full
            EDQUOT: store `file` is full
            EFBIG: store `file` is full
            EACCES: store `file` is not permitted to write
            EPERM: store `file` is not permitted to write
            EROFS: store `file` is not permitted to write
            ELOOP: store `file` is not permitted to write
            EIO: store `file` failed to write
        "#]]
        .assert_eq(&table);
    }
}
