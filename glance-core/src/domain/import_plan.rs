//! An import as data: what is to be done, as the row of its task tells every node.

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::id::{ImageId, StoreId};
use super::import_method::ImportMethod;
use super::status::Status;

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
    /// The stores that are to have it, each once.
    pub stores: Vec<StoreId>,
    /// Whether one store that fails ends it all.
    pub all_must_succeed: bool,
    /// The roles of whoever asked, in lower case: plugins may go by them.
    pub roles: Vec<String>,
}

impl ImportPlan {
    /// The input of its task, in upstream's form.
    pub fn to_input(&self) -> Map<String, Value> {
        let mut method = json!({"name": self.method.as_str()});
        if let Some(uri) = &self.uri {
            method["uri"] = json!(uri);
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
        let method = request.get("method")?;
        let uri = method.get("uri").and_then(Value::as_str);
        let all_must_succeed = request.get("all_stores_must_succeed");
        let roles = input.get("roles").and_then(Value::as_array);
        let roles = roles.into_iter().flatten();
        Some(Self {
            image: input.get("image_id")?.as_str()?.parse().ok()?,
            method: method.get("name")?.as_str()?.parse().ok()?,
            uri: uri.map(str::to_owned),
            stores: Self::stores_of(input),
            all_must_succeed: all_must_succeed.and_then(Value::as_bool).unwrap_or(true),
            roles: roles
                .filter_map(|role| role.as_str().map(str::to_owned))
                .collect(),
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
    /// A format has to be known first.
    #[error("'{attribute}' needs to be set before import")]
    FormatMissing {
        /// Which one.
        attribute: &'static str,
    },
    /// Nobody on this service's side has the data.
    #[error("the staged data of image {image} is not known to this service: stage it again")]
    NothingStaged {
        /// The image.
        image: ImageId,
    },
    /// The service does not import in this way.
    #[error("import method {method} is not enabled: the enabled ones are [{enabled}]")]
    NotEnabled {
        /// The way.
        method: ImportMethod,
        /// Those that it has.
        enabled: String,
    },
    /// The store takes no data.
    #[error("store `{store}` takes no data")]
    ReadOnly {
        /// The store.
        store: StoreId,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(method: ImportMethod) -> ImportPlan {
        ImportPlan {
            image: ImageId::from_bits(1),
            method,
            uri: (method == ImportMethod::WebDownload).then(|| "https://host/disk".to_owned()),
            stores: ["fast", "cheap"].map(|id| id.parse().unwrap()).to_vec(),
            all_must_succeed: false,
            roles: vec!["member".to_owned()],
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
    fn another_task_is_no_plan() {
        let input = json!({"import_from": "https://host/disk", "image_properties": {}});

        assert_eq!(ImportPlan::from_input(input.as_object().unwrap()), None);
    }
}
