//! What a server says when it refuses.

use std::fmt;

/// The answer of a server that refuses: its status, and of its XML what is safe to repeat.
///
/// The whole body is not: servers put the access key and what was signed into it (rule R6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: u16,
    /// The server's own name of the reason, such as `NoSuchBucket`; empty where it gave none.
    pub(super) code: String,
}

impl Refusal {
    pub(super) fn new(status: u16, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(body);
        let code = body
            .split_once("<Code>")
            .and_then(|(_, rest)| rest.split_once("</Code>"))
            .map(|(code, _)| code)
            .filter(|code| code.len() <= MOST_CODE)
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        Self {
            status,
            code: code.unwrap_or_default().to_owned(),
        }
    }

    /// Whether the bucket is what is missing.
    pub(super) fn misses_bucket(&self) -> bool {
        matches!(self.code.as_str(), "NoSuchBucket" | "ContainerNotFound")
    }

    /// Whether an object stands where one was to go.
    pub(super) fn is_in_the_way(&self) -> bool {
        match self.status {
            412 => true,
            // Others are at work on the object in this moment: nothing is known yet.
            409 => !matches!(
                self.code.as_str(),
                "ConditionalRequestConflict" | "OperationAborted"
            ),
            _ => false,
        }
    }

    /// Whether the server cannot do what it was asked at all.
    pub(super) fn is_unsupported(&self) -> bool {
        matches!(self.status, 405 | 501)
    }

    fn advice(&self) -> &'static str {
        match self.code.as_str() {
            "AuthenticationFailed" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" => {
                ": check the keys of the store"
            }
            "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
                ": check the region of the store"
            }
            "ContainerNotFound" | "NoSuchBucket" => {
                ": create the bucket, or let the store create it"
            }
            "RequestTimeTooSkewed" => ": set the clock of this machine",
            _ => "",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, code } = self;
        let space = if code.is_empty() { "" } else { " " };
        write!(
            f,
            "the server answered {status}{space}{code}{}",
            self.advice()
        )
    }
}

impl std::error::Error for Refusal {}

const MOST_CODE: usize = 64;
