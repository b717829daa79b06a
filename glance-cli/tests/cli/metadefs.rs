//! Metadata definitions: the commands of clients, and those of operators.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Done, Server, files_in, glance, run, run_with};

/// A configuration of its own, whose catalog is made and empty.
pub(crate) fn configured() -> Arc<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let text = "[DEFAULT]\nmetadata_source_path = files\n\
                [database]\nconnection = sqlite:///g.sqlite\n\
                [glance_store]\nfilesystem_store_datadir = images\n";
    fs::write(folder.path().join("glance-api.conf"), text).unwrap();
    for name in ["files", "images", "out"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let folder = Arc::new(folder);
    operate(&folder, "db sync").succeeded();
    folder
}

pub(crate) fn operate(folder: &TempDir, line: &str) -> Done {
    let mut command = glance(folder.path());
    command.args(line.split_whitespace());
    run(command.args(["--config-file", "glance-api.conf"]))
}

fn write(folder: &TempDir, name: &str, namespace: &Value) {
    fs::write(folder.path().join(name), namespace.to_string()).unwrap();
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn cats(description: &str, properties: &Value) -> Value {
    json!({
        "namespace": "Cats", "display_name": "All cats", "description": description,
        "visibility": "public", "protected": true, "owner": "admin",
        "resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "cat_"}],
        "properties": properties,
        "objects": [{"name": "tail", "properties": {"length": {"title": "l", "type": "integer"}}}],
        "tags": [{"name": "soft"}],
    })
}

fn lives(most: u32) -> Value {
    json!({"title": "Lives", "type": "integer", "maximum": most})
}

/// What is in the catalog of namespace `Cats`.
fn exported(folder: &TempDir) -> Value {
    operate(folder, "metadefs export --path out").succeeded();
    read(&folder.path().join("out/Allcats.json"))
}

#[test]
fn what_is_loaded_is_what_is_written_again() {
    let folder = configured();
    let namespace = cats("furry", &json!({"lives": lives(9)}));
    write(&folder, "files/cats.json", &namespace);
    write(&folder, "files/no.txt", &json!("not looked at"));

    let loaded = operate(&folder, "metadefs load").succeeded().text();
    let written = operate(&folder, "metadefs export --path out")
        .succeeded()
        .text();

    assert_eq!(
        loaded,
        "namespaces loaded: 1\nnamespaces skipped, for they are there: 0\n"
    );
    assert_eq!(written, "namespaces written: 1\n");
    assert_eq!(files_in(&folder.path().join("out")), ["Allcats.json"]);
    assert_eq!(exported(&folder), namespace);

    operate(&folder, "metadefs unload").succeeded();
    fs::remove_file(folder.path().join("out/Allcats.json")).unwrap();
    operate(&folder, "metadefs export --path out").succeeded();
    assert_eq!(files_in(&folder.path().join("out")), [""; 0]);
}

#[test]
fn flags_say_what_becomes_of_what_is_there() {
    let folder = configured();
    write(
        &folder,
        "old.json",
        &cats("old", &json!({"a": lives(1), "b": lives(1)})),
    );
    write(
        &folder,
        "new.json",
        &cats("new", &json!({"b": lives(2), "c": lives(2)})),
    );
    let after = |flags: &str| {
        operate(&folder, "metadefs unload").succeeded();
        operate(&folder, "metadefs load --path old.json").succeeded();
        let loaded = operate(&folder, &format!("metadefs load --path new.json {flags}"));
        let cats = exported(&folder);
        (
            loaded.succeeded().text().contains("loaded: 1"),
            cats["description"].clone(),
            cats["properties"].clone(),
        )
    };

    let (a, b, c) = (lives(1), lives(1), lives(2));
    assert_eq!(after(""), (false, json!("old"), json!({"a": a, "b": b})));
    assert_eq!(
        after("--merge"),
        (true, json!("old"), json!({"a": a, "b": b, "c": c}))
    );
    assert_eq!(
        after("--merge --prefer_new"),
        (true, json!("new"), json!({"a": a, "b": c, "c": c}))
    );
    assert_eq!(
        after("--merge --overwrite"),
        (true, json!("new"), json!({"b": c, "c": c}))
    );
    for flags in [
        "--prefer-new",
        "--overwrite",
        "--merge --prefer-new --overwrite",
    ] {
        let refused = operate(&folder, &format!("metadefs load --path new.json {flags}"));
        assert_eq!(refused.code, 2, "{refused:?}");
    }
}

#[test]
fn one_file_that_is_not_in_order_keeps_all_from_being_loaded() {
    let folder = configured();
    write(
        &folder,
        "files/a.json",
        &cats("furry", &json!({"lives": lives(9)})),
    );
    let broken = cats(
        "furry",
        &json!({"lives": {"title": "Lives", "type": "count"}}),
    );
    write(&folder, "files/b.json", &broken);

    let refused = operate(&folder, "metadefs load");

    assert_eq!(
        refused.failed(),
        "`files/b.json` holds no namespace: at \"/properties/lives/type\" it is not one of array, \
         boolean, integer, number, object, string"
    );
    let written = operate(&folder, "metadefs export --path out")
        .succeeded()
        .text();
    assert_eq!(written, "namespaces written: 0\n");

    fs::write(folder.path().join("files/b.json"), "{").unwrap();
    let refused = operate(&folder, "metadefs load");
    assert!(
        refused
            .failed()
            .starts_with("`files/b.json` holds no namespace: it is not JSON: "),
        "{refused:?}"
    );
    let empty = operate(&folder, "metadefs load --path out");
    assert_eq!(empty.failed(), "there is no *.json in `out`");
    let absent = operate(&folder, "metadefs load --path absent.json");
    assert!(
        absent.failed().starts_with("cannot read `absent.json`"),
        "{absent:?}"
    );
}

#[test]
fn a_new_server_of_its_own_knows_the_properties_of_nova_once() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let server = Server::start_in(&folder, &[]);
    let names = |server: &Server| -> Vec<String> {
        let namespaces = server.json("md-namespace-list");
        let namespaces = namespaces.as_array().unwrap().iter();
        namespaces
            .map(|each| each["namespace"].as_str().unwrap().to_owned())
            .collect()
    };

    assert!(names(&server).contains(&"OS::Compute::Hypervisor".to_owned()));
    drop(server);
    run(glance(folder.path()).args(["metadefs", "unload"])).succeeded();
    let again = Server::start_in(&folder, &[]);
    assert_eq!(names(&again), [""; 0]);
}

