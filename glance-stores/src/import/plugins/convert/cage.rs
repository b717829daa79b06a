//! A program that nobody trusts, in a cage (rule R10).
//!
//! What limits a process is set by util-linux' `prlimit`, `unshare` and `setpriv` before the program
//! runs, for doing it in the child of a fork by ourselves would be unsafe code. What limits files is
//! Landlock: a thread of ours restricts itself, and starts the program from there. The same thread
//! waits for the program, which is killed where the thread, and so this process, ends.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use landlock::{
    ABI, Access, AccessFs, AccessNet, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, path_beneath_rules,
};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::sync::oneshot;

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
#[derive(Debug)]
pub(super) struct Cage {
    program: PathBuf,
    prlimit: PathBuf,
    setpriv: PathBuf,
    /// Where the kernel lets this process make a network of its own.
    unshare: Option<PathBuf>,
}

impl Cage {
    /// Finds the programs, and tries the cage out in a folder. Blocks.
    pub(super) fn open(
        program: &'static str,
        package: &'static str,
        folder: &Path,
    ) -> Result<Self, OpenError> {
        let mut cage = Self {
            program: find(program, package)?,
            prlimit: find("prlimit", UTIL_LINUX)?,
            setpriv: find("setpriv", UTIL_LINUX)?,
            unshare: Some(find("unshare", UTIL_LINUX)?),
        };
        if cage.try_out(folder).is_err() {
            cage.unshare = None;
            cage.try_out(folder).map_err(|reason| OpenError::Setting {
                setting: format!("`{program}` in its cage"),
                reason: reason.into(),
            })?;
            tracing::warn!(
                "{program} runs without a network namespace: this kernel, or a rule of this \
                 machine, keeps user namespaces from this process"
            );
        }
        Ok(cage)
    }

    fn try_out(&self, folder: &Path) -> io::Result<()> {
        let limits = Limits {
            memory: 1 << 30,
            cpu: Duration::from_secs(2),
            file: 0,
            room: None,
            wall: Duration::from_secs(10),
        };
        let arguments = [OsString::from("--version")];
        let (command, folder) = (self.command(&arguments, &limits), folder.to_owned());
        let slot = Arc::default();
        let thread = std::thread::Builder::new().name(THREAD.to_owned());
        let thread = thread.spawn(move || supervise(command, &folder, &slot))?;
        let ended = thread
            .join()
            .map_err(|_| io::Error::other("it panicked"))??;
        match ended.is_success {
            true => Ok(()),
            false => Err(io::Error::other(format!(
                "{}: {}",
                ended.status,
                String::from_utf8_lossy(&ended.stderr).trim()
            ))),
        }
    }

