//! What imports need from outside.
//!
//! Plugins have a feature of their own, `import-plugins`: they bring decoders written in C, and
//! `qemu-img` beside the process. A server has them on; who embeds the service may leave them out.

#[cfg(feature = "import-plugins")]
mod plugins;
#[cfg(feature = "http-store")]
mod remote;
#[cfg(feature = "http-store")]
mod web;

#[cfg(feature = "import-plugins")]
pub use self::plugins::{
    ConversionFormat, ConversionOptions, ImageConversion, ImageDecompression, InjectImageMetadata,
};
#[cfg(feature = "http-store")]
pub use self::remote::HttpRemoteImages;
#[cfg(feature = "http-store")]
pub use self::web::{HttpSource, HttpSourceOptions, Pace};
