//! The glance command: serves images, operates the service, and is a client of it.

mod args;
mod client;
mod commands;
mod config;
mod output;
mod policy;

use std::error::Error;
use std::io;
use std::process::ExitCode;

use tokio::runtime::Builder;

use self::args::{Cli, ClientCommand, Command, Globals};
use self::client::ClientError;
use self::commands::client::CommandError;

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(problem) => return complain(&problem),
    };
    let is_debug = cli.globals.debug;
    match cli.command {
        Command::Serve(args) => ended(commands::serve::run(&args, is_debug)),
        Command::Scrub(args) => ended(commands::scrub::run(&args, is_debug)),
        Command::Fsck(args) => commands::fsck::run(&args, &cli.globals),
        Command::Metadefs(metadefs) => ended(commands::metadefs_files::run(&metadefs, is_debug)),
        Command::Db(db) => ended(commands::db::run(&db, is_debug)),
        Command::Inspect(args) => ended(commands::inspect::run(&args, &cli.globals)),
        Command::Policy(policy) => ended(commands::policy::run(&policy, &cli.globals)),
        Command::Store(store) => ended(commands::store::run(&store, &cli.globals)),
        Command::Task(task) => ended(commands::task_cancel::run(&task, is_debug)),
        Command::Client(command) => match ask(command, cli.globals) {
            Err(CommandError::Usage(problem)) => complain(&problem),
            // Whoever reads the result has enough of it.
            Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                ExitCode::SUCCESS
            }
            Err(CommandError::Client(ClientError::OutputClosed)) => ExitCode::FAILURE,
            Err(CommandError::Client(unseen @ ClientError::ImportUnseen { .. })) => {
                output::failure(&unseen);
                ExitCode::from(3)
            }
            result => ended(result),
        },
    }
}

/// A client does one thing after the other, which takes one thread.
fn ask(command: ClientCommand, globals: Globals) -> Result<ExitCode, CommandError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(commands::client::run(command, globals));
    // A read of standard input may go on for ever.
    runtime.shutdown_background();
    result
}

fn ended<E: Error>(result: Result<ExitCode, E>) -> ExitCode {
    result.unwrap_or_else(|error| {
        output::failure(&error);
        ExitCode::FAILURE
    })
}

/// Help and the version are asked for; all else is the user's mistake.
fn complain(problem: &clap::Error) -> ExitCode {
    // Nobody listens where this fails.
    let _ = problem.print();
    u8::try_from(problem.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
