//! Answers for pages of other origins (oslo.middleware's `cors`, ADR 0014).

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;

use crate::cors::{Cors, CorsRule};
use crate::options::Api;

/// Tells browsers what pages of other origins may do. It comes before identity: a browser asks
/// without a token first. Who may not is told nothing, and the browser refuses.
pub(crate) async fn share(State(api): State<Api>, request: Request, next: Next) -> Response {
    let cors = &api.options.cors;
    if cors.is_empty() || !request.headers().contains_key(ORIGIN) {
        return next.run(request).await;
    }
    let asked = request.headers().clone();
    let is_preflight = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    if is_preflight {
        answer(cors, &asked, response.headers_mut());
    } else {
        decorate(cors, &asked, response.headers_mut());
    }
    response
}

/// The answer to what a browser asks before a request.
fn answer(cors: &Cors, asked: &HeaderMap, headers: &mut HeaderMap) {
    let Some((origin, rule)) = rule(cors, asked) else {
        return;
    };
    let Some(method) = text(asked, &ACCESS_CONTROL_REQUEST_METHOD) else {
        return;
    };
    let names = list(asked, &ACCESS_CONTROL_REQUEST_HEADERS);
    if !rule.allows_method(method) || !names.iter().all(|name| rule.allows_header(name)) {
        return;
    }
    set(headers, VARY, "Origin");
    allow(headers, origin, rule);
    if rule.max_age != 0 {
        set(headers, ACCESS_CONTROL_MAX_AGE, &rule.max_age.to_string());
    }
    set(headers, ACCESS_CONTROL_ALLOW_METHODS, method);
    if !names.is_empty() {
        set(headers, ACCESS_CONTROL_ALLOW_HEADERS, &names.join(","));
    }
}

/// What a page may read of an answer.
fn decorate(cors: &Cors, asked: &HeaderMap, headers: &mut HeaderMap) {
    let Some((origin, rule)) = rule(cors, asked) else {
        return;
    };
    headers.append(VARY, HeaderValue::from_static("Origin"));
    allow(headers, origin, rule);
    if !rule.expose_headers.is_empty() {
        let names = rule.expose_headers.join(",");
        set(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &names);
    }
}

fn rule<'a>(cors: &'a Cors, asked: &'a HeaderMap) -> Option<(&'a str, &'a CorsRule)> {
    cors.rule(text(asked, &ORIGIN)?)
}

fn allow(headers: &mut HeaderMap, origin: &str, rule: &CorsRule) {
    set(headers, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if rule.allow_credentials {
        set(headers, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // What is no header's value was refused with the configuration, or came as one.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect()
}
