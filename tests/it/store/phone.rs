//! A database with an account, a service and Alice's phone, whom cases of push verification need, and the makers of the rest.

use std::sync::Arc;
use std::time::Duration;

use couplet::app::SystemRandomness;
use couplet::model::push::account::PushAccount;
use couplet::model::push::challenge::{Challenge, ChallengeState, Details, Field};
use couplet::model::push::event::{Event, EventKind};
use couplet::model::push::factor::{Factor, FactorChange, FactorConfig, FactorStatus, Platform};
use couplet::model::push::identity::Identity;
use couplet::model::push::paging::{Cursor, PageRequest};
use couplet::model::push::service::{Enrolment, Scope, Service, ServiceSettings};
use couplet::model::push::sid::{
    AccountSid, ChallengeSid, CredentialSid, EnrolmentSid, EntitySid, FactorSid, ServiceSid, WebhookSid,
};
use couplet::model::push::webhook::{Webhook, WebhookSettings};
use couplet::store::push::AddFactor;
use couplet::store::{Store, StoreError};

use super::cellar::{Cellar, moment, token_hash};
use crate::support::app::Backend;

/// Limits that nobody meets.
pub const FREELY: (u32, u32) = (1000, 1000);

/// The first page, with room for all.
pub const ALL: PageRequest = PageRequest { number: 0, size: 100, cursor: Cursor::Skip(0), descending: false };

/// A database with one account, service, and verified factor, all made at `moment(0)`.
pub struct Phone {
    pub cellar: Cellar,
    pub service: Service,
    pub factor: Factor,
}

impl Phone {
    /// Fills one.
    pub async fn on(backend: Backend) -> Self {
        let cellar = Cellar::on(backend).await;
        let service = Self::add_service(&cellar).await;
        let factor = factor(&scope(&service, "alice-1234"));
        let event = event(&factor, None, EventKind::FactorCreated, 0);
        let added = cellar.store.add_push_factor(&factor, None, FREELY, &event).await.unwrap();
        assert_eq!(added, AddFactor::Added);
        let phone = Self { cellar, service, factor };
        phone.verify(&phone.factor).await;
        phone
    }

    /// One more account with a service.
    pub async fn add_service(cellar: &Cellar) -> Service {
        let account = PushAccount {
            sid: AccountSid::random(&SystemRandomness),
            sealed_token: vec![1, 2, 3],
            created_at: moment(0),
        };
        cellar.store.add_push_account(&account).await.unwrap();
        let service = Service {
            sid: ServiceSid::random(&SystemRandomness),
            account: account.sid,
            settings: ServiceSettings {
                friendly_name: "Owl Bank".to_owned(),
                code_length: 6,
                include_date: true,
                apn_credential_sid: Some("CR01".to_owned()),
                fcm_credential_sid: None,
            },
            created_at: moment(0),
            updated_at: moment(0),
        };
        assert!(cellar.store.add_push_service(&service).await.unwrap());
        service
    }

    /// Verifies a factor at `moment(1)`.
    pub async fn verify(&self, factor: &Factor) {
        let event = event(factor, None, EventKind::FactorVerified, 1);
        let change = FactorChange::default();
        assert!(self.cellar.store.change_push_factor(factor.sid, &change, Some(&event), moment(1)).await.unwrap());
    }

    /// A webhook for these events.
    pub async fn add_webhook(&self, event_types: &[&str]) -> Webhook {
        let webhook = webhook(&self.service, event_types);
        assert!(self.cellar.store.add_webhook(&webhook, 10).await.unwrap());
        webhook
    }

    /// A challenge from `moment(made)`, which expires five minutes later.
    pub async fn add_challenge(&self, made: i64) -> Challenge {
        let challenge = challenge(&self.factor, made);
        self.cellar.store.add_challenge(&challenge, 1000).await.unwrap();
        challenge
    }

