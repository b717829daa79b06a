//! The server and `glance db` on servers of databases.

use std::fs;
use std::process::Command;

use crate::support::{Done, glance, run};

#[test]
#[ignore = "needs PostgreSQL and psql: .ci/run starts it"]
fn a_postgres_database_is_made_checked_and_left_as_upstream_made_it() {
    let url = std::env::var("GLANCE_TEST_POSTGRES");
    let url = url.unwrap_or_else(|_| "postgresql://postgres@127.0.0.1:5432/postgres".into());
    let (server, _) = url.rsplit_once('/').unwrap();
    let name = format!("glance_cli_{}", std::process::id());
    let ask = |statement: &str| {
        let mut psql = Command::new("psql");
        assert!(
            psql.args([&url, "-qc", statement])
                .status()
                .unwrap()
                .success()
        );
    };

    ask(&format!("CREATE DATABASE {name}"));
    life_of_a_schema(&format!("{server}/{name}"), "postgresql://");
    ask(&format!("DROP DATABASE {name}"));
}

#[test]
#[ignore = "needs MariaDB and its client: .ci/run starts it"]
fn a_mysql_database_is_made_checked_and_left_as_upstream_made_it() {
    let url = std::env::var("GLANCE_TEST_MYSQL");
    let url = url.unwrap_or_else(|_| "mysql://root@127.0.0.1:3306".into());
    let place: url::Url = url.parse().unwrap();
    let name = format!("glance_cli_{}", std::process::id());
    let ask = |statement: &str| {
        let mut client = Command::new("mariadb");
        client
            .args(["-h", place.host_str().unwrap(), "-u", place.username()])
            .args(["-P", &place.port().unwrap_or(3306).to_string()])
            .args(["-e", statement]);
        if let Some(password) = place.password() {
            client.env("MYSQL_PWD", password);
        }
        assert!(client.status().unwrap().success());
    };

    ask(&format!("CREATE DATABASE {name} CHARACTER SET utf8mb3"));
    let url = url
        .trim_end_matches('/')
        .replacen("mysql", "mysql+pymysql", 1);
    life_of_a_schema(&format!("{url}/{name}?charset=utf8"), "mysql://");
    ask(&format!("DROP DATABASE {name}"));
}

fn life_of_a_schema(connection: &str, scheme: &str) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[database]\nconnection = {connection}\nmax_retries = 0\n\
         [glance_store]\nfilesystem_store_datadir = images\n"
    );
    fs::write(folder.path().join("glance-api.conf"), text).unwrap();
    fs::create_dir(folder.path().join("images")).unwrap();
    let ask = |line: &str| -> Done {
        let mut command = glance(folder.path());
        command.args(line.split_whitespace());
        run(command.args(["--config-file", "glance-api.conf"]))
    };

    let scrub = ask("scrub");
    let refused = scrub.failed();
    assert!(
        refused.contains("holds no schema yet: `glance db sync`"),
        "{refused}"
    );
    assert_eq!(ask("db check").code, 3);
    let made = ask("db sync").succeeded().text();
    assert!(
        made.starts_with(scheme) && made.contains("schema created"),
        "{made}"
    );
    let check = ask("db check").succeeded().text();
    assert_eq!(check, "the schema is current\n");
    let version = ask("db version").succeeded().text();
    assert_eq!(version, "2024_1_contract01\n");
    ask("scrub").succeeded();
    let removed = ask("db downgrade-additions").succeeded().text();
    assert!(removed.contains("glance_rs_intents"), "{removed}");
    let again = ask("db downgrade-additions").succeeded().text();
    assert!(again.contains("nothing that this server added"), "{again}");
}
