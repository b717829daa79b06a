//! The query string of a list of images (spec/api-images.md §6).

use std::collections::HashMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use glance_core::domain::query::{
    Compare, Direction, Filter, ImageQuery, Listed, NumberField, OneOf, Page, PageLimits, Sort,
    SortKey, TextField, TimeField, compared_time,
};
use glance_core::domain::{ImageId, MemberStatus, Timestamp};
use percent_encoding::percent_decode_str;

use super::links::Links;
use crate::error::{ApiError, sentence};
use crate::options::Api;

/// What a list of images is asked for.
#[derive(Debug)]
pub(crate) struct ListRequest {
    pub(crate) query: ImageQuery,
    pub(crate) marker: Option<ImageId>,
    pub(crate) links: Links,
}

impl FromRequestParts<Api> for ListRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let pairs = pairs(parts.uri.query().unwrap_or_default())?;
        Self::read(&pairs, api.glance.settings().pages)
    }
}

impl ListRequest {
    fn read(pairs: &[(String, String)], pages: PageLimits) -> Result<Self, ApiError> {
        let mut query = ImageQuery {
            sort: sort(pairs)?,
            ..ImageQuery::default()
        };
        let mut limit = None;
        let mut marker = None;
        for (name, value) in last_values(pairs) {
            match name {
                "limit" => limit = Some(number_of_items(value)?),
                "marker" => marker = Some(marker_id(value)?),
                "visibility" => query.listed = listed(value)?,
                "member_status" => query.member_status = member_status(value)?,
                "os_hidden" => query.hidden = boolean(name, &value.to_lowercase(), value)?,
                "sort" | "sort_key" | "sort_dir" | "tag" | "deleted" => {}
                _ => query.filters.push(filter(name, value)?),
            }
        }
        let tags = pairs.iter().filter(|(name, _)| name == "tag");
        query
            .filters
            .extend(tags.map(|(_, tag)| Filter::Tag(tag.clone())));
        if query.filters.len() > MAX_FILTERS {
            return Err(ApiError::bad_request(format!(
                "A list takes at most {MAX_FILTERS} filters."
            )));
        }
        query.page = Page {
            limit: pages.of(limit),
            after: None,
        };
        Ok(Self {
            query,
            marker,
            links: Links::new("/v2/images", pairs),
        })
    }
}

/// Decodes a query string: names with values, in their order.
pub(super) fn pairs(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((decoded(name)?, decoded(value)?));
        if pairs.len() > MAX_PARAMETERS {
            return Err(ApiError::bad_request(format!(
                "A query takes at most {MAX_PARAMETERS} parameters."
            )));
        }
    }
    Ok(pairs)
}

fn decoded(text: &str) -> Result<String, ApiError> {
    let spaced = text.replace('+', " ");
    let text = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| ApiError::undecodable())?;
    if text.contains('\0') {
        return Err(ApiError::bad_request(
            "A query can't contain the character NUL.",
        ));
    }
    Ok(text.into_owned())
}

/// Of a parameter that comes several times the last value counts, as in upstream. Tags and sort
/// keys are read elsewhere: of them every value counts.
pub(super) fn last_values(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    let mut positions = HashMap::new();
    let mut values: Vec<(&str, &str)> = Vec::new();
    for (name, value) in pairs {
        match positions.get(name) {
            Some(&position) => {
                let kept: &mut (&str, &str) = &mut values[position];
                kept.1 = value;
            }
            None => {
                positions.insert(name, values.len());
                values.push((name, value));
            }
        }
    }
    values
}

/// How many things a page holds at most.
pub(super) fn number_of_items(value: &str) -> Result<u32, ApiError> {
    let digits = value.trim();
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    if digits.is_empty()
        || !digits
            .trim_start_matches('-')
            .bytes()
            .all(|b| b.is_ascii_digit())
    {
        return Err(ApiError::bad_request("limit param must be an integer"));
    }
    if digits.starts_with('-') {
        return Err(ApiError::bad_request("limit param must be positive"));
    }
    // More than fits is more than the longest page.
    Ok(digits.parse().unwrap_or(u32::MAX))
}

fn marker_id(value: &str) -> Result<ImageId, ApiError> {
    value.parse().map_err(|_| {
        let shown: String = value.chars().take(64).collect();
        ApiError::bad_request(format!("Invalid marker: No image found with ID {shown}"))
    })
}

