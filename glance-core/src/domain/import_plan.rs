//! An import as data: what is to be done, as the row of its task tells every node.

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::id::{ImageId, StoreId, TaskId};
use super::import_method::ImportMethod;
use super::remote_image::RemoteImage;
use super::status::Status;
use super::task::{Task, TaskKind};

/// What an import is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "it is all that a node has to know"
)]
pub struct ImportPlan {
    /// The image.
    pub image: ImageId,
    /// Where the data comes from.
    pub method: ImportMethod,
    /// The address of it, where it comes from the web.
    pub uri: Option<String>,
    /// The image of another Glance, where the data comes from one.
    pub remote: Option<RemoteImage>,
    /// The stores that are to have it, each once.
    pub stores: Vec<StoreId>,
    /// Whether one store that fails ends it all.
    pub all_must_succeed: bool,
    /// The roles of whoever asked, in lower case: plugins may go by them.
    pub roles: Vec<String>,
    /// Whether the image was made for it (`POST /v2/tasks`): then the image goes where it fails, and
    /// the data passes no plugins, as in upstream.
    pub is_creation: bool,
}

impl ImportPlan {
    /// The plan that a task tells of, which fills `store` where it names none; `None` where it is no
    /// import.
    pub fn of_task(task: &Task, store: &StoreId) -> Option<Self> {
        let input = task.input.as_ref()?;
        match task.kind {
            TaskKind::ApiImageImport => Self::from_input(input),
            TaskKind::Import => Some(Self {
                image: task.image?,
                method: ImportMethod::WebDownload,
                uri: Some(input.get("import_from")?.as_str()?.to_owned()),
                remote: None,
                stores: vec![store.clone()],
                all_must_succeed: true,
                roles: Vec::new(),
                is_creation: true,
            }),
            TaskKind::LocationImport => None,
        }
    }

    /// The way in which a task imports; `None` where it is no import.
    pub fn method_of(task: &Task) -> Option<ImportMethod> {
        match task.kind {
            TaskKind::ApiImageImport => Self::from_input(task.input.as_ref()?).map(|it| it.method),
            TaskKind::Import => Some(ImportMethod::WebDownload),
            TaskKind::LocationImport => None,
        }
    }

    /// The input of its task, in upstream's form.
    pub fn to_input(&self) -> Map<String, Value> {
        let mut method = json!({"name": self.method.as_str()});
        if let Some(uri) = &self.uri {
            method["uri"] = json!(uri);
        }
        if let Some(remote) = &self.remote {
            remote.put_into(&mut method);
        }
        let stores: Vec<&str> = self.stores.iter().map(StoreId::as_str).collect();
        let mut input = Map::new();
        input.insert("image_id".to_owned(), json!(self.image.as_str()));
        input.insert(
            "import_req".to_owned(),
            json!({"method": method, "all_stores_must_succeed": self.all_must_succeed}),
        );
        input.insert("backend".to_owned(), json!(stores));
        if !self.roles.is_empty() {
            input.insert("roles".to_owned(), json!(self.roles));
        }
        input
    }

    /// The plan that the input of a task tells of; `None` where it is no such input.
    pub fn from_input(input: &Map<String, Value>) -> Option<Self> {
        let request = input.get("import_req")?;
        let method = request.get("method")?.as_object()?;
        let uri = method.get("uri").and_then(Value::as_str);
        let all_must_succeed = request.get("all_stores_must_succeed");
        let roles = input.get("roles").and_then(Value::as_array);
        let roles = roles.into_iter().flatten();
        Some(Self {
            image: input.get("image_id")?.as_str()?.parse().ok()?,
            method: method.get("name")?.as_str()?.parse().ok()?,
            uri: uri.map(str::to_owned),
            remote: RemoteImage::of_input(method),
            stores: Self::stores_of(input),
            all_must_succeed: all_must_succeed.and_then(Value::as_bool).unwrap_or(true),
            roles: roles
                .filter_map(|role| role.as_str().map(str::to_owned))
                .collect(),
            is_creation: false,
        })
    }

    /// The stores that a task was to fill, of whatever method.
    pub fn stores_of(input: &Map<String, Value>) -> Vec<StoreId> {
        let stores = input.get("backend").and_then(Value::as_array);
        let names = stores.into_iter().flatten().filter_map(Value::as_str);
        names.filter_map(|name| name.parse().ok()).collect()
    }
}

