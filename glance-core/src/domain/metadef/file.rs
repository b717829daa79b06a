//! Namespaces as upstream's JSON files hold them.

use serde_json::Value as Json;
use thiserror::Error;

use super::check::escaped;
use super::document::NamespaceDocument;
use super::invalid::{DefinitionFault, InvalidDefinition};
use crate::domain::ProjectId;

impl NamespaceDocument {
    /// Reads the text of a file. Without an owner in it, it is that of
    /// [`default_owner`](Self::default_owner); what is `null` is not said.
    ///
    /// # Errors
    /// [`InvalidNamespaceFile`] says what is wrong, and where in the file.
    pub fn from_file(text: &str) -> Result<Self, InvalidNamespaceFile> {
        let json: Json =
            serde_json::from_str(text).map_err(|source| InvalidNamespaceFile::Json { source })?;
        let owner = Self::default_owner();
        Ok(Self::from_json(&without_nulls(json), Some(&owner))?)
    }

    /// Whose a namespace is that no project asks for and that names none: `admin`'s, as upstream has
    /// it for files.
    pub fn default_owner() -> ProjectId {
        ProjectId::stored("admin".to_owned())
    }

    /// The text of a file with all of it, but for what says nothing, such as `null`.
    ///
    /// # Errors
    /// No file may say it, for upstream stores files unread: [`InvalidNamespaceFile`] says what is
    /// wrong, and where in the file.
    pub fn to_file(&self) -> Result<String, InvalidNamespaceFile> {
        let text = |document: &Self| format!("{:#}\n", document.to_json());
        Ok(text(&Self::from_file(&text(self))?))
    }

    /// What upstream calls the file: the display name with nothing but letters and digits. Where
    /// there are none, the file has a name that is not hidden.
    pub fn file_name(&self) -> String {
        let namespace = &self.namespace;
        let display_name = namespace.display_name.as_ref();
        let shown = stem(display_name.map_or("", |name| name.as_str()));
        let own = stem(namespace.name.as_str());
        let stem = [shown, own].into_iter().find(|stem| !stem.is_empty());
        format!("{}.json", stem.as_deref().unwrap_or("namespace"))
    }
}

/// Why the text of a file is no namespace.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InvalidNamespaceFile {
    /// It is JSON, but not of a namespace.
    #[error("at {pointer:?} it {fault}")]
    Definition {
        /// Where, as a JSON pointer.
        pointer: String,
        /// What is wrong there.
        fault: DefinitionFault,
    },
    /// It is no JSON.
    #[error("it is not JSON")]
    Json {
        /// What is wrong with it, and where.
        source: serde_json::Error,
    },
}

impl From<InvalidDefinition> for InvalidNamespaceFile {
    fn from(invalid: InvalidDefinition) -> Self {
        let steps = invalid
            .path
            .iter()
            .map(|step| format!("/{}", escaped(step)));
        Self::Definition {
            pointer: steps.collect(),
            fault: invalid.fault,
        }
    }
}

fn stem(name: &str) -> String {
    name.chars().filter(|each| each.is_alphanumeric()).collect()
}

fn without_nulls(json: Json) -> Json {
    match json {
        Json::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Json::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(json: &Json) -> String {
        let invalid = NamespaceDocument::from_file(&json.to_string());
        invalid.unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_told_with_its_json_pointer() {
        let property =
            json!({"namespace": "n", "properties": {"a/b": {"title": "t", "type": "x"}}});
        let object = json!({"namespace": "n", "objects": [{"name": "o"}, {"name": 5}]});

        assert!(refused(&property).starts_with(r#"at "/properties/a~1b/type" it is not one of"#));
        assert_eq!(
            refused(&object),
            r#"at "/objects/1/name" it must be a string"#
        );
        assert_eq!(
            refused(&json!({})),
            r#"at "/namespace" it is a required property"#
        );
    }

    #[test]
    fn a_file_without_owner_is_of_admin_and_what_is_null_is_not_said() {
        let document = NamespaceDocument::from_file(
            r#"{"namespace": "n", "description": null,
                "resource_type_associations": [{"name": "r", "prefix": null}]}"#,
        )
        .unwrap();

        assert_eq!(document.namespace.owner.as_str(), "admin");
        assert_eq!(document.namespace.description, None);
        assert_eq!(document.associations[0].prefix, None);
    }

    #[test]
    fn files_are_called_after_what_people_call_the_namespace() {
        let named = |json: Json| {
            NamespaceDocument::from_file(&json.to_string())
                .unwrap()
                .file_name()
        };

        assert_eq!(
            named(json!({"namespace": "n", "display_name": "libvirt Driver: Options_2"})),
            "libvirtDriverOptions2.json"
        );
        assert_eq!(
            named(json!({"namespace": "OS::A", "display_name": "--"})),
            "OSA.json"
        );
        assert_eq!(named(json!({"namespace": "OS::A"})), "OSA.json");
        assert_eq!(named(json!({"namespace": "::"})), "namespace.json");
    }
}
