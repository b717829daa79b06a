//! What is known of an image's data.

/// The data of an image once it is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    /// The MD5 of the data, in hex, for old clients.
    pub checksum: String,
    /// The hash that counts.
    pub multihash: Multihash,
    /// Bytes of the disk that the data holds, if that is known.
    pub virtual_size: Option<u64>,
}

/// A hash with the name of its algorithm: `os_hash_algo` and `os_hash_value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multihash {
    /// Name of the algorithm; any, for a database may hold what this service does not compute.
    pub algorithm: String,
    /// The hash in hex.
    pub value: String,
}
