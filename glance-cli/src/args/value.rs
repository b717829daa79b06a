//! From the text of an argument to what it means.

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use crate::output::Object;

/// What a list can be sorted by.
pub(super) const SORT_KEYS: [&str; 8] = [
    "name",
    "status",
    "container_format",
    "disk_format",
    "size",
    "id",
    "created_at",
    "updated_at",
];

/// Yes or no, as oslo.utils reads them.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "1" | "t" | "true" | "on" | "y" | "yes" => Ok(true),
        "0" | "f" | "false" | "off" | "n" | "no" => Ok(false),
        _ => Err("use True or False".to_owned()),
    }
}

/// `KEY=VALUE`; the value may hold another `=`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("use KEY=VALUE".to_owned()),
    }
}

/// An object of JSON.
pub(super) fn object(text: &str) -> Result<Object, String> {
    serde_json::from_str(text).map_err(|_| "use an object of JSON".to_owned())
}

/// The association of a namespace with a resource type: its name alone, or an object of JSON.
pub(super) fn association(text: &str) -> Result<Object, String> {
    if text.trim_start().starts_with('{') {
        return object(text);
    }
    Ok(Object::from_iter([("name".to_owned(), text.into())]))
}

/// Text without blanks around it, of which something must be left.
pub(super) fn trimmed(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is blank".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// A piece of a path. The pieces `.` and `..` would name something else.
pub(super) fn segment(text: &str) -> Result<String, String> {
    match text {
        "" => Err("it is empty".to_owned()),
        "." | ".." => Err("a URL cannot name it".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// `Name: value`. What it says is kept out of the debug output, for it may be a secret.
pub(super) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("use `Name: value`")?;
    let name: HeaderName = name.trim().parse().map_err(|_| "no name of a header")?;
    let mut value: HeaderValue = value.trim().parse().map_err(|_| "no value of a header")?;
    value.set_sensitive(!is_identity(&name));
    Ok((name, value))
}

/// The URL of a service, without the version that may end it.
pub(super) fn endpoint(text: &str) -> Result<Url, String> {
    let url: Url = text
        .parse()
        .map_err(|_| "use a URL like http://127.0.0.1:9292")?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("use an http or https URL".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user or password has no place in it".to_owned());
    }
    Ok(without_version(url))
}

/// Where to listen. `localhost` is this machine's IPv4 address.
pub(super) fn bind(text: &str) -> Result<SocketAddr, String> {
    let wrong = || "use ADDRESS:PORT, like 127.0.0.1:9292 or [::1]:9292".to_owned();
    match text.strip_prefix("localhost:") {
        Some(port) => {
            let port: u16 = port.parse().map_err(|_| wrong())?;
            Ok((Ipv4Addr::LOCALHOST, port).into())
        }
        None => text.parse().map_err(|_| wrong()),
    }
}

/// Headers that say who asks, and are no secret.
fn is_identity(name: &HeaderName) -> bool {
    const IDENTITY: [&str; 6] = [
        "x-identity-status",
        "x-user-id",
        "x-project-id",
        "x-tenant-id",
        "x-roles",
        "x-openstack-request-id",
    ];
    IDENTITY.contains(&name.as_str())
}

fn without_version(mut url: Url) -> Url {
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/');
    let kept = match path.rsplit_once('/') {
        Some((before, last)) if is_version(last) => before,
        _ => path,
    };
    let kept = kept.trim_end_matches('/').to_owned();
    url.set_path(&kept);
    url
}

fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix('v')
        .is_some_and(|number| number.starts_with('2') && number.parse::<f32>().is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{association, bind, boolean, endpoint, header, pair, segment, trimmed};

    #[test]
    fn the_version_at_the_end_of_an_endpoint_is_dropped() {
        for (given, kept) in [
            ("http://h:9292", "http://h:9292/"),
            ("http://h:9292/v2/", "http://h:9292/"),
            ("https://h/image/v2.9", "https://h/image"),
            ("https://h/image/", "https://h/image"),
            ("https://h/valley", "https://h/valley"),
        ] {
            assert_eq!(endpoint(given).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn what_is_no_url_of_a_service_is_refused() {
        for text in ["h:9292", "ftp://h", "http://", "http://me:secret@h", ""] {
            assert!(endpoint(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pairs_are_split_at_the_first_equals_sign() {
        let (key, value) = pair("a=b=c").unwrap();

        assert_eq!((key.as_str(), value.as_str()), ("a", "b=c"));
        assert!(pair("a").is_err());
        assert!(pair("=a").is_err());
        assert_eq!(pair("a=").unwrap().1, "");
    }

    #[test]
    fn booleans_are_read_as_python_writes_them() {
        assert_eq!(boolean("True"), Ok(true));
        assert_eq!(boolean("no"), Ok(false));
        assert!(boolean("maybe").is_err());
    }

    #[test]
    fn only_harmless_headers_are_shown_in_debug_output() {
        let (_, roles) = header("X-Roles: admin").unwrap();
        let (_, token) = header("X-Service-Token:secret").unwrap();

        assert!(!roles.is_sensitive());
        assert!(token.is_sensitive());
        assert_eq!(format!("{token:?}"), "Sensitive");
        assert!(header("nonsense").is_err());
        assert!(header("a b: c").is_err());
    }

    #[test]
    fn an_association_is_a_name_or_an_object() {
        let read = |text| json!(association(text).unwrap());

        assert_eq!(
            read("OS::Nova::Flavor"),
            json!({"name": "OS::Nova::Flavor"})
        );
        assert_eq!(
            read(r#" {"name": "n", "prefix": "hw:"}"#),
            json!({"name": "n", "prefix": "hw:"})
        );
        assert!(association("{name}").is_err());
    }

    #[test]
    fn blanks_around_a_name_are_no_part_of_it() {
        assert_eq!(trimmed(" a b "), Ok("a b".to_owned()));
        assert!(trimmed("  ").is_err());
    }

    #[test]
    fn pieces_that_would_change_a_path_are_refused() {
        assert_eq!(segment("a/b"), Ok("a/b".to_owned()));
        for text in ["", ".", ".."] {
            assert!(segment(text).is_err());
        }
    }

    #[test]
    fn a_place_to_listen_on_may_be_ipv6() {
        assert_eq!(bind("[::1]:80").unwrap().port(), 80);
        for text in ["example.org:80", "127.0.0.1", "localhost", "::1"] {
            assert!(bind(text).is_err(), "{text}");
        }
    }
}
