//! `glance fsck`: holds the catalog against the stores, while servers may run.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use glance_core::domain::ImageId;
use glance_core::{CheckEvent, CheckPlan, Checked, Finding, Outcome, Trouble};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::logging::Logging;
use super::open::{Backends, Missing};
use super::operator::{OperatorError, sources};
use super::serve::runtime;
use crate::args::{Fsck, Globals};
use crate::config::{Config, Database};
use crate::output;

/// Checks, and tells what was found: exit code 0 where nothing is left to do, 1 where something is,
/// 2 where the check could not be made or ended early.
pub(crate) fn run(args: &Fsck, globals: &Globals) -> ExitCode {
    match check(args, globals) {
        Ok(done) if done.found == done.repaired => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            output::failure(&error);
            ExitCode::from(2)
        }
    }
}

fn check(args: &Fsck, globals: &Globals) -> Result<Checked, OperatorError> {
    let (config, warnings) = Config::load(&sources(&args.config, globals.debug))?;
    if config.catalog.database == Database::SqliteInMemory {
        return Err(OperatorError::InMemory);
    }
    let runtime = runtime()?;
    let done = runtime.block_on(async {
        let _logging = Logging::start(&config.log)?;
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        let backends = Backends::open(&config, Missing::IsRefused).await?;
        let name = ImageId::from_bits(backends.runtime.ids.next_bits());
        let glance = backends.glance(&config, Some(format!("glance-fsck/{name}")))?;
        let plan = CheckPlan {
            repair: args.repair,
            store: args.store.clone(),
            min_age: args.min_age,
        };
        let mut printer = Printer::new(globals.client.json);
        let mut tell = |event: CheckEvent| printer.hear(&event);
        let done = glance.check(backends.deletes.as_ref(), &plan, &mut tell);
        let done = done.await?;
        printer.end(done).map_err(OperatorError::Output)?;
        Ok(done)
    });
    runtime.shutdown_timeout(LAST_PATIENCE);
    done
}

/// Prints what a check tells while it goes on, and how far it is.
#[derive(Debug)]
struct Printer {
    as_json: bool,
    /// On standard error, and only where that is a terminal.
    bar: ProgressBar,
    findings: u64,
    /// Whether all that was to be printed was.
    printed: io::Result<()>,
}

impl Printer {
    fn new(as_json: bool) -> Self {
        let bar = ProgressBar::no_length();
        // The template is a constant that a test reads.
        let style = ProgressStyle::with_template(PROGRESS);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self {
            as_json,
            bar,
            findings: 0,
            printed: Ok(()),
        }
    }

    fn hear(&mut self, event: &CheckEvent) {
        match event {
            CheckEvent::Found(finding) => {
                let text = match (self.as_json, self.findings) {
                    (false, _) => line(finding),
                    (true, 0) => format!("{{\"findings\": [\n{}", object(finding)),
                    (true, _) => format!(",\n{}", object(finding)),
                };
                self.findings += 1;
                self.print(&text);
            }
            CheckEvent::Progress(done) => {
                let Checked { images, blobs, .. } = done;
                self.bar
                    .set_message(format!("images: {images}, blobs: {blobs}"));
                self.bar.tick();
            }
        }
    }

    fn end(mut self, done: Checked) -> io::Result<()> {
        self.bar.finish_and_clear();
        let Checked {
            images,
            blobs,
            found,
            repaired,
            ..
        } = done;
        self.print(&match (self.as_json, self.findings) {
            (false, _) => format!(
                "images checked: {images}\nblobs checked: {blobs}\nfound: {found}\n\
                 repaired: {repaired}"
            ),
            (true, findings) => format!(
                "{}], \"images\": {images}, \"blobs\": {blobs}, \"found\": {found}, \
                 \"repaired\": {repaired}}}",
                if findings == 0 {
                    "{\"findings\": ["
                } else {
                    "\n"
                }
            ),
        });
        self.printed
    }

    fn print(&mut self, text: &str) {
        if self.printed.is_ok() {
            self.printed = self.bar.suspend(|| output::lines(text));
        }
    }
}

/// A finding for people.
fn line(finding: &Finding) -> String {
    let mut text = finding.trouble.as_str().to_owned();
    let store = finding.store.as_ref().map(ToString::to_string);
    let image = finding.image.map(|image| image.to_string());
    let url = finding.url.as_ref().map(ToString::to_string);
    for (what, value) in [("image", image), ("store", store), ("at", url)] {
        if let Some(value) = value {
            text += &format!(" {what} {value}");
        }
    }
    let (state, what) = outcome(finding);
    let sentence = output::sentence(&finding.trouble);
    output::clean(&format!("{text}: {sentence}; {state}: {what}"))
}

/// A finding for machines.
fn object(finding: &Finding) -> Value {
    let (state, what) = outcome(finding);
    json!({
        "finding": finding.trouble.as_str(),
        "image": finding.image.map(|image| image.to_string()),
        "store": finding.store.as_ref().map(ToString::to_string),
        "url": finding.url.as_ref().map(ToString::to_string),
        "message": output::sentence(&finding.trouble),
        "outcome": state,
        "action": what,
    })
}

/// What became of it in a word, and what was or is to be done.
fn outcome(finding: &Finding) -> (&'static str, String) {
    match &finding.outcome {
        Outcome::Told => ("told", advice(&finding.trouble).to_owned()),
        Outcome::Repaired(what) => ("repaired", (*what).to_owned()),
        Outcome::Left(why) => ("left", (*why).to_owned()),
        Outcome::Failed(error) => ("failed", output::sentence(error)),
        _ => ("unknown", String::new()),
    }
}

/// What is to be done about it.
fn advice(trouble: &Trouble) -> &'static str {
    match trouble {
        Trouble::CopyMissing { .. } => {
            "copy the image to another store, take it out of this one, and copy it back"
        }
        Trouble::Missing => {
            "--repair removes the location if another is good; else bring the blob back, or delete \
             the image"
        }
        Trouble::NoStore => "configure its store, or remove the location",
        Trouble::OddImage { .. } => "mend the row in the database",
        Trouble::OtherSize { .. } => "look at the data: it may be damaged",
        Trouble::Overdue { .. } => {
            "--repair, or a server that has its store, finishes or undoes it"
        }
        Trouble::StoreAway { .. } => "check again when it is back",
        Trouble::Stray { .. } => "--repair removes it",
        Trouble::Stuck { .. } => "--repair puts the image back in the queue",
        Trouble::Unreadable { .. } => "look at the store",
        _ => "look at it",
    }
}

const PROGRESS: &str = "{spinner} {msg} {elapsed}";
const LAST_PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use indicatif::ProgressStyle;

    #[test]
    fn the_template_is_a_template() {
        assert!(ProgressStyle::with_template(super::PROGRESS).is_ok());
    }
}
