//! Rule text to rule.

use super::credential::Credential;
use super::rule::{Node, RuleError, Subject};
use super::template::Template;

/// Reads a rule. Nothing at all is a rule that always holds (oslo.policy).
pub(super) fn rule(text: &str) -> Result<Node<String>, RuleError> {
    if text.is_empty() {
        return Ok(Node::Always);
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
    };
    let node = parser.any(0)?;
    match parser.take() {
        None => Ok(node),
        Some(Token::Close) => Err(RuleError::Bracket),
        Some(token) => Err(RuleError::Operator { text: token.text() }),
    }
}

/// Reads one check.
pub(super) fn check(text: &str) -> Result<Node<String>, RuleError> {
    let node = match text {
        "@" => Node::Always,
        "!" => Node::Never,
        _ => {
            let Some((kind, argument)) = text.split_once(':') else {
                return Err(RuleError::Word {
                    text: text.to_owned(),
                });
            };
            match kind {
                "http" | "https" => {
                    return Err(RuleError::Remote {
                        text: text.to_owned(),
                    });
                }
                "role" => Node::Role(Template::read(argument)?.in_lower_case()),
                "rule" => Node::Named(argument.to_owned()),
                _ => Node::Compare(subject(kind)?, Template::read(argument)?),
            }
        }
    };
    Ok(node)
}

/// What stands before the colon: a literal of Python, or a path into the credentials.
fn subject(text: &str) -> Result<Subject, RuleError> {
    let literal = |value: &str| Ok(Subject::Literal(value.to_owned(), text.to_owned()));
    for quote in ['\'', '"'] {
        let quoted = text
            .strip_prefix(quote)
            .and_then(|text| text.strip_suffix(quote));
        match quoted {
            Some(inside) if !inside.contains([quote, '\\']) => return literal(inside),
            Some(_) => return Err(unreadable(text)),
            None => {}
        }
    }
    if matches!(text, "True" | "False" | "None") {
        return literal(text);
    }
    if let Ok(number) = text.parse::<i64>() {
        // `+5` and `007` are other texts than their numbers.
        return match number.to_string() == text {
            true => literal(text),
            false => Err(unreadable(text)),
        };
    }
    if !text.starts_with(|first: char| first.is_alphabetic() || first == '_') {
        return Err(unreadable(text));
    }
    Ok(match Credential::named(text) {
        Some(credential) => Subject::Credential(credential, text.to_owned()),
        None => Subject::Unknown(text.to_owned()),
    })
}

