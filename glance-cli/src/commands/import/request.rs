//! From the flags of an import to what a service is asked for.

use serde_json::{Value, json};

use crate::args::{ImportSource, ImportTarget, usage_error};
use crate::client::{self, ImportRequest};
use crate::commands::client::CommandError;
use crate::output::Object;

/// What the flags ask for.
pub(super) fn request(
    command: &str,
    method: &str,
    source: ImportSource,
    target: ImportTarget,
) -> Result<ImportRequest, CommandError> {
    let wrong = |problem: &str| Err(usage_error(command, &format!("{problem}\n")).into());
    let is_remote = source.remote_region.is_some() || source.remote_image_id.is_some();
    if source.uri.is_some() != (method == WEB) {
        return wrong("--uri goes with --import-method web-download, which needs it");
    }
    if is_remote && method != REMOTE {
        return wrong("--remote-region and --remote-image-id go with glance-download");
    }
    let mut members = json!({"name": method});
    if let Some(uri) = source.uri {
        members["uri"] = uri.into();
    }
    if method == REMOTE {
        let (Some(region), Some(image)) = (source.remote_region, source.remote_image_id) else {
            return wrong("glance-download needs --remote-region and --remote-image-id");
        };
        members["glance_region"] = region.into();
        members["glance_image_id"] = image.into();
        members["glance_service_interface"] = source.remote_service_interface.into();
    }
    let must_succeed = !target.allow_failure;
    let target = match (target.store, target.stores, target.all_stores) {
        (Some(store), ..) => client::ImportTarget::One(store),
        (None, _, Some(true)) => client::ImportTarget::All { must_succeed },
        (None, stores, _) if stores.is_empty() => client::ImportTarget::Default,
        (None, stores, _) => client::ImportTarget::Several {
            stores,
            must_succeed,
        },
    };
    if method == COPY && target == client::ImportTarget::Default {
        return wrong("copy-image needs --store, --stores or --all-stores");
    }
    let method = match members {
        Value::Object(members) => members,
        _ => Object::new(),
    };
    Ok(ImportRequest { method, target })
}

pub(super) const DIRECT: &str = "glance-direct";
pub(super) const COPY: &str = "copy-image";
const WEB: &str = "web-download";
const REMOTE: &str = "glance-download";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ImportRequest, client, request};
    use crate::args::{Cli, ClientCommand, Command};

    fn asked(line: &str) -> Result<ImportRequest, String> {
        let words = format!("glance image-import i {line}");
        let cli = Cli::read(words.split_whitespace()).map_err(|error| error.to_string())?;
        let Command::Client(ClientCommand::ImageImport(args)) = cli.command else {
            panic!("another command");
        };
        request(
            "image-import",
            &args.import_method,
            args.source,
            args.target,
        )
        .map_err(|error| error.to_string())
    }

    fn body(line: &str) -> Value {
        asked(line).unwrap().body()
    }

    #[test]
    fn the_body_of_an_import_is_what_the_api_wants() {
        for (line, expected) in [
            ("", json!({"method": {"name": "glance-direct"}})),
            (
                "--import-method web-download --uri http://h/d",
                json!({"method": {"name": "web-download", "uri": "http://h/d"}}),
            ),
            (
                "--import-method glance-download --remote-region r --remote-image-id m",
                json!({"method": {
                    "name": "glance-download", "glance_region": "r", "glance_image_id": "m",
                    "glance_service_interface": "public",
                }}),
            ),
            (
                "--import-method copy-image --stores a,b",
                json!({
                    "method": {"name": "copy-image"}, "stores": ["a", "b"],
                    "all_stores_must_succeed": false,
                }),
            ),
            (
                "--import-method copy-image --all-stores True --allow-failure False",
                json!({
                    "method": {"name": "copy-image"}, "all_stores": true,
                    "all_stores_must_succeed": true,
                }),
            ),
            (
                "--all-stores False",
                json!({"method": {"name": "glance-direct"}}),
            ),
        ] {
            assert_eq!(body(line), expected, "{line}");
        }
    }

    #[test]
    fn one_store_is_named_in_a_header() {
        let request = asked("--store a").unwrap();

        assert_eq!(request.target, client::ImportTarget::One("a".to_owned()));
        assert_eq!(request.body(), json!({"method": {"name": "glance-direct"}}));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (line, problem) in [
            (
                "--uri http://h/d",
                "--uri goes with --import-method web-download",
            ),
            ("--import-method web-download", "which needs it"),
            ("--import-method glance-download", "needs --remote-region"),
            ("--remote-region r", "go with glance-download"),
            (
                "--import-method copy-image",
                "needs --store, --stores or --all-stores",
            ),
            ("--store a --stores b", "cannot be used with"),
            ("--store a --all-stores true", "cannot be used with"),
            ("--stores a --all-stores true", "cannot be used with"),
        ] {
            let said = asked(line).unwrap_err();
            assert!(said.contains(problem), "{line}: {said}");
        }
    }
}
