//! `$name`, `${name}` and `$group.name` in values. What a name stands for is the caller's answer.

/// The text with every reference replaced by what `lookup` gives for it. `$$` and `\$` are a
/// literal `$`, and so is a `$` that no name follows.
///
/// # Errors
///
/// The first error of `lookup`.
pub(super) fn expand<E>(
    text: &str,
    mut lookup: impl FnMut(&str) -> Result<String, E>,
) -> Result<String, E> {
    let text = text.replace("\\$", "$$");
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        let after = &from[1..];
        expanded.push_str(before);
        rest = match reference(after) {
            Reference::Name { name, rest } => {
                expanded.push_str(&lookup(name)?);
                rest
            }
            Reference::Escape { rest } => {
                expanded.push('$');
                rest
            }
            Reference::None => {
                expanded.push('$');
                after
            }
        };
    }
    expanded.push_str(rest);
    Ok(expanded)
}

enum Reference<'a> {
    Escape { rest: &'a str },
    Name { name: &'a str, rest: &'a str },
    None,
}

/// What a `$` followed by this text begins.
fn reference(after: &str) -> Reference<'_> {
    if let Some(rest) = after.strip_prefix('$') {
        return Reference::Escape { rest };
    }
    if let Some(inside) = after.strip_prefix('{') {
        return match inside.split_once('}') {
            Some((name, rest)) if !name.is_empty() && name_length(name) == name.len() => {
                Reference::Name { name, rest }
            }
            _ => Reference::None,
        };
    }
    match name_length(after) {
        0 => Reference::None,
        length => {
            let (name, rest) = after.split_at(length);
            Reference::Name { name, rest }
        }
    }
}

/// As in oslo.config a name may contain dots, so `$log_dir.old` is one name.
fn name_length(text: &str) -> usize {
    if !text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        return 0;
    }
    text.find(|next: char| !(next.is_ascii_alphanumeric() || next == '_' || next == '.'))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::expand;

    fn expanded(text: &str) -> String {
        let Ok(expanded) = expand(text, |name| Ok::<_, Infallible>(format!("<{name}>")));
        expanded
    }

    #[test]
    fn names_are_replaced_with_and_without_braces() {
        assert_eq!(expanded("$a/b"), "<a>/b");
        assert_eq!(expanded("x${a}b$c"), "x<a>b<c>");
        assert_eq!(expanded("$group.name:1"), "<group.name>:1");
        assert_eq!(expanded("$log_dir.old"), "<log_dir.old>");
    }

    #[test]
    fn a_doubled_or_escaped_dollar_is_a_literal_one() {
        assert_eq!(expanded("pa$$word"), "pa$word");
        assert_eq!(expanded("pa\\$word"), "pa$word");
        assert_eq!(expanded("$$$a"), "$<a>");
        assert_eq!(expanded("$\\$a"), "$<a>");
    }

    #[test]
    fn a_dollar_without_a_name_stays() {
        assert_eq!(
            expanded("cost $5 $ ${} ${a b} ${a"),
            "cost $5 $ ${} ${a b} ${a"
        );
        assert_eq!(expanded("$"), "$");
    }

    #[test]
    fn the_error_of_a_lookup_is_handed_on() {
        assert_eq!(
            expand("$a", |name| Err(name.to_owned())),
            Err("a".to_owned())
        );
    }
}
