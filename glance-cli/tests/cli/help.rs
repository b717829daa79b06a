//! What the command line says of itself, and of mistakes in it.

use crate::support::{Done, glance, run};

fn command(line: &str) -> Done {
    let folder = tempfile::tempdir().unwrap();
    run(glance(folder.path()).args(line.split_whitespace()))
}

#[test]
fn every_command_has_help() {
    let overview = command("--help").succeeded().text();

    for name in [
        "serve",
        "db",
        "metadefs",
        "scrub",
        "fsck",
        "image-check",
        "image-create",
        "image-create-via-import",
        "image-delete",
        "image-download",
        "image-list",
        "image-show",
        "image-update",
        "image-upload",
        "image-deactivate",
        "image-reactivate",
        "image-import",
        "image-stage",
        "image-tasks",
        "image-tag-update",
        "image-tag-delete",
        "add-location",
        "location-add",
        "location-delete",
        "location-update",
        "import-info",
        "stores-delete",
        "stores-info",
        "member-create",
        "member-delete",
        "member-list",
        "member-get",
        "member-update",
        "md-namespace-create",
        "md-namespace-delete",
        "md-namespace-import",
        "md-namespace-list",
        "md-namespace-objects-delete",
        "md-namespace-properties-delete",
        "md-namespace-resource-type-list",
        "md-namespace-show",
        "md-namespace-tags-delete",
        "md-namespace-update",
        "md-object-create",
        "md-object-delete",
        "md-object-list",
        "md-object-property-show",
        "md-object-show",
        "md-object-update",
        "md-property-create",
        "md-property-delete",
        "md-property-list",
        "md-property-show",
        "md-property-update",
        "md-resource-type-associate",
        "md-resource-type-deassociate",
        "md-resource-type-list",
        "md-tag-create",
        "md-tag-create-multiple",
        "md-tag-delete",
        "md-tag-list",
        "md-tag-show",
        "md-tag-update",
        "task-create",
        "task-list",
        "task-show",
    ] {
        assert!(
            overview.contains(&format!("\n  {name}")),
            "{name} in {overview}"
        );
        let help = command(&format!("help {name}")).succeeded().text();
        assert!(help.contains("Usage: glance"), "{help}");
        let own = command(&format!("{name} --help")).succeeded().text();
        assert_eq!(own, help);
    }
    for name in ["db sync", "db version", "metadefs load", "metadefs unload"] {
        let help = command(&format!("{name} --help")).succeeded().text();
        assert!(help.contains("--config-dir"), "{help}");
    }
}

#[test]
fn the_version_is_told() {
    let version = concat!("glance ", env!("CARGO_PKG_VERSION"), "\n");

    assert_eq!(command("--version").succeeded().text(), version);
}

#[test]
fn mistakes_end_with_two_and_the_nearest_right_word() {
    for (line, hint) in [
        ("image-lst", "image-list"),
        ("image-list --visibilty all", "--visibility"),
        ("member-update a b maybe", "accepted"),
        ("image-create --property novalue", "KEY=VALUE"),
        ("image-list --sort name --sort-key name", "--sort"),
        (
            "--os-image-url nonsense image-list",
            "http://127.0.0.1:9292",
        ),
        ("image-show", "IMAGE_ID"),
        ("md-namespace-create n --visibility all", "private"),
        (
            "md-property-create n --name p --title t --type string",
            "--schema",
        ),
        (
            "md-object-create n --name o --schema []",
            "an object of JSON",
        ),
        ("md-tag-create n --name", "NAME"),
        (
            "md-tag-create-multiple n --names ,",
            "--names holds no name",
        ),
        ("", "Usage"),
    ] {
        let done = command(line);

        assert_eq!(done.code, 2, "{done:?}");
        assert!(done.stderr.contains(hint), "{line}: {done:?}");
        assert!(done.stdout.is_empty(), "{done:?}");
    }
}
