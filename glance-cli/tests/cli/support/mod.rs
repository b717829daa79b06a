//! A server in a folder of its own, and commands that talk to it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A command that knows nothing of the environment of the tests.
pub(crate) fn glance(folder: &Path) -> Command {
    glance_at(Path::new(env!("CARGO_BIN_EXE_glance")), folder)
}

/// A copy of the program.
pub(crate) fn glance_at(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("OS_") || name.to_lowercase().ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|_| panic!("{self:?}"))
    }

    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// It failed with one sentence, which is given.
    #[track_caller]
    pub(crate) fn failed(&self) -> &str {
        assert_eq!(self.code, 1, "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        self.stderr.trim().strip_prefix("glance: ").unwrap()
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Done {
    command.output().unwrap().into()
}

/// Runs `glance` with the configuration file of a folder.
pub(crate) fn with_config(folder: &TempDir, line: &str) -> Done {
    let mut command = glance(folder.path());
    command.args(line.split_whitespace());
    run(command.args(["--config-file", "glance-api.conf"]))
}

/// Runs a command with this on its standard input, through a pipe.
pub(crate) fn run_with(command: &mut Command, input: &[u8]) -> Done {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = thread::spawn(move || {
        // A command that fails early does not read it all.
        let _ = pipe.write_all(&input);
    });
    let done = child.wait_with_output().unwrap().into();
    writing.join().unwrap();
    done
}

/// A server, and the folder it was started in.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) folder: Arc<TempDir>,
    pub(crate) url: String,
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Server {
    /// One with the defaults, in a new folder.
    pub(crate) fn start() -> Self {
        Self::start_in(&Arc::new(tempfile::tempdir().unwrap()), &[])
    }

    /// One that works with what is in a folder.
    pub(crate) fn start_in(folder: &Arc<TempDir>, arguments: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", folder, arguments)
    }

    pub(crate) fn start_at(address: &str, folder: &Arc<TempDir>, arguments: &[&str]) -> Self {
        let mut child = glance(folder.path())
            .args(["serve", "--bind", address])
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let stderr = child.stderr.take().unwrap();
        thread::spawn({
            let said = Arc::clone(&said);
            move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    *said.lock().unwrap() += &format!("{line}\n");
                }
            }
        });
        let mut server = Self {
            folder: Arc::clone(folder),
            url: String::new(),
            child,
            said,
        };
        server.wait_for("listening address=");
        let said = server.said();
        let (_, url) = said.split_once("serving images at ").unwrap();
        url.lines().next().unwrap().clone_into(&mut server.url);
        server
    }

    /// What it wrote on standard error.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        eventually(
            || self.said().contains(text),
            || format!("`{text}` in:\n{}", self.said()),
        );
    }

    /// A command that talks to this server.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = glance(self.folder.path());
        command.args(["--os-image-url", &self.url]);
        command.args(line.split_whitespace());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Done {
        run(&mut self.command(line))
    }

    #[track_caller]
    pub(crate) fn json(&self, line: &str) -> Value {
        run(self.command(line).arg("--json")).succeeded().json()
    }

    /// A raw image with this data; gives its id.
    #[track_caller]
    pub(crate) fn image_of(&self, data: &[u8]) -> String {
        let create = "image-create --disk-format raw --container-format bare --json";
        let done = run_with(&mut self.command(create), data).succeeded();
        done.json()["id"].as_str().unwrap().to_owned()
    }

    /// The only file with image data.
    pub(crate) fn stored(&self, id: &str) -> PathBuf {
        self.folder.path().join("glance-data/images").join(id)
    }

    /// The names of all files with image data, whole or not.
    pub(crate) fn files(&self) -> Vec<String> {
        files_in(&self.folder.path().join("glance-data/images"))
    }

    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let done = Command::new("kill")
            .args([&format!("-{name}"), &process])
            .status();
        assert!(done.unwrap().success());
    }

    /// Waits for its end and gives its exit code.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "still there:\n{}", self.said());
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The address, as a URL has it.
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// Begins an upload of `size` bytes, sends `part` of them, and waits until they are stored.
    pub(crate) fn begin_upload(&self, id: &str, size: usize, part: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        write!(
            stream,
            "PUT /v2/images/{id}/file HTTP/1.1\r\nHost: glance\r\nConnection: close\r\n\
             Content-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n"
        )
        .unwrap();
        stream.write_all(part).unwrap();
        let show = format!("image-show {id}");
        eventually(
            || self.json(&show)["status"] == "saving" && !self.files().is_empty(),
            || format!("an upload to {id}"),
        );
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status line of an answer.
pub(crate) fn status_line(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

pub(crate) fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[track_caller]
pub(crate) fn eventually(holds: impl Fn() -> bool, what: impl Fn() -> String) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {}", what());
        thread::sleep(Duration::from_millis(20));
    }
}

/// Longer than anything takes here, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);
