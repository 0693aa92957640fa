//! Owns finding forms in a page and filling them in as a browser without JavaScript does.
//! Leaves sending what comes out to `browser`.

use scraper::{ElementRef, Html};
use url::{Url, form_urlencoded};

/// A form of a page, with the values it would be submitted with.
#[derive(Debug, Clone)]
pub struct Form {
    action: Url,
    method: Method,
    fields: Vec<Field>,
    buttons: Vec<Button>,
}

/// How a form is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The fields in the query.
    Get,
    /// The fields in the body.
    Post,
}

/// What a submitted form becomes: a request yet to be sent.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Where it goes.
    pub url: Url,
    /// How it is sent.
    pub method: Method,
    /// The body of a POST; empty for GET, where the fields are in the URL.
    pub body: String,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    kind: String,
    autocomplete: String,
    value: String,
}

#[derive(Debug, Clone)]
struct Button {
    name: String,
    value: String,
    label: String,
    action: Option<Url>,
    method: Option<Method>,
}

/// All forms of a page, in the order of the document.
pub fn forms(body: &str, page_url: &Url) -> Vec<Form> {
    let html = Html::parse_document(body);
    let elements: Vec<ElementRef<'_>> = html.root_element().descendants().filter_map(ElementRef::wrap).collect();
    let is_form = |element: &&ElementRef<'_>| element.value().name() == "form";
    elements
        .iter()
        .filter(is_form)
        .map(|form| {
            let own = elements.iter().filter(|element| belongs_to(element, form));
            read_form(form, own, page_url)
        })
        .collect()
}

/// A control belongs to the form it names, else to the one around it (HTML, section 4.10.17.3).
fn belongs_to(element: &ElementRef<'_>, form: &ElementRef<'_>) -> bool {
    match element.attr("form") {
        Some(id) => form.attr("id") == Some(id),
        None => element.ancestors().any(|ancestor| ancestor.id() == form.id()),
    }
}

fn read_form<'e>(form: &ElementRef<'_>, elements: impl Iterator<Item = &'e ElementRef<'e>>, page_url: &Url) -> Form {
    let mut fields = Vec::new();
    let mut buttons = Vec::new();
    for element in elements.filter(|element| element.attr("disabled").is_none()) {
        let kind = element.attr("type").unwrap_or_default().to_ascii_lowercase();
        match (element.value().name(), kind.as_str()) {
            ("button", "" | "submit") | ("input", "submit" | "image") => {
                buttons.push(read_button(element, page_url));
            }
            ("input", "button" | "reset" | "file") => {}
            ("input", "checkbox" | "radio") if element.attr("checked").is_none() => {}
            ("input" | "select" | "textarea", _) => fields.extend(read_field(element, &kind)),
            _ => {}
        }
    }
    Form {
        action: resolve(page_url, form.attr("action")).unwrap_or_else(|| page_url.clone()),
        method: read_method(form.attr("method")).unwrap_or(Method::Get),
        fields,
        buttons,
    }
}

fn read_field(element: &ElementRef<'_>, kind: &str) -> Option<Field> {
    let name = element.attr("name").filter(|name| !name.is_empty())?;
    let value = match element.value().name() {
        "textarea" => element.text().collect(),
        "select" => selected(element),
        _ if matches!(kind, "checkbox" | "radio") => element.attr("value").unwrap_or("on").to_owned(),
        _ => element.attr("value").unwrap_or_default().to_owned(),
    };
    Some(Field {
        name: name.to_owned(),
        kind: kind.to_owned(),
        autocomplete: element.attr("autocomplete").unwrap_or_default().to_owned(),
        value,
    })
}

fn selected(select: &ElementRef<'_>) -> String {
    let mut options =
        select.descendants().filter_map(ElementRef::wrap).filter(|element| element.value().name() == "option");
    let first = options.clone().next();
    options
        .find(|option| option.attr("selected").is_some())
        .or(first)
        .map(|option| match option.attr("value") {
            Some(value) => value.to_owned(),
            None => option.text().collect::<String>().trim().to_owned(),
        })
        .unwrap_or_default()
}

