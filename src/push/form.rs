//! Owns reading parameters into values, each with its limits. Leaves what they mean to the resources.

use std::ops::RangeInclusive;

use crate::model::parameters::Parameters;
use crate::model::push::factor::Texts;
use crate::model::push::identity::Identity;
use crate::push::error::{PushCode, Refusal};

/// The most characters of an object of texts.
const LONGEST_OBJECT: usize = 1024;

/// The parameters of a request, and the code with which a wrong one is refused.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    parameters: &'a Parameters,
    code: PushCode,
}

impl<'a> Form<'a> {
    /// Of services and access tokens.
    pub(super) fn of_service(parameters: &'a Parameters) -> Self {
        Self { parameters, code: PushCode::InvalidParameter }
    }

    /// Of everything else.
    pub(super) fn new(parameters: &'a Parameters) -> Self {
        Self { parameters, code: PushCode::InvalidRequest }
    }

    /// A refusal of this form.
    pub(super) fn refuse(&self, why: &str) -> Refusal {
        Refusal::new(self.code, format!("Invalid parameter: {why}"))
    }

    /// A text as it is; an empty one counts as absent.
    pub(super) fn raw(&self, name: &'static str) -> Result<Option<&'a str>, Refusal> {
        self.parameters.one(name).map_err(|repeated| self.refuse(&repeated.to_string()))
    }

    /// The same where it has to be.
    pub(super) fn required(&self, name: &'static str) -> Result<&'a str, Refusal> {
        self.raw(name)?.ok_or_else(|| self.refuse(&format!("{name} is missing")))
    }

    /// All values of a parameter that may be repeated.
    pub(super) fn all(&self, name: &str) -> Vec<&'a str> {
        self.parameters.all(name).collect()
    }

    /// A text of so many characters.
    pub(super) fn text(&self, name: &'static str, length: RangeInclusive<usize>) -> Result<Option<String>, Refusal> {
        let Some(text) = self.raw(name)? else { return Ok(None) };
        self.check_length(name, text, length)?;
        Ok(Some(text.to_owned()))
    }

    /// A name that people are shown: without what breaks lines or turns the writing.
    pub(super) fn name(&self, name: &'static str, length: RangeInclusive<usize>) -> Result<Option<String>, Refusal> {
        let text = self.text(name, length)?;
        match text.as_deref().is_some_and(|text| text.chars().any(is_unprintable)) {
            true => Err(self.refuse(&format!("{name} contains control characters"))),
            false => Ok(text),
        }
    }

    /// Whether a text has so many characters.
    pub(super) fn check_length(&self, name: &str, text: &str, length: RangeInclusive<usize>) -> Result<(), Refusal> {
        if length.contains(&text.chars().count()) {
            return Ok(());
        }
        Err(self.refuse(&format!("{name} has to have {} to {} characters", length.start(), length.end())))
    }

    /// The same where it has to be.
    pub(super) fn required_text(&self, name: &'static str, length: RangeInclusive<usize>) -> Result<String, Refusal> {
        self.required(name)?;
        self.text(name, length).map(Option::unwrap_or_default)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>, Refusal> {
        match self.raw(name)?.map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(self.refuse(&format!("{name} has to be true or false"))),
        }
    }

    /// A whole number within limits.
    pub(super) fn number(&self, name: &'static str, limits: RangeInclusive<u32>) -> Result<Option<u32>, Refusal> {
        let Some(text) = self.raw(name)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number| limits.contains(number));
        let wrong = || self.refuse(&format!("{name} has to be from {} to {}", limits.start(), limits.end()));
        number.map(Some).ok_or_else(wrong)
    }

    /// A JSON object with texts only.
    pub(super) fn texts(&self, name: &'static str) -> Result<Option<Texts>, Refusal> {
        let Some(text) = self.raw(name)? else { return Ok(None) };
        self.check_length(name, text, 1..=LONGEST_OBJECT)?;
        let read = serde_json::from_str::<Option<Texts>>(text);
        // PostgreSQL keeps no NUL in a text.
        let plain = |texts: &Texts| !texts.iter().any(|(name, value)| name.contains('\0') || value.contains('\0'));
        match read {
            Ok(texts) if texts.as_ref().is_none_or(plain) => Ok(texts),
            _ => Err(self.refuse(&format!("{name} has to be a JSON object with strings"))),
        }
    }

    /// Who it is about.
    pub(super) fn identity(&self) -> Result<Identity, Refusal> {
        let words = "Identity has to have 8 to 64 letters and digits, in groups that single dashes separate";
        Identity::parse(self.required("Identity")?).ok_or_else(|| self.refuse(words))
    }

    /// Factors of other types than push are not offered here.
    pub(super) fn check_factor_type(&self) -> Result<(), Refusal> {
        match self.required("FactorType")? {
            "push" => Ok(()),
            _ => Err(self.refuse("FactorType has to be push")),
        }
    }
}

fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
