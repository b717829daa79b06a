//! What a store is found to hold.

use std::os::unix::ffi::OsStringExt;

use glance_core::ports::FoundBlob;

use super::*;

#[tokio::test]
async fn the_files_of_all_directories_are_listed_and_nothing_else_in_them() {
    let (store, folder) = store(&[("images", 7), ("images/more", 5)]);
    let first = write(&store, 1, b"data").await;
    let [images, more] = ["images", "images/more"].map(|name| folder.path().join(name));
    fs::write(more.join("by-hand.qcow2"), b"others").unwrap();
    fs::create_dir(images.join("folder")).unwrap();
    fs::write(images.join("folder").join(id(3).as_str()), b"deep").unwrap();
    symlink("/etc/passwd", images.join(id(4).as_str())).unwrap();
    let no_text = std::ffi::OsString::from_vec(vec![0xff, b'a']);
    fs::write(images.join(no_text), b"no location can say this").unwrap();
    let _open = store.start(&key(5)).await.unwrap();
    let old = images.join(id(6).as_str());
    write_hours_ago(&old, 3);
    let old_size = fs::metadata(&old).unwrap().len();
    let old = format!("file://{}", old.display());

    let found: Vec<FoundBlob> = store.list().await.unwrap().try_collect().await.unwrap();

    let mut told: Vec<_> = found
        .iter()
        .map(|blob| (blob.url.as_str().to_owned(), blob.size))
        .collect();
    told.sort();
    let by_hand = format!("file://{}/by-hand.qcow2", more.display());
    let first = first.as_str().to_owned();
    assert_eq!(told, [(first, 4), (old.clone(), old_size), (by_hand, 6)]);
    let hours = found.iter().find(|blob| blob.url.as_str() == old);
    let hours = hours.unwrap().age.unwrap().as_secs() / 3600;
    assert_eq!(hours, 3);
}

#[tokio::test]
async fn a_list_is_read_on_while_it_is_taken_and_holds_no_thread() {
    let (store, folder) = store(&[("images", 0)]);
    for number in 0..600 {
        let path = folder.path().join("images").join(id(number).as_str());
        fs::write(path, b"data").unwrap();
    }
    let free = store.shared.threads.free();

    let mut blobs = store.list().await.unwrap();
    blobs.try_next().await.unwrap().unwrap();

    assert_eq!(store.shared.threads.free(), free);
    let rest: Vec<FoundBlob> = blobs.try_collect().await.unwrap();
    assert_eq!(rest.len(), 599);
}

#[tokio::test]
async fn a_directory_that_is_gone_breaks_the_list_off() {
    let (store, folder) = store(&[("images", 0)]);
    fs::remove_dir(folder.path().join("images")).unwrap();

    let listed = store.list().await.unwrap().try_next().await;

    assert!(
        matches!(
            listed,
            Err(StoreError::Backend {
                operation: Operation::List,
                ..
            })
        ),
        "{listed:?}"
    );
}
