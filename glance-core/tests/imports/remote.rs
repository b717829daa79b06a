//! Imports from another Glance: what comes along, and what is refused.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::executor::block_on;
use futures::stream;
use glance_core::domain::policy::{PropertyUse, ProtectionFormat, Protections, Section};
use glance_core::domain::query::TaskQuery;
use glance_core::domain::{
    CannotImport, Edit, FAILED_IMPORT, HashAlgorithm, Image, ImageId, ImportMethod, Multihash,
    RemoteDescription, Status, Viewer,
};
use glance_core::ports::{
    ByteStream, ImageServices, Incoming, RemoteImages, SourceError, TaskLog, Token, TokenError,
};
use glance_core::{AskedRemote, Error, ImportRequest};

use crate::world::{DATA, LATER, World, admin, request};

/// Another Glance with one image, and the catalog that tells where it is.
#[derive(Debug)]
pub(crate) struct Remote {
    told: Mutex<RemoteDescription>,
    sent: Mutex<&'static [&'static str]>,
    /// Why the identity service does not tell.
    trouble: Mutex<Option<TokenError>>,
}

impl Default for Remote {
    fn default() -> Self {
        let mut hasher = HashAlgorithm::Sha256.hasher();
        hasher.update(DATA.as_bytes());
        let multihash = Multihash {
            algorithm: "sha256".to_owned(),
            value: hasher.finish().to_uppercase(),
        };
        Self {
            told: Mutex::new(RemoteDescription {
                status: "active".to_owned(),
                size: Some(DATA.len() as u64),
                disk_format: Some("raw".to_owned()),
                container_format: Some("bare".to_owned()),
                multihash: Some(multihash),
                properties: BTreeMap::new(),
            }),
            sent: Mutex::new(&[DATA]),
            trouble: Mutex::default(),
        }
    }
}

#[async_trait]
impl ImageServices for Remote {
    async fn find(
        &self,
        token: &Token,
        region: &str,
        interface: &str,
    ) -> Result<Option<String>, TokenError> {
        assert_eq!(token.reveal(), TOKEN);
        if let Some(trouble) = self.trouble.lock().unwrap().clone() {
            return Err(trouble);
        }
        Ok((region == "Two" && interface == "public").then(|| ADDRESS.to_owned()))
    }
}

#[async_trait]
impl RemoteImages for Remote {
    async fn describe(
        &self,
        service: &str,
        image: ImageId,
        token: &Token,
    ) -> Result<RemoteDescription, SourceError> {
        assert_eq!((service, token.reveal()), (ADDRESS, TOKEN));
        match image == ImageId::from_bits(7) {
            true => Ok(self.told.lock().unwrap().clone()),
            false => Err(SourceError::Refused { status: 404 }),
        }
    }

    async fn open(
        &self,
        service: &str,
        _: ImageId,
        token: &Token,
        is_checked: bool,
    ) -> Result<Incoming, SourceError> {
        assert_eq!((service, token.reveal()), (ADDRESS, TOKEN));
        assert_eq!(is_checked, self.told.lock().unwrap().multihash.is_some());
        let chunks = self.sent.lock().unwrap().iter();
        let chunks = chunks.map(|chunk| Ok::<_, SourceError>(Bytes::from_static(chunk.as_bytes())));
        Ok(Incoming {
            size: None,
            body: ByteStream::new(stream::iter(chunks.collect::<Vec<_>>())),
        })
    }
}

const ADDRESS: &str = "https://two.example";
const TOKEN: &str = "canary";

/// The image as a request names it.
pub(crate) fn asked_remote() -> AskedRemote {
    AskedRemote {
        region: Some("Two".to_owned()),
        image: Some(ImageId::from_bits(7).to_string()),
        interface: None,
        token: Some(TOKEN.parse().unwrap()),
    }
}

fn asking(change: impl FnOnce(&mut AskedRemote)) -> ImportRequest {
    let mut asked = asked_remote();
    change(&mut asked);
    ImportRequest {
        remote: Some(asked),
        ..request(ImportMethod::GlanceDownload, true)
    }
}

/// Imports into an image that has properties of its own; tells what becomes of it and of the task.
fn imported(world: &World, request: ImportRequest) -> (Image, String) {
    let node = world.node(1);
    let id = world.image_for(&node, ImportMethod::GlanceDownload);
    let (glance, edits) = (node.glance.clone(), vec![property("os_distro", "windows")]);
    let edited = world.done(
        &node,
        async move { glance.edit(&admin(), id, &edits).await },
    );
    edited.unwrap();

    let begun = world.import(&node, id, request).unwrap();

    let task = world.task(&begun.unwrap());
    world.check_at_rest("an import from another Glance");
    let ended = format!("{}: {}", task.status(), task.message.unwrap_or_default());
    (world.image(id).unwrap(), ended)
}

fn property(name: &str, value: &str) -> Edit {
    use glance_core::domain::{Attribute, Presence};
    let attribute = Attribute::Property(name.parse().unwrap(), value.parse().unwrap());
    Edit::Set(Presence::Any, attribute)
}

