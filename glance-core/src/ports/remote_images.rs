//! Images of other Glances, for imports.

use std::fmt;

use async_trait::async_trait;

use super::{Incoming, SourceError, Token, TokenError};
use crate::domain::{ImageId, RemoteDescription};

/// Where the image services of a cloud are.
///
/// # Contract
///
/// * an address is one that the catalog of the token's owner has; regions are told apart as
///   upstream does it, without case;
/// * a token that is not valid, or no longer, is [`TokenError::Invalid`]; as long as nobody can
///   say, it is [`TokenError::Unavailable`].
#[async_trait]
pub trait ImageServices: fmt::Debug + Send + Sync + 'static {
    /// The address of a region's service; `None` where the catalog has none.
    async fn find(
        &self,
        token: &Token,
        region: &str,
        interface: &str,
    ) -> Result<Option<String>, TokenError>;
}

/// What image services hold.
///
/// # Contract
///
/// * an address that filters or the network's rules forbid is refused before a byte is sent
///   (rule R3);
/// * the token goes to the address and nowhere else, and no error text tells it;
/// * a body that breaks off is taken up where it broke: where the server shows that the data is
///   still the same, or `is_checked`, with which whoever reads holds it against its hash.
#[async_trait]
pub trait RemoteImages: fmt::Debug + Send + Sync + 'static {
    /// What a service tells of an image.
    async fn describe(
        &self,
        service: &str,
        image: ImageId,
        token: &Token,
    ) -> Result<RemoteDescription, SourceError>;

    /// The data of an image.
    async fn open(
        &self,
        service: &str,
        image: ImageId,
        token: &Token,
        is_checked: bool,
    ) -> Result<Incoming, SourceError>;
}
