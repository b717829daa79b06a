//! JSON pointers as Glance's patches have them: RFC 6901 and stricter.

use crate::error::ApiError;

/// The tokens of a pointer, unescaped and stripped of blanks around them.
pub(crate) fn read(pointer: &str) -> Result<Vec<String>, ApiError> {
    let refuse = |what: &str| {
        let shown: String = pointer.chars().take(LONGEST_ECHO).collect();
        Err(ApiError::bad_request(format!("Pointer `{shown}` {what}.")))
    };
    let Some(inside) = pointer.strip_prefix('/') else {
        return refuse("does not start with \"/\"");
    };
    let tokens: Vec<&str> = inside.split('/').collect();
    if tokens.len() > 1 && tokens.last().is_some_and(|last| last.is_empty()) {
        return refuse("end with \"/\"");
    }
    if tokens.len() > 1 && tokens.iter().any(|token| token.trim().is_empty()) {
        return refuse("contains adjacent \"/\"");
    }
    match tokens.iter().map(|token| unescaped(token)).collect() {
        Some(tokens) => Ok(tokens),
        None => refuse("contains \"~\" not part of a recognized escape sequence"),
    }
}

/// A token with `~1` as a slash and `~0` as a tilde; nothing else may follow a tilde.
fn unescaped(token: &str) -> Option<String> {
    let mut text = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(text.trim().to_owned())
}

const LONGEST_ECHO: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_unescaped_and_stripped() {
        for (pointer, tokens) in [
            ("/name", vec!["name"]),
            ("/a~1b~0c", vec!["a/b~c"]),
            ("/ a ", vec!["a"]),
            ("/~01", vec!["~1"]),
            ("/locations/-", vec!["locations", "-"]),
            ("/", vec![""]),
        ] {
            assert_eq!(read(pointer).unwrap(), tokens, "{pointer}");
        }
    }

    #[test]
    fn pointers_that_break_a_rule_are_refused() {
        for pointer in [
            "", "name", " /name", "//", "//name", "/na//me", "/a/ /b", "/name/", "/a~b", "/~",
        ] {
            assert!(read(pointer).is_err(), "{pointer}");
        }
    }
}