fn listed(value: &str) -> Result<Listed, ApiError> {
    match value {
        "" => Ok(Listed::Nothing),
        "all" => Ok(Listed::All),
        word => word.parse().map(Listed::Only).map_err(|_| {
            let shown: String = word.chars().take(64).collect();
            ApiError::bad_request(format!("Invalid visibility value: {shown}"))
        }),
    }
}

fn member_status(value: &str) -> Result<Option<MemberStatus>, ApiError> {
    if value == "all" {
        return Ok(None);
    }
    let status = value.parse().map(Some);
    status.map_err(|unknown| ApiError::bad_request(format!("Invalid member_status: {unknown}")))
}

fn boolean(name: &str, value: &str, shown: &str) -> Result<bool, ApiError> {
    value.parse().map_err(|_| {
        let shown: String = shown.chars().take(64).collect();
        ApiError::bad_request(format!(
            "Invalid value '{shown}' for '{name}' filter. Valid values are 'true' or 'false'."
        ))
    })
}

fn filter(name: &str, value: &str) -> Result<Filter, ApiError> {
    let refuse = |why: String| ApiError::bad_request(format!("Invalid filter {name}: {why}"));
    Ok(match name {
        "changes-since" => {
            return Err(ApiError::bad_request(
                "The \"changes-since\" filter is no longer available on v2.",
            ));
        }
        "protected" => Filter::Protected(boolean(name, value, value)?),
        "created_at" => time(TimeField::CreatedAt, value).map_err(refuse)?,
        "updated_at" => time(TimeField::UpdatedAt, value).map_err(refuse)?,
        _ => {
            if let Some((_, field)) = TEXTS.iter().find(|(text, _)| *text == name) {
                return OneOf::parse(value)
                    .map(|texts| Filter::Text(*field, texts))
                    .map_err(|invalid| refuse(sentence(&invalid)));
            }
            if let Some((_, field)) = PLAIN_TEXTS.iter().find(|(text, _)| *text == name) {
                return Ok(Filter::Text(*field, OneOf::exactly(value)));
            }
            let (column, compare) = match (name.strip_suffix("_min"), name.strip_suffix("_max")) {
                (Some(column), _) => (column, Compare::AtLeast),
                (_, Some(column)) => (column, Compare::AtMost),
                (None, None) => (name, Compare::Equal),
            };
            match NUMBERS.iter().find(|(number, _)| *number == column) {
                Some((_, field)) => Filter::Number(*field, compare, number(value).map_err(refuse)?),
                None if compare == Compare::Equal => {
                    Filter::Property(name.to_owned(), value.to_owned())
                }
                None => return Err(refuse("images have no such number.".to_owned())),
            }
        }
    })
}

fn time(field: TimeField, value: &str) -> Result<Filter, String> {
    let (compare, time): (Compare, Timestamp) =
        compared_time(value).map_err(|invalid| sentence(&invalid))?;
    Ok(Filter::Time(field, compare, time))
}

fn number(value: &str) -> Result<i64, String> {
    value
        .trim()
        .parse()
        .map_err(|_| "the value must be an integer.".to_owned())
}

/// Reads either `sort=key:dir,...` or `sort_key` and `sort_dir`.
fn sort(pairs: &[(String, String)]) -> Result<Sort, ApiError> {
    let all = |wanted: &str| -> Vec<&str> {
        let named = pairs.iter().filter(|(name, _)| name == wanted);
        named.map(|(_, value)| value.as_str()).collect()
    };
    let (sorts, keys, directions) = (all("sort"), all("sort_key"), all("sort_dir"));
    match sorts.last() {
        Some(_) if !keys.is_empty() || !directions.is_empty() => Err(ApiError::bad_request(
            "Old and new sorting syntax cannot be combined",
        )),
        Some(sort) => Ok(Sort::by(
            sort.split(',')
                .map(sort_term)
                .collect::<Result<Vec<_>, _>>()?,
        )),
        None => separate_sort(&keys, &directions),
    }
}

fn sort_term(term: &str) -> Result<(SortKey, Direction), ApiError> {
    let (key, direction) = match term.split_once(':') {
        Some((key, direction)) => (key, self::direction(direction.trim())?),
        None => (term, Direction::Descending),
    };
    Ok((sort_key(key.trim())?, direction))
}

