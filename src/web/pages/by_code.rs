//! Owns the pages for codes by text message: the one that asks for a number, the one that asks for the code, and their forms,
//! the same for signing in, registering and a forgotten password. Leaves codes to `identity/`, and what follows to `way.rs`.

pub mod words;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};

use self::words::{Told, of_ask, of_code, words};
use crate::app::App;
use crate::identity::Identity;
use crate::identity::by_code::ShownCode;
use crate::identity::text_codes::{CodeHolder, TextCodes};
use crate::model::failure::Failure;
use crate::model::parameters::Parameters;
use crate::model::phone::Phone;
use crate::model::text_message::CodeUsage;
use crate::web::extract::form::Unreadable;
use crate::web::extract::{client_ip, csrf, form};
use crate::web::guard::Outcome;
use crate::web::pages::problem::{self, Problem};
use crate::web::pages::views::{CodePage, NumberPage};
use crate::web::pages::way::{Way, after_secret, enter};
use crate::web::pages::{Frame, STALE};
use crate::web::reply::{PageFailure, page_answer};
use crate::web::routes::{FORGOT, REGISTER, SIGN_IN_APPROVE, SIGN_IN_BY_CODE, STYLESHEET, Shared};

/// Where a use of codes has its pages.
pub fn path(usage: CodeUsage) -> &'static str {
    match usage {
        CodeUsage::SignIn => SIGN_IN_BY_CODE,
        CodeUsage::Register => REGISTER,
        CodeUsage::ForgotPassword => FORGOT,
        CodeUsage::MfaVerification => SIGN_IN_APPROVE,
    }
}

/// The page that asks for a number.
pub async fn get(request: HttpRequest, app: Shared, usage: CodeUsage) -> HttpResponse {
    let result = begin(&request, &app, usage).await;
    page_answer(&request, &app, result)
}

/// A posted form of either page.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared, usage: CodeUsage) -> HttpResponse {
    let result = go_on(&request, payload, &app, usage).await;
    after_secret(page_answer(&request, &app, result))
}

/// A page of one use on its way, as all answers need it.
struct Visit<'a> {
    request: &'a HttpRequest,
    app: &'a App,
    usage: CodeUsage,
    way: Way,
}

async fn begin(request: &HttpRequest, app: &App, usage: CodeUsage) -> Result<HttpResponse, PageFailure> {
    if app.identity.codes_for(usage).is_none() {
        return Ok(not_here(request, app));
    }
    let parameters = Parameters::parse(request.query_string().as_bytes()).map_err(Unreadable::Malformed)?;
    let way = Way::of(app, &parameters).await?;
    Ok(Visit { request, app, usage, way }.ask_number("", None))
}

fn not_here(request: &HttpRequest, app: &App) -> HttpResponse {
    problem::show(request, app, StatusCode::NOT_FOUND, Problem::not_found())
}

async fn go_on(
    request: &HttpRequest,
    payload: web::Payload,
    app: &App,
    usage: CodeUsage,
) -> Result<HttpResponse, PageFailure> {
    let form = form::read(request, payload).await?;
    let Some(texts) = app.identity.codes_for(usage) else { return Ok(not_here(request, app)) };
    let field = |name| form.one(name).map(Option::unwrap_or_default).map_err(|_| PageFailure::Incomplete);
    let parameters = Parameters::parse(field("request")?.as_bytes()).map_err(Unreadable::Malformed)?;
    let way = Way::of(app, &parameters).await?;
    let visit = Visit { request, app, usage, way };
    let typed = field("phone")?;
    let browser = csrf::browser(request, app).filter(|_| csrf::check(request, app, None, &form).is_ok());
    let Some(browser) = browser else {
        tracing::info!("a form that is not of a page of ours was refused");
        return Ok(visit.ask_number(typed, Some(Told::page(StatusCode::FORBIDDEN, "forged", STALE))));
    };
    let step = field("step")?;
    if step.is_empty() || step == "number" {
        return Ok(visit.ask_number(typed, None));
    }
    let Ok(phone) = Phone::typed(typed, texts.policy.home) else {
        return Ok(visit.ask_number(typed, Some(Told::no_number())));
    };
    let address = client_ip::read(request, &app.trusted_proxies);
    let holder = CodeHolder { usage, browser: &browser, phone: &phone, address };
    match step {
        "send" => visit.send(texts, holder).await,
        "check" => {
            let password = field("password")?.to_owned().into();
            let shown = ShownCode { holder, code: field("code")?, password };
            visit.check(texts, shown, &parameters).await
        }
        _ => Err(PageFailure::Incomplete),
    }
}

