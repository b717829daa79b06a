//! Upload and download of one image, beside a plain copy of the same bytes in the same run: the
//! ratio of the two is the figure that travels between machines.

#![expect(
    clippy::expect_used,
    reason = "a bench stops where its ground gives way"
)]

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::StreamExt;
use futures::stream;
use glance::domain::{Caller, Draft, HashAlgorithm, ImageId};
use glance::ports::{BodyError, ByteStream};
use glance::{DownloadOptions, LocalGlance, UploadOptions};

const SIZE: u64 = 256 << 20;
const CHUNK: usize = 256 << 10;

fn streaming(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let glance = runtime
        .block_on(LocalGlance::open(folder.path()))
        .expect("a service");
    let admin = Caller::local_admin();

    let mut group = criterion.benchmark_group("256 MiB");
    group
        .throughput(Throughput::Bytes(SIZE))
        .measurement_time(Duration::from_secs(10))
        .sample_size(10);
    group.bench_function("upload", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let image = upload(&glance, &admin).await;
            glance.delete(&admin, image).await.expect("a delete");
        });
    });
    group.bench_function(
        "upload peer: write, hash and sync on one thread",
        |bencher| {
            bencher.iter(|| write_and_hash(folder.path()));
        },
    );

    let image = runtime.block_on(upload(&glance, &admin));
    group.bench_function("download", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let download = glance
                .download(&admin, image, DownloadOptions::default())
                .await
                .expect("a download");
            let mut body = download.expect("it has data").body;
            let mut read = 0;
            while let Some(chunk) = body.next().await {
                read += chunk.expect("a chunk").len() as u64;
            }
            assert_eq!(read, SIZE);
        });
    });
    let path = folder.path().join("images").join(image.as_str());
    group.bench_function("download peer: read the file on one thread", |bencher| {
        bencher.iter(|| read(&path));
    });
    group.finish();
}

async fn upload(glance: &LocalGlance, caller: &Caller) -> ImageId {
    let draft = Draft::raw("streamed").expect("a draft");
    let image = glance.create(caller, draft).await.expect("an image");
    let chunk = Bytes::from(vec![7; CHUNK]);
    let chunks = usize::try_from(SIZE).expect("it fits") / CHUNK;
    let body = stream::repeat(chunk).take(chunks).map(Ok::<_, BodyError>);
    let body = ByteStream::new(body);
    glance
        .upload(caller, image.id, body, UploadOptions::default())
        .await
        .expect("an upload")
        .id
}

fn write_and_hash(folder: &Path) {
    let path = folder.join("peer");
    let mut file = fs::File::create(&path).expect("a file");
    let (mut md5, mut sha) = (HashAlgorithm::Md5.hasher(), HashAlgorithm::Sha512.hasher());
    let chunk = vec![7; CHUNK];
    for _ in 0..SIZE / CHUNK as u64 {
        md5.update(&chunk);
        sha.update(&chunk);
        file.write_all(&chunk).expect("a write");
    }
    file.sync_all().expect("a sync");
    std::hint::black_box((md5.finish(), sha.finish()));
    fs::remove_file(path).expect("a removal");
}

fn read(path: &Path) {
    let mut file = fs::File::open(path).expect("a file");
    let mut chunk = vec![0; CHUNK];
    let mut total = 0;
    loop {
        match file.read(&mut chunk).expect("a read") {
            0 => break,
            count => total += count as u64,
        }
    }
    assert_eq!(total, SIZE);
}

criterion_group!(benches, streaming);
criterion_main!(benches);
