//! What `glance metadefs export` writes, `glance metadefs load` takes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::metadefs::{configured, operate};
use crate::support::files_in;

/// As Python Glance loads a file that says little, and with what its API adds.
const LOADED: &str = r#"
INSERT INTO metadef_namespaces (id, namespace, visibility, protected, owner, created_at) VALUES
    (7, 'Loaded', NULL, NULL, 'a project', '2026-11-22 02:00:05.641932');
INSERT INTO metadef_resource_types (id, name, protected, created_at) VALUES
    (3, 'OS::Cinder::Volume', 1, '2026-11-22 02:00:05.641932'),
    (4, 'OS::Nova::Server', 0, '2026-11-22 02:00:05.641932');
INSERT INTO metadef_namespace_resource_types
    (resource_type_id, namespace_id, prefix, properties_target, created_at) VALUES
    (3, 7, 'x_', 'image', '2026-11-22 02:00:05.641932'),
    (4, 7, NULL, '', '2026-11-22 02:00:05.641932');
INSERT INTO metadef_properties (namespace_id, name, json_schema, created_at) VALUES
    (7, 'z', '{"name": "z", "title": "Z", "type": "integer", "minimum": 2.0, "default": 5,
               "description": null, "items": {"type": "string", "enum": null}}',
     '2026-11-22 02:00:05.641932'),
    (7, 'a', '{"title": "A", "type": "string", "default": null}', '2026-11-22 02:00:05.641932');
INSERT INTO metadef_objects (namespace_id, name, required, json_schema, created_at) VALUES
    (7, 'o', 'b,a', '{"a": {"title": "A", "type": "array", "enum": [1, true]}}',
     '2026-11-22 02:00:05.641932'),
    (7, 'bare', NULL, 'null', '2026-11-22 02:00:05.641932');
INSERT INTO metadef_tags (namespace_id, name, created_at) VALUES
    (7, 't', '2026-11-22 02:00:05.641932'), (7, 'T', '2026-11-22 02:00:05.641932');
"#;

#[test]
fn what_python_glance_loaded_is_written_the_same_before_and_after_a_load() {
    let folder = configured();
    execute(&folder, LOADED);

    let (before, after) = written_twice(&folder);

    assert_eq!(before, after);
    assert!(before["Loaded.json"].contains("\"properties_target\": \"image\""));
}

#[test]
fn each_namespace_has_a_file_that_is_loaded_whatever_its_name() {
    let folder = configured();
    // No letters, and as many as there may be, of three bytes each.
    for name in [
        "::",
        "--",
        &"名".repeat(80),
        &format!("{}字", "名".repeat(79)),
    ] {
        execute(
            &folder,
            &format!(
                "INSERT INTO metadef_namespaces
                    (namespace, display_name, visibility, protected, owner, created_at) VALUES
                    ('{name}', '{}', 'private', 1, 'admin', '2026-11-22 02:00:05.641932')",
                if name.starts_with('名') {
                    "名".repeat(80)
                } else {
                    String::new()
                },
            ),
        );
    }

    let (before, after) = written_twice(&folder);

    assert_eq!(before.len(), 4, "{before:?}");
    assert_eq!(before, after);
}

#[test]
fn what_no_file_may_say_is_named_and_the_rest_is_written() {
    let folder = configured();
    execute(&folder, LOADED);
    for (name, part) in [
        (
            "Word",
            "metadef_properties (json_schema, name, namespace_id, created_at) SELECT
                '{\"title\": \"T\", \"type\": \"string\", \"own\": [1]}', 'p'",
        ),
        (
            "Type",
            "metadef_objects (json_schema, name, namespace_id, created_at) SELECT
                '{\"a\": {\"title\": \"T\", \"type\": \"any\"}}', 'o'",
        ),
        (
            "Unreadable",
            "metadef_properties (json_schema, name, namespace_id, created_at) SELECT '{', 'p'",
        ),
        (
            "Unnamed",
            "metadef_tags (name, namespace_id, created_at) SELECT ''",
        ),
    ] {
        execute(
            &folder,
            &format!(
                "INSERT INTO metadef_namespaces (namespace, owner, created_at) VALUES
                    ('{name}', 'admin', '2026-11-22 02:00:05.641932');
                 INSERT INTO {part}, id, created_at FROM metadef_namespaces
                    WHERE namespace = '{name}'",
            ),
        );
    }
    execute(
        &folder,
        "INSERT INTO metadef_namespaces (namespace, owner, created_at) VALUES
            ('Timeless', 'admin', 'noon')",
    );

    let done = operate(&folder, "metadefs export --path out");

    let left_out: Vec<&str> = done.stderr.lines().collect();
    let sentence = "is not written, for no file may say what it holds";
    let meant = [
        format!("glance: namespace `Timeless` {sentence}: in metadef_namespaces "),
        format!(
            "glance: namespace `Type` {sentence}: at \"/objects/0/properties/a/type\" it is not"
        ),
        format!("glance: namespace `Unnamed` {sentence}: at \"/tags/0/name\" it is refused: "),
        format!("glance: namespace `Unreadable` {sentence}: in metadef_properties "),
        format!("glance: namespace `Word` {sentence}: at \"/properties/p/own\" it is not known: "),
    ];
    assert_eq!(left_out.len(), meant.len(), "{done:?}");
    for (line, meant) in left_out.iter().zip(&meant) {
        assert!(line.starts_with(meant), "{line}\n{meant}");
    }
    assert_eq!(done.code, 1);
    assert_eq!(
        done.text(),
        "namespaces written: 1\nnamespaces left out: 5\n"
    );
    assert_eq!(files_in(&folder.path().join("out")), ["Loaded.json"]);
}

/// What is exported, and what is after all is removed and that is loaded.
fn written_twice(folder: &TempDir) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let write = || {
        operate(folder, "metadefs export --path out").succeeded();
        contents(&folder.path().join("out"))
    };
    let before = write();
    operate(folder, "metadefs unload").succeeded();
    let loaded = operate(folder, "metadefs load --path out").succeeded();
    assert_eq!(
        loaded.text(),
        format!(
            "namespaces loaded: {}\nnamespaces skipped, for they are there: 0\n",
            before.len()
        )
    );
    for name in before.keys() {
        fs::remove_file(folder.path().join("out").join(name)).unwrap();
    }
    (before, write())
}

fn contents(folder: &Path) -> BTreeMap<String, String> {
    let names = files_in(folder).into_iter();
    names
        .map(|name| {
            let text = fs::read_to_string(folder.join(&name)).unwrap();
            (name, text)
        })
        .collect()
}

fn execute(folder: &TempDir, statements: &str) {
    let connection = Connection::open(folder.path().join("g.sqlite")).unwrap();
    connection.execute_batch(statements).unwrap();
}
