//! Owns services.

use crate::model::parameters::Parameters;
use crate::model::push::factor::FactorStatus;
use crate::model::push::paging::{Page, Position};
use crate::model::push::service::{Service, ServiceChange, ServiceSettings};
use crate::model::push::sid::ServiceSid;
use crate::push::caller::Caller;
use crate::push::error::{PushCode, Refusal};
use crate::push::form::Form;
use crate::push::listing::page_request;
use crate::push::{Denied, Push};

/// The digits of codes by other ways than push when nobody says.
pub(super) const CODE_LENGTH: u32 = 6;

fn change(parameters: &Parameters) -> Result<ServiceChange, Refusal> {
    let form = Form::of_service(parameters);
    Ok(ServiceChange {
        friendly_name: form.text("FriendlyName", 1..=32)?,
        code_length: form.number("CodeLength", 4..=10)?,
        include_date: form.flag("Push.IncludeDate")?,
        apn_credential_sid: form.text("Push.ApnCredentialSid", 1..=64)?,
        fcm_credential_sid: form.text("Push.FcmCredentialSid", 1..=64)?,
    })
}

impl Push {
    /// Makes a service.
    pub async fn create_service(&self, caller: &Caller, parameters: &Parameters) -> Result<Service, Denied> {
        let account = caller.back_end()?;
        Form::of_service(parameters).required("FriendlyName")?;
        let given = change(parameters)?;
        let now = self.now();
        let service = Service {
            sid: ServiceSid::random(&*self.randomness),
            account,
            settings: ServiceSettings {
                friendly_name: given.friendly_name.unwrap_or_default(),
                code_length: given.code_length.unwrap_or(CODE_LENGTH),
                include_date: given.include_date.unwrap_or_default(),
                apn_credential_sid: given.apn_credential_sid,
                fcm_credential_sid: given.fcm_credential_sid,
            },
            created_at: now,
            updated_at: now,
        };
        if self.store.add_push_service(&service).await? {
            return Ok(service);
        }
        Err(Refusal::new(PushCode::Unauthorized, "The account is gone").into())
    }

    /// A service, for its back end and for its verified devices.
    pub async fn service(&self, caller: &Caller, sid: &str) -> Result<Service, Denied> {
        let account = match caller {
            Caller::Device(factor)
                if factor.status == FactorStatus::Verified && ServiceSid::parse(sid) == Some(factor.scope.service) =>
            {
                factor.scope.account
            }
            caller => caller.back_end()?,
        };
        self.own_service(account, sid).await
    }

    /// The services of an account.
    pub async fn services(&self, caller: &Caller, query: &Parameters) -> Result<Page<Service>, Denied> {
        let (account, request) = (caller.back_end()?, page_request(query)?);
        let found = self.store.push_services(account, &request).await?;
        Ok(Page::cut(request, found, |row| Position { at: row.created_at, id: row.sid.0 }))
    }

    /// Changes a service.
    pub async fn update_service(&self, caller: &Caller, sid: &str, parameters: &Parameters) -> Result<Service, Denied> {
        let service = self.own_service(caller.back_end()?, sid).await?;
        let change = change(parameters)?;
        self.store.change_push_service(service.account, service.sid, &change, self.now()).await?;
        self.own_service(service.account, sid).await
    }

    /// Forgets a service with everything in it.
    pub async fn delete_service(&self, caller: &Caller, sid: &str) -> Result<(), Denied> {
        let account = caller.back_end()?;
        let sid = ServiceSid::parse(sid).ok_or_else(|| Refusal::not_found("service"))?;
        match self.store.delete_push_service(account, sid).await? {
            true => Ok(()),
            false => Err(Refusal::not_found("service").into()),
        }
    }
}
