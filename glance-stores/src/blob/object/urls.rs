//! The URLs of objects: read in every form, written in one.

use glance_core::domain::{BlobUrl, ImageId};

/// The URLs of the objects of one bucket.
#[derive(Debug, Clone)]
pub(super) struct Urls {
    /// The first is the one that is written.
    schemes: Vec<&'static str>,
    /// Host (or account) and bucket, as they are written.
    place: String,
}

impl Urls {
    pub(super) fn new(schemes: Vec<&'static str>, place: String) -> Self {
        Self { schemes, place }
    }

    /// Where the object of an image is. Never with credentials (rule R6).
    pub(super) fn of(&self, image: ImageId) -> BlobUrl {
        let scheme = self.schemes.first().copied().unwrap_or_default();
        BlobUrl::new(format!("{scheme}://{}/{image}", self.place))
    }

    /// The image whose object in this bucket a URL names. Credentials in it make no difference:
    /// older versions of upstream wrote them, and those that are configured are used.
    pub(super) fn image(&self, url: &BlobUrl) -> Option<ImageId> {
        let (scheme, rest) = url.as_str().split_once("://")?;
        let (place, image) = rest.rsplit_once('/')?;
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        (self.schemes.contains(&scheme) && self.is_here(place)).then(|| image.parse().ok())?
    }

    /// The names of hosts have no case.
    fn is_here(&self, place: &str) -> bool {
        let split = |place: &'_ str| -> Option<(String, String)> {
            let (host, bucket) = place.split_once('/')?;
            Some((host.to_ascii_lowercase(), bucket.to_owned()))
        };
        place == self.place || (split(place).is_some() && split(place) == split(&self.place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0";

    fn urls() -> Urls {
        let schemes = vec!["s3+https", "s3", "s3+http"];
        Urls::new(schemes, "objects.example:9000/images".to_owned())
    }

    #[test]
    fn every_form_of_upstream_s_urls_is_read() {
        for url in [
            format!("s3://objects.example:9000/images/{ID}"),
            format!("s3+http://objects.example:9000/images/{ID}"),
            format!("s3+https://OBJECTS.example:9000/images/{ID}"),
            format!("s3://key:se/c@ret@objects.example:9000/images/{ID}"),
        ] {
            let image = urls().image(&BlobUrl::new(&url));
            assert_eq!(image, Some(ID.parse().unwrap()), "{url}");
        }
    }

    #[test]
    fn what_is_not_an_image_in_this_bucket_is_not_ours() {
        for url in [
            format!("https://objects.example:9000/images/{ID}"),
            format!("s3://objects.example/images/{ID}"),
            format!("s3://objects.example:9000/Images/{ID}"),
            format!("s3://objects.example:9000/other/{ID}"),
            format!("s3://objects.example:9000/images/folder/{ID}"),
            format!("s3://https://objects.example:9000/images/{ID}"),
            format!("s3://objects.example:9000/images/{ID}?versionId=1"),
            "s3://objects.example:9000/images/backup.tar".to_owned(),
            "s3://objects.example:9000/images/".to_owned(),
        ] {
            assert_eq!(urls().image(&BlobUrl::new(&url)), None, "{url}");
        }
    }

    #[test]
    fn urls_are_written_without_credentials() {
        let url = urls().of(ID.parse().unwrap());

        assert_eq!(
            url.as_str(),
            format!("s3+https://objects.example:9000/images/{ID}")
        );
    }
}
