//! `glance store`: what the stores of a configuration are, and whether they work.

use std::process::ExitCode;

use glance_core::ConfiguredStore;
use serde_json::{Value, json};

use super::operator::{OperatorError, sources};
use super::probe::Probe;
use super::serve::runtime;
use super::stores;
use crate::args::{CheckStore, ConfigArgs, Globals, Store};
use crate::config::{Config, StoresConfig};
use crate::output::{self, Object};

/// Lists the stores, or checks one.
///
/// # Errors
///
/// The configuration is refused, a store cannot be opened, or none has the name.
pub(crate) fn run(store: &Store, globals: &Globals) -> Result<ExitCode, OperatorError> {
    match store {
        Store::List(args) => list(&configured(args, globals.debug)?, globals.client.json),
        Store::Check(args) => check(args, globals),
    }
}

fn list(config: &StoresConfig, as_json: bool) -> Result<ExitCode, OperatorError> {
    let runtime = runtime()?;
    let _entered = runtime.enter();
    let (stores, _) = stores::open(config)?;
    let rows: Vec<Object> = stores
        .all()
        .iter()
        .zip(&config.all)
        .map(|(store, config)| {
            row([
                ("store", json!(store.id().as_str())),
                ("type", json!(store.kind)),
                ("default", json!(stores.is_default(store))),
                ("weight", json!(store.weight)),
                ("can", json!(abilities(store).join(", "))),
                ("data", json!(config.driver.to_string())),
                ("description", json!(store.description)),
            ])
        })
        .collect();
    print(
        &[
            "Store",
            "Type",
            "Default",
            "Weight",
            "Can",
            "Data",
            "Description",
        ],
        rows,
        as_json,
    )?;
    Ok(ExitCode::SUCCESS)
}

fn check(args: &CheckStore, globals: &Globals) -> Result<ExitCode, OperatorError> {
    let config = configured(&args.config, globals.debug)?;
    let runtime = runtime()?;
    let _entered = runtime.enter();
    let (stores, _) = stores::open(&config)?;
    let found = stores
        .all()
        .iter()
        .find(|store| store.id().as_str() == args.name);
    let Some(store) = found else {
        let names: Vec<&str> = config.all.iter().map(|store| store.id.as_str()).collect();
        return Err(OperatorError::NoStore {
            name: args.name.clone(),
            known: names.join(", "),
        });
    };
    if !store.store.capabilities().write {
        let id = store.id();
        output::note(&format!(
            "glance: store `{id}` takes no data, so there is nothing to write and read back"
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let probe = Probe::new(&store.store, args.size << 20);
    let steps = runtime.block_on(probe.run());
    let failed = steps.iter().any(|step| step.outcome.is_err());
    let rows = steps.into_iter().map(|step| {
        let seconds = step.took.as_secs_f64();
        let speed = (step.bytes > 0 && step.outcome.is_ok())
            .then(|| format!("{:.0} MiB/s", step.bytes as f64 / seconds / 1_048_576.0));
        row([
            ("step", json!(step.what)),
            (
                "result",
                json!(
                    step.outcome
                        .as_ref()
                        .map_or_else(Clone::clone, |()| "ok".to_owned())
                ),
            ),
            ("milliseconds", json!((seconds * 1000.0).round())),
            ("speed", json!(speed)),
        ])
    });
    print(
        &["Step", "Result", "Milliseconds", "Speed"],
        rows.collect(),
        globals.client.json,
    )?;
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn configured(args: &ConfigArgs, is_debug: bool) -> Result<StoresConfig, OperatorError> {
    let (config, warnings) = Config::load(&sources(args, is_debug))?;
    for warning in warnings {
        output::note(&format!("glance: {warning}"));
    }
    Ok(config.stores)
}

fn abilities(store: &ConfiguredStore) -> Vec<&'static str> {
    let can = store.store.capabilities();
    [
        (true, "read"),
        (can.ranges, "ranges"),
        (can.write, "write"),
        (can.delete, "delete"),
    ]
    .into_iter()
    .filter_map(|(can, what)| can.then_some(what))
    .collect()
}

fn row<const N: usize>(columns: [(&str, Value); N]) -> Object {
    columns
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn print(titles: &[&str], rows: Vec<Object>, as_json: bool) -> Result<(), OperatorError> {
    let printed = if as_json {
        output::json(&rows.into_iter().map(Value::Object).collect())
    } else {
        output::list(titles, &rows)
    };
    printed.map_err(OperatorError::Output)
}
