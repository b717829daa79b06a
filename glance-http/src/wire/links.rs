//! The links between the pages of a list.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Links that repeat the query of the request, all values of repeated parameters included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Links {
    path: &'static str,
    query: String,
}

impl Links {
    pub(crate) fn new(path: &'static str, parameters: &[(String, String)]) -> Self {
        let pairs: Vec<String> = parameters
            .iter()
            .filter(|(name, _)| name != "marker")
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        Self {
            path,
            query: pairs.join("&"),
        }
    }

    pub(crate) fn first(&self) -> String {
        self.with(&[])
    }

    pub(crate) fn next(&self, marker: &str) -> String {
        self.with(&["marker=", &encoded(marker)])
    }

    fn with(&self, marker: &[&str]) -> String {
        let marker = marker.concat();
        let parts: Vec<&str> = [self.query.as_str(), &marker]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        if parts.is_empty() {
            return self.path.to_owned();
        }
        format!("{}?{}", self.path, parts.join("&"))
    }
}

/// As forms of HTML are encoded, which is what upstream does.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, &QUOTED)
        .to_string()
        .replace("%20", "+")
}

const QUOTED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'.')
    .remove(b'-')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_repeat_every_parameter_but_the_marker() {
        let pairs = [
            ("tag", "a b"),
            ("tag", "c:d,é"),
            ("marker", "x"),
            ("limit", "1"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));

        let links = Links::new("/v2/images", &pairs);

        let first = "/v2/images?tag=a+b&tag=c%3Ad%2C%C3%A9&limit=1";
        assert_eq!(links.first(), first);
        assert_eq!(links.next("m::"), format!("{first}&marker=m%3A%3A"));
    }

    #[test]
    fn a_query_without_parameters_has_plain_links() {
        let links = Links::new("/v2/images", &[]);

        assert_eq!(links.first(), "/v2/images");
        assert_eq!(links.next("m"), "/v2/images?marker=m");
    }
}