fn shown(image: &Image) -> Vec<(&str, &str)> {
    let properties = image.properties.iter();
    let own = properties.filter(|(name, _)| !name.is_internal());
    own.map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn tell(world: &World, change: impl FnOnce(&mut RemoteDescription)) {
    change(&mut world.remote.told.lock().unwrap());
}

fn bearing(world: &World, properties: &[(&str, &str)]) {
    let properties = properties.iter();
    let properties = properties.map(|(name, value)| (name.to_string(), value.to_string()));
    tell(world, |told| told.properties = properties.collect());
}

#[test]
fn formats_and_chosen_properties_come_along_and_the_names_of_services_do_not() {
    let world = World::new();
    tell(&world, |told| {
        told.container_format = Some("ovf".to_owned())
    });
    bearing(
        &world,
        &[
            ("hw_cpu_cores", "5"),
            ("trait:STORAGE_DISK_SSD", "required"),
            ("os_distro", "rhel"),
            ("speed", "88mph"),
            ("os_type_os_glance", "kept"),
        ],
    );

    let (image, ended) = imported(&world, asking(|_| {}));

    assert_eq!(ended.split(':').next(), Some("success"), "{ended}");
    assert_eq!(image.status(), Status::Active);
    assert_eq!(image.size, Some(DATA.len() as u64));
    assert_eq!(image.multihash.as_ref().unwrap().algorithm, "sha512");
    assert_eq!(image.container_format.as_ref().unwrap().as_str(), "ovf");
    let expected = [
        ("hw_cpu_cores", "5"),
        ("os_distro", "rhel"),
        ("os_type_os_glance", "kept"),
        ("trait:STORAGE_DISK_SSD", "required"),
    ];
    assert_eq!(shown(&image), expected);
}

#[test]
fn no_prefix_lets_in_what_is_a_service_s_own() {
    let mut world = World::new();
    world.remote_properties = vec!["o".to_owned(), "s".to_owned(), "dele".to_owned()];
    let own = [
        ("os_glance_import_task", "x"),
        ("os_glance_failed_import", "cheap"),
        ("os_hidden", "true"),
        ("owner", "mallory"),
        ("status", "deleted"),
        ("stores", "fast"),
        ("deleted", "1"),
    ];
    bearing(&world, &own);

    let (image, _) = imported(&world, asking(|_| {}));

    assert_eq!(image.status(), Status::Active);
    assert_eq!(image.owner, None);
    assert_eq!(shown(&image), [("os_distro", "windows")]);
    assert!(image.listed_stores(FAILED_IMPORT).is_empty());
}

#[test]
fn a_signature_that_comes_along_is_heeded() {
    let mut world = World::new();
    world.remote_properties = vec!["img_".to_owned()];
    bearing(
        &world,
        &[
            ("img_signature", "c2lnbmVk"),
            ("img_signature_hash_method", "SHA-256"),
            ("img_signature_key_type", "RSA-PSS"),
            (
                "img_signature_certificate_uuid",
                "8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0",
            ),
        ],
    );

    let (image, ended) = imported(&world, asking(|_| {}));

    // Nobody verifies signatures here.
    assert!(
        ended.starts_with("failure") && ended.contains("signature"),
        "{ended}"
    );
    assert_eq!(image.status(), Status::Queued);
}

type Change = fn(&World) -> ImportRequest;

#[test]
fn what_is_wrong_over_there_is_said_and_the_image_is_queued_as_it_was() {
    let cases: [(Change, &str); 14] = [
        (
            |world| {
                tell(world, |told| told.status = "queued".to_owned());
                asking(|_| {})
            },
            "is in status `queued`, and not active",
        ),
        (
            |_| asking(|asked| asked.region = Some("Three".to_owned())),
            "has no `public` endpoint of type image in region `Three`",
        ),
        (
            |_| asking(|asked| asked.interface = Some("not an interface".to_owned())),
            "has no `not an interface` endpoint of type image in region `Two`",
        ),
        (
            |_| asking(|asked| asked.image = Some(ImageId::from_bits(8).to_string())),
            "region `Two` has no image 00000000-0000-0000-0000-000000000008",
        ),
        (
            |world| {
                *world.remote.trouble.lock().unwrap() = Some(TokenError::Invalid);
                asking(|_| {})
            },
            "the caller's token is not valid any more",
        ),
        (
            |world| {
                *world.remote.trouble.lock().unwrap() = Some(TokenError::Unavailable {
                    source: Arc::new("down".into()),
                });
                asking(|_| {})
            },
            "cannot be asked where image services are",
        ),
        (
            |world| {
                *world.remote.sent.lock().unwrap() = &["the ", "dusk"];
                asking(|_| {})
            },
            "came with another hash than its service tells",
        ),
        (
            |world| {
                tell(world, |told| told.multihash = None);
                *world.remote.sent.lock().unwrap() = &["the "];
                asking(|_| {})
            },
            "came with another size than its service tells",
        ),
        (
            |world| {
                *world.remote.sent.lock().unwrap() = &[DATA, "s"];
                asking(|_| {})
            },
            "size mismatch",
        ),
        (
            |world| {
                tell(world, |told| told.disk_format = Some("floppy".to_owned()));
                asking(|_| {})
            },
            "floppy",
        ),
        (
            |world| {
                bearing(world, &[("hw_rocket", "🚀")]);
                asking(|_| {})
            },
            "property 'hw_rocket' of the image in region `Two` cannot be kept here",
        ),
        (
            |world| {
                let many: Vec<String> = (0..200).map(|n| format!("hw_{n}")).collect();
                let many: Vec<(&str, &str)> = many.iter().map(|n| (n.as_str(), "x")).collect();
                bearing(world, &many);
                asking(|_| {})
            },
            "the limit on image properties is exceeded",
        ),
        (
            |world| {
                bearing(world, &[("os_type", "linux")]);
                asking(|_| {})
            },
            "attribute 'os_type' is reserved",
        ),
        (
            |world| {
                bearing(world, &[("os_distro", "rhel")]);
                asking(|_| {})
            },
            "attribute 'os_distro' is reserved",
        ),
    ];
    for (change, reason) in cases {
        let mut world = World::new();
        world.protections = reason.contains("reserved").then(nobody_sets_the_system);
        let request = change(&world);

        let (image, ended) = imported(&world, request);

        assert!(ended.contains(reason), "{reason}: {ended}");
        assert!(ended.starts_with("failure"), "{reason}: {ended}");
        assert_eq!(image.status(), Status::Queued, "{reason}");
        assert_eq!(image.container_format.as_ref().unwrap().as_str(), "bare");
        assert_eq!(shown(&image), [("os_distro", "windows")], "{reason}");
        assert_eq!(image.listed_stores(FAILED_IMPORT).len(), 2, "{reason}");
    }
}

/// Everybody may set `os_distro` first, and nobody changes it; nobody sets `os_type`.
fn nobody_sets_the_system() -> Arc<Protections> {
    let section = |pattern: &str, create: &str| {
        let value = |operation: PropertyUse| {
            let value = match operation {
                PropertyUse::Create => create,
                PropertyUse::Read => "@",
                PropertyUse::Delete | PropertyUse::Update => "!",
            };
            Some(value.to_owned())
        };
        Section::new(pattern, ProtectionFormat::Roles, value).unwrap()
    };
    Arc::new(Protections::new([
        section("^os_type$", "!"),
        section(".*", "@"),
    ]))
}

#[test]
fn a_request_that_names_no_image_or_bears_no_token_is_refused() {
    let world = World::new();
    let node = world.node(1);
    let id = world.image_for(&node, ImportMethod::GlanceDownload);
    for (request, wrong) in [
        (asking(|asked| asked.region = None), "glance_region"),
        (asking(|asked| asked.image = None), "glance_image_id"),
        (
            asking(|asked| asked.image = Some("foo".to_owned())),
            "glance_image_id",
        ),
        (asking(|asked| asked.token = None), "X-Auth-Token"),
    ] {
        let refused = world.import(&node, id, request).unwrap_err();

        let Error::CannotImport(CannotImport::Remote { member, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(member, wrong);
    }
    assert_eq!(world.image(id).unwrap().status(), Status::Queued);
    world.check_at_rest("refused requests");
}

#[test]
fn no_row_holds_the_token_and_whoever_takes_over_says_to_ask_again() {
    let world = World::new();
    let node = world.node(1);
    let id = world.image_for(&node, ImportMethod::GlanceDownload);
    let request = asking(|_| {});
    assert!(!format!("{request:?}").contains(TOKEN));
    node.spawn(node.importing(id, request));
    while world.image(id).unwrap().status() != Status::Importing {
        assert!(world.steps(1));
    }
    world.simulation.process(1).crash();
    let rows = || {
        let viewer = Viewer {
            project: None,
            admin: true,
        };
        let query = TaskQuery::of(viewer, world.simulation.now());
        let tasks = block_on(world.catalog.list_tasks(&query)).unwrap();
        let all = format!(
            "{tasks:?} {:?} {:?}",
            world.catalog.images(),
            world.catalog.intents()
        );
        assert!(!all.contains(TOKEN), "{all}");
        tasks
    };
    let input = rows()[0].input.clone().unwrap();
    let method = &input["import_req"]["method"];
    assert_eq!(method["glance_region"], "Two");
    assert_eq!(method["glance_service_interface"], "public");

    world.simulation.advance(LATER);
    world.node(2).scrub();
    world.settle();

    let message = rows()[0].message.clone().unwrap();
    assert!(message.contains("ask for the import again"), "{message}");
    assert_eq!(world.image(id).unwrap().status(), Status::Queued);
    world.check_at_rest("an import that nobody can go on with");
}
