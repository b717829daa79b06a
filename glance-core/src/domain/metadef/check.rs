//! Whether the properties of an image are what their definitions say.

use std::collections::BTreeMap;

use super::contents::NamespaceContents;
use super::name::{NamespaceName, ResourceTypeName};
use super::rule::Rule;
use super::schema::PropertySchema;
use super::value::faults;
use crate::domain::property::{PropertyName, PropertyValue};

/// A property that is not what a definition says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The property, as the image has it.
    pub property: PropertyName,
    /// Its value.
    pub value: String,
    /// The namespace of the definition.
    pub namespace: NamespaceName,
    /// Where in the namespace the rule stands, as a JSON pointer: `/properties/cpu_policy/enum`.
    pub pointer: String,
    /// The rule that is broken.
    pub rule: Rule,
}

impl NamespaceContents {
    /// Which properties of a resource of a type break a definition of this namespace: none where it
    /// is not for such resources. A property of several objects breaks them only if it is what none
    /// of them says: objects are kinds of a thing, and a resource is of one of them.
    ///
    /// A property that nothing defines breaks nothing, and neither does one without a value.
    ///
    /// ```
    /// use glance_core::domain::Timestamp;
    /// use glance_core::domain::metadef::{Existing, NamespaceDocument};
    /// use serde_json::json;
    ///
    /// let watchdog = NamespaceDocument::from_json(&json!({
    ///     "namespace": "OS::Compute::Watchdog",
    ///     "owner": "admin",
    ///     "resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "hw_"}],
    ///     "properties": {
    ///         "watchdog_action": {"title": "Action", "type": "string", "enum": ["pause", "reset"]},
    ///     },
    /// }), None)?;
    /// let watchdog = watchdog.stored_over(None, Existing::Refused, Timestamp::from_micros(0)).unwrap();
    /// let image = [("hw_watchdog_action".parse()?, "explode".parse()?)].into();
    ///
    /// let violations = watchdog.violations(&image, &"OS::Glance::Image".parse()?);
    ///
    /// assert_eq!(violations[0].pointer, "/properties/watchdog_action/enum");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn violations(
        &self,
        properties: &BTreeMap<PropertyName, PropertyValue>,
        resource_type: &ResourceTypeName,
    ) -> Vec<Violation> {
        let Some(association) = self.association(resource_type) else {
            return Vec::new();
        };
        let prefix = association.value.prefix.as_ref();
        let prefix = prefix.map_or("", |prefix| prefix.as_str());
        let mut violations = Vec::new();
        for (property, value) in properties {
            let plain = property.as_str().strip_prefix(prefix);
            let (Some(plain), Some(value)) = (plain, value.text()) else {
                continue;
            };
            for (pointer, rule) in self.broken_by(plain, value) {
                violations.push(Violation {
                    property: property.clone(),
                    value: value.to_owned(),
                    namespace: self.namespace.value.name.clone(),
                    pointer,
                    rule,
                });
            }
        }
        violations
    }

    /// The rules that a value breaks, and where they stand.
    fn broken_by(&self, name: &str, value: &str) -> Vec<(String, Rule)> {
        let step = escaped(name);
        let mut broken = Vec::new();
        let own = self.properties.iter().map(|held| &held.value);
        for property in own.filter(|property| property.name.as_str() == name) {
            let at = format!("/properties/{step}");
            broken.extend(broken_rules(&property.schema, value, &at));
        }
        let mut of_objects = Vec::new();
        for (index, object) in self.objects.iter().enumerate() {
            let defined = object.value.properties.iter();
            for (_, schema) in defined.filter(|(defined, _)| defined.as_str() == name) {
                let at = format!("/objects/{index}/properties/{step}");
                of_objects.push(broken_rules(schema, value, &at));
            }
        }
        if !of_objects.iter().any(Vec::is_empty) {
            broken.extend(of_objects.into_iter().flatten());
        }
        broken
    }
}

fn broken_rules(schema: &PropertySchema, value: &str, at: &str) -> Vec<(String, Rule)> {
    faults(schema, value)
        .into_iter()
        .map(|rule| (format!("{at}/{}", rule.path()), rule))
        .collect()
}

/// A name as a step of a JSON pointer (RFC 6901).
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::{Existing, NamespaceDocument};
    use super::*;
    use crate::domain::Timestamp;

    fn namespace(mut rest: Json) -> NamespaceContents {
        rest["namespace"] = "n".into();
        rest["owner"] = "o".into();
        let document = NamespaceDocument::from_json(&rest, None).unwrap();
        let now = Timestamp::from_micros(0);
        document.stored_over(None, Existing::Refused, now).unwrap()
    }

    fn pointers(namespace: &NamespaceContents, properties: &[(&str, &str)]) -> Vec<String> {
        let properties = properties
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let image = "OS::Glance::Image".parse().unwrap();
        let violations = namespace.violations(&properties, &image);
        violations.into_iter().map(|each| each.pointer).collect()
    }

    #[test]
    fn a_namespace_that_is_not_for_images_says_nothing_of_them() {
        let flavors = namespace(json!({
            "resource_type_associations": [{"name": "OS::Nova::Flavor"}],
            "properties": {"cores": {"title": "c", "type": "integer"}},
        }));

        assert_eq!(pointers(&flavors, &[("cores", "many")]), [""; 0]);
    }

    #[test]
    fn names_are_compared_with_the_prefix_of_the_association() {
        let prefixed = namespace(json!({
            "resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "hw_"}],
            "properties": {"a/b~c": {"title": "c", "type": "integer"}},
        }));

        assert_eq!(
            pointers(
                &prefixed,
                &[("a/b~c", "x"), ("hw_a/b~c", "x"), ("hw_d", "x")]
            ),
            ["/properties/a~1b~0c/type"]
        );
    }

    #[test]
    fn what_one_of_several_objects_allows_breaks_none() {
        let kinds = namespace(json!({
            "resource_type_associations": [{"name": "OS::Glance::Image"}],
            "objects": [
                {"name": "a", "properties": {"port": {"title": "p", "type": "integer", "maximum": 9}}},
                {"name": "b", "properties": {"port": {"title": "p", "type": "integer", "minimum": 50}}},
            ],
        }));

        assert_eq!(pointers(&kinds, &[("port", "70")]), [""; 0]);
        assert_eq!(
            pointers(&kinds, &[("port", "20")]),
            [
                "/objects/0/properties/port/maximum",
                "/objects/1/properties/port/minimum",
            ]
        );
    }
}