fn read_button(element: &ElementRef<'_>, page_url: &Url) -> Button {
    let text = |name: &str| element.attr(name).unwrap_or_default().to_owned();
    let label = match element.value().name() {
        "button" => element.text().collect(),
        _ => text("value"),
    };
    Button {
        name: text("name"),
        value: text("value"),
        label,
        action: resolve(page_url, element.attr("formaction")),
        method: read_method(element.attr("formmethod")),
    }
}

fn resolve(page_url: &Url, action: Option<&str>) -> Option<Url> {
    let action = action.map(str::trim).filter(|action| !action.is_empty())?;
    page_url.join(action).ok()
}

fn read_method(method: Option<&str>) -> Option<Method> {
    match method?.trim().to_ascii_lowercase().as_str() {
        "post" => Some(Method::Post),
        "get" => Some(Method::Get),
        _ => None,
    }
}

impl Form {
    /// Whether a password is asked for.
    pub fn asks_for_a_password(&self) -> bool {
        self.password_field().is_some()
    }

    /// The sign-in form filled in and sent by its first button; `None` when it has no place for a name or a password.
    pub fn sign_in(mut self, login: &str, password: &str) -> Option<Submission> {
        let password_at = self.password_field()?;
        let login_at = self.login_field()?;
        self.fields.get_mut(password_at)?.value = password.to_owned();
        self.fields.get_mut(login_at)?.value = login.to_owned();
        let button = self.buttons.first().cloned();
        Some(self.submit(button.as_ref()))
    }

    /// The consent form sent by the button that agrees; `None` when it has no such button.
    pub fn agree(self) -> Option<Submission> {
        let button = self.buttons.iter().find(|button| button.agrees()).cloned()?;
        Some(self.submit(Some(&button)))
    }

    fn password_field(&self) -> Option<usize> {
        self.fields.iter().position(|field| field.kind == "password")
    }

    fn login_field(&self) -> Option<usize> {
        let is_text = |f: &Field| matches!(f.kind.as_str(), "" | "text" | "email" | "tel");
        let named = |f: &Field| f.name == "username" || f.autocomplete.contains("username");
        let position = |test: &dyn Fn(&Field) -> bool| self.fields.iter().position(test);
        position(&|f| is_text(f) && named(f)).or_else(|| position(&is_text))
    }

    /// The form data set with the button that was pressed (HTML, section 4.10.22.4).
    fn submit(&self, button: Option<&Button>) -> Submission {
        let mut data = form_urlencoded::Serializer::new(String::new());
        data.extend_pairs(self.fields.iter().map(|field| (&field.name, &field.value)));
        if let Some(button) = button.filter(|button| !button.name.is_empty()) {
            data.append_pair(&button.name, &button.value);
        }
        let data = data.finish();
        let method = button.and_then(|button| button.method).unwrap_or(self.method);
        let mut url = button.and_then(|button| button.action.clone()).unwrap_or_else(|| self.action.clone());
        url.set_fragment(None);
        if method == Method::Get {
            url.set_query(Some(&data));
            return Submission { url, method, body: String::new() };
        }
        Submission { url, method, body: data }
    }
}

impl Button {
    fn agrees(&self) -> bool {
        const YES: [&str; 12] = [
            "allow",
            "approve",
            "accept",
            "authorize",
            "authorise",
            "agree",
            "yes",
            "link",
            "grant",
            "confirm",
            "continue",
            "permit",
        ];
        let word = |text: &str| {
            let text = text.trim().to_ascii_lowercase();
            let first = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
            YES.contains(&first)
        };
        word(&self.value) || word(&self.label)
    }
}

#[cfg(test)]
mod tests;
