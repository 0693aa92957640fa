//! Owns the page on which somebody waits for their device, and its forms. It needs no script: it loads itself again, and the
//! server holds that request until there is something new, so that nobody is read the same page again and again. Leaves who
//! is let in to `identity/approval/`, and what follows to `way.rs`.

pub mod begin;
pub mod setting;
pub mod views;
mod words;

use std::time::Duration;

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use tokio::time::sleep;

use self::views::{ApprovingCodePage, EndedPage, WaitingPage};
use self::words::{Ended, left};
use crate::app::App;
use crate::identity::approval::{Entered, Looked, TextRefusal, Trouble, Waits};
use crate::model::failure::Failure;
use crate::model::parameters::Parameters;
use crate::model::text_message::CodeUsage;
use crate::web::extract::form::Unreadable;
use crate::web::extract::{approval, client_ip, csrf, form};
use crate::web::guard::Outcome;
use crate::web::pages::by_code::words::{Told, of_ask, of_code, words};
use crate::web::pages::way::{Way, after_secret, let_in, question};
use crate::web::pages::{Frame, STALE};
use crate::web::reply::{PageFailure, page_answer, to_page};
use crate::web::routes::devices::APPROVE;
use crate::web::routes::{ACCOUNT, SIGN_IN_APPROVE, STYLESHEET, Shared};

/// When the page asks for news, and when after a problem, so that it can be read.
const NEWS: (u32, u32) = (2, 15);

/// Marks a request for news, which is held.
const HELD: &str = "news";

/// How often the server looks for news while it holds a request, and the pause in between: less in all than the shortest
/// `limits.request_timeout`.
const LOOKS: (u32, Duration) = (8, Duration::from_secs(1));

/// The page.
pub async fn get(request: HttpRequest, app: Shared) -> HttpResponse {
    let result = wait(&request, &app).await;
    page_answer(&request, &app, result)
}

/// A posted form of any of these pages.
pub async fn post(request: HttpRequest, payload: web::Payload, app: Shared) -> HttpResponse {
    let result = go_on(&request, payload, &app).await;
    after_secret(page_answer(&request, &app, result))
}

/// The pages on their way, as all answers need it.
struct Visit<'a> {
    request: &'a HttpRequest,
    app: &'a App,
    parameters: &'a Parameters,
    way: Way,
}

async fn wait(request: &HttpRequest, app: &App) -> Result<HttpResponse, PageFailure> {
    let parameters = Parameters::parse(request.query_string().as_bytes()).map_err(Unreadable::Malformed)?;
    let way = Way::of(app, &parameters).await?;
    let Some(held) = approval::read(request, app) else { return Ok(to_page(&way.beginning())) };
    let is_held = matches!(parameters.one(HELD), Ok(Some(_)));
    let looked = news(app, held, if is_held { LOOKS.0 } else { 1 }).await?;
    Visit { request, app, parameters: &parameters, way }.tell(looked, None).await
}

/// Looks until there is something to tell, but no more often than that.
async fn news(app: &App, held: &str, looks: u32) -> Result<Looked, PageFailure> {
    for _ in 1..looks {
        match app.identity.look(held).await.map_err(failed)? {
            Looked::Waits(Waits { asked: Some(_), .. }) if !app.is_draining() => sleep(LOOKS.1).await,
            looked => return Ok(looked),
        }
    }
    app.identity.look(held).await.map_err(failed)
}

