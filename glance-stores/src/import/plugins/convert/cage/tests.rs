use std::time::Instant;

use tempfile::TempDir;

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

/// Two files for a program, and one that is none of its business.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for name in ["input", "output", "other"] {
            std::fs::write(place.path(name), name).unwrap();
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn files(&self) -> Files {
        Files {
            input: Some(self.path("input")),
            output: Some(self.path("output")),
        }
    }

    async fn ran(&self, program: &'static str, arguments: &[&str]) -> Ended {
        let cage = Cage::open(program, "none").unwrap();
        self.ran_in(&cage, arguments, limits()).await.unwrap()
    }

    async fn ran_in(&self, cage: &Cage, arguments: &[&str], limits: Limits) -> io::Result<Ended> {
        let arguments = arguments.iter().map(OsString::from).collect();
        let ran = cage.run(arguments, self.files(), limits, ()).await;
        ran.map(|((), ended)| ended)
    }
}

#[tokio::test]
async fn the_input_is_read_and_the_output_written_and_no_more_is_there() {
    let place = Place::new();
    for (name, is_read) in [("input", true), ("output", true), ("other", false)] {
        let read = place.ran("cat", &[&place.text(name)]).await;
        assert_eq!(read.stdout == name.as_bytes(), is_read, "{read:?}");
    }
    for (name, is_written) in [("output", true), ("input", false), ("other", false)] {
        let written = place.ran("cp", &["/dev/null", &place.text(name)]).await;
        assert_eq!(written.is_success, is_written, "{written:?}");
    }
    for path in ["/etc/passwd", "/proc/cpuinfo", "/proc/1/status"] {
        let secret = place.ran("cat", &[path]).await;
        assert!(!secret.is_success && secret.stdout.is_empty(), "{path}");
    }
    for path in ["/", "/usr", "/usr/share", "/proc"] {
        let listed = place.ran("ls", &[path]).await;
        assert!(!listed.is_success && listed.stdout.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn nothing_is_made_moved_or_removed() {
    let place = Place::new();
    let [output, other, new] = ["output", "other", "new"].map(|name| place.text(name));
    for (program, arguments) in [
        ("cp", &["/dev/null", &new][..]),
        ("ln", &["-s", "/etc/passwd", &new]),
        ("ln", &[&output, &new]),
        ("ln", &["-sf", "/etc/passwd", &output]),
        ("mkdir", &[&new]),
        ("mkfifo", &[&new]),
        ("mv", &[&output, &new]),
        ("mv", &[&other, &output]),
        ("rm", &["-f", &output]),
    ] {
        let ended = place.ran(program, arguments).await;

        assert!(!ended.is_success, "{program} {arguments:?}");
        assert!(place.path("new").symlink_metadata().is_err());
        assert_eq!(std::fs::read(&output).unwrap(), b"output");
    }
}

#[tokio::test]
async fn what_is_written_and_what_is_said_has_bounds() {
    let place = Place::new();
    let to = format!("of={}", place.text("output"));

    let full = place
        .ran("dd", &["if=/usr/bin/env", &to, "seek=4000"])
        .await;
    let loud = place.ran("yes", &[]).await;

    assert!(!full.is_success, "{full:?}");
    assert!(std::fs::metadata(place.path("output")).unwrap().len() <= 1 << 20);
    assert_eq!(loud.stdout.len() as u64, MOST_SAID);
}

#[tokio::test]
async fn a_program_that_takes_too_much_of_the_disk_is_an_error() {
    let place = Place::new();
    let cage = Cage::open("dd", "none").unwrap();
    let to = format!("of={}", place.text("output"));
    for (seek, is_too_much) in [("seek=1000", false), ("seek=0", true)] {
        let output = File::open(place.path("output")).unwrap();
        let limits = Limits {
            room: Some(Room::new(output, 256 << 10)),
            ..limits()
        };
        let count = if is_too_much { "count=600" } else { "count=2" };

        let arguments = ["if=/dev/urandom", &to, seek, count];
        let ended = place.ran_in(&cage, &arguments, limits).await;

        let error = ended.err().map(|error| error.kind());
        assert_eq!(error, is_too_much.then_some(io::ErrorKind::FileTooLarge));
    }
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_killed() {
    let place = Place::new();
    let cage = Cage::open("sleep", "none").unwrap();
    let limits = Limits {
        wall: Duration::from_millis(100),
        ..limits()
    };

    let ended = place.ran_in(&cage, &["600"], limits).await;

    assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn what_a_program_started_ends_with_it() {
    let place = Place::new();
    let cage = Cage::open("setsid", "none").unwrap();
    if cage.unshare.is_none() {
        return; // It cannot be had here, as the log of a start says.
    }
    for (wait, time) in [("--fork", "86399"), ("--wait", "86398")] {
        let limits = Limits {
            wall: Duration::from_millis(500),
            ..limits()
        };

        let arguments = ["--fork", wait, "sleep", time];
        let ended = place.ran_in(&cage, &arguments, limits).await;

        assert_eq!(ended.is_ok(), wait == "--fork", "{ended:?}");
        let begin = Instant::now();
        while is_running(&format!("sleep\0{time}\0")) {
            assert!(begin.elapsed() < Duration::from_secs(10), "it lives on");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn is_running(command: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap();
    processes
        .map(|entry| std::fs::read(entry.unwrap().path().join("cmdline")))
        .any(|found| found.is_ok_and(|found| found == command.as_bytes()))
}

#[tokio::test]
async fn no_socket_is_made() {
    let place = Place::new();
    let nothing = place.ran("perl", &["-e", "exit 0"]).await;
    assert!(nothing.is_success, "{nothing:?}");
    for local_or_not in [
        "socket(my $one, 1, 1, 0)",
        "socket(my $one, 2, 2, 0)",
        "socketpair(my $one, my $other, 1, 1, 0)",
    ] {
        let attempt = format!("{local_or_not} or die $!");

        let ended = place.ran("perl", &["-e", &attempt]).await;

        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(said.starts_with("Operation not permitted"), "{ended:?}");
    }
}

#[test]
fn a_program_that_is_missing_is_named_with_its_package() {
    let error = Cage::open("no-such-program", "its-package").unwrap_err();

    let error = error.to_string();
    assert!(error.contains("`no-such-program`") && error.contains("its-package"));
}
