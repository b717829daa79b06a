//! A program that nobody trusts, in a cage (rule R10).
//!
//! What limits a process is set by util-linux' `prlimit`, `unshare` and `setpriv` before the program
//! runs, for doing it in the child of a fork by ourselves would be unsafe code. What limits files and
//! calls are Landlock and seccomp: a thread of ours restricts itself, and starts the program from
//! there. The same thread waits for the program, which is killed where the thread, and so this
//! process, ends.
//!
//! All that the program starts ends with it, in a namespace of processes. The first process in there
//! is an `unshare` that has nothing to unshare: the program itself could turn its back on what kills
//! it.

mod confine;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::sync::oneshot;

pub(super) use self::confine::Files;
use self::confine::confine;
use crate::OpenError;

/// How much a program may take.
#[derive(Debug)]
pub(super) struct Limits {
    /// Bytes of addresses.
    pub(super) memory: u64,
    /// Of one processor.
    pub(super) cpu: Duration,
    /// Bytes of a file that it writes.
    pub(super) file: u64,
    /// Of the disk.
    pub(super) room: Option<Room>,
    /// From start to end.
    pub(super) wall: Duration,
}

/// What a program came to.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) is_success: bool,
    /// In words.
    pub(super) status: String,
    /// The first bytes that it said.
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// A cage for one program.
#[derive(Debug, Clone)]
pub(super) struct Cage {
    program: PathBuf,
    prlimit: PathBuf,
    setpriv: PathBuf,
    /// Where the kernel lets this process make namespaces of its own.
    unshare: Option<PathBuf>,
}

impl Cage {
    /// Finds the programs, and tries the cage out. Blocks.
    pub(super) fn open(program: &'static str, package: &'static str) -> Result<Self, OpenError> {
        let mut cage = Self {
            program: find(program, package)?,
            prlimit: find("prlimit", UTIL_LINUX)?,
            setpriv: find("setpriv", UTIL_LINUX)?,
            unshare: Some(find("unshare", UTIL_LINUX)?),
        };
        let missing = match cage.try_out() {
            Ok(missing) => missing,
            Err(_) => {
                cage.unshare = None;
                let missing = cage.try_out().map_err(|reason| OpenError::Setting {
                    setting: format!("`{program}` in its cage"),
                    reason: reason.into(),
                })?;
                [missing, vec!["user namespaces"]].concat()
            }
        };
        if !missing.is_empty() {
            tracing::warn!(
                missing = missing.join(", "),
                "{program} is less confined: this kernel, or a rule of this machine, keeps from \
                 this process what is missing"
            );
        }
        Ok(cage)
    }

