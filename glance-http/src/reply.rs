//! Answers: JSON, nothing, and the pages of errors.

use std::borrow::Cow;
use std::fmt::Write;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// JSON with a status.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => (status, [(CONTENT_TYPE, "application/json")], text).into_response(),
        // Values of this crate have string keys and no failing parts.
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "unserializable answer"
            );
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Done, and there is nothing to say.
pub(crate) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// It will be done, and there is nothing to say yet.
pub(crate) fn accepted() -> Response {
    StatusCode::ACCEPTED.into_response()
}

/// What stands on the page of an error. It travels as an extension of the response until the
/// `Accept` of the request is at hand: see [`render`].
#[derive(Debug, Clone)]
pub(crate) struct ErrorPage {
    status: StatusCode,
    explanation: Cow<'static, str>,
    pub(crate) detail: Cow<'static, str>,
    pub(crate) shape: Shape,
}

/// Where line breaks stand between explanation and detail; upstream's pages differ in them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Plain,
    Media,
    Verb,
}

impl ErrorPage {
    pub(crate) fn new(status: StatusCode, explanation: Cow<'static, str>) -> Self {
        Self {
            status,
            explanation,
            detail: Cow::Borrowed(""),
            shape: Shape::Plain,
        }
    }

    fn title(&self) -> &'static str {
        match self.status {
            // Upstream still says these two in the words of RFC 2616.
            StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
            StatusCode::RANGE_NOT_SATISFIABLE => "Request Range Not Satisfiable",
            status => status.canonical_reason().unwrap_or("Error"),
        }
    }

    fn code(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.title())
    }

    fn text(&self, escape: fn(&str) -> String) -> String {
        let (explanation, detail) = (escape(&self.explanation), escape(&self.detail));
        match self.shape {
            Shape::Plain => format!("{explanation}<br /><br />\n{detail}\n\n"),
            Shape::Media => format!("{explanation}\n<br /><br />\n{detail}"),
            Shape::Verb => format!("{explanation}<br /><br />\n{detail}"),
        }
    }

    fn plain(&self) -> String {
        let text = self
            .text(str::to_owned)
            .replace('\n', " ")
            .replace("<br />", "\n");
        format!("{}\n\n{text}", self.code())
    }

    fn html(&self) -> String {
        let (code, text) = (self.code(), self.text(escaped));
        format!(
            "<html>\n <head>\n  <title>{code}</title>\n </head>\n <body>\n  <h1>{code}</h1>\n  \
             {text}\n </body>\n</html>"
        )
    }

    fn json(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        format!(
            "{{\"message\": {}, \"code\": {}, \"title\": {}}}",
            quoted(&self.text(str::to_owned)),
            quoted(&self.code()),
            quoted(self.title())
        )
    }
}

impl IntoResponse for ErrorPage {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the page of an error in the form that the client prefers.
pub(crate) fn render(mut response: Response, accepted: Form) -> Response {
    let Some(page) = response.extensions_mut().remove::<ErrorPage>() else {
        return response;
    };
    let (media, text) = match accepted {
        Form::Html => ("text/html; charset=UTF-8", page.html()),
        Form::Json => ("application/json", page.json()),
        Form::Plain => ("text/plain; charset=UTF-8", page.plain()),
    };
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    *response.body_mut() = Body::from(text);
    response
}

/// The forms of an error's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Html,
    Json,
    Plain,
}

impl Form {
    /// The form that upstream chooses: HTML or JSON, whichever is liked better, HTML where both
    /// are liked the same, and plain text only where neither is accepted or nothing is said.
    pub(crate) fn preferred(headers: &HeaderMap) -> Self {
        let accept = media_ranges(headers);
        let html = quality(&accept, "text", "html");
        let json = quality(&accept, "application", "json");
        match (html, json) {
            (0, 0) => Self::Plain,
            (html, json) if html >= json => Self::Html,
            _ => Self::Json,
        }
    }
}

/// Of the media types on offer, the one that the client likes best, or the first of these.
pub(crate) fn preferred_media(
    headers: &HeaderMap,
    offers: &[(&'static str, &'static str)],
) -> Option<(&'static str, &'static str)> {
    if !headers.contains_key(header::ACCEPT) {
        return offers.first().copied();
    }
    let accept = media_ranges(headers);
    let liked = offers
        .iter()
        .rev()
        .map(|offer| (quality(&accept, offer.0, offer.1), *offer));
    // Of equals, the last: so the first of the offers.
    let best = liked.max_by_key(|(quality, _)| *quality);
    best.filter(|(quality, _)| *quality > 0)
        .map(|(_, offer)| offer)
}

fn media_ranges(headers: &HeaderMap) -> Vec<&str> {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect()
}

/// How much a media type is liked, in thousandths: what the most specific range says.
fn quality(accept: &[&str], kind: &str, subtype: &str) -> u32 {
    let mut best = (0, 0);
    for range in accept {
        let mut parts = range.split(';').map(str::trim);
        let specificity = match parts.next().and_then(|media| media.split_once('/')) {
            Some((k, s)) if k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype) => 3,
            Some((k, "*")) if k.eq_ignore_ascii_case(kind) => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        let quality = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
            .map_or(1000, |(_, value)| thousandths(value.trim()));
        if specificity > best.0 {
            best = (specificity, quality);
        }
    }
    best.1
}

fn thousandths(quality: &str) -> u32 {
    let value: f32 = quality.parse().unwrap_or(0.0);
    // In 0 to 1000: the conversion cuts nothing but the fraction.
    (value.clamp(0.0, 1.0) * 1000.0) as u32
}

/// Text as it stands in HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        let entity = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#x27;",
            c => {
                safe.push(c);
                continue;
            }
        };
        // Writing to a String does not fail.
        let _ = safe.write_str(entity);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferred(accept: &'static str) -> Form {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        Form::preferred(&headers)
    }

    #[test]
    fn forms_are_chosen_as_upstream_chooses() {
        assert_eq!(Form::preferred(&HeaderMap::new()), Form::Plain);
        for accept in ["text/plain", "image/png", "", "nonsense", "text/html;q=0"] {
            assert_eq!(preferred(accept), Form::Plain, "{accept}");
        }
        for accept in ["*/*", "text/html", "text/*", "text/plain, */*;q=0.5"] {
            assert_eq!(preferred(accept), Form::Html, "{accept}");
        }
        for accept in [
            "application/json",
            "application/*",
            "application/json, */*;q=0.5",
        ] {
            assert_eq!(preferred(accept), Form::Json, "{accept}");
        }
        assert_eq!(preferred("text/html;q=0.2, application/json"), Form::Json);
    }

    #[test]
    fn pages_have_upstreams_form() {
        let mut page = ErrorPage::new(StatusCode::NOT_FOUND, "No image found with ID <b>".into());

        assert_eq!(
            page.plain(),
            "404 Not Found\n\nNo image found with ID <b>\n\n   "
        );
        assert!(
            page.html()
                .contains("  No image found with ID &lt;b&gt;<br /><br />\n\n\n\n </body>")
        );
        assert_eq!(
            page.json(),
            r#"{"message": "No image found with ID <b><br /><br />\n\n\n", "code": "404 Not Found", "title": "Not Found"}"#
        );

        page.status = StatusCode::RANGE_NOT_SATISFIABLE;
        page.detail = "Why.".into();
        assert_eq!(
            page.plain(),
            "416 Request Range Not Satisfiable\n\nNo image found with ID <b>\n\n Why.  "
        );
    }
}
