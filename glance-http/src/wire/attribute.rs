//! The value of one attribute of an image: JSON to the domain's types, by the rules that
//! `/v2/schemas/image` publishes.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use glance_core::domain::{
    Attribute, ContainerFormat, DiskFormat, Formats, InvalidProperty, Minimum, PropertyName,
    PropertyValue, Tag, Visibility,
};
use serde_json::Value;

use super::LONGEST_ECHO;
use super::image_schema::ImageSchema;
use crate::error::{ApiError, sentence};

/// What values of images have to fit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImageRules<'a> {
    pub(crate) formats: &'a Formats,
    pub(crate) schema: &'a ImageSchema,
}

/// Reads the value that an attribute is to have, or a custom property of any other name.
///
/// Attributes of the service are refused with 403, values that do not fit with 400.
pub(crate) fn read(
    name: &str,
    value: &Value,
    rules: ImageRules<'_>,
) -> Result<Attribute, ApiError> {
    let field = Field { name, value };
    let formats = rules.formats;
    Ok(match name {
        "container_format" => Attribute::ContainerFormat(field.container_format(formats)?),
        "disk_format" => Attribute::DiskFormat(field.disk_format(formats)?),
        "min_disk" => Attribute::MinDisk(field.minimum()?),
        "min_ram" => Attribute::MinRam(field.minimum()?),
        "name" => Attribute::Name(field.text_or_null()?),
        "os_hidden" => Attribute::Hidden(field.boolean()?),
        "owner" => Attribute::Owner(field.filled_text_or_null()?),
        "protected" => Attribute::Protected(field.boolean()?),
        "tags" => Attribute::Tags(field.tags()?),
        "visibility" => Attribute::Visibility(field.visibility()?),
        _ => Attribute::Property(property_name(name)?, field.property_value(rules.schema)?),
    })
}

/// Whether a name is that of an attribute which is always there and can be set.
pub(crate) fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name)
}

/// Refuses to set what only the service sets.
pub(crate) fn read_only(name: &str) -> ApiError {
    ApiError::forbidden(format!("Attribute '{name}' is read-only."))
}

/// Reads the name of a custom property.
pub(crate) fn property_name(name: &str) -> Result<PropertyName, ApiError> {
    name.parse().map_err(|invalid| match invalid {
        InvalidProperty::Reserved { .. } => {
            ApiError::forbidden(format!("Attribute '{name}' is reserved."))
        }
        invalid => ApiError::bad_request(sentence(&invalid)),
    })
}

struct Field<'a> {
    name: &'a str,
    value: &'a Value,
}

impl Field<'_> {
    fn container_format(&self, formats: &Formats) -> Result<Option<ContainerFormat>, ApiError> {
        let format: Option<ContainerFormat> = self.text_or_null()?;
        let known = format
            .as_ref()
            .map_or(Ok(()), |format| formats.check_container(format));
        known.map_err(|unknown| ApiError::schema("image", unknown))?;
        Ok(format)
    }

    fn disk_format(&self, formats: &Formats) -> Result<Option<DiskFormat>, ApiError> {
        let format: Option<DiskFormat> = self.text_or_null()?;
        let known = format
            .as_ref()
            .map_or(Ok(()), |format| formats.check_disk(format));
        known.map_err(|unknown| ApiError::schema("image", unknown))?;
        Ok(format)
    }

    fn minimum(&self) -> Result<Minimum, ApiError> {
        let number = self.integer().ok_or_else(|| self.mismatch("an integer"))?;
        Minimum::try_from(number).map_err(|invalid| {
            ApiError::bad_request(format!(
                "Invalid value '{number}' for parameter '{}': {invalid}",
                self.name
            ))
        })
    }

    /// An integer, also in the form `1.0`, which JSON schema takes for one.
    fn integer(&self) -> Option<i64> {
        let whole = |number: f64| {
            let fits = number.fract() == 0.0 && number.abs() < 2_f64.powi(53);
            // Exact for whole numbers of up to 53 bits.
            fits.then_some(number as i64)
        };
        match self.value {
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
            _ => None,
        }
    }

    fn boolean(&self) -> Result<bool, ApiError> {
        self.value
            .as_bool()
            .ok_or_else(|| self.mismatch("true or false"))
    }

    fn visibility(&self) -> Result<Visibility, ApiError> {
        self.parsed(
            self.value
                .as_str()
                .ok_or_else(|| self.mismatch("a string"))?,
        )
    }

    fn tags(&self) -> Result<BTreeSet<Tag>, ApiError> {
        let tags = self
            .value
            .as_array()
            .ok_or_else(|| self.mismatch("an array of strings"))?;
        tags.iter()
            .map(|tag| {
                self.parsed(
                    tag.as_str()
                        .ok_or_else(|| self.mismatch("an array of strings"))?,
                )
            })
            .collect()
    }

    /// Text; of what an operator declares, whatever fits and can be kept as text (as upstream does).
    fn property_value(&self, schema: &ImageSchema) -> Result<PropertyValue, ApiError> {
        let declared = schema.check(self.name, self.value);
        if let Some(Err(problem)) = declared {
            let problem: String = problem.chars().take(LONGEST_ECHO).collect();
            let name = self.short_name();
            return Err(ApiError::schema("image", format_args!("{name}: {problem}")));
        }
        match self.value {
            Value::String(text) => self.parsed(text),
            _ if declared.is_none() => Err(self.mismatch("a string")),
            Value::Null => Ok(PropertyValue::null()),
            Value::Bool(flag) => self.parsed(if *flag { "1" } else { "0" }),
            Value::Number(number) => self.parsed(&number.to_string()),
            Value::Array(_) | Value::Object(_) => {
                Err(self.mismatch("a string, a number, a boolean or null"))
            }
        }
    }

    fn text_or_null<T: FromStr<Err: Display>>(&self) -> Result<Option<T>, ApiError> {
        match self.value {
            Value::Null => Ok(None),
            Value::String(text) => self.parsed(text).map(Some),
            _ => Err(self.mismatch("a string or null")),
        }
    }

    /// Upstream stores an empty owner as none.
    fn filled_text_or_null<T: FromStr<Err: Display>>(&self) -> Result<Option<T>, ApiError> {
        match self.value {
            Value::String(text) if text.is_empty() => Ok(None),
            _ => self.text_or_null(),
        }
    }

    fn parsed<T: FromStr<Err: Display>>(&self, text: &str) -> Result<T, ApiError> {
        text.parse().map_err(|invalid| {
            ApiError::schema("image", format_args!("{}: {invalid}", self.short_name()))
        })
    }

    fn mismatch(&self, expected: &str) -> ApiError {
        ApiError::schema(
            "image",
            format_args!("{} must be {expected}", self.short_name()),
        )
    }

    fn short_name(&self) -> String {
        self.name.chars().take(LONGEST_ECHO).collect()
    }
}

const BUILT_IN: [&str; 10] = [
    "container_format",
    "disk_format",
    "min_disk",
    "min_ram",
    "name",
    "os_hidden",
    "owner",
    "protected",
    "tags",
    "visibility",
];
