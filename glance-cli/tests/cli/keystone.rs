//! A server whose callers Keystone knows.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use crate::support::{Server, glance, run};

#[test]
#[ignore = "needs a Keystone and curl: .ci/run starts it"]
fn a_server_takes_the_tokens_of_keystone() {
    let server = server(&keystone(), "secret");
    server.wait_for("logged in to Keystone");
    let token = token_of("alice", "alpha");

    let refused = server.run("image-list");
    assert!(refused.failed().contains("401"), "{refused:?}");
    let with_token = |line: &str| run(server.command(line).args(bearing(&token)));
    let made = with_token("image-create --name mine --json").succeeded();
    assert!(made.json()["owner"].is_string());
    let listed = with_token("image-list --json").succeeded();
    assert_eq!(listed.json()[0]["name"], "mine");

    let claimed = ["X-Identity-Status: Confirmed", "X-Roles: admin"];
    let mut command = server.command("image-list");
    for header in claimed {
        command.args(["--header", header]);
    }
    assert!(run(&mut command).failed().contains("401"));
    let challenge = curl(&["-si", &format!("{}/v2/images", server.url)]);
    assert!(
        challenge.contains(&format!(
            "www-authenticate: Keystone uri=\"{}\"",
            keystone()
        )),
        "{challenge}"
    );
}

#[test]
#[ignore = "needs a Keystone and curl: .ci/run starts it"]
fn a_server_that_cannot_log_in_says_so_and_lets_nobody_in() {
    let server = server(&keystone(), "canary");
    server.wait_for("cannot log in to Keystone");
    let token = token_of("alice", "alpha");

    let refused = run(server.command("image-list").args(bearing(&token)));

    assert!(refused.failed().contains("503"), "{refused:?}");
    assert!(!server.said().contains("canary") && !server.said().contains(&token));
}

fn bearing(token: &str) -> [String; 2] {
    ["--header".into(), format!("X-Auth-Token: {token}")]
}

fn keystone() -> String {
    std::env::var("GLANCE_TEST_KEYSTONE").unwrap()
}

fn server(keystone: &str, password: &str) -> Server {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let database = folder.path().join("glance.sqlite");
    let text = format!(
        "[database]\nconnection = sqlite:///{}\n\
         [glance_store]\nfilesystem_store_datadir = images\n\
         [paste_deploy]\nflavor = keystone\n\
         [keystone_authtoken]\nauth_url = {keystone}/v3\nwww_authenticate_uri = {keystone}\n\
         auth_type = password\nusername = glance\npassword = {password}\n\
         user_domain_name = Default\nproject_name = services\nproject_domain_name = Default\n",
        database.display()
    );
    fs::write(folder.path().join("glance-api.conf"), text).unwrap();
    fs::create_dir(folder.path().join("images")).unwrap();
    let configured = ["--config-file", "glance-api.conf"];
    run(glance(folder.path()).args(["db", "sync"]).args(configured)).succeeded();
    Server::start_in(&folder, &configured)
}

fn token_of(user: &str, project: &str) -> String {
    let body = format!(
        r#"{{"auth": {{"identity": {{"methods": ["password"], "password": {{"user":
            {{"name": "{user}", "domain": {{"id": "default"}}, "password": "secret"}}}}}},
            "scope": {{"project": {{"name": "{project}", "domain": {{"id": "default"}}}}}}}}}}"#
    );
    let json = "Content-Type: application/json";
    let answer = curl(&[
        "-si",
        "-H",
        json,
        "-d",
        &body,
        &format!("{}/v3/auth/tokens", keystone()),
    ]);
    let mut lines = answer.lines();
    let header = lines.find_map(|line| line.strip_prefix("X-Subject-Token: "));
    header.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn curl(arguments: &[&str]) -> String {
    let done = Command::new("curl").args(arguments).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}
