//! S3, and what speaks its language.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use glance_core::domain::StoreId;
use object_store::aws::{AmazonS3Builder, AwsCredential, AwsCredentialProvider, Checksum};
use object_store::client::HttpConnector;
use object_store::{Certificate, ClientOptions, StaticCredentialProvider};

use super::bridge::{ObjectBridge, Shared, Transfer};
use super::connection::{Connector, client_options, retries};
use super::requests::{Creation, Requests};
use super::signer::Signer;
use super::urls::Urls;
use crate::{OpenError, Secret};

/// A bucket on S3 or a server that speaks its language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Options {
    /// The name of the store.
    pub id: StoreId,
    /// `s3_store_host`: a host with or without port, over HTTP unless `https://` stands before it.
    pub host: String,
    /// `s3_store_region_name`. Where it is empty, the region that an AWS host names, or
    /// `us-east-1`, which servers that have no regions take.
    pub region: String,
    /// `s3_store_access_key`.
    pub access_key: Secret,
    /// `s3_store_secret_key`.
    pub secret_key: Secret,
    /// `s3_store_bucket`.
    pub bucket: String,
    /// `s3_store_create_bucket_on_put`: whether a bucket that is missing is made by an upload.
    pub create_bucket_on_put: bool,
    /// `s3_store_bucket_url_format`.
    pub bucket_url_format: S3BucketUrlFormat,
    /// `s3_store_large_object_size`, in bytes: an object of so many is written in parts. One that
    /// is smaller is, too, where it does not fit into one part: nothing larger is kept in memory.
    pub large_object_size: u64,
    /// `s3_store_large_object_chunk_size`: bytes of a part, 5 MiB or more. Parts get larger where
    /// 10,000 of them would not suffice.
    pub large_object_chunk_size: u64,
    /// `s3_store_thread_pools`: how many parts of an upload are on their way at most. Less of them
    /// are where they would take more than 30 MiB of memory.
    pub thread_pools: usize,
    /// `s3_store_cacert`: a file of certificates (PEM) to trust beside the system's.
    pub cacert: Option<PathBuf>,
    /// `s3_store_enable_data_integrity_protection`: whether each upload bears a checksum
    /// (CRC-64/NVME) that the server keeps with the object. Signatures cover the data anyway.
    pub checksums: bool,
}

/// Where the name of the bucket stands in the URLs of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum S3BucketUrlFormat {
    /// In the host on AWS, in the path elsewhere.
    #[default]
    Auto,
    /// In the path.
    Path,
    /// In the host; the bucket's name must then be fit for one.
    Virtual,
}

impl S3Options {
    /// A bucket with upstream's defaults.
    pub fn new(
        id: StoreId,
        host: impl Into<String>,
        bucket: impl Into<String>,
        access_key: Secret,
        secret_key: Secret,
    ) -> Self {
        Self {
            id,
            host: host.into(),
            region: String::new(),
            access_key,
            secret_key,
            bucket: bucket.into(),
            create_bucket_on_put: false,
            bucket_url_format: S3BucketUrlFormat::Auto,
            large_object_size: 100 << 20,
            large_object_chunk_size: 10 << 20,
            thread_pools: 10,
            cacert: None,
            checksums: false,
        }
    }

    /// The host as URLs name it: without what stands before it.
    fn authority(&self) -> &str {
        let host = &self.host;
        let host = host.strip_prefix("https://").unwrap_or(host);
        host.strip_prefix("http://")
            .unwrap_or(host)
            .trim_end_matches('/')
    }

    fn is_secure(&self) -> bool {
        self.host.starts_with("https://")
    }

    /// The region that AWS's own hosts have in their names.
    fn region(&self) -> &str {
        if !self.region.is_empty() {
            return &self.region;
        }
        let host = self.authority().split(':').next().unwrap_or_default();
        let host = host.strip_suffix(".cn").unwrap_or(host);
        host.strip_suffix(".amazonaws.com")
            .and_then(|host| host.strip_prefix("s3"))
            .and_then(|region| region.strip_prefix(['.', '-']))
            .unwrap_or("us-east-1")
    }