#[test]
fn a_database_that_an_operator_made_is_left_as_it_is() {
    let folder = configured();
    let server = Server::start_in(&folder, &["--config-file", "glance-api.conf"]);

    assert_eq!(server.json("md-namespace-list"), json!([]));
}

#[test]
fn an_image_is_held_to_the_definitions() {
    let server = Server::start();
    let image = server.json("image-create --property hw_disk_bus=virtio");
    let id = image["id"].as_str().unwrap();

    let good = server.run(&format!("image-check {id}")).succeeded().text();
    assert!(
        good.starts_with("all properties are as defined; "),
        "{good}"
    );
    server.json(&format!(
        "image-update {id} --property hw_disk_bus=floppy --property hw_cpu_cores=0"
    ));
    let bad = server.run(&format!("image-check {id}"));
    let machine = server.run(&format!("image-check {id} --json"));

    assert_eq!(bad.code, 1, "{bad:?}");
    assert!(
        bad.text().contains("| /properties/hw_disk_bus/enum "),
        "{bad:?}"
    );
    assert_eq!(machine.code, 1, "{machine:?}");
    let pointers: Vec<Value> = machine.json()["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["pointer"].clone())
        .collect();
    assert_eq!(
        pointers,
        [
            "/properties/hw_disk_bus/enum",
            "/properties/cpu_cores/minimum"
        ]
    );
    assert_eq!(
        server
            .run("image-check 00000000-0000-0000-0000-000000000000")
            .code,
        1
    );
}

#[test]
fn a_namespace_is_created_shown_changed_and_deleted() {
    let server = Server::start();

    let created = server.json(
        "md-namespace-create Dogs --display-name D --visibility public --protected False \
         --resource-type-associations OS::Nova::Flavor {\"name\":\"OS::Glance::Image\",\"prefix\":\"dog_\"}",
    );
    assert_eq!(created["visibility"], "public");
    let types = server.json("md-namespace-resource-type-list Dogs");
    assert_eq!(types[0]["name"], "OS::Glance::Image");
    assert_eq!(types[0]["prefix"], "dog_");
    assert_eq!(types[1]["name"], "OS::Nova::Flavor");
    let listed = server.json("md-namespace-list --resource-types OS::Nova::Flavor --page-size 1");
    assert!(
        listed
            .as_array()
            .unwrap()
            .iter()
            .any(|each| each["namespace"] == "Dogs")
    );

    let updated = server.json("md-namespace-update Dogs --namespace Hounds --description h");
    assert_eq!(updated["namespace"], "Hounds");
    assert_eq!(updated["description"], "h");
    assert_eq!(updated["display_name"], "D");
    assert_eq!(server.run("md-namespace-show Dogs").code, 1);

    server.json("md-property-create Hounds --name p --title P --type string --schema {}");
    let shown = server.json("md-namespace-show Hounds --resource-type OS::Glance::Image");
    assert_eq!(shown["properties"]["dog_p"]["title"], "P");
    let people = server.run("md-namespace-show Hounds").succeeded().text();
    assert!(people.contains("| [\"p\"] "), "{people}");

    server
        .run("md-namespace-update Hounds --protected")
        .succeeded();
    assert_eq!(server.run("md-namespace-delete Hounds").code, 1);
    server
        .run("md-namespace-update Hounds --protected False")
        .succeeded();
    let deleted = server.run("md-namespace-delete Hounds").succeeded();
    assert_eq!(deleted.text(), "");
    assert_eq!(server.run("md-namespace-show Hounds").code, 1);
}

#[test]
fn a_namespace_is_imported_from_a_pipe_or_a_file() {
    let server = Server::start();
    let namespace = json!({"namespace": "N", "tags": [{"name": "t"}]}).to_string();
    fs::write(
        server.folder.path().join("m.json"),
        namespace.replace("\"N\"", "\"M\""),
    )
    .unwrap();

    run_with(
        &mut server.command("md-namespace-import"),
        namespace.as_bytes(),
    )
    .succeeded();
    server.run("md-namespace-import --file m.json").succeeded();
    let broken = run_with(&mut server.command("md-namespace-import"), b"[]");

    for name in ["N", "M"] {
        let tags = server.json(&format!("md-tag-list {name}"));
        assert_eq!(tags, json!([{"name": "t"}]));
    }
    assert!(
        broken
            .failed()
            .starts_with("`standard input` holds no object of JSON"),
        "{broken:?}"
    );
}

#[test]
fn what_a_namespace_holds_is_created_shown_changed_and_deleted() {
    let server = Server::start();
    server.json("md-namespace-create N");

    server.json("md-property-create N --name p --title P --type integer --schema {\"minimum\":1}");
    let property = server.json("md-property-update N p --name q --schema {\"maximum\":5}");
    assert_eq!(
        (
            &property["name"],
            &property["minimum"],
            &property["maximum"]
        ),
        (&json!("q"), &json!(1), &json!(5))
    );
    assert_eq!(server.json("md-property-show N q")["title"], "P");
    assert_eq!(server.json("md-property-list N")[0]["name"], "q");
    server.run("md-property-delete N q").succeeded();
    assert_eq!(server.json("md-property-list N"), json!([]));

    server.json("md-object-create N --name o --schema {\"properties\":{\"x\":{\"title\":\"X\",\"type\":\"string\"}}}");
    let object = server.json("md-object-update N o --name u --schema {\"description\":\"d\"}");
    assert_eq!(
        (&object["name"], &object["description"]),
        (&json!("u"), &json!("d"))
    );
    assert_eq!(server.json("md-object-property-show N u x")["name"], "x");
    assert_eq!(
        server.run("md-object-property-show N u y").failed(),
        "object u has no property y"
    );
    assert_eq!(
        server.json("md-object-show N u")["properties"]["x"]["title"],
        "X"
    );
    assert_eq!(server.json("md-object-list N")[0]["description"], "d");
    server.run("md-object-delete N u").succeeded();

    server.json("md-tag-create N --name a");
    server.json("md-tag-create-multiple N --names b,c --append");
    assert_eq!(server.json("md-tag-list N").as_array().unwrap().len(), 3);
    server.json("md-tag-create-multiple N --names d;e --delim ;");
    assert_eq!(server.json("md-tag-list N").as_array().unwrap().len(), 2);
    assert_eq!(server.json("md-tag-update N d --name f")["name"], "f");
    assert_eq!(server.json("md-tag-show N f")["name"], "f");
    server.run("md-tag-delete N f").succeeded();

    let association = server.json("md-resource-type-associate N --name R --prefix r:");
    assert_eq!(association["prefix"], "r:");
    let types = server.json("md-resource-type-list");
    assert!(
        types
            .as_array()
            .unwrap()
            .iter()
            .any(|each| each["name"] == "R")
    );
    server.run("md-resource-type-deassociate N R").succeeded();
    assert_eq!(server.json("md-namespace-resource-type-list N"), json!([]));

    for what in ["tags", "objects", "properties"] {
        server
            .run(&format!("md-namespace-{what}-delete N"))
            .succeeded();
    }
    assert_eq!(server.json("md-tag-list N"), json!([]));
}