fn separate_sort(keys: &[&str], directions: &[&str]) -> Result<Sort, ApiError> {
    let keys = keys
        .iter()
        .map(|key| sort_key(key))
        .collect::<Result<Vec<_>, _>>()?;
    let directions = directions
        .iter()
        .map(|word| direction(word))
        .collect::<Result<Vec<_>, _>>()?;
    let keys = if keys.is_empty() {
        vec![SortKey::CreatedAt]
    } else {
        keys
    };
    match directions.as_slice() {
        [] => Ok(Sort::by(
            keys.into_iter().map(|key| (key, Direction::Descending)),
        )),
        [one] => Ok(Sort::by(keys.into_iter().map(|key| (key, *one)))),
        several if several.len() == keys.len() => {
            Ok(Sort::by(keys.into_iter().zip(several.iter().copied())))
        }
        _ => Err(ApiError::bad_request(
            "Number of sort dirs does not match the number of sort keys",
        )),
    }
}

fn sort_key(text: &str) -> Result<SortKey, ApiError> {
    text.parse()
        .map_err(|invalid| ApiError::bad_request(sentence(&invalid)))
}

fn direction(text: &str) -> Result<Direction, ApiError> {
    text.parse()
        .map_err(|invalid| ApiError::bad_request(sentence(&invalid)))
}

/// Texts whose filter takes operators.
const TEXTS: [(&str, TextField); 5] = [
    ("container_format", TextField::ContainerFormat),
    ("disk_format", TextField::DiskFormat),
    ("id", TextField::Id),
    ("name", TextField::Name),
    ("status", TextField::Status),
];

/// Texts whose filter is the plain value.
const PLAIN_TEXTS: [(&str, TextField); 4] = [
    ("checksum", TextField::Checksum),
    ("os_hash_algo", TextField::HashAlgorithm),
    ("os_hash_value", TextField::HashValue),
    ("owner", TextField::Owner),
];

const NUMBERS: [(&str, NumberField); 4] = [
    ("min_disk", NumberField::MinDisk),
    ("min_ram", NumberField::MinRam),
    ("size", NumberField::Size),
    ("virtual_size", NumberField::VirtualSize),
];

/// Rule R15.
const MAX_PARAMETERS: usize = 256;
const MAX_FILTERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<ListRequest, ApiError> {
        ListRequest::read(&pairs(query)?, PageLimits::default())
    }

    #[test]
    fn an_empty_query_lists_the_newest_images() {
        assert_eq!(read("").unwrap().query, ImageQuery::default());
    }

    #[test]
    fn of_a_repeated_parameter_the_last_counts_and_of_tags_all() {
        let request = read("limit=1&name=a&tag=x&limit=2&tag=y&name=b").unwrap();

        assert_eq!(request.query.page.limit, 2);
        assert_eq!(
            request.query.filters,
            [
                Filter::Text(TextField::Name, OneOf::exactly("b")),
                Filter::Tag("x".to_owned()),
                Filter::Tag("y".to_owned()),
            ]
        );
    }

    #[test]
    fn both_ways_of_sorting_mean_the_same() {
        let one = read("sort=name:asc,size").unwrap().query.sort;
        let other = read("sort_key=name&sort_key=size&sort_dir=asc&sort_dir=desc").unwrap();

        assert_eq!(one, other.query.sort);
    }

    #[test]
    fn unknown_names_are_custom_properties() {
        let request = read("os_distro=debian&hw=a:b&deleted=true").unwrap();

        assert_eq!(
            request.query.filters,
            [
                Filter::Property("os_distro".to_owned(), "debian".to_owned()),
                Filter::Property("hw".to_owned(), "a:b".to_owned()),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for query in [
            "limit=",
            "limit=x",
            "limit=-1",
            "marker=",
            "marker=x",
            "sort=",
            "sort=owner",
            "sort=name:up",
            "sort_key=foo",
            "sort_dir=",
            "sort=name&sort_key=name",
            "sort_key=name&sort_dir=asc&sort_dir=asc",
            "visibility=secret",
            "member_status=",
            "os_hidden=maybe",
            "protected=True",
            "name=foo:bar",
            "name=in:%22a",
            "size=x",
            "size_min=x",
            "foo_min=1",
            "name_max=1",
            "created_at=soon",
            "created_at=in:x",
            "changes-since=1",
            "name=%ff",
            "name=%00",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
    }

    #[test]
    fn many_parameters_are_refused() {
        assert!(read(&"tag=a&".repeat(MAX_FILTERS)).is_ok());
        assert!(read(&"tag=a&".repeat(MAX_FILTERS + 1)).is_err());
        assert!(read(&"limit=1&".repeat(MAX_PARAMETERS + 1)).is_err());
    }
}
