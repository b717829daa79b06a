//! Names and texts of definitions, as long as their columns.

use super::super::text::{self, bounded_text};

bounded_text! {
    /// The name of a namespace, `OS::Compute::Hypervisor`: no other has it.
    NamespaceName, "the name of a namespace", 80, text::check_filled
}
bounded_text! {
    /// The name of an object in its namespace.
    ObjectName, "the name of an object", 80, text::check_filled
}
bounded_text! {
    /// The name of a property in its namespace or object, without the prefix of a resource type.
    PropertyName, "the name of a property", 80, text::check_filled
}
bounded_text! {
    /// The name of a type of resources, as in Heat: `OS::Glance::Image`.
    ResourceTypeName, "the name of a resource type", 80, text::check_filled
}
bounded_text! {
    /// The name of a tag in its namespace.
    TagName, "the name of a tag", 80, text::check_filled
}
bounded_text! {
    /// What a namespace is called in front of users.
    DisplayName, "a display name", 80, text::check
}
bounded_text! {
    /// What a namespace is for.
    Description, "the description of a namespace", 500, text::check
}
bounded_text! {
    /// What an object is for: as much as MySQL's `TEXT` holds of any characters.
    ObjectDescription, "the description of an object", 21_845, text::check
}
bounded_text! {
    /// What comes before the names of properties on resources of a type: `hw_`.
    Prefix, "a prefix", 80, text::check
}
bounded_text! {
    /// Which part of a resource bears the properties: `image`, of a volume.
    PropertiesTarget, "a properties target", 80, text::check
}
