//! The pages of errors, and one table of what clients are told.

use std::fmt::Write;

use axum::body::Body;
use axum::http::Method;
use glance_core::domain::{Quotas, Status};

use super::support::{ABSENT, ALICE, BOB, RAW, READER, Site, V21, Who, request};

#[tokio::test]
async fn pages_come_in_the_form_that_the_client_prefers() {
    let site = Site::new();
    let page = |accept: &'static str| {
        let request = request(ALICE, Method::GET, "/v2/images/%3Cb%3E")
            .header("accept", accept)
            .body(Body::empty())
            .unwrap();
        site.send(request)
    };

    let plain = site.get(ALICE, "/v2/images/%3Cb%3E").await;
    assert_eq!(plain.header("content-type"), "text/plain; charset=UTF-8");
    assert_eq!(
        plain.text(),
        "404 Not Found\n\nNo image found with ID <b>\n\n   "
    );
    assert_eq!(plain.header("content-length"), plain.body.len().to_string());

    let html = page("*/*").await;
    assert_eq!(html.header("content-type"), "text/html; charset=UTF-8");
    assert_eq!(
        html.text(),
        "<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  \
         No image found with ID &lt;b&gt;<br /><br />\n\n\n\n </body>\n</html>"
    );

    let json = page("application/json").await;
    assert_eq!(json.header("content-type"), "application/json");
    assert_eq!(
        json.text(),
        r#"{"message": "No image found with ID <b><br /><br />\n\n\n", "code": "404 Not Found", "title": "Not Found"}"#
    );
}

#[tokio::test]
async fn pages_of_verbs_and_media_have_upstreams_line_breaks() {
    let site = Site::new();
    let page = |method: Method, path: &str| {
        let request = request(ALICE, method, path)
            .header("accept", "application/json")
            .header("content-type", "text/plain");
        site.send(request.body(Body::empty()).unwrap())
    };

    let verb = page(Method::POST, "/v2/schemas/image").await;
    assert_eq!(
        verb.text(),
        r#"{"message": "The method POST is not allowed for this resource. <br /><br />\n", "code": "405 Method Not Allowed", "title": "Method Not Allowed"}"#
    );
    let unknown = page("BREW".parse().unwrap(), "/v2/nothing").await;
    assert_eq!(
        unknown.text(),
        r#"{"message": "\nThe request method BREW is not implemented for this server. <br /><br />\n", "code": "501 Not Implemented", "title": "Not Implemented"}"#
    );
    let media = page(Method::PUT, &format!("/v2/images/{ABSENT}/file")).await;
    assert_eq!(
        media.text(),
        r#"{"message": "The request media type text/plain is not supported by this server.\n<br /><br />\nInvalid content type text/plain", "code": "415 Unsupported Media Type", "title": "Unsupported Media Type"}"#
    );
}

