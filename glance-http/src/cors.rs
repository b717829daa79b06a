//! Which pages of other origins may call the API from a browser: upstream's `[cors]`.

use std::collections::BTreeMap;

/// What pages of each origin may do. The default lets none in.
///
/// ```
/// use glance_http::{Cors, CorsRule};
///
/// let cors = Cors::default().allowing("https://horizon.example", CorsRule::default());
/// # assert_ne!(cors, Cors::default());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cors {
    rules: BTreeMap<String, CorsRule>,
}

impl Cors {
    /// Lets in pages of an origin, such as `https://horizon.example`, or of any origin (`*`). The
    /// first rule of an origin counts.
    #[must_use]
    pub fn allowing(mut self, origin: impl Into<String>, rule: CorsRule) -> Self {
        self.rules.entry(origin.into()).or_insert(rule);
        self
    }

    /// The rule for an origin, and the origin that is named in answers.
    pub(crate) fn rule<'a>(&'a self, origin: &'a str) -> Option<(&'a str, &'a CorsRule)> {
        let own = self.rules.get(origin).map(|rule| (origin, rule));
        own.or_else(|| self.rules.get(ANY).map(|rule| (ANY, rule)))
    }

    /// Whether nobody is let in.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// What pages of an origin may do. The defaults are Glance's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "these are upstream's options")]
pub struct CorsRule {
    /// Whether a browser may send what it knows of the user.
    pub allow_credentials: bool,
    /// The headers that a request may have, beside those that any may have.
    pub allow_headers: Vec<String>,
    /// The methods that a request may have.
    pub allow_methods: Vec<String>,
    /// The headers of an answer that a page may read.
    pub expose_headers: Vec<String>,
    /// For how many seconds a browser need not ask again; 0 says nothing of it.
    pub max_age: i64,
}

impl Default for CorsRule {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            allow_credentials: true,
            allow_headers: names(&[
                "Content-MD5",
                "X-Image-Meta-Checksum",
                "X-Storage-Token",
                "Accept-Encoding",
                "X-Auth-Token",
                "X-Identity-Status",
                "X-Roles",
                "X-Service-Catalog",
                "X-User-Id",
                "X-Tenant-Id",
                "X-OpenStack-Request-ID",
            ]),
            allow_methods: names(&["GET", "PUT", "POST", "DELETE", "PATCH"]),
            expose_headers: names(&[
                "X-Image-Meta-Checksum",
                "X-Auth-Token",
                "X-Subject-Token",
                "X-Service-Token",
                "X-OpenStack-Request-ID",
            ]),
            max_age: 3600,
        }
    }
}

impl CorsRule {
    pub(crate) fn allows_method(&self, method: &str) -> bool {
        self.allow_methods.iter().any(|allowed| allowed == method)
    }

    pub(crate) fn allows_header(&self, name: &str) -> bool {
        let allowed = self.allow_headers.iter().map(String::as_str);
        allowed
            .chain(SIMPLE)
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
    }
}

/// Any origin.
const ANY: &str = "*";

/// The headers that any request may have (upstream).
const SIMPLE: [&str; 8] = [
    "Accept",
    "Accept-Language",
    "Content-Type",
    "Cache-Control",
    "Content-Language",
    "Expires",
    "Last-Modified",
    "Pragma",
];
