//! What is wrong with a configuration, and what is merely worth saying about it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

/// Where a value was set. Every message about a value carries it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// The defaults of a server that was given no configuration file.
    BuiltIn,
    /// A flag of the command line.
    CommandLine { flag: &'static str },
    /// An environment variable.
    Environment { variable: String },
    /// A line of a configuration file.
    File { path: PathBuf, line: usize },
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => formatter.write_str("the built-in defaults"),
            Self::CommandLine { flag } => write!(formatter, "the command line (`{flag}`)"),
            Self::Environment { variable } => write!(formatter, "the environment (`{variable}`)"),
            Self::File { path, line } => write!(formatter, "`{}` line {line}", path.display()),
        }
    }
}

/// An option, with where it was set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Setting {
    pub(crate) origin: Origin,
    pub(crate) group: String,
    pub(crate) option: String,
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            origin,
            group,
            option,
        } = self;
        write!(formatter, "`[{group}] {option}` in {origin}")
    }
}

/// Why a configuration was refused: one sentence that names the place and the way out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum ConfigError {
    #[error("{setting} contradicts {other}: {remedy}")]
    Conflict {
        setting: Box<Setting>,
        other: &'static str,
        remedy: &'static str,
    },
    #[error("{setting} refers to itself through its `$` references")]
    Cycle { setting: Box<Setting> },
    #[error(
        "refusing to listen on {address} without identity, because whoever reaches it would be \
         an administrator: listen on 127.0.0.1, set `[paste_deploy] flavor`, or set \
         `[glance_rs] allow_unauthenticated_remote = true`"
    )]
    Exposed { address: SocketAddr },
    #[error("cannot read configuration file `{}`", path.display())]
    FileUnreadable { path: PathBuf, source: io::Error },
    #[error("cannot read configuration folder `{}`", path.display())]
    FolderUnreadable { path: PathBuf, source: io::Error },
    /// The value is left out: it may be a password that lost its URL.
    #[error("{setting} {problem}")]
    InvalidConnection {
        setting: Box<Setting>,
        problem: &'static str,
    },
    #[error("{setting} has a parameter `{name}` that this version does not take, or not like this")]
    InvalidParameter { setting: Box<Setting>, name: String },
    #[error("{setting} is `{value}`, but must be {allowed}")]
    InvalidValue {
        setting: Box<Setting>,
        value: String,
        allowed: String,
    },
    #[error(
        "`[database] connection` is not set in `{}`: set it, for example to \
         `sqlite:////var/lib/glance/glance.sqlite`",
        place.display()
    )]
    MissingConnection { place: PathBuf },
    #[error("`[{group}] {option}` is not set, and {needed_by} needs it")]
    MissingOfKeystone {
        group: &'static str,
        option: &'static str,
        needed_by: &'static str,
    },
    /// Where several stores are enabled, one has to be the default.
    #[error("`[glance_store] default_backend` is not set: it must be {names}")]
    MissingDefaultStore { names: String },
    #[error("`[{group}] {option}` is not set, and store `{store}` needs it")]
    MissingOfStore {
        store: String,
        group: String,
        option: String,
    },
    #[error("`{}` line {line} {problem}: `{text}`", path.display())]
    Syntax {
        path: PathBuf,
        line: usize,
        text: String,
        problem: &'static str,
    },
    /// A slip in this program, not of the operator; a test reads every option.
    #[error("`[{group}] {option}` is read as a kind of value it is not declared as")]
    Undeclared { group: String, option: String },
    /// The reference is left out: in a URL it may be a piece of a password.
    #[error(
        "{setting} contains a `$name` that names no option; \
         a literal `$` is written `$$`"
    )]
    UnknownReference { setting: Box<Setting> },
    #[error("{setting} cannot be honoured: {reason}")]
    Unsupported {
        setting: Box<Setting>,
        reason: &'static str,
    },
    #[error(
        "{setting} is a `{scheme}` URL, but must be one of `sqlite`, `mysql`, `mariadb` or \
         `postgresql`"
    )]
    UnsupportedDatabase {
        setting: Box<Setting>,
        scheme: String,
    },
}

/// Something the operator should know, though the server can start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Warning {
    /// Options of one group that are known and have no effect here, for one reason.
    Ignored {
        group: String,
        options: Vec<(String, Origin)>,
        reason: &'static str,
    },
    /// A value asks for more than there is.
    InPart {
        setting: Setting,
        reason: &'static str,
    },
    /// An option was set by a name that is no longer its name. It is honoured.
    Renamed { setting: Setting, now: String },
    /// Nobody knows this option.
    Unknown {
        setting: Setting,
        nearest: Option<String>,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignored {
                group,
                options,
                reason,
            } => {
                write!(formatter, "no effect of `[{group}]`")?;
                for (index, (option, origin)) in options.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(formatter, "{comma} `{option}` ({origin})")?;
                }
                write!(formatter, ": {reason}")
            }
            Self::InPart { setting, reason } => {
                write!(formatter, "{setting} is honoured in part: {reason}")
            }
            Self::Renamed { setting, now } => write!(formatter, "{setting} is now called `{now}`"),
            Self::Unknown { setting, nearest } => {
                write!(formatter, "{setting} is not a known option")?;
                match nearest {
                    Some(nearest) => write!(formatter, "; did you mean `{nearest}`?"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// The text in one line, with the user and password of a URL taken out.
pub(super) fn redacted(text: &str) -> String {
    let text = text.replace('\n', " ");
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}://***{}", &text[..scheme], &text[at..])
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, Warning, redacted};

    #[test]
    fn the_user_and_password_of_a_url_are_taken_out() {
        assert_eq!(
            redacted("connection = mysql://glance:s3cr@t@db/glance"),
            "connection = mysql://***@db/glance"
        );
        assert_eq!(redacted("debug"), "debug");
        assert_eq!(redacted("a@b://c"), "a@b://c");
    }

    #[test]
    fn a_warning_about_ignored_options_names_each_place_and_the_reason_once() {
        let origin = |line| Origin::File {
            path: "a.conf".into(),
            line,
        };
        let warning = Warning::Ignored {
            group: "database".to_owned(),
            options: vec![
                ("max_overflow".to_owned(), origin(3)),
                ("max_pool_size".to_owned(), origin(4)),
            ],
            reason: "SQLite needs no pool",
        };

        assert_eq!(
            warning.to_string(),
            "no effect of `[database]` `max_overflow` (`a.conf` line 3), \
             `max_pool_size` (`a.conf` line 4): SQLite needs no pool"
        );
    }
}