/// A request that fails: who, method, path, media type, body.
type Failing = (Who, &'static str, String, &'static str, &'static str);

#[tokio::test]
async fn what_clients_are_told_matches_the_golden_table() {
    let site = Site::with_quotas(Quotas {
        members: Some(1),
        properties: Some(1),
        image_bytes: Some(8),
        ..Quotas::default()
    });
    let queued = site.image(ALICE, RAW).await;
    let bare = site.image(ALICE, "{}").await;
    let protected = site.image(ALICE, r#"{"protected": true}"#).await;
    let private = site.image(ALICE, r#"{"visibility": "private"}"#).await;
    let community = site.image(ALICE, r#"{"visibility": "community"}"#).await;
    let active = site.image_with_data(ALICE, "data").await;
    let deactivated = site.image_with_data(ALICE, "data").await;
    site.post(
        ALICE,
        &format!("/v2/images/{deactivated}/actions/deactivate"),
        "",
    )
    .await;
    let saving = site.stored_image(7, Status::Saving).await.id.to_string();
    site.post(
        ALICE,
        &format!("/v2/images/{queued}/members"),
        r#"{"member": "p2"}"#,
    )
    .await;
    let (octets, json) = ("application/octet-stream", "application/json");
    let image = |id: &str, rest: &str| format!("/v2/images/{id}{rest}");

    let failing: Vec<Failing> = vec![
        (ALICE, "POST", "/v2/images".to_owned(), json, "{"),
        (ALICE, "POST", "/v2/images".to_owned(), json, ""),
        (
            ALICE,
            "POST",
            "/v2/images".to_owned(),
            json,
            r#"{"name": 1}"#,
        ),
        (
            ALICE,
            "POST",
            "/v2/images".to_owned(),
            json,
            r#"{"status": "active"}"#,
        ),
        (
            ALICE,
            "POST",
            "/v2/images".to_owned(),
            json,
            r#"{"locations": []}"#,
        ),
        (
            ALICE,
            "POST",
            "/v2/images".to_owned(),
            json,
            r#"{"owner": "p2"}"#,
        ),
        (
            ALICE,
            "POST",
            "/v2/images".to_owned(),
            json,
            r#"{"a": "1", "b": "2"}"#,
        ),
        (
            ALICE,
            "POST",
            "/v2/images".to_owned(),
            json,
            r#"{"visibility": "public"}"#,
        ),
        (ALICE, "GET", "/v2/images?limit=x".to_owned(), json, ""),
        (ALICE, "GET", image(ABSENT, ""), json, ""),
        (ALICE, "DELETE", image(&protected, ""), json, ""),
        (BOB, "DELETE", image(&community, ""), json, ""),
        (ALICE, "PATCH", image(&queued, ""), json, "[]"),
        (
            ALICE,
            "PATCH",
            image(&queued, ""),
            V21,
            r#"[{"op": "remove", "path": "/none"}]"#,
        ),
        (
            ALICE,
            "PATCH",
            image(&active, ""),
            V21,
            r#"[{"op": "replace", "path": "/disk_format", "value": "iso"}]"#,
        ),
        (ALICE, "PUT", image(&active, "/file"), octets, "data"),
        (ALICE, "PUT", image(&saving, "/file"), octets, "data"),
        (ALICE, "PUT", image(&bare, "/file"), octets, "data"),
        (
            ALICE,
            "PUT",
            image(&queued, "/file"),
            octets,
            "too much data",
        ),
        (ALICE, "PUT", image(&queued, "/file"), "text/plain", "data"),
        (READER, "PUT", image(&queued, "/file"), octets, "data"),
        (ALICE, "GET", image(&deactivated, "/file"), json, ""),
        (READER, "GET", image(&active, "/file"), json, ""),
        (
            ALICE,
            "POST",
            image(&queued, "/actions/deactivate"),
            json,
            "",
        ),
        (
            ALICE,
            "POST",
            image(&queued, "/members"),
            json,
            r#"{"member": "p2"}"#,
        ),
        (
            ALICE,
            "POST",
            image(&queued, "/members"),
            json,
            r#"{"member": "p3"}"#,
        ),
        (ALICE, "GET", image(&queued, "/members/p3"), json, ""),
        (ALICE, "GET", image(&private, "/members"), json, ""),
        (
            ALICE,
            "PUT",
            image(&queued, "/members/p2"),
            json,
            r#"{"status": "accepted"}"#,
        ),
        (ALICE, "DELETE", image(&queued, "/tags/none"), json, ""),
        (ALICE, "GET", "/v2/nothing".to_owned(), json, ""),
        (ALICE, "BREW", "/v2/nothing".to_owned(), json, ""),
        (ALICE, "DELETE", "/v2/images".to_owned(), json, ""),
    ];
    let names = [
        (&queued, "QUEUED"),
        (&bare, "BARE"),
        (&protected, "PROTECTED"),
        (&private, "PRIVATE"),
        (&community, "COMMUNITY"),
        (&active, "ACTIVE"),
        (&deactivated, "DEACTIVATED"),
        (&saving, "SAVING"),
    ];

    let mut table = String::new();
    for (who, method, path, media, body) in failing {
        let request = request(who, method.parse().unwrap(), &path).header("content-type", media);
        let answer = site.send(request.body(Body::from(body)).unwrap()).await;
        let line = format!(
            "{method} {path} {body}\n    {} {}\n",
            answer.status.as_u16(),
            answer.explanation()
        );
        table
            .write_str(
                &names
                    .iter()
                    .fold(line, |line, (id, name)| line.replace(*id, name)),
            )
            .unwrap();
    }

    expect_test::expect_file!["golden/errors.txt"].assert_eq(&table);
}
