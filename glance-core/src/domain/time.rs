//! Points in time, UTC, to the microsecond.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use thiserror::Error;

use super::text::beginning;

/// A point in time, UTC, to the microsecond: what the database keeps.
///
/// Text form is Glance's: `YYYY-MM-DDTHH:MM:SSZ`. Reading also takes fractions, offsets and bare
/// dates (ISO 8601), as upstream's filters do.
///
/// ```
/// use glance_core::domain::Timestamp;
///
/// let time: Timestamp = "2026-11-22T10:00:00+01:00".parse()?;
/// assert_eq!(time.to_string(), "2026-11-22T09:00:00Z");
/// # Ok::<(), glance_core::domain::InvalidTimestamp>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The time so many microseconds after 1970-01-01T00:00:00Z; clamped to years 0 to 9999.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(Self::MIN_MICROS, Self::MAX_MICROS))
    }

    /// As [`from_micros`](Self::from_micros), for constants: the caller knows the year is fine.
    pub(crate) const fn from_valid_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// The calendar form.
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// The time `duration` later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self::from_micros(self.0.saturating_add(micros(duration)))
    }

    /// The time `duration` earlier.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self::from_micros(self.0.saturating_sub(micros(duration)))
    }

    /// How long it is from `earlier` to this; nothing if it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    const MIN_MICROS: i64 = -62_167_219_200_000_000;
    const MAX_MICROS: i64 = 253_402_300_799_999_999;
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self::from_micros(time.timestamp_micros())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_datetime().format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(time.to_utc().into());
        }
        for form in [
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y-%m-%d %H:%M:%S%.f",
            "%Y-%m-%dT%H:%M",
        ] {
            if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
                return Ok(time.and_utc().into());
            }
        }
        for form in ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M%z"] {
            if let Ok(time) = DateTime::parse_from_str(text, form) {
                return Ok(time.to_utc().into());
            }
        }
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map(|date| date.and_time(chrono::NaiveTime::MIN).and_utc().into())
            .map_err(|_| InvalidTimestamp {
                text: beginning(text),
            })
    }
}

/// Text that is not a date or time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not an ISO 8601 time such as 2026-11-22T10:00:00Z")]
pub struct InvalidTimestamp {
    /// The first characters of what was given.
    pub text: String,
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_upstream_reads_is_read() {
        for text in [
            "2020-01-02T03:04:05Z",
            "2020-01-02T03:04:05.000000",
            "2020-01-02 03:04:05",
            "2020-01-02T05:04:05+02:00",
            "2020-01-02T05:04:05+0200",
        ] {
            let time: Timestamp = text.parse().unwrap();

            assert_eq!(time.to_string(), "2020-01-02T03:04:05Z", "{text}");
        }
    }

    #[test]
    fn a_bare_date_is_its_midnight() {
        let time: Timestamp = "2020-01-02".parse().unwrap();

        assert_eq!(time.to_string(), "2020-01-02T00:00:00Z");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "yesterday", "2020-13-01", "2020-01-02T25:00:00Z"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
