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

/// A folder whose configuration names a file that protects properties.
fn protected(protections: &str, format: &str, policy: &[(&str, &str)]) -> Arc<TempDir> {
    let folder = configured(policy);
    let conf = folder.path().join("g.conf");
    let mut text = fs::read_to_string(&conf).unwrap();
    text += &format!(
        "[DEFAULT]\nproperty_protection_file = protections.conf\n\
         property_protection_rule_format = {format}\n"
    );
    fs::write(&conf, text).unwrap();
    if !protections.is_empty() {
        fs::write(folder.path().join("protections.conf"), protections).unwrap();
    }
    folder
}

#[test]
fn a_server_protects_properties_by_roles_or_by_rules_of_the_policy() {
    for (format, who) in [("roles", "billing"), ("policies", "billing_rule")] {
        let text = format!(
            "[^x_]\ncreate = {who}\nread = {who}\nupdate = {who}\ndelete =\n\
             [^y_]\ncreate = admin_rule\nread = admin_rule\nupdate = admin_rule\n\
             delete = admin_rule\n[DEFAULT]\ncreate = @\nread = @\nupdate = @\ndelete = @\n[.*]\n"
        )
        .replace(
            "admin_rule",
            if format == "roles" {
                "admin"
            } else {
                "admin_rule"
            },
        );
        let rules = "billing_rule: role:billing\nadmin_rule: role:admin\n";
        let folder = protected(&text, format, &[("policy.yaml", rules)]);
        let config = ["--config-file", "g.conf"];
        run(glance(folder.path()).args(["db", "sync"]).args(config)).succeeded();
        let server = Server::start_in(&folder, &config);

        let refused = server.run("image-create --property x_code=1");
        let created = server.json("image-create --property y_code=1 --property z=2");

        assert!(
            refused.failed().contains("Attribute 'x_code' is reserved"),
            "{refused:?}"
        );
        assert_eq!(
            (&created["y_code"], &created["z"]),
            (&json!("1"), &json!("2"))
        );
        server.wait_for("nothing says who may delete properties of `[^x_]`: nobody");
        let unused = server.said().contains("`admin_rule` has no effect");
        assert_eq!(unused, format == "roles", "{}", server.said());
    }
}

#[test]
fn a_server_whose_protections_are_wrong_does_not_start() {
    let all = "create = @\nread = @\nupdate = @\ndelete = @\n";
    for (text, told) in [
        (
            "",
            "the property protection file `protections.conf` is not there",
        ),
        (
            "[x]\ncreate = @\n",
            "the property protection file `protections.conf` is wrong: section `[x]` does not say \
             who may read",
        ),
        (
            &format!("[x(]\n{all}"),
            "the property protection file `protections.conf` is wrong: section `[x(]` is no \
             regular expression that this version understands: unclosed group",
        ),
        (
            "[x]\ncreate = a\nread = a, b\nupdate = a\ndelete = a\n",
            "the property protection file `protections.conf` is wrong: section `[x]` is wrong in \
             who may read: it takes one rule of the policy, in which others can be combined",
        ),
    ] {
        let folder = protected(text, "policies", &[]);
        let mut serve = glance(folder.path());
        let done = run(serve.args(["serve", "--config-file", "g.conf"]));

        assert_eq!(done.failed(), told);
    }
    let folder = protected(
        &format!("[x]\n{}", all.replace('@', "typo")),
        "policies",
        &[],
    );
    let listed = policy(&folder, "list");
    assert!(
        listed
            .stderr
            .contains("names the rule `typo`, which is not defined"),
        "{listed:?}"
    );
}