impl Visit<'_> {
    async fn send(self, texts: &TextCodes, holder: CodeHolder<'_>) -> Result<HttpResponse, PageFailure> {
        let application = self.way.platform.as_deref().unwrap_or(&self.app.service_name);
        match self.app.identity.ask_code(texts, holder, application).await {
            Ok(()) => Ok(self.ask_code(texts, holder.phone, None)),
            Err(Failure::Refused(refusal)) => {
                tracing::info!(address = %holder.address, cause = ?refusal, "no code by text message");
                Ok(self.ask_number(holder.phone.as_str(), Some(of_ask(&refusal))))
            }
            Err(Failure::Store(error)) => Err(error.into()),
            Err(Failure::Internal(fault)) => Err(PageFailure::Internal(fault)),
        }
    }

    async fn check(
        self,
        texts: &TextCodes,
        shown: ShownCode<'_>,
        parameters: &Parameters,
    ) -> Result<HttpResponse, PageFailure> {
        let holder = shown.holder;
        match self.app.identity.enter_by_code(texts, shown).await {
            Ok(proven) => enter(self.request, self.app, parameters, proven).await,
            Err(Failure::Refused(refusal)) => {
                tracing::info!(address = %holder.address, cause = ?refusal, "code by text message refused");
                let told = of_code(refusal);
                self.app.metrics.sign_ins.count(told.result);
                Ok(self.ask_code(texts, holder.phone, Some(told)))
            }
            Err(Failure::Store(error)) => Err(error.into()),
            Err(Failure::Internal(fault)) => Err(PageFailure::Internal(fault)),
        }
    }

    /// The page that asks for a number.
    fn ask_number(&self, phone: &str, told: Option<Told>) -> HttpResponse {
        let token = csrf::token(self.request, self.app, None);
        let words = words(self.usage);
        let page = NumberPage {
            service: self.app.service_name.clone(),
            platform: self.way.platform.clone(),
            title: words.title,
            lead: words.number,
            action: path(self.usage),
            phone: phone.to_owned(),
            message: told.as_ref().map(|told| told.words.clone()),
            back: self.way.beginning(),
            request: self.way.request.clone(),
            csrf: token.field,
            stylesheet: STYLESHEET,
        };
        answer(Frame::linking(token.cookie).show(&page), told)
    }

    /// The page that asks for the code.
    fn ask_code(&self, texts: &TextCodes, phone: &Phone, told: Option<Told>) -> HttpResponse {
        let token = csrf::token(self.request, self.app, None);
        let words = words(self.usage);
        let page = CodePage {
            service: self.app.service_name.clone(),
            title: words.title,
            lead: words.code,
            minutes: texts.policy.ttl.as_secs() / 60,
            submit: words.submit,
            action: path(self.usage),
            asks_password: Identity::asks_password(self.usage),
            about_password: told.as_ref().is_some_and(|told| told.about_password),
            phone: phone.to_string(),
            message: told.as_ref().map(|told| told.words.clone()),
            back: self.way.beginning(),
            request: self.way.request.clone(),
            csrf: token.field,
            stylesheet: STYLESHEET,
        };
        answer(Frame::linking(token.cookie).show(&page), told)
    }
}

/// The page with the status of what it tells.
pub fn answer(mut page: HttpResponse, told: Option<Told>) -> HttpResponse {
    let Some(told) = told else { return page };
    *page.status_mut() = told.status;
    page.extensions_mut().insert(Outcome(told.outcome));
    if let Some(wait) = told.retry_after {
        page.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
    }
    page
}
