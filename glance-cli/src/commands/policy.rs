//! `glance policy`: who may do what, and why.

use std::process::ExitCode;

use glance_core::domain::policy::{Explanation, RuleInForce, Target};
use glance_core::domain::{
    Caller, Image, ImageId, PropertyName, PropertyValue, ServiceUser, Timestamp,
};
use serde_json::{Value, json};

use super::operator::{OperatorError, sources};
use super::rights::files;
use crate::args::{CheckPolicy, ConfigArgs, Globals, Policy};
use crate::config::Config;
use crate::output::{self, Object};
use crate::policy::Loaded;

/// Prints the rules, or explains one.
///
/// # Errors
///
/// The configuration or the policy is refused; there is no such rule.
pub(crate) fn run(policy: &Policy, globals: &Globals) -> Result<ExitCode, OperatorError> {
    match policy {
        Policy::List(args) => list(args, globals),
        Policy::Check(args) => check(args, globals),
    }
}

fn list(args: &ConfigArgs, globals: &Globals) -> Result<ExitCode, OperatorError> {
    let loaded = loaded(args, globals)?;
    let rows: Vec<Object> = loaded.rules.all().map(row).collect();
    let printed = if globals.client.json {
        output::json(&rows.into_iter().map(Value::Object).collect())
    } else {
        output::list(&["Rule", "Scope", "In force", "Default"], &rows)
    };
    printed.map_err(OperatorError::Output)?;
    Ok(ExitCode::SUCCESS)
}

fn row(rule: RuleInForce<'_>) -> Object {
    let scope = if rule.is_for_projects() {
        "project"
    } else {
        "any"
    };
    [
        ("rule", json!(rule.name())),
        ("scope", json!(scope)),
        ("in_force", json!(rule.to_string())),
        ("default", json!(rule.default().map(spelt_out))),
        ("is_default", json!(rule.is_default())),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// The empty rule as the one that says what it means.
fn spelt_out(rule: &str) -> &str {
    if rule.is_empty() { "@" } else { rule }
}

fn check(args: &CheckPolicy, globals: &Globals) -> Result<ExitCode, OperatorError> {
    let loaded = loaded(&args.config, globals)?;
    let caller = caller(args);
    let image = image(args);
    let target = match args.action.as_str() {
        "context_is_admin" => Target::caller(&caller),
        "add_image" => Target::new_image(image.owner.as_ref(), image.visibility),
        "get_images" | "stores_info_detail" => Target::own(&caller),
        _ => Target::image(&image, &caller),
    };
    let explained = loaded.rules.explain(&caller, &args.action, &target);
    let Some(explanation) = explained else {
        return Err(OperatorError::NoRule {
            name: args.action.clone(),
        });
    };
    let printed = if globals.client.json {
        output::json(&as_json(&args.action, &explanation))
    } else {
        let verdict = if explanation.allowed {
            "allowed"
        } else {
            "denied"
        };
        output::lines(&format!("{}: {verdict}\n{explanation}", args.action))
    };
    printed.map_err(OperatorError::Output)?;
    Ok(if explanation.allowed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn as_json(action: &str, explanation: &Explanation) -> Value {
    let steps: Vec<Value> = explanation
        .steps
        .iter()
        .map(|step| json!({"depth": step.depth, "rule": step.text, "holds": step.holds}))
        .collect();
    json!({"rule": action, "allowed": explanation.allowed, "steps": steps})
}

fn caller(args: &CheckPolicy) -> Caller {
    let service = (!args.service_role.is_empty())
        .then(|| ServiceUser::default().with_roles(&args.service_role));
    let has_project = args.domain.is_none() && !args.system_scope;
    Caller::anonymous()
        .with_project(has_project.then(|| args.project.clone()))
        .with_user(args.user.clone())
        .with_domain_scope(args.domain.clone())
        .with_system_scope(args.system_scope)
        .with_roles(&args.role)
        .with_service(service)
}

/// An image as the arguments have it; in all else it is a new one.
fn image(args: &CheckPolicy) -> Image {
    let mut image = Image::queued(ImageId::from_bits(0), Timestamp::from_micros(0));
    image.owner = Some(args.owner.as_ref().unwrap_or(&args.project).clone());
    image.visibility = args.visibility();
    let properties = args.property.iter().cloned();
    image.properties = properties
        .map(|(name, value)| {
            (
                PropertyName::stored(name),
                PropertyValue::stored(Some(value)),
            )
        })
        .collect();
    image
}

fn loaded(args: &ConfigArgs, globals: &Globals) -> Result<Loaded, OperatorError> {
    let (config, warnings) = Config::load(&sources(args, globals.debug))?;
    let loaded = files(&config)?.0.load()?;
    for warning in warnings {
        output::note(&format!("glance: {warning}"));
    }
    for warning in &loaded.warnings {
        output::note(&format!("glance: policy: {warning}"));
    }
    for file in &loaded.files {
        output::note(&format!("glance: policy: read `{}`", file.display()));
    }
    Ok(loaded)
}
