//! What this thread, and what it starts, may touch for good: files by Landlock, calls by seccomp.

use std::io;
use std::path::{Path, PathBuf};

use glance_core::ports::BoxError;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, sock_filter};

/// Files that are there for a program, beside programs and libraries.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Files {
    /// It is read.
    pub(in super::super) input: Option<PathBuf>,
    /// It is read and written. It has to be there already: no file is made.
    pub(in super::super) output: Option<PathBuf>,
}

/// Restricts this thread to these files and programs, as far as the kernel can: what it cannot is
/// given back.
pub(super) fn confine(files: &Files, programs: &[&Path]) -> io::Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    if restrict(files, programs).map_err(io::Error::other)? == RulesetStatus::NotEnforced {
        missing.push("Landlock");
    }
    if refuse().is_err() {
        missing.push("seccomp");
    }
    Ok(missing)
}

/// It reads programs and libraries, and writes to one file. It connects to nothing, and signals
/// nothing but itself.
fn restrict(files: &Files, programs: &[&Path]) -> Result<RulesetStatus, RulesetError> {
    let read = AccessFs::from_read(ABI_KNOWN);
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI_KNOWN))?
        .handle_access(AccessNet::from_all(ABI_KNOWN))?
        .scope(Scope::from_all(ABI_KNOWN))?
        .create()?
        .add_rules(path_beneath_rules(READABLE, read))?
        .add_rules(path_beneath_rules(programs, read))?
        .add_rules(path_beneath_rules(&files.input, AccessFs::ReadFile))?
        .add_rules(path_beneath_rules(&files.output, written()))?
        .add_rules(path_beneath_rules(["/dev/null"], written()))?
        .restrict_self()?;
    Ok(status.ruleset)
}

fn written() -> BitFlags<AccessFs> {
    AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate
}

/// Fails the calls that a converter has no use for.
fn refuse() -> Result<(), BoxError> {
    let rules = REFUSED.map(|call| (call, Vec::new())).into();
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, arch)?;
    let filter = BpfProgram::try_from(filter)?;
    seccompiler::apply_filter(&[&NO_X32[..], &filter].concat())?;
    Ok(())
}

/// Landlock as of Linux 6.12. What an older kernel does not know is left out.
const ABI_KNOWN: ABI = ABI::V6;

/// What programs consist of.
const READABLE: [&str; 16] = [
    "/bin",
    "/dev/urandom",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/sbin",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/lib64",
];

/// Sockets, which Landlock leaves open where they are local: the database may take whoever connects
/// for its owner. A ring makes sockets, too, and QEMU does without. And who waits for a program is
/// not to be moved by it.
const REFUSED: [i64; 7] = [
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_io_uring_setup,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
];

/// The same calls have other numbers in the x32 form of x86-64, all of which begin here. Elsewhere,
/// there are none.
const NO_X32: [sock_filter; 3] = [
    // Load the number; go on beyond the next where it is smaller; `ENOSYS`.
    instruction(0x20, 0, 0),
    instruction(0x35, 1, 0x4000_0000),
    instruction(0x06, 0, 0x0005_0000 | libc::ENOSYS.unsigned_abs()),
];

const fn instruction(code: u16, jf: u8, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf, k }
}