/// Why an image is not imported as asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CannotImport {
    /// The web is asked for no such address.
    #[error("invalid `uri` for {method}: {reason}", method = ImportMethod::WebDownload)]
    Address {
        /// What is wrong with it.
        reason: String,
    },
    /// It is copied to where it is.
    #[error("image is already present at store '{store}'")]
    AlreadyThere {
        /// The store.
        store: StoreId,
    },
    /// The web is asked for no such address, of an image that is not there yet.
    #[error("invalid `import_from`: {reason}")]
    From {
        /// What is wrong with it.
        reason: String,
    },
    /// A format has to be known first.
    #[error("'{attribute}' needs to be set before import")]
    FormatMissing {
        /// Which one.
        attribute: &'static str,
    },
    /// Nobody is at work on it who would see that it is cancelled.
    #[error("no node of this service is at work on an import for task {task}")]
    NotAtWork {
        /// The task.
        task: TaskId,
    },
    /// Nobody on this service's side has the data.
    #[error("the staged data of image {image} is not known to this service: stage it again")]
    NothingStaged {
        /// The image.
        image: ImageId,
    },
    /// The service does not import in this way.
    #[error("import method {method} is not enabled{}", offer(enabled))]
    NotEnabled {
        /// The way.
        method: ImportMethod,
        /// Those that it has.
        enabled: Vec<ImportMethod>,
    },
    /// The store takes no data.
    #[error("store `{store}` takes no data")]
    ReadOnly {
        /// The store.
        store: StoreId,
    },
    /// An image of another Glance is not named.
    #[error("invalid `{member}` for {method}: {reason}", method = ImportMethod::GlanceDownload)]
    Remote {
        /// Which member of the request is wrong.
        member: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is one store: either it has the data or not.
    #[error("all_stores_must_succeed can only be set with enabled_backends")]
    SingleStore,
    /// The data is staged at another node, which has to be asked for the import.
    #[error("the data of image {image} is staged at another node of this service")]
    StagedElsewhere {
        /// The image.
        image: ImageId,
        /// Where that node is reached; clients are not told.
        host: String,
    },
    /// The image is not in the status for the way.
    #[error("import method {method} takes an image in status '{wanted}', not '{status}'")]
    Status {
        /// The way.
        method: ImportMethod,
        /// The status that it takes.
        wanted: Status,
        /// The status of the image.
        status: Status,
    },
    /// Stores are chosen in one way.
    #[error("stores, all_stores and the x-image-meta-store header exclude each other")]
    StoresTwice,
    /// The service has no such store.
    #[error("store `{store}` is not configured")]
    UnknownStore {
        /// The store.
        store: StoreId,
    },
}

/// What is left to whoever may not import in one way.
fn offer(enabled: &[ImportMethod]) -> String {
    let names: Vec<&str> = enabled.iter().map(|method| method.as_str()).collect();
    match names.is_empty() {
        true => ", nor is any other: upload the data instead".to_owned(),
        false => format!(": use one of {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::time::Timestamp;
    use super::*;

    fn plan(method: ImportMethod) -> ImportPlan {
        ImportPlan {
            image: ImageId::from_bits(1),
            method,
            uri: (method == ImportMethod::WebDownload).then(|| "https://host/disk".to_owned()),
            remote: (method == ImportMethod::GlanceDownload).then(|| RemoteImage {
                region: "Two".to_owned(),
                image: ImageId::from_bits(2),
                interface: "internal".to_owned(),
            }),
            stores: ["fast", "cheap"].map(|id| id.parse().unwrap()).to_vec(),
            all_must_succeed: false,
            roles: vec!["member".to_owned()],
            is_creation: false,
        }
    }

    #[test]
    fn a_plan_reads_back_from_the_input_of_its_task() {
        for method in ImportMethod::ALL {
            let plan = plan(method);

            assert_eq!(ImportPlan::from_input(&plan.to_input()), Some(plan));
        }
    }

    #[test]
    fn upstream_s_input_is_a_plan() {
        let input = json!({
            "image_id": ImageId::from_bits(1).as_str(),
            "import_req": {"method": {"name": "glance-direct"}, "all_stores": true},
            "backend": ["fast"],
        });

        let plan = ImportPlan::from_input(input.as_object().unwrap()).unwrap();

        assert!(plan.all_must_succeed);
        assert_eq!(plan.stores.len(), 1);
    }

    #[test]
    fn a_task_that_makes_an_image_is_a_plan_for_the_store_of_its_work() {
        let input = json!({
            "import_from": "https://host/disk", "import_from_format": "raw", "image_properties": {},
        });
        let (id, now) = ("t".parse().unwrap(), Timestamp::from_micros(0));
        let mut task = Task::pending(id, TaskKind::Import, now);
        task.input = input.as_object().cloned();
        let store: StoreId = "fast".parse().unwrap();

        assert_eq!(ImportPlan::of_task(&task, &store), None);
        task.image = Some(ImageId::from_bits(1));
        let plan = ImportPlan::of_task(&task, &store).unwrap();

        assert_eq!(
            (plan.image, plan.stores),
            (ImageId::from_bits(1), vec![store])
        );
        assert_eq!(plan.uri.as_deref(), Some("https://host/disk"));
        assert!(plan.is_creation && plan.all_must_succeed);
    }

    #[test]
    fn upstream_s_input_names_an_image_of_another_glance() {
        let remote = ImageId::from_bits(2);
        let input = json!({
            "image_id": ImageId::from_bits(1).as_str(),
            "import_req": {"method": {
                "name": "glance-download",
                "glance_region": "Two",
                "glance_image_id": remote.as_str(),
            }},
            "backend": ["fast"],
        });

        let plan = ImportPlan::from_input(input.as_object().unwrap()).unwrap();

        let named = plan.remote.unwrap();
        assert_eq!((named.region.as_str(), named.image), ("Two", remote));
        assert_eq!(named.interface, "public");
    }

    #[test]
    fn another_task_is_no_plan() {
        let input = json!({"import_from": "https://host/disk", "image_properties": {}});

        assert_eq!(ImportPlan::from_input(input.as_object().unwrap()), None);
    }
}
