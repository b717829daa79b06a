//! Stores, as an operator would set them up.

use std::path::Path;

use super::stores::Driver;
use super::tests::{CONNECTION, config, failure, file, loaded};

#[test]
fn a_kind_of_store_that_is_not_built_is_refused() {
    let refusal = "in `glance-api.conf` line 4 cannot be honoured: of the kinds of stores";
    for (text, option) in [
        (
            "[glance_store]\nstores = file,rbd\n",
            "[glance_store] stores",
        ),
        (
            "[DEFAULT]\nenabled_backends = a:swift\n",
            "[DEFAULT] enabled_backends",
        ),
    ] {
        let message = failure(text);
        assert!(
            message.starts_with(&format!("`{option}` {refusal}")),
            "{message}"
        );
    }
}

#[test]
fn the_default_store_is_one_of_the_stores() {
    assert_eq!(
        failure("[glance_store]\nstores = file\ndefault_store = swift\n"),
        "`[glance_store] default_store` in `glance-api.conf` line 5 is `swift`, but must be one of \
         `[glance_store] stores`: file"
    );
}

#[test]
fn one_folder_and_several_contradict_each_other() {
    let several = "filesystem_store_datadirs = /b:1\n";
    assert_eq!(
        failure(&format!(
            "[glance_store]\nfilesystem_store_datadir = /a\n{several}"
        )),
        "`[glance_store] filesystem_store_datadirs` in `glance-api.conf` line 5 contradicts \
         `filesystem_store_datadir`: set one of the two"
    );
    let emptied = config(&format!(
        "[glance_store]\nfilesystem_store_datadir =\n{several}"
    ));
    assert_eq!(file(&emptied).folders[0].priority, 1);
}

#[test]
fn several_stores_have_groups_of_their_own_over_common_defaults() {
    let (config, warnings) = loaded(&format!(
        "{CONNECTION}[DEFAULT]\nenabled_backends = Fast:file, cheap:file\n\
         [glance_store]\ndefault_backend = cheap\nfilesystem_store_datadir = /nowhere\n\
         [backend_defaults]\nfilesystem_store_datadir = /common\nfilesystem_store_file_perm = 640\n\
         [fast]\nfilesystem_store_datadir = /fast\nweight = 10\nstore_description = SSD\n",
    ))
    .unwrap();
    let stores = &config.stores;

    assert!(stores.named);
    assert_eq!(stores.default.as_str(), "cheap");
    let fast = &stores.all[0];
    assert_eq!((fast.id.as_str(), fast.weight), ("Fast", 10));
    assert_eq!(fast.description.as_deref(), Some("SSD"));
    let folders: Vec<_> = stores
        .folders()
        .map(|folder| folder.path.as_path())
        .collect();
    assert_eq!(folders, [Path::new("/fast"), Path::new("/common")]);
    assert_eq!(file(&config).permissions, Some(0o640));
    let [warning] = warnings.as_slice() else {
        panic!("{warnings:?}");
    };
    assert!(
        warning
            .to_string()
            .ends_with("the stores of `enabled_backends` are set up in groups of their own names"),
        "{warning}"
    );
}

#[test]
fn several_stores_need_names_kinds_and_a_default() {
    for (text, message) in [
        (
            "[DEFAULT]\nenabled_backends = a:file\n",
            "`[glance_store] default_backend` is not set: it must be one of the stores of \
             `enabled_backends`: a",
        ),
        (
            "[DEFAULT]\nenabled_backends = a:file\n[glance_store]\ndefault_backend = b\n",
            "`[glance_store] default_backend` in `glance-api.conf` line 6 is `b`, but must be one \
             of the stores of `enabled_backends`: a",
        ),
        (
            "[DEFAULT]\nenabled_backends = os_glance_x:file\n",
            "`[DEFAULT] enabled_backends` in `glance-api.conf` line 4 is `os_glance_x`, but must \
             be stores whose names do not start with `os_glance_`",
        ),
        (
            "[DEFAULT]\nenabled_backends = a:paper\n",
            "`[DEFAULT] enabled_backends` in `glance-api.conf` line 4 is `paper`, but must be \
             pairs of a name and a kind of store, like `fast:file`",
        ),
    ] {
        assert_eq!(failure(text), message);
    }
}

#[test]
fn stores_that_mirror_each_other_have_groups_of_their_own() {
    let text = "[DEFAULT]\nenabled_backends = safe:mirrored\n\
                [glance_store]\ndefault_backend = safe\n\
                [safe]\nmirrored_stores = near:file, far:file\n\
                [near]\nfilesystem_store_datadir = /near\n\
                [far]\nfilesystem_store_datadir = /far\n";
    let (config, warnings) = loaded(&format!("{CONNECTION}{text}")).unwrap();
    let [safe] = config.stores.all.as_slice() else {
        panic!("{config:?}");
    };

    assert_eq!(safe.driver.to_string(), "/near, /far");
    assert_eq!(config.stores.folders().count(), 2);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(
        failure(&text.replace("near:file, ", "")),
        "`[safe] mirrored_stores` in `glance-api.conf` line 8 is ``, but must be two stores or \
         more, like `near:file, far:s3`, each with a group of its own"
    );
}

#[test]
fn a_bucket_on_s3_is_set_up_by_the_options_of_glance() {
    let config = config(
        "[glance_store]\nstores = s3, http\ndefault_store = s3+https\n\
         s3_store_host = https://objects.example\ns3_store_bucket = images\n\
         s3_store_access_key = canary\ns3_store_secret_key = canary\n\
         s3_store_large_object_chunk_size = 32\nhttp_allowed_hosts = 10.0.0.0/8, mirror\n\
         http_allowed_ports = 8080\n",
    );
    let [s3, http] = config.stores.all.as_slice() else {
        panic!("{config:?}");
    };

    assert_eq!(config.stores.default, s3.id);
    assert!(!config.stores.named);
    assert_eq!(s3.driver.to_string(), "https://objects.example/images");
    assert!(!format!("{config:?}").contains("canary"));
    let Driver::S3(options) = &s3.driver else {
        panic!("{s3:?}");
    };
    assert_eq!(options.large_object_chunk_size, 32 << 20);
    let Driver::Http(options) = &http.driver else {
        panic!("{http:?}");
    };
    assert_eq!(options.allowed.hosts, ["mirror"]);
    assert_eq!(options.allowed.networks.len(), 1);
    assert_eq!(options.allowed.ports, [8080]);
}

#[test]
fn what_a_store_needs_is_asked_for_by_name() {
    assert_eq!(
        failure(
            "[DEFAULT]\nenabled_backends = a:s3\n[glance_store]\ndefault_backend = a\n\
             [a]\ns3_store_access_key = x\ns3_store_secret_key = y\n"
        ),
        "`[a] s3_store_host` is not set, and store `a` needs it"
    );
}

#[test]
fn folders_without_a_path_or_with_two_priorities_are_refused() {
    for (lines, value, allowed) in [
        (
            "filesystem_store_datadirs = /a:high\n",
            "/a:high",
            "a folder with an optional priority, like `/srv/images:10`",
        ),
        (
            "filesystem_store_datadirs = /a:1\nfilesystem_store_datadirs = /a:2\n",
            "/a:2",
            "given with one priority only",
        ),
    ] {
        let message = failure(&format!("[glance_store]\n{lines}"));
        assert!(
            message.ends_with(&format!("is `{value}`, but must be {allowed}")),
            "{message}"
        );
    }
    assert!(failure("[glance_store]\nfilesystem_store_datadir =\n").contains("must be a folder"));
}
