//! The plugins of `image_import_plugins`.

mod decompress;
mod inject;

pub use self::decompress::ImageDecompression;
pub use self::inject::InjectImageMetadata;
