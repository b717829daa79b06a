//! What it costs to look at data on its way, beside the hash that reads all of it: the ratio of the
//! two is the figure that travels between machines.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use glance::domain::HashAlgorithm;
use glance::domain::inspect::Inspection;

const SIZE: u64 = 1 << 30;

fn inspection(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1 GiB");
    group.throughput(Throughput::Bytes(SIZE)).sample_size(10);
    for (name, first) in [
        ("raw", &b"\0"[..]),
        ("qcow2", b"QFI\xfb"),
        ("text", b"A letter. "),
    ] {
        for chunk in [256 << 10, 16 << 10] {
            let data = first.repeat(chunk / first.len());
            group.bench_function(
                format!("inspect {name} by {} KiB", chunk >> 10),
                |bencher| {
                    bencher.iter(|| {
                        let mut inspection = Inspection::new();
                        for _ in 0..SIZE / data.len() as u64 {
                            inspection.feed(black_box(&data));
                        }
                        inspection.finish()
                    });
                },
            );
        }
    }
    let data = vec![7; 256 << 10];
    group.bench_function("peer: SHA-512", |bencher| {
        bencher.iter(|| {
            let mut hasher = HashAlgorithm::Sha512.hasher();
            for _ in 0..SIZE / data.len() as u64 {
                hasher.update(black_box(&data));
            }
            hasher.finish()
        });
    });
    group.finish();
}

criterion_group!(benches, inspection);
criterion_main!(benches);
