//! Errors of the system to errors of a store: one table.

use std::error::Error;

use glance_core::domain::{BlobUrl, StoreId};
use glance_core::ports::{BoxError, Operation, StoreError};
use rustix::io::Errno;

/// What the system said, if it is the system that stands behind an error: `object_store` wraps it.
pub(super) fn of(error: &(dyn Error + 'static)) -> Option<Errno> {
    let mut next = Some(error);
    while let Some(error) = next {
        let said = error.downcast_ref().and_then(Errno::from_io_error);
        if said.is_some() {
            return said;
        }
        next = error.source();
    }
    None
}

/// What an error of the system means for whoever asked the store for `operation`.
pub(super) fn store_error(
    store: &StoreId,
    operation: Operation,
    location: Option<&BlobUrl>,
    error: impl Into<BoxError>,
) -> StoreError {
    let store = store.clone();
    let source = error.into();
    match (of(source.as_ref()), location) {
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
                source,
            }
        }
        _ => StoreError::Backend {
            store,
            operation,
            source,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use object_store::ObjectStoreExt;
    use object_store::local::LocalFileSystem;
    use object_store::path::Path as ObjectPath;

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
            let error = io::Error::from(errno);
            let error = store_error(&store, Operation::Write, Some(&location), error);
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

    #[tokio::test]
    async fn errors_of_the_system_are_found_in_those_of_object_store() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let files = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        let under_a_file = ObjectPath::from("file/inside");
        let too_long = ObjectPath::from("a".repeat(300));

        for (errno, path) in [
            (Errno::NOENT, ObjectPath::from("absent")),
            (Errno::NOTDIR, under_a_file),
            (Errno::NAMETOOLONG, too_long),
        ] {
            let got = files.get(&path).await.unwrap_err();
            let deleted = files.delete(&path).await.unwrap_err();
            assert_eq!((of(&got), of(&deleted)), (Some(errno), Some(errno)));
        }
        let refused = files.get(&ObjectPath::from("")).await.unwrap_err();
        assert_eq!(of(&refused), None, "{refused}");
    }
}