async fn go_on(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<HttpResponse, PageFailure> {
    let form = form::read(request, payload).await?;
    let field = |name| form.one(name).map(Option::unwrap_or_default).map_err(|_| PageFailure::Incomplete);
    let parameters = Parameters::parse(field("request")?.as_bytes()).map_err(Unreadable::Malformed)?;
    let way = Way::of(app, &parameters).await?;
    let visit = Visit { request, app, parameters: &parameters, way };
    let step = field("step")?;
    if step == "begin" {
        return begin::post(request, app, &parameters, &visit.way, &form).await;
    }
    let Some(held) = approval::read(request, app) else { return Ok(to_page(&visit.way.beginning())) };
    if csrf::check(request, app, None, &form).is_err() {
        tracing::info!("a form that is not of a page of ours was refused");
        let told = Told::page(StatusCode::FORBIDDEN, "forged", STALE);
        let looked = app.identity.look(held).await.map_err(failed)?;
        return visit.tell_but(looked, told).await;
    }
    match step {
        "other" => visit.ask_another(held).await,
        "text" => visit.send_code(held).await,
        "code" => visit.check_code(held, field("code")?).await,
        "over" => {
            app.identity.give_up(held).await?;
            with_cookie(to_page(&visit.way.beginning()), &approval::removal(app))
        }
        _ => Err(PageFailure::Incomplete),
    }
}

/// What follows when a first factor was shown.
pub async fn follow(
    request: &HttpRequest,
    app: &App,
    parameters: &Parameters,
    way: &Way,
    entered: Entered,
) -> Result<HttpResponse, PageFailure> {
    match entered {
        Entered::In(welcome) => super::way::welcome(request, app, parameters, *welcome).await,
        Entered::Waits(secret) => {
            with_cookie(to_page(&format!("{SIGN_IN_APPROVE}{}", way.query())), &approval::cookie(app, &secret))
        }
        Entered::NoWay { has_switched_on } => {
            Ok(ended(app, way, words::no_way(way.platform.as_deref(), has_switched_on)))
        }
        Entered::AskedTooOften => Ok(ended(app, way, words::asked_too_often())),
    }
}

/// Says that it came to nothing; the browser waits for nothing any more.
fn ended(app: &App, way: &Way, ended: Ended) -> HttpResponse {
    app.metrics.sign_ins.count(ended.result);
    let page = EndedPage {
        service: app.service_name.clone(),
        title: ended.title,
        message: ended.message,
        hint: ended.hint,
        back: if ended.at_account { ACCOUNT.to_owned() } else { way.beginning() },
        label: ended.label,
        stylesheet: STYLESHEET,
    };
    let mut response = Frame::linking(Some(approval::removal(app))).status(ended.status).show(&page);
    response.extensions_mut().insert(Outcome(ended.outcome));
    response
}

fn with_cookie(mut response: HttpResponse, cookie: &Cookie<'static>) -> Result<HttpResponse, PageFailure> {
    response.add_cookie(cookie).map_err(|_| PageFailure::Incomplete)?;
    Ok(response)
}

/// A failure of ours as pages tell it.
pub fn failed(trouble: Trouble) -> PageFailure {
    match trouble {
        Failure::Refused(never) => match never {},
        Failure::Store(error) => PageFailure::Store(error),
        Failure::Internal(fault) => PageFailure::Internal(fault),
    }
}

impl Visit<'_> {
    /// Answers by how the approval stands.
    async fn tell(self, looked: Looked, told: Option<Told>) -> Result<HttpResponse, PageFailure> {
        match looked {
            Looked::Approved(proven) => let_in(self.request, self.app, self.parameters, *proven).await,
            Looked::Waits(waits) => Ok(self.waiting(waits, told)),
            Looked::Refused(why) => Ok(ended(self.app, &self.way, words::refused(why))),
            Looked::Unknown => with_cookie(to_page(&self.way.beginning()), &approval::removal(self.app)),
        }
    }

    async fn tell_but(self, looked: Looked, told: Told) -> Result<HttpResponse, PageFailure> {
        self.tell(looked, Some(told)).await
    }

    async fn ask_another(self, held: &str) -> Result<HttpResponse, PageFailure> {
        let question = question(self.request, self.app, &self.way);
        match self.app.identity.ask_another(held, &question).await.map_err(failed)? {
            Some(entered) => follow(self.request, self.app, self.parameters, &self.way, entered).await,
            None => {
                let looked = self.app.identity.look(held).await.map_err(failed)?;
                self.tell(looked, None).await
            }
        }
    }

    async fn send_code(self, held: &str) -> Result<HttpResponse, PageFailure> {
        let address = client_ip::read(self.request, &self.app.trusted_proxies);
        let application = self.way.platform.clone().unwrap_or_else(|| self.app.service_name.clone());
        match self.app.identity.send_approving_code(held, address, &application).await {
            Ok(sent) => Ok(self.ask_code((sent.to, sent.minutes), None)),
            Err(failure) => self.refuse_code(held, failure).await,
        }
    }

    async fn check_code(self, held: &str, code: &str) -> Result<HttpResponse, PageFailure> {
        let address = client_ip::read(self.request, &self.app.trusted_proxies);
        match self.app.identity.approve_by_code(held, code, address).await {
            Ok(looked) => self.tell(looked, None).await,
            Err(failure) => self.refuse_code(held, failure).await,
        }
    }

    async fn refuse_code(self, held: &str, failure: Failure<TextRefusal>) -> Result<HttpResponse, PageFailure> {
        let refusal = match failure {
            Failure::Refused(refusal) => refusal,
            Failure::Store(error) => return Err(error.into()),
            Failure::Internal(fault) => return Err(PageFailure::Internal(fault)),
        };
        // Without the end of the number that stands beside it.
        let cause = match &refusal {
            TextRefusal::Code(_, why) => format!("{why:?}"),
            other => format!("{other:?}"),
        };
        tracing::info!(cause, "no approval by text message");
        match refusal {
            TextRefusal::NotHere => {
                let looked = self.app.identity.look(held).await.map_err(failed)?;
                self.tell(looked, None).await
            }
            TextRefusal::Ask(refusal) => {
                let looked = self.app.identity.look(held).await.map_err(failed)?;
                self.tell_but(looked, of_ask(&refusal)).await
            }
            TextRefusal::Code(to, refusal) => {
                let told = of_code(refusal);
                self.app.metrics.sign_ins.count(told.result);
                Ok(self.ask_code(to, Some(told)))
            }
        }
    }

    fn waiting(&self, waits: Waits, told: Option<Told>) -> HttpResponse {
        let token = csrf::token(self.request, self.app, None);
        let why = match (waits.is_asked, waits.has_devices) {
            (true, _) => "Your device did not answer in time.",
            (false, true) => "Your devices were asked too often. To spare you, we ask none of them for now.",
            (false, false) => "You have added no device that could approve.",
        };
        let after = if told.is_some() { NEWS.1 } else { NEWS.0 };
        let mark = if self.way.request.is_empty() { "?" } else { "&" };
        let again = format!("{SIGN_IN_APPROVE}{}{mark}{HELD}=1", self.way.query());
        let page = WaitingPage {
            service: self.app.service_name.clone(),
            platform: self.way.platform.clone(),
            refresh: waits.asked.is_some().then_some((after, again)),
            approve_at: approve_at(&self.app.protocol.policy.issuer),
            left: waits.asked.as_ref().map(|(_, time)| left(*time)).unwrap_or_default(),
            device: waits.asked.map(|(device, _)| device.name),
            why,
            number: waits.number,
            message: told.as_ref().map(|told| told.words.clone()),
            others: waits.others,
            again: waits.again,
            text: waits.text,
            request: self.way.request.clone(),
            csrf: token.field,
            stylesheet: STYLESHEET,
        };
        super::by_code::answer(Frame::linking(token.cookie).show(&page), told)
    }

    fn ask_code(&self, (to, minutes): (String, u64), told: Option<Told>) -> HttpResponse {
        let token = csrf::token(self.request, self.app, None);
        let words = words(CodeUsage::MfaVerification);
        let page = ApprovingCodePage {
            service: self.app.service_name.clone(),
            title: words.title,
            lead: words.code,
            to,
            minutes,
            submit: words.submit,
            message: told.as_ref().map(|told| told.words.clone()),
            back: format!("{SIGN_IN_APPROVE}{}", self.way.query()),
            request: self.way.request.clone(),
            csrf: token.field,
            stylesheet: STYLESHEET,
        };
        super::by_code::answer(Frame::linking(token.cookie).show(&page), told)
    }
}

/// The page of devices without what people don't type.
fn approve_at(issuer: &str) -> String {
    let (_, host) = issuer.split_once("://").unwrap_or(("", issuer));
    format!("{host}{APPROVE}")
}
