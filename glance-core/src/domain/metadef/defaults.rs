//! The definitions that a new service of its own starts with.

use super::document::NamespaceDocument;
use super::file::InvalidNamespaceFile;

impl NamespaceDocument {
    /// The namespaces that a service starts with where nobody set up a database for it.
    ///
    /// # Errors
    /// None, for what this crate ships: its tests see to that.
    pub fn defaults() -> Result<Vec<Self>, InvalidNamespaceFile> {
        FILES.into_iter().map(Self::from_file).collect()
    }
}

/// What this crate ships: names and values are those that Nova, Cinder and Glance know, under the
/// names of upstream's namespaces, so that its files can take their places.
const FILES: [&str; 12] = [
    include_str!("../../../metadefs/cpu-pinning.json"),
    include_str!("../../../metadefs/cpu-topology.json"),
    include_str!("../../../metadefs/guest-shutdown.json"),
    include_str!("../../../metadefs/hypervisor.json"),
    include_str!("../../../metadefs/image-basics.json"),
    include_str!("../../../metadefs/instance-data.json"),
    include_str!("../../../metadefs/libvirt-image.json"),
    include_str!("../../../metadefs/memory-pages.json"),
    include_str!("../../../metadefs/operating-system.json"),
    include_str!("../../../metadefs/signatures.json"),
    include_str!("../../../metadefs/trusted-platform-module.json"),
    include_str!("../../../metadefs/watchdog.json"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;
    use crate::domain::metadef::NamespaceVisibility;

    #[test]
    fn all_files_are_namespaces_for_images_that_everybody_sees() {
        let image = "OS::Glance::Image".parse().unwrap();

        let documents = NamespaceDocument::defaults().unwrap();

        for document in &documents {
            let namespace = &document.namespace;
            assert_eq!(namespace.visibility, NamespaceVisibility::Public);
            assert!(namespace.protected, "{}", namespace.name);
            let mut types = document.associations.iter();
            assert!(
                types.any(|each| each.resource_type == image),
                "{}",
                namespace.name
            );
            assert!(!document.properties.is_empty(), "{}", namespace.name);
        }
        let names: BTreeSet<_> = documents.iter().map(|each| &each.namespace.name).collect();
        assert_eq!(names.len(), FILES.len());
    }

    #[test]
    fn no_file_is_left_out() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/metadefs");

        assert_eq!(fs::read_dir(folder).unwrap().count(), FILES.len());
    }

    #[test]
    fn a_written_file_is_read_as_the_same() {
        for document in NamespaceDocument::defaults().unwrap() {
            assert_eq!(
                NamespaceDocument::from_file(&document.to_file().unwrap()).unwrap(),
                document
            );
        }
    }
}
