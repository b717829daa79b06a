//! Signatures of image data, verified with X.509 certificates.
//!
//! ```text
//! verifier      the port: from what an image says to a check that waits for a hash
//! certificate   one certificate: its time, what it may do, its key
//! key           which algorithm verifies what, with which key
//! pure          the same, for what the library of the others does not offer
//! trust         the authorities, and who vouches for whom
//! folder        certificates in files
//! ```

mod certificate;
mod folder;
mod key;
mod pure;
mod trust;
mod verifier;

pub use self::folder::CertificateFolder;
pub use self::trust::{AuthoritiesError, TrustedAuthorities};
pub use self::verifier::CertificateVerifier;

/// The longest file or secret with certificates; one is two kilobytes, mostly.
const MOST_BYTES: u64 = 64 << 10;

#[cfg(test)]
mod tests;
