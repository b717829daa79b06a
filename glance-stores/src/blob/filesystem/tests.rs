//! Tests of the store in its directories.

mod hang;
mod list;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use futures::TryStreamExt;
use tempfile::TempDir;

use super::*;

#[tokio::test]
async fn a_blob_lies_where_upstream_looks_for_it() {
    let (store, folder) = store(&[("images", 0)]);

    let url = write(&store, 1, b"data").await;

    let path = folder
        .path()
        .join("images")
        .join(ImageId::from_bits(1).as_str());
    assert_eq!(url.as_str(), format!("file://{}", path.display()));
    assert_eq!(fs::read(&path).unwrap(), b"data");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert_eq!(names(&folder, "images").len(), 1);
}

#[tokio::test]
async fn a_location_is_a_url_alone_as_where_upstream_has_one_store() {
    let (store, _folder) = store(&[("images", 0)]);

    let writer = store.start(&key(1)).await.unwrap();
    let location = writer.commit().await.unwrap();

    assert!(location.metadata.is_empty(), "{location:?}");
}

#[tokio::test]
async fn the_highest_priority_with_room_is_chosen() {
    let (store, folder) = store(&[("low", 1), ("high", 7), ("middle", 5)]);

    write(&store, 1, b"data").await;
    let too_large = BlobKey {
        size: Some(u64::MAX - 1),
        ..key(2)
    };
    let refused = store.start(&too_large).await;

    assert_eq!(names(&folder, "high").len(), 1);
    assert!(
        matches!(refused, Err(StoreError::Full { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_blob_in_another_directory_is_not_replaced_either() {
    let (low, folder) = store(&[("low", 1)]);
    write(&low, 1, b"first").await;
    let both = open(&folder, &[("low", 1), ("high", 7)]);

    let mut writer = both.start(&key(1)).await.unwrap();
    writer.write(Bytes::from_static(b"second")).await.unwrap();
    let refused = writer.commit().await;

    assert!(
        matches!(refused, Err(StoreError::AlreadyExists { .. })),
        "{refused:?}"
    );
    assert_eq!(names(&folder, "high"), [""; 0]);
}

#[tokio::test]
async fn only_bare_names_in_its_directories_are_owned() {
    let (store, folder) = store(&[("images", 0)]);
    let images = folder.path().join("images").display().to_string();
    let owns = |url: String| store.owns(&BlobUrl::new(url));

    assert!(owns(format!("file://{images}/a")));
    assert!(owns(format!("filesystem://{images}/a")));
    assert!(owns(format!("file://{images}/a%2Fb ünï?c#d.img")));
    for strange in [
        format!("http://{images}/a"),
        format!("file://{images}"),
        format!("file://{images}/"),
        format!("file://{images}/."),
        format!("file://{images}/.."),
        format!("file://{images}/../a"),
        format!("file://{images}/a/b"),
        format!("file://{images}//a"),
        format!("file://{images}-too/a"),
        format!("file://{images}/.glance_rs-a-b"),
        format!("file://{images}/a\0"),
        // Names that `object_store` refuses, or takes for others.
        format!("file://{images}/C|"),
        format!("file://{images}/a\n"),
        format!("file://{images}/a#1"),
        "file:///etc/passwd".to_owned(),
        images,
    ] {
        assert!(!owns(strange.clone()), "{strange}");
    }
}

#[tokio::test]
async fn both_schemes_of_a_file_have_one_canonical_form() {
    let (store, folder) = store(&[("images", 0)]);
    let images = folder.path().join("images").display().to_string();
    let canonical = |url: &str| store.canonical(&BlobUrl::new(url)).as_str().to_owned();

    let file = format!("file://{images}/a");
    assert_eq!(canonical(&file), file);
    assert_eq!(canonical(&format!("filesystem://{images}/a")), file);
    let strange = "filesystem:///etc/passwd";
    assert_eq!(canonical(strange), strange);
}

#[tokio::test]
async fn a_file_of_any_name_is_the_one_that_is_read() {
    let (store, folder) = store(&[("images and %41", 0)]);
    let images = folder.path().join("images and %41");
    for name in ["a%2Fb", "a b", "ünï?c#d.img", "%", "a;b=c"] {
        fs::write(images.join(name), name).unwrap();
        let url = BlobUrl::new(format!("file://{}/{name}", images.display()));

        let bytes = read(&store, &url).await;

        assert_eq!(bytes, name.as_bytes());
        assert_eq!(store.size(&url).await.unwrap(), name.len() as u64);
        store.delete(&url).await.unwrap();
    }
    assert_eq!(names(&folder, "images and %41"), [""; 0]);
}

#[tokio::test]
async fn what_is_no_file_is_not_read() {
    let (store, folder) = store(&[("images", 0)]);
    let images = folder.path().join("images");
    symlink("/etc/passwd", images.join("link")).unwrap();
    symlink(images.join("nowhere"), images.join("broken link")).unwrap();
    fs::create_dir(images.join("folder")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        images.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();

    for name in ["link", "broken link", "folder", "pipe"] {
        let url = BlobUrl::new(format!("file://{}/{name}", images.display()));
        let read = store.read(&url, None).await;
        let size = store.size(&url).await;
        assert!(
            matches!(read, Err(StoreError::PermissionDenied { .. })),
            "{read:?}"
        );
        assert!(
            matches!(size, Err(StoreError::PermissionDenied { .. })),
            "{size:?}"
        );
    }
}

#[tokio::test]
async fn deleting_a_symbolic_link_leaves_what_it_points_at() {
    let (store, folder) = store(&[("images", 0)]);
    let target = folder.path().join("target");
    fs::write(&target, "kept").unwrap();
    let link = folder.path().join("images/link");
    symlink(&target, &link).unwrap();

    let url = BlobUrl::new(format!("file://{}", link.display()));
    store.delete(&url).await.unwrap();

    assert!(link.symlink_metadata().is_err());
    assert_eq!(fs::read(&target).unwrap(), b"kept");
}

#[tokio::test]
async fn a_directory_behind_a_symbolic_link_keeps_its_name_in_urls() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("disk")).unwrap();
    symlink("disk", folder.path().join("images")).unwrap();
    let store = open(&folder, &[("images", 0)]);

    let url = write(&store, 1, b"data").await;

    let path = folder.path().join("images").join(id(1).as_str());
    assert_eq!(url.as_str(), format!("file://{}", path.display()));
    assert_eq!(store.size(&url).await.unwrap(), 4);
    store.delete(&url).await.unwrap();
    assert_eq!(names(&folder, "disk"), [""; 0]);
}

#[tokio::test]
async fn a_writer_whose_upload_was_discarded_does_not_commit() {
    let (store, folder) = store(&[("images", 0)]);
    let mut writer = store.start(&key(1)).await.unwrap();
    writer.write(Bytes::from(vec![0; 600 << 10])).await.unwrap();
    store.discard(&key(1)).await.unwrap();
    writer.write(Bytes::from(vec![0; 600 << 10])).await.unwrap();

    let refused = writer.commit().await;

    assert!(
        matches!(refused, Err(StoreError::Backend { .. })),
        "{refused:?}"
    );
    assert_eq!(names(&folder, "images"), [""; 0]);
}

#[tokio::test]
async fn a_file_cut_short_is_an_error_after_what_is_left() {
    let (store, folder) = store(&[("images", 0)]);
    let url = write(&store, 1, &vec![7; 2_000_000]).await;
    let range = ByteRange {
        offset: 1,
        length: 1_999_999,
    };
    let path = folder
        .path()
        .join("images")
        .join(ImageId::from_bits(1).as_str());
    fs::OpenOptions::new()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(1_000_000)
        .unwrap();

    let mut body = store.read(&url, Some(range)).await.unwrap();

    let mut bytes = 0;
    let error = loop {
        match body.try_next().await {
            Ok(Some(chunk)) => bytes += chunk.len(),
            Ok(None) => panic!("a body cut short must not look whole"),
            Err(error) => break error,
        }
    };
    assert!(bytes < 1_000_000, "{bytes}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("shorter than it should be"), "{source}");
    assert!(matches!(body.try_next().await, Ok(None)));
}

#[tokio::test]
async fn what_a_crash_left_is_discarded_by_its_key() {
    let (store, folder) = store(&[("images", 0), ("more", 0)]);
    for directory in ["images", "more"] {
        // A process that is killed removes nothing.
        let mut writer = store.start(&key(1)).await.unwrap();
        writer.write(Bytes::from(vec![0; 600 << 10])).await.unwrap();
        std::mem::forget(writer);
        let left = folder
            .path()
            .join(directory)
            .join(format!(".glance_rs-{}-other", id(2)));
        fs::write(left, "of another upload").unwrap();
        store.discard(&key(1)).await.unwrap();
    }

    let left = [names(&folder, "images"), names(&folder, "more")].concat();

    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.iter().all(|name| name.ends_with("-other")), "{left:?}");
}

#[tokio::test]
async fn an_abort_removes_the_file_while_a_part_is_on_its_way() {
    let (store, folder) = store(&[("images", 0)]);
    let mut writer = store.start(&key(1)).await.unwrap();
    writer.write(Bytes::from(vec![0; 9 << 20])).await.unwrap();

    writer.abort().await.unwrap();

    assert_eq!(names(&folder, "images"), [""; 0]);
}

#[tokio::test]
async fn a_kill_leaves_nothing_that_discard_does_not_find() {
    let (store, folder) = store(&[("images", 0)]);
    let image = id(1);
    // Being written; whole, and not yet published; of uploads with this one's id in theirs.
    let mine = [
        format!(".glance_rs-{image}-upload#1"),
        format!(".glance_rs-{image}-upload#2"),
        format!(".glance_rs-{image}-upload"),
    ];
    let others = [
        format!(".glance_rs-{image}-upload2#1"),
        format!(".glance_rs-{}-upload#1", id(2)),
        image.to_string(),
    ];
    for name in mine.iter().chain(&others) {
        fs::write(folder.path().join("images").join(name), "left").unwrap();
    }

    store.discard(&key(1)).await.unwrap();

    let mut left = names(&folder, "images");
    left.sort();
    let mut expected = others.to_vec();
    expected.sort();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn a_writer_writes_where_discard_looks() {
    let (store, folder) = store(&[("images", 0)]);
    let odd = BlobKey {
        upload: "../a#1/b%2F ü".parse().unwrap(),
        ..key(1)
    };
    for key in [key(1), odd] {
        let mut writer = store.start(&key).await.unwrap();
        writer.write(Bytes::from(vec![0; 600 << 10])).await.unwrap();
        std::mem::forget(writer);
        let left = names(&folder, "images");
        assert!(left.len() == 1 && left[0].ends_with("#1"), "{left:?}");
        let again = store.start(&key).await;
        assert!(
            matches!(again, Err(StoreError::Backend { .. })),
            "{again:?}"
        );

        store.discard(&key).await.unwrap();

        assert_eq!(names(&folder, "images"), [""; 0]);
    }
}

#[tokio::test]
async fn only_old_leftovers_are_swept() {
    let (store, folder) = store(&[("images", 0)]);
    write(&store, 1, b"data").await;
    std::mem::forget(store.start(&key(2)).await.unwrap());
    for (number, name) in [(3, "whole"), (4, "staged#1")] {
        let left = folder
            .path()
            .join("images")
            .join(format!(".glance_rs-{}-{name}", id(number)));
        write_hours_ago(&left, 2);
    }
    write_hours_ago(&folder.path().join("images").join(id(5).as_str()), 2);

    assert_eq!(store.sweep(Duration::from_secs(3 * 3600)).await.unwrap(), 0);
    assert_eq!(store.sweep(Duration::from_secs(3600)).await.unwrap(), 2);
    assert_eq!(names(&folder, "images").len(), 3);
    assert_eq!(store.sweep(Duration::ZERO).await.unwrap(), 1);

    let mut left = names(&folder, "images");
    left.sort();
    assert_eq!(left, [id(1).to_string(), id(5).to_string()]);
}

#[tokio::test]
async fn a_thousand_readers_that_stop_hold_no_thread() {
    let (store, _folder) = store(&[("images", 0)]);
    let data = vec![3; 3 << 20];
    let url = write(&store, 1, &data).await;

    let mut stopped = Vec::new();
    for _ in 0..1000 {
        let mut body = store.read(&url, None).await.unwrap();
        body.try_next().await.unwrap().unwrap();
        stopped.push(body);
    }
    let whole = read(&store, &url).await;

    assert_eq!(whole, data);
    let rest: Vec<Bytes> = stopped.remove(0).try_collect().await.unwrap();
    assert_eq!(rest.concat().len(), data.len() - (256 << 10));
}

#[test]
fn what_cannot_be_opened_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let mut refusals = String::new();
    let inside = |name: &str| folder.path().join(name);
    for directories in [
        vec![],
        vec![inside("file")],
        vec![inside("file/images")],
        vec!["/".into()],
        vec![inside("a/../b")],
    ] {
        let directories = directories.into_iter().map(|path| (path, 0)).collect();
        let id = "fast".parse().unwrap();
        let options = FilesystemOptions {
            id,
            directories,
            file_perm: None,
        };
        let refused = FilesystemStore::open(options).unwrap_err();
        refusals += &refused
            .to_string()
            .replace(folder.path().to_str().unwrap(), "");
        refusals += "\n";
    }

    expect_test::expect![[r#"
        store `fast` has no directory to keep its files in
        cannot create the directory /file: File exists (os error 17)
        cannot create the directory /file/images: Not a directory (os error 20)
        cannot use the directory /: it is the root of the filesystem
        cannot use the directory /a/../b: its path holds `..`
    "#]]
    .assert_eq(&refusals);
}

fn store(directories: &[(&str, i64)]) -> (FilesystemStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (open(&folder, directories), folder)
}

fn open(folder: &TempDir, directories: &[(&str, i64)]) -> FilesystemStore {
    let path = |name: &&str| folder.path().join(name);
    let directories = directories
        .iter()
        .map(|(name, priority)| (path(name), *priority))
        .collect();
    let id = "file".parse().unwrap();
    FilesystemStore::open(FilesystemOptions {
        id,
        directories,
        file_perm: Some(0o640),
    })
    .unwrap()
}

async fn write(store: &FilesystemStore, number: u128, data: &[u8]) -> BlobUrl {
    let mut writer = store.start(&key(number)).await.unwrap();
    for chunk in data.chunks(100_000) {
        writer.write(Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    writer.commit().await.unwrap().url
}

async fn read(store: &FilesystemStore, url: &BlobUrl) -> Vec<u8> {
    let chunks = store.read(url, None).await.unwrap();
    let chunks: Vec<Bytes> = chunks.try_collect().await.unwrap();
    chunks.concat()
}

fn write_hours_ago(path: &PathBuf, hours: u64) {
    let file = fs::File::create_new(path).unwrap();
    let then = SystemTime::now() - Duration::from_secs(hours * 3600);
    let times = fs::FileTimes::new().set_modified(then);
    file.set_times(times).unwrap();
}

fn key(number: u128) -> BlobKey {
    BlobKey {
        image: id(number),
        upload: "upload".parse().unwrap(),
        size: None,
    }
}

fn id(number: u128) -> ImageId {
    ImageId::from_bits(number)
}

fn names(folder: &TempDir, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(Path::new(folder.path()).join(directory)).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
