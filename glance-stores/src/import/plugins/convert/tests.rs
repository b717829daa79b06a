//! Disks that real tools made.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use futures::TryStreamExt;
use tempfile::TempDir;

use super::*;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn work(&self) -> PathBuf {
        self.path("work")
    }

    fn plugin(&self, output: ConversionFormat) -> ImageConversion {
        self.plugin_with(output, |_| ())
    }

    fn plugin_with(
        &self,
        output: ConversionFormat,
        change: impl FnOnce(&mut ConversionOptions),
    ) -> ImageConversion {
        let mut options = ConversionOptions {
            output,
            work_folder: self.work(),
            most_bytes: 1 << 30,
            rules: InspectionRules::default(),
            vmdk_types: ["monolithicSparse", "streamOptimized"]
                .map(ToOwned::to_owned)
                .into(),
        };
        change(&mut options);
        ImageConversion::open(options).unwrap()
    }

    /// A raw disk with data in it, and holes.
    fn raw(&self, bytes: usize) -> PathBuf {
        let mut state = 1_u32;
        let mut disk: Vec<u8> = std::iter::repeat_with(move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(bytes)
        .collect();
        disk[bytes / 4..bytes / 2].fill(0);
        let path = self.path("disk.raw");
        fs::write(&path, disk).unwrap();
        path
    }

    fn qemu_img(&self, arguments: &[&str]) {
        let mut command = Command::new("qemu-img");
        let output = command.current_dir(&self.folder).args(arguments).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    fn is_of_size(&self, name: &str, format: &str, size: u64) -> bool {
        let mut command = Command::new("qemu-img");
        command.args(["info", "--output=json", "-f", format]);
        let output = command.arg(self.path(name)).output().unwrap();
        let info: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        info["virtual-size"] == size
    }

    /// Files of the work folder that belong to a disk.
    fn left(&self) -> Vec<PathBuf> {
        files(&self.work())
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.ends_with("lock") {
            found.push(path);
        }
    }
    found
}

fn passing(data: Vec<u8>, format: &str) -> Passing {
    Passing {
        size: Some(data.len() as u64),
        body: ByteStream::from_bytes(data),
        disk_format: Some(format.parse().unwrap()),
        container_format: Some("bare".parse().unwrap()),
        properties: Vec::new(),
        roles: Vec::new(),
    }
}

async fn converted(plugin: &ImageConversion, file: &Path, format: &str) -> Result<Passing, String> {
    let data = passing(fs::read(file).unwrap(), format);
    let applied = plugin.apply(data).await;
    applied.map_err(|error| error.to_string())
}

/// The bytes, or why there are none, whether that comes at once or at the end.
async fn outcome(plugin: &ImageConversion, data: Vec<u8>, format: &str) -> Result<Vec<u8>, String> {
    let applied = plugin.apply(passing(data, format)).await;
    let body = applied.map_err(|error| error.to_string())?.body;
    let chunks: Result<Vec<_>, _> = body.try_collect().await;
    Ok(chunks.map_err(|error| error.0.to_string())?.concat())
}

#[tokio::test]
async fn a_converted_disk_is_identical_and_as_large() {
    let place = Place::new();
    place.raw(5 << 20);
    for (format, name, options) in [
        ("qcow2", "disk.qcow2", &[][..]),
        ("qcow2", "packed.qcow2", &["-c"]),
        ("vmdk", "disk.vmdk", &[]),
        ("vmdk", "stream.vmdk", &["-o", "subformat=streamOptimized"]),
        ("vdi", "disk.vdi", &[]),
        ("vhdx", "disk.vhdx", &[]),
    ] {
        let arguments = ["convert", "-f", "raw", "-O", format];
        place.qemu_img(&[&arguments, options, &["disk.raw", name]].concat());
    }
    for output in [
        ConversionFormat::Raw,
        ConversionFormat::Qcow2,
        ConversionFormat::Vmdk,
    ] {
        let plugin = place.plugin(output);
        for (name, format) in [
            ("disk.raw", "raw"),
            ("disk.qcow2", "qcow2"),
            ("packed.qcow2", "qcow2"),
            ("disk.vmdk", "vmdk"),
            ("stream.vmdk", "vmdk"),
            ("disk.vdi", "vdi"),
            ("disk.vhdx", "vhdx"),
        ] {
            let file = place.path(name);
            let data = converted(&plugin, &file, format).await.unwrap();

            assert_eq!(place.left(), Vec::<PathBuf>::new(), "{name}");
            assert_eq!(data.disk_format.unwrap().as_str(), output.as_str());
            let chunks: Vec<_> = data.body.try_collect().await.unwrap();
            let bytes = chunks.concat();
            assert_eq!(data.size, Some(bytes.len() as u64), "{name}");
            fs::write(place.path("output"), bytes).unwrap();
            let to = output.as_str();
            place.qemu_img(&["compare", "-f", "raw", "-F", to, "disk.raw", "output"]);
            assert!(place.is_of_size("output", to, 5 << 20), "{name} as {to}");
        }
    }
}

#[tokio::test]
async fn what_is_unsafe_or_something_else_is_refused_and_nothing_stays() {
    let place = Place::new();
    place.raw(1 << 20);
    let info = ["create", "-f", "qcow2", "-F", "raw", "-b", "disk.raw"];
    place.qemu_img(&[&info[..], &["backed.qcow2"]].concat());
    let data_file = ["create", "-f", "qcow2", "-o", "data_file=outside"];
    place.qemu_img(&[&data_file[..], &["split.qcow2", "1M"]].concat());
    place.qemu_img(&["create", "-f", "qcow2", "plain.qcow2", "1M"]);
    place.qemu_img(&["create", "-f", "qcow2", "large.qcow2", "2G"]);
    let iso = {
        let mut disc = vec![0; 40 << 10];
        disc[0x8000..0x8007].copy_from_slice(b"\x01CD001\x01");
        disc
    };
    let read = |name: &str| fs::read(place.path(name)).unwrap();
    for output in [ConversionFormat::Raw, ConversionFormat::Vmdk] {
        let plugin = place.plugin(output);
        for (data, format, expected) in [
            (read("backed.qcow2"), "qcow2", "safety checks"),
            (read("split.qcow2"), "qcow2", "safety checks"),
            (read("plain.qcow2"), "raw", "does not match"),
            (read("disk.raw"), "qcow2", "does not match"),
            (read("plain.qcow2"), "vdi", "does not match"),
            (iso.clone(), "raw", "does not match"),
            (read("plain.qcow2"), "iso", "does not match"),
            (read("disk.raw"), "ami", "cannot be converted"),
            (read("large.qcow2"), "qcow2", "more than 1073741824"),
            (read("plain.qcow2")[..60].to_vec(), "qcow2", "safety checks"),
        ] {
            let error = outcome(&plugin, data, format).await.map(|it| it.len());
            let error = error.unwrap_err();
            assert!(error.contains(expected), "{format}, {expected}: {error}");
            assert_eq!(place.left(), Vec::<PathBuf>::new(), "{expected}");
        }
    }
}

#[tokio::test]
async fn a_disk_that_is_announced_as_too_large_is_not_read() {
    let place = Place::new();
    let mut data = passing(Vec::new(), "qcow2");
    data.size = Some((1 << 30) + 1);

    let error = place.plugin(ConversionFormat::Raw).apply(data).await;

    let error = error.unwrap_err().to_string();
    assert!(error.contains("more than 1073741824"), "{error}");
}

#[tokio::test]
async fn what_comes_out_is_inspected_again() {
    let place = Place::new();
    place.qemu_img(&["create", "-f", "qcow2", "inner.qcow2", "1M"]);
    let arguments = ["convert", "-f", "raw", "-O", "qcow2"];
    place.qemu_img(&[&arguments[..], &["inner.qcow2", "outer.qcow2"]].concat());
    let outer = fs::read(place.path("outer.qcow2")).unwrap();

    let plugin = place.plugin(ConversionFormat::Raw);
    let error = outcome(&plugin, outer, "qcow2").await.unwrap_err();

    assert!(error.contains("does not match"), "{error}");
}

#[tokio::test]
async fn vmdks_of_other_types_than_allowed_are_refused() {
    let place = Place::new();
    place.raw(1 << 20);
    place.qemu_img(&[
        "convert",
        "-f",
        "raw",
        "-O",
        "vmdk",
        "disk.raw",
        "disk.vmdk",
    ]);
    let only_streams = |options: &mut ConversionOptions| {
        options.vmdk_types = vec!["streamOptimized".to_owned()];
    };

    let plugin = place.plugin_with(ConversionFormat::Raw, only_streams);
    let refused = converted(&plugin, &place.path("disk.vmdk"), "vmdk").await;

    assert!(refused.unwrap_err().contains("not allowed"));
}

#[tokio::test]
async fn a_disk_of_the_right_format_goes_on_as_it_is() {
    let place = Place::new();
    place.qemu_img(&["create", "-f", "qcow2", "disk.qcow2", "1M"]);
    let disk = fs::read(place.path("disk.qcow2")).unwrap();

    let plugin = place.plugin(ConversionFormat::Qcow2);

    assert!(outcome(&plugin, disk.clone(), "qcow2").await.unwrap() == disk);
}

#[tokio::test]
async fn a_small_disk_that_takes_too_much_room_is_refused_and_nothing_stays() {
    let place = Place::new();
    fs::write(place.path("bomb.qcow2"), bomb(4)).unwrap();

    let plugin = place.plugin_with(ConversionFormat::Raw, |options| {
        options.most_bytes = 1 << 40
    });
    let refused = converted(&plugin, &place.path("bomb.qcow2"), "qcow2").await;

    assert!(refused.unwrap_err().contains("1000 times its size"));
    while !place.left().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_large_disk_that_takes_no_room_is_converted() {
    let place = Place::new();
    place.qemu_img(&["create", "-f", "qcow2", "disk.qcow2", "1T"]);

    let plugin = place.plugin_with(ConversionFormat::Raw, |options| {
        options.most_bytes = 1 << 40
    });
    let data = converted(&plugin, &place.path("disk.qcow2"), "qcow2").await;

    assert_eq!(data.unwrap().size, Some(1 << 40));
}

/// A disk of so many times 512 MiB, all of which is one cluster of noise again and again.
fn bomb(tables: u64) -> Vec<u8> {
    const CLUSTER: u64 = 64 << 10;
    let [refcounts, l1, l2, data] = [1, 3, 4, 5].map(|cluster| cluster * CLUSTER);
    let is_sole = 1 << 63;
    let mut disk = vec![0; data as usize];
    let mut put = |place: u64, bytes: &[u8]| {
        disk[place as usize..][..bytes.len()].copy_from_slice(bytes);
    };
    put(0, b"QFI\xfb\0\0\0\x02");
    put(20, &16_u32.to_be_bytes());
    put(24, &(tables << 29).to_be_bytes());
    put(36, &(tables as u32).to_be_bytes());
    put(40, &l1.to_be_bytes());
    put(48, &refcounts.to_be_bytes());
    put(56, &1_u32.to_be_bytes());
    put(refcounts, &(2 * CLUSTER).to_be_bytes());
    for cluster in 0..6 {
        put(2 * CLUSTER + 2 * cluster, &1_u16.to_be_bytes());
    }
    for table in 0..tables {
        put(l1 + 8 * table, &(l2 | is_sole).to_be_bytes());
    }
    for cluster in 0..CLUSTER / 8 {
        put(l2 + 8 * cluster, &(data | is_sole).to_be_bytes());
    }
    disk.extend((0..CLUSTER).map(|byte| (byte % 251) as u8 | 1));
    disk
}

/// A disk on which `qemu-img` works for a while: zeros are no work, and noise is.
#[tokio::test]
async fn a_conversion_that_is_dropped_leaves_no_process_and_no_file() {
    let place = Place::new();
    let disk = fs::read(place.raw(256 << 20)).unwrap();
    let plugin = place.plugin(ConversionFormat::Qcow2);
    let work = place.work().canonicalize().unwrap();
    let applying = plugin.apply(passing(disk, "raw"));
    let mut applying = Box::pin(applying);

    while processes(&work, "convert").is_empty() {
        let nap = Duration::from_millis(1);
        let applied = tokio::time::timeout(nap, applying.as_mut()).await;
        assert!(applied.is_err(), "it was too fast");
    }
    drop(applying);

    while !processes(&work, "").is_empty() || !place.left().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(files(&work).len(), 0);
}

/// Processes on whose command line both stand.
fn processes(folder: &Path, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap() {
        let command = fs::read(entry.unwrap().path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        if command.contains(folder.to_str().unwrap()) && command.contains(word) {
            found.push(command);
        }
    }
    found
}
