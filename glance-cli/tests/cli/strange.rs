//! What answers is not what a client hopes for.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::support::{Done, files_in, glance, run};

/// A service that answers each connection with the next of these texts, and then falls silent.
fn service(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut silent: Vec<TcpStream> = Vec::new();
        let mut answers = answers.iter();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            match answers.next() {
                Some(answer) => stream.write_all(answer.as_bytes()).unwrap(),
                None => silent.push(stream),
            }
        }
    });
    url
}

fn ask(url: &str, line: &str) -> Done {
    let folder = tempfile::tempdir().unwrap();
    let mut command = glance(folder.path());
    command.args(line.split_whitespace());
    let done = run(command.args(["--os-image-url", url]));
    assert_eq!(files_in(folder.path()), [""; 0]);
    done
}

#[test]
fn what_is_no_image_service_is_told_apart() {
    let url = service(&["HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n<html>hello</html>"]);

    assert_eq!(
        ask(&url, "image-list").failed(),
        format!("what answers at {url}/ is no image service: its answer is not JSON")
    );
}

#[test]
fn a_service_that_is_silent_is_not_waited_for_for_ever() {
    let url = service(&[]);

    for line in ["image-list", "image-upload x --file /proc/self/exe"] {
        let done = ask(&url, &format!("{line} --timeout 1"));
        assert_eq!(
            done.failed(),
            format!("{url}/ did not answer within 1 seconds")
        );
    }
}

#[test]
fn data_that_breaks_off_is_not_kept() {
    let url = service(&[
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n{\"id\":\"x\"}",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf",
    ]);

    let done = ask(&url, "image-download x --file got");

    assert!(
        done.failed()
            .starts_with(&format!("the connection to {url}/ broke off: ")),
        "{done:?}"
    );
}

#[test]
fn a_redirect_to_somebody_else_is_not_followed() {
    let elsewhere = service(&[]);
    // The test would wait for the silent service if the client went there.
    let answer = format!(
        "HTTP/1.1 301 Moved\r\nLocation: {elsewhere}/\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n"
    );
    let url = service(Box::leak(Box::new([&*answer.leak()])));

    let done = ask(&url, "image-list --os-auth-token secret");

    assert_eq!(
        done.failed(),
        "the service answered \"Moved Permanently\" (HTTP 301)"
    );
}

#[test]
fn a_service_that_wants_a_token_is_told_of_the_flag() {
    let url = service(&[
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 27\r\nConnection: close\r\n\r\n\
         401 Unauthorized\n\nNo token.",
    ]);

    let done = ask(&url, "image-list");

    assert_eq!(
        done.failed(),
        "No token (HTTP 401); give a token with --os-auth-token, as this client does not log in \
         by itself"
    );
}

const NO_TASKS: &str =
    "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{\"tasks\":[]}";
const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const UNAVAILABLE: &str =
    "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[test]
fn an_import_is_followed_past_a_service_that_is_away_for_a_while() {
    let url = service(&[
        NO_TASKS,
        ACCEPTED,
        UNAVAILABLE,
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: 56\r\nConnection: close\r\n\r\n\
         {\"tasks\":[{\"id\":\"t\",\"status\":\"failure\",\"message\":\"no\"}]}",
        UNAVAILABLE,
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n{\"id\":\"x\"}",
    ]);

    let done = ask(&url, "image-import x --wait");

    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("asking again for 120 s\n"), "{done:?}");
    assert!(
        done.stderr.ends_with("image x was not imported: no\n"),
        "{done:?}"
    );
}

#[test]
fn an_import_that_can_be_followed_no_more_ends_with_three() {
    let url = service(&[
        NO_TASKS,
        ACCEPTED,
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ]);

    let done = ask(&url, "image-import x --wait");

    assert_eq!(done.code, 3, "{done:?}");
    let told = "the import of image x goes on, but how is not seen";
    assert!(done.stderr.contains(told), "{done:?}");
}

#[test]
fn an_empty_variable_of_the_environment_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = glance(folder.path());
    command.env("OS_IMAGE_URL", "").env("OS_CACERT", "");
    command.env("OS_ENDPOINT", "http://127.0.0.1:1");

    let done = run(command.arg("image-list"));

    assert!(done.failed().contains("http://127.0.0.1:1/"), "{done:?}");
}