    /// The URL of the bucket.
    fn bucket_url(&self) -> String {
        let scheme = if self.is_secure() { "https" } else { "http" };
        let (host, bucket) = (self.authority(), &self.bucket);
        if self.is_virtual() {
            format!("{scheme}://{bucket}.{host}")
        } else {
            format!("{scheme}://{host}/{bucket}")
        }
    }

    fn is_virtual(&self) -> bool {
        match self.bucket_url_format {
            S3BucketUrlFormat::Auto => {
                let host = self.authority();
                let is_aws =
                    host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
                is_aws && is_host_name(&self.bucket) && !self.bucket.contains('.')
            }
            S3BucketUrlFormat::Path => false,
            S3BucketUrlFormat::Virtual => true,
        }
    }

    fn check(&self) -> Result<(), OpenError> {
        let wrong = if self.authority().is_empty() {
            "`s3_store_host` names no host"
        } else if self.authority().contains(['@', '?', '#']) {
            "`s3_store_host` is a host and nothing else; keys have options of their own"
        } else if self.bucket.is_empty() || self.bucket.contains('/') {
            "`s3_store_bucket` names no bucket"
        } else if self.access_key.reveal().is_empty() || self.secret_key.reveal().is_empty() {
            "`s3_store_access_key` and `s3_store_secret_key` must be set"
        } else if self.is_virtual() && !is_host_name(&self.bucket) {
            "`s3_store_bucket_url_format = virtual` needs a bucket whose name is fit for a host"
        } else if self.large_object_chunk_size < LEAST_CHUNK {
            "`s3_store_large_object_chunk_size` must be at least 5 MB"
        } else if self.thread_pools == 0 {
            "`s3_store_thread_pools` must be at least 1"
        } else {
            return Ok(());
        };
        Err(OpenError::options(&self.id, wrong))
    }

    fn client_options(&self) -> Result<ClientOptions, OpenError> {
        let mut options = client_options();
        let Some(path) = &self.cacert else {
            return Ok(options);
        };
        let bundle = std::fs::read(path);
        let bundle = bundle.map_err(|error| OpenError::failed("read", path, error))?;
        let certificates = Certificate::from_pem_bundle(&bundle);
        let certificates =
            certificates.map_err(|error| OpenError::failed("read certificates of", path, error))?;
        if certificates.is_empty() {
            let reason = "there is none in it";
            return Err(OpenError::failed("read certificates of", path, reason));
        }
        for certificate in certificates {
            options = options.with_root_certificate(certificate);
        }
        Ok(options)
    }

    /// How the bucket is made, if it may be.
    fn creation(&self) -> Option<Creation> {
        let region = self.region();
        let body = if region == "us-east-1" {
            String::new()
        } else {
            format!(
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                 <LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
            )
        };
        self.create_bucket_on_put
            .then_some(Creation { query: "", body })
    }
}

