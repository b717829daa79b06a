//! The contract of stores on real object stores, and what is more to them: parts, crashes, keys.
//! `tests/servers/run.sh` starts the servers.
#![cfg(all(feature = "azure", feature = "gcs", feature = "s3"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod azure;
mod crashes;
mod gcs;
mod keys;
mod parts;
mod servers;
mod trouble;

use servers::{run, s3_in_parts, s3_store};

glance_core::image_store_conformance!(
    #[ignore = "needs moto: tests/servers/run.sh starts it"]
    moto,
    run,
    (s3_store("GLANCE_TEST_S3_MOTO"), ())
);
glance_core::image_store_conformance!(
    #[ignore = "needs moto: tests/servers/run.sh starts it"]
    moto_in_parts,
    run,
    (s3_in_parts("GLANCE_TEST_S3_MOTO"), ())
);
glance_core::image_store_conformance!(
    #[ignore = "needs s3s-fs: tests/servers/run.sh starts it"]
    s3s,
    run,
    (s3_store("GLANCE_TEST_S3_S3S"), ())
);
glance_core::image_store_conformance!(
    #[ignore = "needs s3s-fs: tests/servers/run.sh starts it"]
    s3s_in_parts,
    run,
    (s3_in_parts("GLANCE_TEST_S3_S3S"), ())
);
glance_core::image_store_conformance!(
    #[ignore = "needs radosgw: tests/servers/run.sh starts it"]
    radosgw,
    run,
    (s3_store("GLANCE_TEST_S3_RGW"), ())
);
glance_core::image_store_conformance!(
    #[ignore = "needs radosgw: tests/servers/run.sh starts it"]
    radosgw_in_parts,
    run,
    (s3_in_parts("GLANCE_TEST_S3_RGW"), ())
);
glance_core::image_store_conformance!(
    #[ignore = "needs Azurite: tests/servers/run.sh starts it"]
    azurite,
    run,
    (azure::store(), ())
);
// Nobody has a server of Google's for tests: this one holds only what the bridge itself adds.
glance_core::image_store_conformance!(gcs_fake, run, (gcs::store().await, ()));