    /// What is missing of the cage.
    fn try_out(&self) -> io::Result<Vec<&'static str>> {
        let limits = Limits {
            memory: 1 << 30,
            cpu: Duration::from_secs(2),
            file: 0,
            room: None,
            wall: Duration::from_secs(10),
        };
        let arguments = [OsString::from("--version")];
        let command = self.command(&arguments, &limits);
        let (missing, ended) = self.confined(&Files::default(), command, &Mutex::default())?;
        match ended.is_success {
            true => Ok(missing),
            false => Err(io::Error::other(format!(
                "{}: {}",
                ended.status,
                String::from_utf8_lossy(&ended.stderr).trim()
            ))),
        }
    }

    /// Runs the program, for which these files are there, and no others. `held` is given back, and
    /// lives until the program is dead: also where this future is dropped, which kills it.
    ///
    /// `FileTooLarge` where it took too much of the disk, `TimedOut` where it took too long.
    pub(super) async fn run<H: Send + 'static>(
        &self,
        arguments: Vec<OsString>,
        files: Files,
        limits: Limits,
        held: H,
    ) -> io::Result<(H, Ended)> {
        let command = self.command(&arguments, &limits);
        let slot = Arc::<Mutex<Slot>>::default();
        let kill = KillOnDrop(Arc::clone(&slot));
        let (sender, receiver) = oneshot::channel();
        let thread = std::thread::Builder::new().name(THREAD.to_owned());
        let cage = self.clone();
        thread.spawn(move || {
            let ended = cage
                .confined(&files, command, &slot)
                .map(|(_, ended)| ended);
            // Where nobody waits any more, what was held goes here.
            let _ = sender.send(ended.map(|ended| (held, ended)));
        })?;
        let ended = tokio::select! {
            ended = receiver => match ended {
                Ok(ended) => ended,
                Err(_) => Err(io::Error::other("nobody waited for the program")),
            },
            error = passed(limits.room.as_ref()) => Err(error),
            () = tokio::time::sleep(limits.wall) => Err(io::ErrorKind::TimedOut.into()),
        };
        drop(kill);
        let ended = ended?;
        match limits.room {
            Some(room) => room.check().await.map(|()| ended),
            None => Ok(ended),
        }
    }

    /// Runs the program from a thread that is given up for it: restricted once, a thread is so for good.
    /// Tells what is missing of the cage, too.
    fn confined(
        &self,
        files: &Files,
        command: Command,
        slot: &Mutex<Slot>,
    ) -> io::Result<(Vec<&'static str>, Ended)> {
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name(THREAD.to_owned());
            let thread = thread.spawn_scoped(scope, || {
                let missing = confine(files, &self.programs())?;
                Ok((missing, supervise(command, slot)?))
            })?;
            let ended = thread.join();
            ended.map_err(|_| io::Error::other("it panicked"))?
        })
    }

    fn programs(&self) -> Vec<&Path> {
        let mut programs = vec![&*self.program, &*self.prlimit, &*self.setpriv];
        programs.extend(self.unshare.as_deref());
        programs
    }

    fn command(&self, arguments: &[OsString], limits: &Limits) -> Command {
        let mut command = Command::new(&self.prlimit);
        command
            .arg(format!("--as={}", limits.memory))
            .arg(format!("--cpu={}", limits.cpu.as_secs()))
            .arg(format!("--fsize={}", limits.file))
            .args(["--core=0", "--nofile=64", "--"]);
        command
            .arg(&self.setpriv)
            .args(["--pdeathsig", "KILL", "--"]);
        if let Some(unshare) = &self.unshare {
            command
                .arg(unshare)
                .args(["--user", "--net", "--ipc", "--pid"])
                .args(["--fork", "--kill-child", "--"])
                .arg(unshare)
                .args(["--fork", "--kill-child", "--"]);
        }
        command
            .arg(&self.program)
            .args(arguments)
            .env_clear()
            .env("LC_ALL", "C")
            // Each arena takes addresses for many threads.
            .env("MALLOC_ARENA_MAX", "1")
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// What a file may take of the disk. Where it has holes, its length says nothing of that.
#[derive(Debug)]
pub(super) struct Room {
    file: tokio::fs::File,
    most: u64,
}

impl Room {
    pub(super) fn new(file: File, most: u64) -> Self {
        let file = tokio::fs::File::from_std(file);
        Self { file, most }
    }

    async fn check(&self) -> io::Result<()> {
        let taken = self.file.metadata().await?.blocks().saturating_mul(512);
        match taken > self.most {
            true => Err(io::ErrorKind::FileTooLarge.into()),
            false => Ok(()),
        }
    }
}

/// Ends where a file takes too much.
async fn passed(room: Option<&Room>) -> io::Error {
    let Some(room) = room else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        ticks.tick().await;
        if let Err(error) = room.check().await {
            return error;
        }
    }
}

/// The program, while it is there.
#[derive(Debug, Default)]
struct Slot {
    group: Option<Pid>,
    /// Nobody wants it any more.
    is_cancelled: bool,
}

#[derive(Debug)]
struct KillOnDrop(Arc<Mutex<Slot>>);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.is_cancelled = true;
        if let Some(group) = slot.group {
            // It is dead already, or dies now.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Starts the program and waits for its end.
fn supervise(mut command: Command, slot: &Mutex<Slot>) -> io::Result<Ended> {
    let lock = || slot.lock().unwrap_or_else(PoisonError::into_inner);
    let mut child = {
        let mut slot = lock();
        if slot.is_cancelled {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let child = command.spawn()?;
        slot.group = Some(Pid::from_child(&child));
        child
    };
    let (stdout, stderr) = said(&mut child);
    // Not reaped yet, so that its id is nobody else's while it may be killed.
    let id = WaitId::Pid(Pid::from_child(&child));
    let _ = waitid(id, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
    let mut slot = lock();
    slot.group = None;
    let status = child.wait()?;
    Ok(Ended {
        is_success: status.success(),
        status: status.to_string(),
        stdout,
        stderr,
    })
}

/// What the program says, as far as that is of interest.
fn said(child: &mut Child) -> (Vec<u8>, Vec<u8>) {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        let stderr = scope.spawn(|| start_of(stderr));
        (start_of(stdout), stderr.join().unwrap_or_default())
    })
}

/// Where the program says more, it is not listened to.
fn start_of(pipe: Option<impl Read>) -> Vec<u8> {
    let mut start = Vec::new();
    if let Some(pipe) = pipe {
        let _ = pipe.take(MOST_SAID).read_to_end(&mut start);
    }
    start
}

fn find(program: &'static str, package: &'static str) -> Result<PathBuf, OpenError> {
    let path = std::env::var_os("PATH");
    let path = path.as_deref().unwrap_or(OsStr::new(STANDARD_PATH));
    std::env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_absolute() && file.is_file())
        .ok_or(OpenError::NoProgram { program, package })
}

const STANDARD_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
const UTIL_LINUX: &str = "util-linux";
const THREAD: &str = "conversion";

/// How often it is seen what a file takes.
const LOOK: Duration = Duration::from_millis(50);

/// Bytes of what a program says.
const MOST_SAID: u64 = 64 << 10;

#[cfg(test)]
mod tests;