impl ObjectBridge {
    /// Image data in a bucket on S3, in upstream's layout: `s3://<host>/<bucket>/<image id>`, or
    /// `s3+https://` where `s3_store_host` begins with `https://`.
    ///
    /// URLs with credentials in them, as older versions of upstream wrote them, are read; what is
    /// configured is used. Nothing is asked of the server yet.
    ///
    /// ```
    /// use glance_core::ports::ImageStore;
    /// use glance_stores::{ObjectBridge, S3Options};
    ///
    /// let (access, secret) = ("access".into(), "secret".into());
    /// let store = ObjectBridge::open_s3(S3Options {
    ///     create_bucket_on_put: true,
    ///     ..S3Options::new("s3".parse()?, "https://objects.example", "images", access, secret)
    /// })?;
    /// assert!(store.capabilities().ranges);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`OpenError`] names the option that does not fit, or the file that cannot be read.
    pub fn open_s3(options: S3Options) -> Result<Self, OpenError> {
        options.check()?;
        let client_options = options.client_options()?;
        let region = options.region().to_owned();
        let bucket = options.bucket_url();
        let credentials: AwsCredentialProvider =
            Arc::new(StaticCredentialProvider::new(AwsCredential {
                key_id: options.access_key.reveal().to_owned(),
                secret_key: options.secret_key.reveal().to_owned(),
                token: None,
            }));
        let signer = Signer::Aws {
            credentials: Arc::clone(&credentials),
            region: region.clone(),
        };
        let connector = Connector {
            condition: Some(signer.clone()),
        };
        let failed = |error| OpenError::options(&options.id, error);
        let client = connector.connect(&client_options).map_err(failed)?;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&options.bucket)
            .with_client_options(client_options)
            .with_credentials(credentials)
            .with_disable_bulk_delete(true)
            // With "virtual-hosted style", the endpoint is taken as it is, bucket included.
            .with_endpoint(&bucket)
            .with_virtual_hosted_style_request(true)
            .with_http_connector(connector)
            .with_region(region)
            .with_retry(retries());
        if options.checksums {
            builder = builder.with_checksum_algorithm(Checksum::CRC64NVME);
        }
        let objects = builder.build().map_err(failed)?;
        let requests = Requests {
            client,
            signer,
            bucket,
            creation: options.creation(),
        };
        let mut schemes = vec!["s3", "s3+https", "s3+http"];
        if options.is_secure() {
            schemes.swap(0, 1);
        }
        let place = format!("{}/{}", options.authority(), options.bucket);
        Ok(Self::new(Shared {
            id: options.id,
            objects: Arc::new(objects),
            urls: Urls::new(schemes, place),
            transfer: Transfer {
                large: options.large_object_size,
                chunk_size: options.large_object_chunk_size,
                at_once: options.thread_pools,
            },
            requests,
            lists_uploads: AtomicBool::new(true),
        }))
    }
}

/// Whether the name of a bucket can stand in a host.
fn is_host_name(bucket: &str) -> bool {
    let is_fit = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    let ends = |end: Option<u8>| end.is_some_and(|byte| byte.is_ascii_alphanumeric());
    (3..=63).contains(&bucket.len())
        && bucket.bytes().all(is_fit)
        && ends(bucket.bytes().next())
        && ends(bucket.bytes().last())
        && !bucket.contains("..")
}

/// What S3 takes, but for the last part.
const LEAST_CHUNK: u64 = 5 << 20;

#[cfg(test)]
mod tests {
    use glance_core::domain::BlobUrl;
    use glance_core::ports::ImageStore;

    use super::*;

    fn options(host: &str, bucket: &str) -> S3Options {
        let id = "s3".parse().unwrap();
        S3Options::new(id, host, bucket, "canary-access".into(), "canary".into())
    }