    /// An access token for Alice from `moment(0)` to `moment(60)`.
    pub async fn add_enrolment(&self) -> Enrolment {
        let enrolment = Enrolment {
            sid: EnrolmentSid::random(&SystemRandomness),
            scope: self.factor.scope.clone(),
            friendly_name: Some("Alice's phone".to_owned()),
            hash: token_hash(3),
            ttl: 60,
            created_at: moment(0),
            expires_at: moment(60),
            factor: None,
        };
        assert!(self.cellar.store.add_enrolment(&enrolment).await.unwrap());
        enrolment
    }

    /// How many deliveries wait.
    pub async fn deliveries(&self) -> i64 {
        self.cellar.raw().await.number("SELECT count(*) FROM push_deliveries").await
    }
}

/// Adds a factor without a token; comes again when there is no connection to be had, as whoever asks for so many at once may.
pub async fn add_in_a_crowd(store: Arc<dyn Store>, factor: Factor, limits: (u32, u32), event: Event) -> AddFactor {
    for _ in 0..20 {
        match store.add_push_factor(&factor, None, limits, &event).await {
            Err(StoreError::Unavailable(why)) if why.contains("pool timed out") => {}
            added => return added.unwrap(),
        }
    }
    panic!("there is no connection to be had")
}

/// A person in a service.
pub fn scope(service: &Service, identity: &str) -> Scope {
    Scope { account: service.account, service: service.sid, identity: Identity::parse(identity).unwrap() }
}

/// An unverified factor, made at `moment(0)`.
pub fn factor(scope: &Scope) -> Factor {
    Factor {
        sid: FactorSid::random(&SystemRandomness),
        scope: scope.clone(),
        entity: EntitySid::random(&SystemRandomness),
        credential: CredentialSid::random(&SystemRandomness),
        friendly_name: "A phone".to_owned(),
        status: FactorStatus::Unverified,
        public_key: "a public key".to_owned(),
        config: FactorConfig {
            sdk_version: Some("0.9.0".to_owned()),
            app_id: Some("com.example".to_owned()),
            platform: Platform::Fcm,
            token: Some("t".repeat(32)),
        },
        metadata: Some([("os".to_owned(), "14".to_owned())].into()),
        tries: 0,
        created_at: moment(0),
        updated_at: moment(0),
    }
}

/// A pending challenge.
pub fn challenge(factor: &Factor, made: i64) -> Challenge {
    Challenge {
        sid: ChallengeSid::random(&SystemRandomness),
        scope: factor.scope.clone(),
        entity: factor.entity,
        factor: factor.sid,
        state: ChallengeState::Pending,
        details: Details {
            message: "Is it you?".to_owned(),
            fields: vec![Field { label: "From".to_owned(), value: "Tokyo".to_owned() }],
            date: None,
        },
        hidden_details: Some([("ip".to_owned(), "203.0.113.9".to_owned())].into()),
        metadata: None,
        tries: 0,
        created_at: moment(made),
        updated_at: moment(made),
        expires_at: moment(made) + Duration::from_secs(300),
    }
}

/// Something that happens to a factor, or to a challenge of it, at a moment.
pub fn event(factor: &Factor, challenge: Option<&Challenge>, kind: EventKind, at: i64) -> Event {
    Event {
        id: couplet::model::random::uuid(&SystemRandomness),
        kind,
        scope: factor.scope.clone(),
        factor: factor.sid,
        challenge: challenge.map(|challenge| challenge.sid),
        at: moment(at),
    }
}

/// A webhook, made at `moment(0)`.
pub fn webhook(service: &Service, event_types: &[&str]) -> Webhook {
    Webhook {
        sid: WebhookSid::random(&SystemRandomness),
        account: service.account,
        service: service.sid,
        settings: WebhookSettings {
            friendly_name: "Events".to_owned(),
            event_types: event_types.iter().map(|kind| (*kind).to_owned()).collect(),
            url: "https://hooks.example.com/verify".to_owned(),
            enabled: true,
            version: "v2".to_owned(),
        },
        created_at: moment(0),
        updated_at: moment(0),
    }
}