    /// Runs the program, which can write to the folder and nowhere else. `held` is given back, and
    /// lives until the program is dead: also where this future is dropped, which kills it.
    ///
    /// `FileTooLarge` where it took too much of the disk, `TimedOut` where it took too long.
    pub(super) async fn run<H: Send + 'static>(
        &self,
        arguments: Vec<OsString>,
        folder: &Path,
        limits: Limits,
        held: H,
    ) -> io::Result<(H, Ended)> {
        let (command, folder) = (self.command(&arguments, &limits), folder.to_owned());
        let slot = Arc::<Mutex<Slot>>::default();
        let kill = KillOnDrop(Arc::clone(&slot));
        let (sender, receiver) = oneshot::channel();
        let thread = std::thread::Builder::new().name(THREAD.to_owned());
        thread.spawn(move || {
            let ended = supervise(command, &folder, &slot);
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

    fn command(&self, arguments: &[OsString], limits: &Limits) -> Command {
        let mut command = Command::new(&self.prlimit);
        command
            .arg(format!("--as={}", limits.memory))
            .arg(format!("--cpu={}", limits.cpu.as_secs()))
            .arg(format!("--fsize={}", limits.file))
            .args(["--core=0", "--nofile=64", "--"]);
        if let Some(unshare) = &self.unshare {
            command
                .arg(unshare)
                .args(["--user", "--net", "--ipc", "--"]);
        }
        command
            .arg(&self.setpriv)
            .args(["--pdeathsig", "KILL", "--"])
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

/// Restricts this thread for good, starts the program and waits for its end.
fn supervise(mut command: Command, folder: &Path, slot: &Mutex<Slot>) -> io::Result<Ended> {
    let status = restrict(folder).map_err(io::Error::other)?;
    if status.ruleset == RulesetStatus::NotEnforced {
        tracing::warn!("this kernel has no Landlock: what is converted is less confined");
    }
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

/// This thread, and what it starts, reads programs and libraries, and writes to the folder. It
/// connects to nothing.
fn restrict(folder: &Path) -> Result<RestrictionStatus, RulesetError> {
    let abi = ABI::V4;
    let all = AccessFs::from_all(abi);
    Ruleset::default()
        .handle_access(all)?
        .handle_access(AccessNet::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules(READABLE, AccessFs::from_read(abi)))?
        .add_rules(path_beneath_rules([folder, Path::new("/dev/null")], all))?
        .restrict_self()
}

fn find(program: &'static str, package: &'static str) -> Result<PathBuf, OpenError> {
    let path = std::env::var_os("PATH");
    let path = path.as_deref().unwrap_or(OsStr::new(STANDARD_PATH));
    std::env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_absolute() && file.is_file())
        .ok_or(OpenError::NoProgram { program, package })
}

/// What programs consist of.
const READABLE: [&str; 11] = [
    "/bin",
    "/dev/urandom",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/proc",
    "/sbin",
    "/usr",
];

const STANDARD_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
const UTIL_LINUX: &str = "util-linux";
const THREAD: &str = "conversion";

/// How often it is seen what a file takes.
const LOOK: Duration = Duration::from_millis(50);

/// Bytes of what a program says.
const MOST_SAID: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            memory: 1 << 30,
            cpu: Duration::from_secs(5),
            file: 1 << 20,
            room: None,
            wall: Duration::from_secs(60),
        }
    }

    async fn ran(program: &'static str, arguments: &[&str], folder: &Path) -> Ended {
        let cage = Cage::open(program, "none", folder).unwrap();
        let arguments = arguments.iter().map(OsString::from).collect();
        let (_, ended) = cage.run(arguments, folder, limits(), ()).await.unwrap();
        ended
    }

    #[tokio::test]
    async fn nothing_is_read_or_written_outside_the_folder() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (place, is_allowed) in [(folder.path(), true), (other.path(), false)] {
            let (file, new) = (place.join("file"), place.join("new"));
            std::fs::write(&file, "data").unwrap();
            let [file, new_text] = [&file, &new].map(|path| path.to_str().unwrap());

            let read = ran("cat", &[file], folder.path()).await;
            let written = ran("cp", &["/dev/null", new_text], folder.path()).await;

            assert_eq!(read.stdout == b"data", is_allowed, "{read:?}");
            assert_eq!(written.is_success, is_allowed, "{written:?}");
            assert_eq!(new.exists(), is_allowed);
        }
        let secret = ran("cat", &["/etc/passwd"], folder.path()).await;
        assert!(!secret.is_success && secret.stdout.is_empty(), "{secret:?}");
    }

    #[tokio::test]
    async fn what_is_written_and_what_is_said_has_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let to = format!("of={}", file.display());

        let full = ran("dd", &["if=/usr/bin/env", &to, "seek=4000"], folder.path()).await;
        let loud = ran("yes", &[], folder.path()).await;

        assert!(!full.is_success, "{full:?}");
        assert!(std::fs::metadata(&file).unwrap().len() <= 1 << 20);
        assert_eq!(loud.stdout.len() as u64, MOST_SAID);
    }

    #[tokio::test]
    async fn a_program_that_takes_too_long_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let cage = Cage::open("sleep", "none", folder.path()).unwrap();
        let limits = Limits {
            wall: Duration::from_millis(100),
            ..limits()
        };

        let ended = cage
            .run(vec!["600".into()], folder.path(), limits, ())
            .await;

        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_program_that_is_missing_is_named_with_its_package() {
        let error = Cage::open("no-such-program", "its-package", Path::new("/tmp")).unwrap_err();

        let error = error.to_string();
        assert!(error.contains("`no-such-program`") && error.contains("its-package"));
    }
}
