//! `/healthcheck`

use std::env::consts::{ARCH, OS};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::future::join_all;
use glance_core::domain::Timestamp;
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Value, json};

use crate::health::{Finding, HealthOptions};
use crate::reply::{escaped, preferred_media};

/// Says whether this node wants requests: to load balancers, without identity, in upstream's form.
pub(crate) async fn check(options: &HealthOptions, parts: &Parts) -> Response {
    let findings = join_all(options.checks.iter().map(|check| check.finding())).await;
    let is_well = findings.iter().all(|finding| finding.is_well);
    let status = match (is_well, &parts.method) {
        (false, _) => StatusCode::SERVICE_UNAVAILABLE,
        (true, &Method::HEAD) => return StatusCode::NO_CONTENT.into_response(),
        (true, _) => StatusCode::OK,
    };
    if parts.method == Method::HEAD {
        return status.into_response();
    }
    let media = preferred_media(&parts.headers, &[PLAIN, HTML, JSON]).unwrap_or(PLAIN);
    let (content_type, body) = match media {
        JSON => ("application/json", json(options, &findings)),
        HTML => (
            "text/html; charset=UTF-8",
            html(options, &findings).into_bytes(),
        ),
        _ => ("text/plain; charset=UTF-8", plain(&findings).into_bytes()),
    };
    (status, [(CONTENT_TYPE, content_type)], body).into_response()
}

fn plain(findings: &[Finding]) -> String {
    let reasons: Vec<&str> = findings.iter().map(|finding| finding.reason).collect();
    reasons.join("\n")
}

fn json(options: &HealthOptions, findings: &[Finding]) -> Vec<u8> {
    let reasons: Vec<Value> = findings
        .iter()
        .map(|finding| match options.detailed {
            true => json!({
                "class": finding.class, "details": finding.details, "reason": finding.reason,
            }),
            false => finding.reason.into(),
        })
        .collect();
    let body = match options.detailed {
        true => json!({
            "detailed": true, "now": now(), "platform": platform(), "reasons": reasons,
        }),
        false => json!({"detailed": false, "reasons": reasons}),
    };
    let mut text = Vec::new();
    let indented = PrettyFormatter::with_indent(b"    ");
    // Values have string keys, and writing to memory does not fail.
    let _ = body.serialize(&mut Serializer::with_formatter(&mut text, indented));
    text
}

fn html(options: &HealthOptions, findings: &[Finding]) -> String {
    let mut page = String::from("<HTML>\n<HEAD><TITLE>Healthcheck Status</TITLE></HEAD>\n<BODY>\n");
    if options.detailed {
        page += &format!(
            "<H1>Server status</H1>\n<B>Current time:</B><PRE>{}</PRE>\n\
             <B>Platform:</B><PRE>{}</PRE>\n<HR></HR>\n",
            now(),
            platform()
        );
    }
    page += &format!("<H2>Result of {} checks:</H2>\n<TABLE>\n", findings.len());
    for finding in findings {
        page += &match options.detailed {
            true => format!(
                "<TR><TD>{}</TD><TD>{}</TD><TD>{}</TD></TR>\n",
                finding.class,
                finding.reason,
                escaped(&finding.details)
            ),
            false => format!("<TR><TD>{}</TD></TR>\n", finding.reason),
        };
    }
    page + "</TABLE>\n</BODY>\n</HTML>"
}

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = since.map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)).to_string()
}

fn platform() -> String {
    format!("{OS}-{ARCH}")
}

const PLAIN: (&str, &str) = ("text", "plain");
const HTML: (&str, &str) = ("text", "html");
const JSON: (&str, &str) = ("application", "json");
