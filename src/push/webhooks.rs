//! Owns webhooks: the addresses to which a service's events are posted.

use crate::model::parameters::Parameters;
use crate::model::push::event::EventKind;
use crate::model::push::paging::{Page, Position};
use crate::model::push::service::Service;
use crate::model::push::sid::WebhookSid;
use crate::model::push::webhook::{Webhook, WebhookChange, WebhookSettings};
use crate::push::caller::Caller;
use crate::push::error::{PushCode, Refusal};
use crate::push::form::Form;
use crate::push::listing::page_request;
use crate::push::{Denied, Push};

/// As many webhooks as a service has.
const MOST: u32 = 10;

/// The longest address.
const LONGEST_URL: usize = 2048;

impl Push {
    fn webhook_change(&self, form: &Form<'_>) -> Result<WebhookChange, Refusal> {
        let url = form.text("WebhookUrl", 1..=LONGEST_URL)?;
        if let Some(why) = url.as_deref().and_then(|url| self.outbox.targets.why_not(url)) {
            return Err(form.refuse(&format!("WebhookUrl {why}")));
        }
        let enabled = match form.raw("Status")? {
            None => None,
            Some("enabled") => Some(true),
            Some("disabled") => Some(false),
            Some(_) => return Err(form.refuse("Status has to be enabled or disabled")),
        };
        let version = form.raw("Version")?.map(str::to_ascii_lowercase);
        if version.as_ref().is_some_and(|version| version != "v1" && version != "v2") {
            return Err(form.refuse("Version has to be v1 or v2"));
        }
        let friendly_name = form.text("FriendlyName", 1..=64)?;
        Ok(WebhookChange { friendly_name, event_types: event_types(form)?, url, enabled, version })
    }

    /// Makes a webhook.
    pub async fn create_webhook(
        &self,
        caller: &Caller,
        service: &str,
        parameters: &Parameters,
    ) -> Result<Webhook, Denied> {
        let service = self.own_service(caller.back_end()?, service).await?;
        let form = Form::new(parameters);
        let given = self.webhook_change(&form)?;
        let missing = |name: &str| form.refuse(&format!("{name} is missing"));
        let now = self.now();
        let webhook = Webhook {
            sid: WebhookSid::random(&*self.randomness),
            account: service.account,
            service: service.sid,
            settings: WebhookSettings {
                friendly_name: given.friendly_name.ok_or_else(|| missing("FriendlyName"))?,
                event_types: given.event_types.ok_or_else(|| missing("EventTypes"))?,
                url: given.url.ok_or_else(|| missing("WebhookUrl"))?,
                enabled: given.enabled.unwrap_or(true),
                version: given.version.unwrap_or_else(|| "v2".to_owned()),
            },
            created_at: now,
            updated_at: now,
        };
        if self.store.add_webhook(&webhook, MOST).await? {
            return Ok(webhook);
        }
        let words = format!("A service has no more than {MOST} webhooks");
        Err(Refusal::new(PushCode::InvalidRequest, words).into())
    }

    /// A webhook.
    pub async fn webhook(&self, caller: &Caller, service: &str, sid: &str) -> Result<Webhook, Denied> {
        let service = self.own_service(caller.back_end()?, service).await?;
        self.find_webhook(&service, sid).await
    }

    /// The webhooks of a service.
    pub async fn webhooks(
        &self,
        caller: &Caller,
        service: &str,
        query: &Parameters,
    ) -> Result<(Service, Page<Webhook>), Denied> {
        let service = self.own_service(caller.back_end()?, service).await?;
        let request = page_request(query)?;
        let found = self.store.webhooks(service.sid, &request).await?;
        Ok((service, Page::cut(request, found, |row| Position { at: row.created_at, id: row.sid.0 })))
    }

    /// Changes a webhook.
    pub async fn update_webhook(
        &self,
        caller: &Caller,
        service: &str,
        sid: &str,
        parameters: &Parameters,
    ) -> Result<Webhook, Denied> {
        let service = self.own_service(caller.back_end()?, service).await?;
        let webhook = self.find_webhook(&service, sid).await?;
        let change = self.webhook_change(&Form::new(parameters))?;
        self.store.change_webhook(service.sid, webhook.sid, &change, self.now()).await?;
        self.find_webhook(&service, sid).await
    }

    /// Forgets a webhook with what is on its way to it.
    pub async fn delete_webhook(&self, caller: &Caller, service: &str, sid: &str) -> Result<(), Denied> {
        let service = self.own_service(caller.back_end()?, service).await?;
        let sid = WebhookSid::parse(sid).ok_or_else(|| Refusal::not_found("webhook"))?;
        match self.store.delete_webhook(service.sid, sid).await? {
            true => Ok(()),
            false => Err(Refusal::not_found("webhook").into()),
        }
    }

    async fn find_webhook(&self, service: &Service, sid: &str) -> Result<Webhook, Denied> {
        let there = || Refusal::not_found("webhook");
        let found = self.store.webhook(service.sid, WebhookSid::parse(sid).ok_or_else(there)?).await?;
        found.ok_or_else(|| there().into())
    }
}

fn event_types(form: &Form<'_>) -> Result<Option<Vec<String>>, Refusal> {
    let mut types: Vec<String> = Vec::new();
    for given in form.all("EventTypes") {
        if given != "*" && !EventKind::ALL.iter().any(|kind| kind.as_str() == given) {
            let known = EventKind::ALL.map(EventKind::as_str).join(", ");
            return Err(form.refuse(&format!("EventTypes has to be {known}, or *")));
        }
        if !types.iter().any(|known| known == given) {
            types.push(given.to_owned());
        }
    }
    // Everything is everything, whatever is named beside it.
    if types.iter().any(|given| given == "*") {
        types = vec!["*".to_owned()];
    }
    Ok(Some(types).filter(|types| !types.is_empty()))
}
