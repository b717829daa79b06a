//! Data of every format, whole and with every trick that is known: made by hand, byte by byte.

mod discs;
mod qemu;
mod virtual_disks;
mod vmdk;

/// Data with a name.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// All of it.
pub(crate) fn all() -> Vec<Sample> {
    let parts = [
        plain(),
        qemu::samples(),
        virtual_disks::samples(),
        discs::samples(),
        vmdk::samples(),
    ];
    parts.into_iter().flatten().collect()
}

/// The one of this name.
pub(crate) fn named(name: &str) -> Vec<u8> {
    let mut all = all().into_iter();
    all.find(|sample| sample.name == name).unwrap().bytes
}

fn plain() -> Vec<Sample> {
    vec![
        sample("empty", Vec::new()),
        sample("text", b"Just a letter.\n".to_vec()),
        sample("zeros", vec![0; 100_000]),
        sample("ones", vec![0xff; 100_000]),
    ]
}

fn sample(name: &'static str, bytes: Vec<u8>) -> Sample {
    Sample { name, bytes }
}

/// A sample, changed: at each place, these bytes.
fn changed(name: &'static str, mut bytes: Vec<u8>, changes: &[(usize, &[u8])]) -> Sample {
    for (at, change) in changes {
        put(&mut bytes, *at, change);
    }
    Sample { name, bytes }
}

fn put(bytes: &mut [u8], at: usize, change: &[u8]) {
    bytes[at..at + change.len()].copy_from_slice(change);
}
