//! The plugins of `image_import_plugins`.

mod convert;
mod decompress;
mod inject;
mod proportion;

pub use self::convert::{ConversionFormat, ConversionOptions, ImageConversion};
pub use self::decompress::ImageDecompression;
pub use self::inject::InjectImageMetadata;
