//! Owns the texts of messages: which one is taken for a usage, and what stands in its gaps. Leaves sending to `mod.rs`.

use serde::Deserialize;
use serde_json::Value;

/// A text for one use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Template {
    /// What it is for: `Register`, `SignIn`, `ForgotPassword`, `Generic`, or any other name.
    #[serde(rename = "usageType")]
    pub usage: String,
    /// The text, with gaps such as `{{code}}`.
    pub content: String,
}

/// All texts. The first one of a usage counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates(Vec<Template>);

/// The uses without whose template nothing is sent.
pub const REQUIRED: [&str; 4] = ["Register", "SignIn", "ForgotPassword", GENERIC];

/// Taken for every use that has no template of its own.
const GENERIC: &str = "Generic";

/// As many characters as a message may have.
const LONGEST: usize = 1600;

impl Templates {
    /// Reads a JSON array of objects with `usageType` and `content`.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).map(Self)
    }

    /// What is wrong with them, each in words that continue the name of the setting; nothing when they can be used.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let missing: Vec<&str> = REQUIRED.into_iter().filter(|usage| self.own(usage).is_none()).collect();
        if !missing.is_empty() {
            problems.push(format!("lacks {}", missing.join(", ")));
        }
        let without_code = REQUIRED.into_iter().filter(|usage| self.own(usage).is_some_and(|text| !has_code(text)));
        let without_code: Vec<&str> = without_code.collect();
        if !without_code.is_empty() {
            problems.push(format!("has no {{{{code}}}} in {}", without_code.join(", ")));
        }
        let long = self.0.iter().filter(|template| template.content.chars().count() > LONGEST);
        let long: Vec<&str> = long.map(|template| template.usage.as_str()).collect();
        if !long.is_empty() {
            problems.push(format!("has over {LONGEST} characters in {}", long.join(", ")));
        }
        problems
    }

    /// The text for a use with its gaps filled: its own, else the generic one, else none.
    pub fn text(&self, usage: &str, payload: &Value) -> Option<String> {
        self.own(usage).or_else(|| self.own(GENERIC)).map(|content| fill(content, payload))
    }

    fn own(&self, usage: &str) -> Option<&str> {
        self.0.iter().find(|template| template.usage == usage).map(|template| template.content.as_str())
    }
}

fn has_code(content: &str) -> bool {
    (0..content.len()).filter_map(|at| content.get(at..)).any(|rest| gap(rest).is_some_and(|gap| gap.name == "code"))
}

/// Fills all gaps; what is put in is not looked at again.
fn fill(content: &str, payload: &Value) -> String {
    let (mut filled, mut rest) = (String::with_capacity(content.len()), content);
    while let Some(next) = rest.chars().next() {
        match gap(rest) {
            Some(Gap { name, written }) => {
                filled.push_str(&value(payload, name).unwrap_or_else(|| written.to_owned()));
                rest = rest.get(written.len()..).unwrap_or_default();
            }
            None => {
                filled.push(next);
                rest = rest.get(next.len_utf8()..).unwrap_or_default();
            }
        }
    }
    filled
}

/// A gap as it is written, and the name in it.
struct Gap<'a> {
    name: &'a str,
    written: &'a str,
}

/// The gap at the beginning of a text: two braces around a name of letters, digits, `_` and dots, with or without blanks.
fn gap(text: &str) -> Option<Gap<'_>> {
    let inner = text.strip_prefix("{{")?.trim_start();
    let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    let rest = rest.trim_start().strip_prefix("}}").filter(|_| !name.is_empty())?;
    Some(Gap { name, written: text.get(..text.len() - rest.len())? })
}

/// What stands for a name: nothing known of its root leaves the gap as it is, a path that leads nowhere empties it.
fn value(payload: &Value, name: &str) -> Option<String> {
    let mut path = name.split('.');
    let root = payload.get(path.next()?)?;
    let found = path.try_fold(root, |value, step| value.get(step));
    Some(match found {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::Templates;
    use rstest::rstest;
    use serde_json::json;

    fn all(content: &str) -> Templates {
        let each = super::REQUIRED.map(|usage| json!({ "usageType": usage, "content": content }));
        Templates::parse(&json!(each).to_string()).unwrap()
    }

    #[test]
    fn what_is_missing_is_named_all_at_once() {
        let some =
            json!([{ "usageType": "Register", "content": "{{ code }}" }, { "usageType": "SignIn", "content": "code" }]);
        let templates = Templates::parse(&some.to_string()).unwrap();
        assert_eq!(templates.problems(), ["lacks ForgotPassword, Generic", "has no {{code}} in SignIn"]);
        assert_eq!(all(&"{{code}}".repeat(201)).problems().len(), 1);
        assert_eq!(all("{{code}}").problems(), Vec::<String>::new());
    }

    #[rstest]
    #[case("{{{code}}}", "{123}")]
    #[case("{{code}{{code}}", "{{code}123")]
    #[case("{{}} {{ code", "{{}} {{ code")]
    #[case("{{code}}{{a.b}}{{a.c}}{{a.b.c}}{{b.c}}", "123{{code}}{{b.c}}")]
    #[case("{{code-x}} {{co de}}", "{{code-x}} {{co de}}")]
    #[case("é{{\ncode\t}}é", "é123é")]
    fn gaps_are_filled_once(#[case] content: &str, #[case] expected: &str) {
        let payload = json!({ "code": "123", "a": { "b": "{{code}}", "c": null } });
        assert_eq!(all(content).text("SignIn", &payload).unwrap(), expected);
    }

    #[test]
    fn without_an_own_and_a_generic_template_there_is_no_text() {
        let templates = Templates::parse(r#"[{"usageType":"SignIn","content":"{{code}}"}]"#).unwrap();
        assert_eq!(templates.text("Register", &json!({})), None);
    }

    #[test]
    fn the_first_of_two_templates_counts() {
        let two = r#"[{"usageType":"SignIn","content":"first"},{"usageType":"SignIn","content":"{{code}}"}]"#;
        let templates = Templates::parse(two).unwrap();
        assert_eq!(templates.text("SignIn", &json!({ "code": "1" })).unwrap(), "first");
        assert!(templates.problems().contains(&"has no {{code}} in SignIn".to_owned()));
    }
}
