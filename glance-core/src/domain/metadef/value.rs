//! Values of properties, which are text, read as their definitions mean them.

use std::collections::HashSet;

use regex::{Regex, RegexBuilder};
use serde_json::Value as Json;

use super::rule::Rule;
use super::schema::PropertySchema;

/// The rules of a definition that a value breaks.
///
/// A value may start with an operator, as the scheduler of Nova reads them (`<or> a <or> b`,
/// `<all-in> a b`, `>= 4`), where the definition lists it; then each operand is looked at.
pub(super) fn faults(schema: &PropertySchema, value: &str) -> Vec<Rule> {
    let operators = texts(schema, "operators");
    let kind = schema.get("type").and_then(Json::as_str);
    let (operator, operands) = operands(value, &operators);
    if kind == Some("array") {
        if operator.is_none() && starts_with_operator(value) {
            return vec![Rule::Operators { known: operators }];
        }
        return of_list(schema, value, operator.map(|_| operands));
    }
    let is_text = matches!(kind, Some("string") | None);
    let form = is_text.then(|| Form::of(schema)).flatten();
    let mut faults = Vec::new();
    for operand in operands {
        for fault in of_scalar(schema, kind, form.as_ref(), operand) {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
    }
    faults
}

fn of_scalar(
    schema: &PropertySchema,
    kind: Option<&str>,
    form: Option<&Form>,
    value: &str,
) -> Vec<Rule> {
    // A range or a length says nothing of what is of another type.
    if let Some(expected) = kind.filter(|kind| !is_a(kind, value)) {
        let expected = expected.to_owned();
        return vec![Rule::Type { expected }];
    }
    let mut faults = Vec::new();
    let allowed = texts(schema, "enum");
    if schema.get("enum").is_some() && !allowed.iter().any(|one| is_same(kind, one, value)) {
        faults.push(Rule::Enum { allowed });
    }
    match kind {
        Some("integer" | "number") => {
            faults
                .extend(bound(schema, "minimum", |least| is_less(value, least)).map(Rule::Minimum));
            faults.extend(bound(schema, "maximum", |most| is_more(value, most)).map(Rule::Maximum));
        }
        Some("string") | None => {
            let length = count(value.chars());
            faults.extend(bound(schema, "minLength", |least| length < least).map(Rule::MinLength));
            faults.extend(bound(schema, "maxLength", |most| length > most).map(Rule::MaxLength));
            faults.extend(form.and_then(|form| form.broken_by(value)));
        }
        Some(_) => {}
    }
    faults
}

/// The form that texts are to have. To compile it takes longer than to look at many of them.
struct Form {
    pattern: String,
    /// Where it can be read.
    compiled: Option<Regex>,
}

impl Form {
    fn of(schema: &PropertySchema) -> Option<Self> {
        let pattern = schema.get("pattern")?.as_str()?.to_owned();
        let compiled = RegexBuilder::new(&pattern)
            .size_limit(MAX_PATTERN_BYTES)
            .build();
        Some(Self {
            pattern,
            compiled: compiled.ok(),
        })
    }

    fn broken_by(&self, value: &str) -> Option<Rule> {
        let pattern = self.pattern.clone();
        match &self.compiled {
            Some(form) if form.is_match(value) => None,
            Some(_) => Some(Rule::Pattern { pattern }),
            None => Some(Rule::UnreadablePattern { pattern }),
        }
    }
}

/// A list is what comes after an operator, an array of JSON, or texts with commas between them.
fn of_list(schema: &PropertySchema, value: &str, operands: Option<Vec<&str>>) -> Vec<Rule> {
    let array: Option<Vec<Json>> = serde_json::from_str(value).ok();
    let items: Vec<String> = match (operands, array) {
        (Some(operands), _) => operands.into_iter().map(str::to_owned).collect(),
        (None, Some(array)) => array.iter().map(as_text).collect(),
        (None, None) => separate(value, &[',']).map(str::to_owned).collect(),
    };
    let mut faults = Vec::new();
    if let Some(Json::Object(of_items)) = schema.get("items") {
        let kind = of_items.get("type").and_then(Json::as_str);
        if let Some(expected) = kind.filter(|kind| !items.iter().all(|item| is_a(kind, item))) {
            let expected = expected.to_owned();
            faults.push(Rule::ItemType { expected });
        } else if let Some(Json::Array(allowed)) = of_items.get("enum") {
            let allowed: Vec<String> = allowed.iter().map(as_text).collect();
            let is_allowed = |item: &String| allowed.iter().any(|one| is_same(kind, one, item));
            if !items.iter().all(is_allowed) {
                faults.push(Rule::ItemEnum { allowed });
            }
        }
    }
    let length = count(items.iter());
    faults.extend(bound(schema, "minItems", |fewest| length < fewest).map(Rule::MinItems));
    faults.extend(bound(schema, "maxItems", |most| length > most).map(Rule::MaxItems));
    let mut met = HashSet::new();
    let is_unique = schema.get("uniqueItems") == Some(&Json::Bool(true));
    if is_unique && !items.iter().all(|item| met.insert(item)) {
        faults.push(Rule::UniqueItems);
    }
    faults
}

/// The operator that a value starts with, if it is one of these, and what it is about.
fn operands<'a>(value: &'a str, operators: &[String]) -> (Option<&'a str>, Vec<&'a str>) {
    let (first, rest) = value
        .trim()
        .split_once(char::is_whitespace)
        .unwrap_or_default();
    if first.is_empty() || !operators.iter().any(|operator| operator == first) {
        return (None, vec![value]);
    }
    let operands = match first {
        "<or>" => rest
            .split("<or>")
            .flat_map(|part| separate(part, &[',']))
            .collect(),
        "<in>" | "<all-in>" => separate(rest, &[',', ' ']).collect(),
        _ => vec![rest.trim()],
    };
    (Some(first), operands)
}

