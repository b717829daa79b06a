use super::super::content::Multihash;
use super::super::id::ImageId;
use super::super::location::BlobUrl;
use super::*;

const STORES: [&str; 2] = ["cheap", "fast"];

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn store(name: &str) -> StoreId {
    name.parse().unwrap()
}

fn location(name: &str) -> Location {
    Location::new(BlobUrl::new(format!("memory://{name}/1")))
}

fn imported() -> Imported {
    Imported {
        content: Content {
            size: 4,
            checksum: "md5".to_owned(),
            multihash: Multihash {
                algorithm: "sha512".to_owned(),
                value: "hash".to_owned(),
            },
            virtual_size: None,
        },
        disk_format: None,
        container_format: None,
        properties: Vec::new(),
    }
}

fn image(method: ImportMethod) -> Image {
    let mut image = Image::queued(ImageId::from_bits(1), at(1)).stored_as(method.status());
    if method == ImportMethod::CopyImage {
        image.learn_imported(&imported());
        image.locations.push(location("first"));
    }
    image
}

fn plan(method: ImportMethod, all_must_succeed: bool) -> ImportPlan {
    ImportPlan {
        image: ImageId::from_bits(1),
        method,
        uri: None,
        remote: None,
        stores: STORES.map(store).to_vec(),
        all_must_succeed,
        roles: Vec::new(),
        is_creation: false,
    }
}

/// An import from its start to its end, as the service goes through it.
fn run(plan: &ImportPlan, failing: &[&str]) -> (Image, bool) {
    let begun = image(plan.method)
        .import_begun(plan, true, &[], at(2))
        .unwrap();
    let is_failing = |store: &&StoreId| failing.contains(&store.as_str());
    let (failed, filled): (Vec<_>, Vec<_>) = plan.stores.iter().partition(is_failing);
    let tally = Tally {
        filled: filled.into_iter().cloned().collect(),
        failed: failed.into_iter().cloned().collect(),
    };
    let mut image = begun;
    let succeeds = plan.succeeds(&tally);
    if succeeds || !plan.all_must_succeed {
        for store in &tally.filled {
            let stored = [(store.clone(), location(store.as_str()))];
            let first = (image.status() == Status::Importing).then(imported);
            image = image.import_stored(&stored, first.as_ref(), at(3)).unwrap();
        }
    }
    (image.import_left(plan, &tally, at(4)).unwrap(), succeeds)
}

#[test]
fn the_ends_of_imports_match_the_golden_table() {
    let mut table = String::new();
    for method in ImportMethod::ALL {
        for all_must_succeed in [true, false] {
            for failing in [&[][..], &["fast"], &STORES] {
                let (image, succeeds) = run(&plan(method, all_must_succeed), failing);
                let urls = image.locations.iter().map(|location| location.url.as_str());
                let locations: Vec<&str> = urls.collect();
                let list = |list| {
                    let stores = image.listed_stores(list);
                    stores.iter().map(ToString::to_string).collect::<Vec<_>>()
                };
                table += &format!(
                    "{method}, all must succeed: {all_must_succeed}, failing: {failing:?}\n  \
                     task: {}, image: {}, size: {:?}, at: {locations:?}, importing: {:?}, \
                     failed: {:?}\n",
                    if succeeds { "success" } else { "failure" },
                    image.status(),
                    image.size,
                    list(IMPORTING_TO_STORES),
                    list(FAILED_IMPORT),
                );
            }
        }
    }

    expect_test::expect_file!["../golden/import_ends.txt"].assert_eq(&table);
}

#[test]
fn lists_are_upstream_s_texts() {
    let plan = plan(ImportMethod::WebDownload, false);
    let value = |image: &Image, list| {
        let value = image.properties.get(&PropertyName::literal(list));
        value.map(|value| value.as_str().to_owned())
    };

    let begun = image(plan.method)
        .import_begun(&plan, true, &[], at(2))
        .unwrap();
    let (ended, _) = run(&plan, &[]);

    assert_eq!(
        value(&begun, IMPORTING_TO_STORES),
        Some("cheap,fast".to_owned())
    );
    for list in [IMPORTING_TO_STORES, FAILED_IMPORT] {
        assert_eq!(value(&ended, list), Some(String::new()));
    }
}

#[test]
fn a_broken_import_s_stores_are_not_filled_any_more() {
    let copy = plan(ImportMethod::CopyImage, false);
    let begun = image(copy.method)
        .import_begun(&copy, true, &[], at(2))
        .unwrap();
    let other = ImportPlan {
        stores: vec![store("other")],
        ..copy.clone()
    };

    let again = begun
        .import_begun(&other, true, &copy.stores, at(3))
        .unwrap();

    assert_eq!(
        again.listed_stores(IMPORTING_TO_STORES),
        BTreeSet::from([store("other")])
    );
}

#[test]
fn an_unnamed_store_is_in_no_list() {
    let plan = plan(ImportMethod::WebDownload, true);
    let begun = image(plan.method)
        .import_begun(&plan, false, &[], at(2))
        .unwrap();

    let left = begun.import_left(&plan, &Tally::default(), at(3)).unwrap();

    assert_eq!(left.status(), Status::Queued);
    assert!(begun.properties.is_empty() && left.properties.is_empty());
}
