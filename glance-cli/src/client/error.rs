//! What goes wrong for a client, as sentences.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// Why a client did not get what it asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum ClientError {
    /// An answer did not come to its end.
    #[error("the connection to {endpoint} broke off")]
    Broken { endpoint: String, source: BoxError },
    /// The certificates to trust are not usable.
    #[error("cannot use the certificates in `{}`", path.display())]
    Certificates { path: PathBuf, source: BoxError },
    /// What was received is not what was sent.
    #[error(
        "the data of image {id} is damaged: its {algorithm} should be {expected}, but what came \
         has {got}"
    )]
    Damaged {
        id: String,
        algorithm: String,
        expected: String,
        got: String,
    },
    /// The data to send is not what it was said to be.
    #[error("the data has {got} bytes{}, where {expected} were announced", more(*is_more))]
    DataChanged {
        expected: u64,
        got: u64,
        is_more: bool,
    },
    /// A file cannot be used.
    #[error("cannot {action} `{}`", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// The service did not import what it was asked to.
    #[error("image {id} was not imported: {reason}")]
    ImportFailed { id: String, reason: String },
    /// Nobody knows how an import ends, as the service tells no more of it.
    #[error(
        "the import of image {id} goes on, but how is not seen; `glance image-tasks {id}` tells, once \
         the service answers"
    )]
    ImportUnseen { id: String, source: Box<Self> },
    /// The user stopped it.
    #[error("interrupted")]
    Interrupted,
    /// There is nothing to send.
    #[error("there is no data to upload: name a file with --file, or pipe the data in")]
    NoData,
    /// The service keeps to itself where data is.
    #[error("the service does not show locations: `show_multiple_locations` is off")]
    NoLocations,
    /// The image has no data.
    #[error("image {id} has no data")]
    NoImageData { id: String },
    /// A file does not hold what should be sent.
    #[error("`{}` holds no object of JSON", path.display())]
    NoObject {
        path: PathBuf,
        source: serde_json::Error,
    },
    /// The answer is not one of an image service.
    #[error("what answers at {endpoint} is no image service: {problem}")]
    NotGlance {
        endpoint: String,
        problem: &'static str,
    },
    /// The service does not import in this way.
    #[error("the service does not import by {method}; it offers {offered}")]
    NotOffered { method: String, offered: String },
    /// Nobody would get the data.
    #[error("will not write image data to a terminal: name a file with --file, or redirect it")]
    OntoTerminal,
    /// Nobody reads what is printed.
    #[error("nobody reads the data any more")]
    OutputClosed,
    /// The service said no.
    #[error("{explanation} (HTTP {status}){}", hint(*status))]
    Refused { status: u16, explanation: String },
    /// The service was silent for too long.
    #[error("{endpoint} did not answer within {} seconds", after.as_secs())]
    Silent { endpoint: String, after: Duration },
    /// The token cannot be sent.
    #[error("the token holds a character that no header can hold")]
    Token,
    /// The image has no such location.
    #[error("the image has no location {url}")]
    UnknownLocation { url: String },
    /// The connection cannot be made, or broke before there was an answer.
    #[error("cannot reach the image service at {endpoint}")]
    Unreachable { endpoint: String, source: BoxError },
    /// The object has no such property.
    #[error("object {object} has no property {property}")]
    UnknownProperty { object: String, property: String },
    /// The hash cannot be computed.
    #[error(
        "cannot verify image {id}: its hash is {algorithm}, which this client does not know; \
         --allow-md5-fallback verifies by MD5 instead"
    )]
    UnknownHash { id: String, algorithm: String },
    /// The size given and the size of the file differ.
    #[error("--size says {said} bytes, but `{}` has {actual}", path.display())]
    WrongSize {
        path: PathBuf,
        said: u64,
        actual: u64,
    },
}

/// Any cause.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn more(is_more: bool) -> &'static str {
    if is_more { " or more" } else { "" }
}

/// The way out of what the service refuses, where there is one on this side.
fn hint(status: u16) -> &'static str {
    match status {
        401 => "; give a token with --os-auth-token, as this client does not log in by itself",
        _ => "",
    }
}
