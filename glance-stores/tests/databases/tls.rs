//! Connections that are encrypted, to servers that let the user `tls` in by nothing else.

use glance_core::domain::ImageId;
use glance_core::ports::Catalog;
use glance_stores::{
    DatabaseHost, MysqlCatalog, OpenError, PostgresCatalog, ServerOptions, TlsMode,
};

use crate::support::{Scratch, run};

#[test]
#[ignore = "needs PostgreSQL: .ci/run starts it"]
fn postgres_is_reached_by_tls_as_far_as_it_is_trusted() {
    run(async {
        let scratch = Scratch::postgres().await;
        PostgresCatalog::sync_schema(&scratch.options)
            .await
            .unwrap();

        let mut judged = String::new();
        for case in cases() {
            let opened = PostgresCatalog::open(&case.options(&scratch.options)).await;
            judged += &case.judge(opened).await;
        }

        expect_test::expect_file!["../golden/postgres_tls.txt"].assert_eq(&judged);
    });
}

#[test]
#[ignore = "needs MariaDB: .ci/run starts it"]
fn mysql_is_reached_by_tls_as_far_as_it_is_trusted() {
    run(async {
        let scratch = Scratch::mysql().await;
        MysqlCatalog::sync_schema(&scratch.options).await.unwrap();

        let mut judged = String::new();
        for case in cases() {
            let opened = MysqlCatalog::open(&case.options(&scratch.options)).await;
            judged += &case.judge(opened).await;
        }

        expect_test::expect_file!["../golden/mysql_tls.txt"].assert_eq(&judged);
    });
}

/// What is asked of the encryption, and of a server whose certificate is for 127.0.0.1.
struct Case {
    mode: TlsMode,
    trusts_authority: bool,
    host: &'static str,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for mode in [
        TlsMode::Disable,
        TlsMode::Prefer,
        TlsMode::Require,
        TlsMode::VerifyCa,
        TlsMode::VerifyFull,
    ] {
        for trusts_authority in [false, true] {
            for host in ["127.0.0.1", "localhost"] {
                cases.push(Case {
                    mode,
                    trusts_authority,
                    host,
                });
            }
        }
    }
    cases
}

impl Case {
    fn options(&self, server: &ServerOptions) -> ServerOptions {
        let ca = std::env::var("GLANCE_TEST_CA");
        let ca = ca.unwrap_or_else(|_| panic!("no GLANCE_TEST_CA: run tests/servers/run.sh"));
        let mut options = server.clone();
        options.host = DatabaseHost::Name(self.host.to_owned());
        options.user = Some("tls".to_owned());
        options.tls.mode = self.mode;
        options.tls.ca = self.trusts_authority.then(|| ca.into());
        options
    }

    /// A line of the golden table.
    async fn judge<C: Catalog>(&self, opened: Result<C, OpenError>) -> String {
        let came_of_it = match opened {
            Ok(catalog) => {
                let found = catalog.find(ImageId::from_bits(1), None).await;
                assert!(matches!(found, Ok(None)), "{found:?}");
                "works"
            }
            Err(_) => "refused",
        };
        let trusted = if self.trusts_authority {
            "known"
        } else {
            "unknown"
        };
        let mode = format!("{:?}", self.mode);
        format!(
            "{mode:<10} {trusted:<7} authority, {:<9} {came_of_it}\n",
            self.host
        )
    }
}
