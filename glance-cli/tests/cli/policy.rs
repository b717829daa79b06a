//! `glance policy`, and a server whose policy files change.

use std::fs;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Done, Server, eventually, glance, run};

/// A folder with a configuration, and with these files of policy.
fn configured(policy: &[(&str, &str)]) -> Arc<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let text = "[database]\nconnection = sqlite:///g.sqlite\n\
                [glance_store]\nfilesystem_store_datadir = glance-data/images\n";
    fs::write(folder.path().join("g.conf"), text).unwrap();
    for (path, text) in policy {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Arc::new(folder)
}

fn policy(folder: &TempDir, line: &str) -> Done {
    let mut command = glance(folder.path());
    command.arg("policy").args(line.split_whitespace());
    run(command.args(["--config-file", "g.conf"]))
}

#[test]
fn every_rule_is_listed_with_its_default_and_what_is_in_force() {
    let folder = configured(&[
        ("policy.yaml", "publicize_image: role:librarian\n"),
        (
            "policy.d/mine.json",
            "{\"mine\": \"\", \"get_images\": \"rule:mine\"}",
        ),
    ]);

    let listed = policy(&folder, "list --json").succeeded();
    let table = policy(&folder, "list").succeeded().text();

    let rules = listed.json();
    let rule = |name: &str| {
        let rules = rules.as_array().unwrap().iter();
        rules.clone().find(|rule| rule["rule"] == name).unwrap()
    };
    assert_eq!(
        rule("publicize_image"),
        &json!({
            "rule": "publicize_image", "scope": "project", "in_force": "role:librarian",
            "default": "rule:context_is_admin", "is_default": false,
        })
    );
    assert_eq!(rule("mine")["default"], json!(null));
    assert_eq!(rule("default")["in_force"], "@");
    assert_eq!(rule("delete_metadef_tags")["is_default"], true);
    assert!(listed.stderr.contains("policy.d/mine.json"), "{listed:?}");
    assert!(table.contains("| publicize_image"), "{table}");
}

#[test]
fn a_decision_is_explained() {
    let folder = configured(&[("policy.yaml", "deactivate: role:operator and rule:typo\n")]);

    let own = policy(&folder, "check --role member delete_image").succeeded();
    let other = policy(&folder, "check --role member --owner other delete_image");
    let system = policy(
        &folder,
        "check --role admin --system-scope delete_image --json",
    );
    let typo = policy(&folder, "check --role operator deactivate");
    let absent = policy(&folder, "check --role member no_such_rule");

    assert_eq!(
        own.text(),
        "delete_image: allowed\n\
         yes     rule:context_is_admin or (role:member and project_id:%(project_id)s)\n\
         \x20 no      rule:context_is_admin\n\
         \x20   no      role:admin\n\
         \x20 yes     role:member and project_id:%(project_id)s\n\
         \x20   yes     role:member\n\
         \x20   yes     project_id:%(project_id)s\n"
    );
    assert_eq!(other.code, 1);
    assert!(
        other.text().starts_with("delete_image: denied\nno "),
        "{other:?}"
    );
    assert_eq!(system.code, 1);
    assert_eq!(system.json()["allowed"], false);
    assert_eq!(
        system.json()["steps"][0]["rule"],
        "the token is for a project, not for the system or a domain"
    );
    assert!(typo.text().contains("unknown rule:typo"), "{typo:?}");
    assert!(typo.stderr.contains("which is not defined"), "{typo:?}");
    assert_eq!(absent.code, 1);
    assert!(
        absent.stderr.contains("there is no rule `no_such_rule`"),
        "{absent:?}"
    );
}

#[test]
fn a_decision_may_depend_on_the_image_and_on_old_defaults() {
    let folder = configured(&[(
        "policy.yaml",
        "get_image: \"'public':%(visibility)s or 'yes':%(open)s or service_roles:nova\"\n",
    )]);
    let conf = folder.path().join("g.conf");
    let allowed = |line: &str| policy(&folder, &format!("check get_image {line}")).code == 0;

    assert!(!allowed("") && allowed("--visibility public") && allowed("--property open=yes"));
    assert!(allowed("--service-role Nova") && !allowed("--role nova"));
    assert_eq!(policy(&folder, "check upload_image").code, 1);
    let mut text = fs::read_to_string(&conf).unwrap();
    text += "[oslo_policy]\nenforce_new_defaults = false\n";
    fs::write(&conf, text).unwrap();
    assert_eq!(policy(&folder, "check upload_image").code, 0);
    assert_eq!(policy(&folder, "check upload_image --owner other").code, 1);
}

#[test]
fn a_server_takes_over_policy_that_changes_and_keeps_it_where_a_file_breaks() {
    let folder = configured(&[("policy.yaml", "get_images: rule:typo or role:admin\n")]);
    let config = ["--config-file", "g.conf"];
    run(glance(folder.path()).args(["db", "sync"]).args(config)).succeeded();
    let server = Server::start_in(&folder, &config);
    let may_list = || server.run("image-list").code == 0;
    let write = |text: &str| fs::write(folder.path().join("policy.yaml"), text).unwrap();
    let becomes = |may: bool| eventually(|| may_list() == may, || format!("listing to be {may}"));
    server.wait_for("policy: rule `get_images` refers to `rule:typo`, which is not defined");
    assert!(may_list());

    write("get_images: \"!\"\n");
    becomes(false);
    write("get_images: role:admin role:member\n");
    server.wait_for("the policy cannot be read again; the rules in force stay");
    assert!(!may_list());
    write("get_images: role:admin\n");
    becomes(true);
    fs::create_dir(folder.path().join("policy.d")).unwrap();
    fs::write(folder.path().join("policy.d/x.yaml"), "get_images: \"!\"\n").unwrap();
    becomes(false);
    fs::remove_dir_all(folder.path().join("policy.d")).unwrap();
    becomes(true);
    let read = server.said().matches("policy read again").count();
    server.signal("HUP");
    eventually(
        || server.said().matches("policy read again").count() == read + 1,
        || "the policy to be read again".to_owned(),
    );
}