fn starts_with_operator(value: &str) -> bool {
    LIST_OPERATORS
        .iter()
        .any(|operator| value.trim_start().starts_with(operator))
}

fn separate<'a>(text: &'a str, at: &'a [char]) -> impl Iterator<Item = &'a str> {
    text.split(at)
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// Whether text reads as a value of a type: as Nova reads the properties of an image, which takes
/// blanks around numbers, and oslo.utils' words for yes and no.
fn is_a(kind: &str, text: &str) -> bool {
    let trimmed = text.trim();
    match kind {
        "boolean" => {
            let word = trimmed.to_lowercase();
            YES.contains(&word.as_str()) || NO.contains(&word.as_str())
        }
        "integer" => trimmed.parse::<i128>().is_ok(),
        "number" => trimmed.parse::<f64>().is_ok_and(f64::is_finite),
        "object" => matches!(serde_json::from_str(text), Ok(Json::Object(_))),
        _ => true,
    }
}

/// Numbers are the same whatever they are written like.
fn is_same(kind: Option<&str>, one: &str, other: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    match kind {
        Some("integer" | "number") => number(one).is_some() && number(one) == number(other),
        _ => one == other,
    }
}

/// The bound under a word, where a value is beyond it.
fn bound(schema: &PropertySchema, word: &str, is_beyond: impl Fn(i64) -> bool) -> Option<i64> {
    let bound = schema.get(word)?.as_i64()?;
    is_beyond(bound).then_some(bound)
}

fn is_less(value: &str, least: i64) -> bool {
    match value.trim().parse::<i128>() {
        Ok(whole) => whole < i128::from(least),
        Err(_) => value
            .trim()
            .parse::<f64>()
            .is_ok_and(|value| value < least as f64),
    }
}

fn is_more(value: &str, most: i64) -> bool {
    match value.trim().parse::<i128>() {
        Ok(whole) => whole > i128::from(most),
        Err(_) => value
            .trim()
            .parse::<f64>()
            .is_ok_and(|value| value > most as f64),
    }
}

fn count(items: impl Iterator) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}

/// The texts that stand under a word.
fn texts(schema: &PropertySchema, word: &str) -> Vec<String> {
    let list = schema.get(word).and_then(Json::as_array);
    list.into_iter().flatten().map(as_text).collect()
}

fn as_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

