//! What a service says of an error, out of the body it says it in.

use serde_json::Value;

/// The explanation in the body of an error: JSON, HTML or text, as Glance and its proxies make
/// them. Empty where there is none.
pub(super) fn explanation(body: &str) -> String {
    let text = match serde_json::from_str(body) {
        Ok(value) => message_in(&value).unwrap_or_default(),
        Err(_) if body.trim_start().starts_with('<') => after_heading(body).to_owned(),
        Err(_) => after_title(body).to_owned(),
    };
    let text = without_markup(&text);
    let text: Vec<&str> = text.split_whitespace().collect();
    let text: String = text.join(" ").chars().take(MAX_CHARS).collect();
    text.trim_end_matches('.').to_owned()
}

/// webob's `{"message": …}`, keystone's and nova's `{"error": {"message": …}}`.
fn message_in(value: &Value) -> Option<String> {
    ["message", "explanation", "title"]
        .iter()
        .find_map(|key| value.get(key)?.as_str())
        .map(str::to_owned)
        .or_else(|| value.as_object()?.values().find_map(message_in))
}

/// The first line of webob's text is the status again.
fn after_title(body: &str) -> &str {
    match body.split_once("\n\n") {
        Some((title, rest)) if title.starts_with(|first: char| first.is_ascii_digit()) => rest,
        _ => body,
    }
}

/// So is the heading of its HTML.
fn after_heading(body: &str) -> &str {
    body.split_once("</h1>").map_or(body, |(_, rest)| rest)
}

fn without_markup(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        match after.split_once('>') {
            Some((tag, after)) if is_tag(tag) => {
                plain.push(' ');
                rest = after;
            }
            _ => {
                plain.push('<');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
    ];
    for (entity, character) in entities {
        plain = plain.replace(entity, character);
    }
    plain.replace("&amp;", "&")
}

fn is_tag(inside: &str) -> bool {
    let name = inside.trim_start_matches('/');
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && !inside.contains('\n')
}

const MAX_CHARS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::explanation;

    #[test]
    fn the_explanation_is_found_in_each_kind_of_body() {
        for body in [
            "404 Not Found\n\nNo image found with ID x\n\n   ",
            "<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  \
             <h1>404 Not Found</h1>\n  No image found with ID x<br /><br />\n\n\n\n </body>\n</html>",
            r#"{"message": "No image found with ID x<br /><br />\n\n\n", "code": "404 Not Found", "title": "Not Found"}"#,
            r#"{"error": {"message": "No image found with ID x.", "code": 404}}"#,
            "No image found with ID x",
        ] {
            assert_eq!(explanation(body), "No image found with ID x", "{body}");
        }
    }

    #[test]
    fn escaped_characters_are_shown_as_they_were_meant() {
        assert_eq!(
            explanation(r#"{"message": "&lt;b&gt; isn&#x27;t &amp;lt;"}"#),
            "<b> isn't &lt;"
        );
        assert_eq!(explanation("1 < 2 > 1"), "1 < 2 > 1");
    }

    #[test]
    fn a_body_without_explanation_is_empty() {
        for body in ["", "{}", "[]", "<html></html>"] {
            assert_eq!(explanation(body), "", "{body}");
        }
    }
}