fn unreadable(text: &str) -> RuleError {
    RuleError::Literal {
        text: text.to_owned(),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    And,
    Check(Node<String>, String),
    Close,
    Not,
    Open,
    Or,
}

impl Token {
    fn text(self) -> String {
        match self {
            Self::And => "and".to_owned(),
            Self::Check(_, text) => text,
            Self::Close => ")".to_owned(),
            Self::Not => "not".to_owned(),
            Self::Open => "(".to_owned(),
            Self::Or => "or".to_owned(),
        }
    }
}

/// Words are set apart by blanks; brackets count at their ends only, for `%(name)s` has some
/// inside.
fn tokens(text: &str) -> Result<Vec<Token>, RuleError> {
    let mut tokens = Vec::new();
    for word in text.split_whitespace() {
        let after_opening = word.trim_start_matches('(');
        tokens.extend((after_opening.len()..word.len()).map(|_| Token::Open));
        let inside = after_opening.trim_end_matches(')');
        match inside.to_lowercase().as_str() {
            "" => {}
            "and" => tokens.push(Token::And),
            "not" => tokens.push(Token::Not),
            "or" => tokens.push(Token::Or),
            _ => tokens.push(Token::Check(check(inside)?, inside.to_owned())),
        }
        tokens.extend((inside.len()..after_opening.len()).map(|_| Token::Close));
    }
    Ok(tokens)
}

/// `not` binds before `and`, `and` before `or`.
struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn any(&mut self, depth: usize) -> Result<Node<String>, RuleError> {
        let mut nodes = vec![self.all(depth)?];
        while self.skip(&Token::Or) {
            nodes.push(self.all(depth)?);
        }
        Ok(Node::any(nodes))
    }

    fn all(&mut self, depth: usize) -> Result<Node<String>, RuleError> {
        let mut nodes = vec![self.one(depth)?];
        while self.skip(&Token::And) {
            nodes.push(self.one(depth)?);
        }
        Ok(Node::all(nodes))
    }

    fn one(&mut self, depth: usize) -> Result<Node<String>, RuleError> {
        if depth > MAX_DEPTH {
            return Err(RuleError::TooDeep);
        }
        match self.take() {
            Some(Token::Check(node, _)) => Ok(node),
            Some(Token::Not) => Ok(Node::Not(Box::new(self.one(depth + 1)?))),
            Some(Token::Open) => {
                let node = self.any(depth + 1)?;
                if self.skip(&Token::Close) {
                    return Ok(node);
                }
                match self.take() {
                    None => Err(RuleError::Bracket),
                    Some(token) => Err(RuleError::Operator { text: token.text() }),
                }
            }
            Some(Token::And | Token::Close | Token::Or) | None => Err(RuleError::NoCheck),
        }
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn skip(&mut self, token: &Token) -> bool {
        let is_next = self.tokens.get(self.next) == Some(token);
        self.next += usize::from(is_next);
        is_next
    }
}

/// Rules of people are flat; this is for those who want to see a stack end.
const MAX_DEPTH: usize = 50;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::rule::Rule;
    use super::*;

    #[test]
    fn not_binds_before_and_which_binds_before_or() {
        for (text, meaning) in [
            ("", "@"),
            ("@", "@"),
            (
                "not role:a and role:b or role:c",
                "(not role:a and role:b) or role:c",
            ),
            (
                "role:a or role:b and role:c",
                "role:a or (role:b and role:c)",
            ),
            (
                "(role:A OR role:b)  AND\tnot (role:c)",
                "(role:a or role:b) and not role:c",
            ),
            ("not (role:a or not role:b)", "not (role:a or not role:b)"),
            ("((role:a))", "role:a"),
            (
                "'x':%(visibility)s or (True:%(protected)s)",
                "'x':%(visibility)s or True:%(protected)s",
            ),
            ("rule:a:b and -1:%(x)s", "rule:a:b and -1:%(x)s"),
            ("project_id:%(owner)s or !", "project_id:%(owner)s or !"),
        ] {
            assert_eq!(text.parse::<Rule>().unwrap().to_string(), meaning, "{text}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        let mut errors = String::new();
        for text in [
            " ",
            "role:a role:b",
            "role:a and",
            "or role:a",
            "(role:a",
            "role:a)",
            "()",
            "admin",
            "'quoted text'",
            "role admin",
            "http://example.test/%(owner)s",
            "rule:a or https://example.test",
            "1.5:%(size)s",
            "'it\\'s':%(name)s",
            "[]:%(size)s",
            "project_id:%(owner)",
            "role:a and not",
        ] {
            errors += &format!("{text:?}: {}\n", text.parse::<Rule>().unwrap_err());
        }

        expect_test::expect_file!["../golden/rule_errors.txt"].assert_eq(&errors);
    }

    #[test]
    fn a_rule_is_not_nested_without_end() {
        let deep = |depth: usize| format!("{}role:a{}", "(".repeat(depth), ")".repeat(depth));

        assert!(deep(50).parse::<Rule>().is_ok());
        assert_eq!(deep(5000).parse::<Rule>(), Err(RuleError::TooDeep));
        let nots = format!("{} role:a", "not ".repeat(5000));
        assert_eq!(nots.parse::<Rule>(), Err(RuleError::TooDeep));
    }

    #[test]
    fn lists_of_lists_are_an_or_of_ands() {
        let rule = |lists: &[Vec<&str>]| Rule::of_lists(lists).unwrap().to_string();

        assert_eq!(rule(&[]), "@");
        assert_eq!(rule(&[vec![]]), "!");
        assert_eq!(
            rule(&[vec!["role:a"], vec!["role:b", "project_id:%(owner)s"]]),
            "role:a or (role:b and project_id:%(owner)s)"
        );
        assert!(Rule::of_lists(&[vec!["role:a or role:b"]]).is_ok());
        assert!(Rule::of_lists(&[vec!["http://x"]]).is_err());
    }

    fn any_rule() -> impl Strategy<Value = Node<String>> {
        let leaf = prop_oneof![
            Just("@"),
            Just("!"),
            Just("role:admin"),
            Just("role:%(role)s"),
            Just("rule:other"),
            Just("project_id:%(owner)s-%%"),
            Just("'public':%(visibility)s"),
            Just("nobody.has:this"),
        ]
        .prop_map(|text| check(text).unwrap());
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(Node::All),
                prop::collection::vec(inner.clone(), 2..4).prop_map(Node::Any),
                inner.prop_map(|node| Node::Not(Box::new(node))),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_rule_that_is_printed_reads_as_itself(node in any_rule()) {
            prop_assert_eq!(rule(&node.to_string()), Ok(node));
        }

        #[test]
        fn any_text_is_a_rule_or_an_error(text in "[ ()a-z:%'!@s]{0,40}") {
            let _ = rule(&text);
        }
    }
}