const YES: [&str; 6] = ["1", "t", "true", "on", "y", "yes"];
const NO: [&str; 6] = ["0", "f", "false", "off", "n", "no"];
/// What a list may start with in Nova's extra specs.
const LIST_OPERATORS: [&str; 3] = ["<or>", "<in>", "<all-in>"];
/// As much as a pattern may take compiled: definitions are written by people.
const MAX_PATTERN_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn broken(mut schema: Json, value: &str) -> Vec<&'static str> {
        schema["title"] = "t".into();
        let schema = PropertySchema::from_json(&schema).unwrap();
        faults(&schema, value).iter().map(Rule::path).collect()
    }

    #[track_caller]
    fn each(schema: &Json, values: &[(&str, &[&str])]) {
        for (value, rules) in values {
            assert_eq!(&broken(schema.clone(), value), rules, "{value}");
        }
    }

    #[test]
    fn booleans_are_read_as_oslo_reads_them() {
        each(
            &json!({"type": "boolean"}),
            &[
                ("True", &[]),
                (" yes ", &[]),
                ("0", &[]),
                ("maybe", &["type"]),
                ("", &["type"]),
            ],
        );
    }

    #[test]
    fn numbers_are_read_from_text_and_kept_in_their_range() {
        each(
            &json!({"type": "integer", "minimum": 1, "maximum": 8}),
            &[
                ("1", &[]),
                (" 8 ", &[]),
                ("0", &["minimum"]),
                ("-3", &["minimum"]),
                ("9", &["maximum"]),
                ("99999999999999999999", &["maximum"]),
                ("1.5", &["type"]),
                ("four", &["type"]),
            ],
        );
        each(
            &json!({"type": "number", "minimum": 0, "enum": ["0.5", "1"]}),
            &[
                ("0.50", &[]),
                ("-0.5", &["enum", "minimum"]),
                ("1.0", &[]),
                ("2", &["enum"]),
                ("inf", &["type"]),
            ],
        );
    }

    #[test]
    fn texts_have_values_a_length_in_characters_and_a_form() {
        each(
            &json!({"type": "string", "enum": ["bios", "uefi"]}),
            &[("uefi", &[]), ("UEFI", &["enum"])],
        );
        each(
            &json!({"type": "string", "minLength": 2, "maxLength": 3}),
            &[
                ("äöü", &[]),
                ("ä", &["minLength"]),
                ("abcd", &["maxLength"]),
            ],
        );
        each(
            &json!({"type": "string", "pattern": "^[0-9]+$"}),
            &[("12", &[]), ("1a", &["pattern"])],
        );
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_not_passed_over() {
        let schema = json!({"title": "t", "type": "string", "pattern": "^(?!x)"});
        let schema = PropertySchema::from_json(&schema).unwrap();

        let faults = faults(&schema, "y");

        assert!(
            matches!(&faults[..], [Rule::UnreadablePattern { .. }]),
            "{faults:?}"
        );
    }

    #[test]
    fn operands_are_looked_at_where_the_definition_has_the_operator() {
        let schema = json!({"type": "string", "operators": ["<or>"], "enum": ["a", "b"]});
        each(
            &schema,
            &[
                ("a", &[]),
                ("<or> a <or> b", &[]),
                ("<or> a <or> c", &["enum"]),
                ("<in> a", &["enum"]),
            ],
        );
        each(
            &json!({"type": "integer", "operators": ["=", ">="], "minimum": 2}),
            &[(">= 2", &[]), ("= 1", &["minimum"]), (">= x", &["type"])],
        );
    }

    #[test]
    fn lists_are_text_with_operators_or_commas_or_json() {
        let schema = json!({
            "type": "array", "operators": ["<or>", "<all-in>"], "minItems": 1, "maxItems": 2,
            "uniqueItems": true, "items": {"type": "string", "enum": ["aes", "avx", "vmx"]},
        });
        each(
            &schema,
            &[
                ("<all-in> aes avx", &[]),
                ("<or> aes <or> avx", &[]),
                ("aes, avx", &[]),
                ("[\"aes\"]", &[]),
                ("<in> aes", &["operators"]),
                ("<all-in> aes sse", &["items/enum"]),
                ("aes,avx,vmx", &["maxItems"]),
                ("", &["minItems"]),
                ("aes,aes", &["uniqueItems"]),
            ],
        );
        each(
            &json!({"type": "array", "items": {"type": "integer"}}),
            &[("1,2", &[]), ("[1, 2]", &[]), ("1,b", &["items/type"])],
        );
    }

    #[test]
    fn objects_are_json() {
        each(
            &json!({"type": "object"}),
            &[("{\"a\": 1}", &[]), ("[]", &["type"]), ("a", &["type"])],
        );
    }
}