    #[test]
    fn hosts_and_formats_match_the_golden_table() {
        let formats = [
            S3BucketUrlFormat::Auto,
            S3BucketUrlFormat::Path,
            S3BucketUrlFormat::Virtual,
        ];
        let mut table = String::new();
        for host in [
            "https://s3.amazonaws.com",
            "https://s3-eu-west-1.amazonaws.com",
            "https://s3.cn-north-1.amazonaws.com.cn",
            "objects.example:9000",
            "http://objects.example:9000/",
        ] {
            let image = "8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0".parse().unwrap();
            let store = ObjectBridge::open_s3(options(host, "images")).unwrap();
            table += &format!("{host} in {}\n", options(host, "images").region());
            table += &format!("  {}\n", store.shared.urls.of(image));
            for bucket_url_format in formats {
                let options = S3Options {
                    bucket_url_format,
                    ..options(host, "images")
                };
                table += &format!("  {bucket_url_format:?} {}\n", options.bucket_url());
            }
        }

        expect_test::expect![[r#"
            https://s3.amazonaws.com in us-east-1
              s3+https://s3.amazonaws.com/images/8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0
              Auto https://images.s3.amazonaws.com
              Path https://s3.amazonaws.com/images
              Virtual https://images.s3.amazonaws.com
            https://s3-eu-west-1.amazonaws.com in eu-west-1
              s3+https://s3-eu-west-1.amazonaws.com/images/8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0
              Auto https://images.s3-eu-west-1.amazonaws.com
              Path https://s3-eu-west-1.amazonaws.com/images
              Virtual https://images.s3-eu-west-1.amazonaws.com
            https://s3.cn-north-1.amazonaws.com.cn in cn-north-1
              s3+https://s3.cn-north-1.amazonaws.com.cn/images/8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0
              Auto https://images.s3.cn-north-1.amazonaws.com.cn
              Path https://s3.cn-north-1.amazonaws.com.cn/images
              Virtual https://images.s3.cn-north-1.amazonaws.com.cn
            objects.example:9000 in us-east-1
              s3://objects.example:9000/images/8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0
              Auto http://objects.example:9000/images
              Path http://objects.example:9000/images
              Virtual http://images.objects.example:9000
            http://objects.example:9000/ in us-east-1
              s3://objects.example:9000/images/8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0
              Auto http://objects.example:9000/images
              Path http://objects.example:9000/images
              Virtual http://images.objects.example:9000
        "#]]
        .assert_eq(&table);
    }

    #[test]
    fn every_spelling_of_a_location_has_one_canonical_form() {
        let image = "8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0";
        for (host, written) in [
            ("objects.example:9000", "s3://"),
            ("https://objects.example:9000", "s3+https://"),
        ] {
            let store = ObjectBridge::open_s3(options(host, "images")).unwrap();
            let written = format!("{written}objects.example:9000/images/{image}");
            for spelling in [
                format!("s3://objects.example:9000/images/{image}"),
                format!("s3+http://OBJECTS.example:9000/images/{image}"),
                format!("s3+https://key:secret@objects.example:9000/images/{image}"),
            ] {
                let canonical = store.canonical(&BlobUrl::new(spelling));
                assert_eq!(canonical.as_str(), written);
            }
        }
    }

    #[test]
    fn options_that_do_not_fit_are_named() {
        let fine = || options("objects.example", "images");
        let wrong = [
            options("https://", "images"),
            options("key:canary@objects.example", "images"),
            options("objects.example", ""),
            S3Options {
                secret_key: "".into(),
                ..fine()
            },
            S3Options {
                bucket_url_format: S3BucketUrlFormat::Virtual,
                ..options("objects.example", "Images")
            },
            S3Options {
                large_object_chunk_size: 4 << 20,
                ..fine()
            },
            S3Options {
                thread_pools: 0,
                ..fine()
            },
            S3Options {
                cacert: Some("/nonexistent".into()),
                ..fine()
            },
        ];

        let mut table = String::new();
        for options in wrong {
            table += &format!("{}\n", ObjectBridge::open_s3(options).unwrap_err());
        }

        assert!(!table.contains("canary"), "{table}");
        expect_test::expect![[r#"
            store `s3` cannot be used: `s3_store_host` names no host
            store `s3` cannot be used: `s3_store_host` is a host and nothing else; keys have options of their own
            store `s3` cannot be used: `s3_store_bucket` names no bucket
            store `s3` cannot be used: `s3_store_access_key` and `s3_store_secret_key` must be set
            store `s3` cannot be used: `s3_store_bucket_url_format = virtual` needs a bucket whose name is fit for a host
            store `s3` cannot be used: `s3_store_large_object_chunk_size` must be at least 5 MB
            store `s3` cannot be used: `s3_store_thread_pools` must be at least 1
            cannot read /nonexistent: No such file or directory (os error 2)
        "#]]
        .assert_eq(&table);
    }

    #[test]
    fn neither_options_nor_store_print_the_keys() {
        let options = options("objects.example", "images");
        let store = ObjectBridge::open_s3(options.clone()).unwrap();

        let text = format!("{options:?} {options:#?} {store:?} {store:#?}");

        assert!(!text.contains("canary"), "{text}");
    }
}
