//! A partner for the clients of a [`TestApp`], and its exchanges made at once: no job runs beside that server.
//! It owns only the setting.

use std::sync::Arc;

use couplet::model::ids::ClientId;
use couplet::model::partner::{PartnerName, PartnerUrl};
use couplet::model::scope::Scope;
use couplet::partners::PartnerConfiguration;
use couplet::store::partners::SetPartner;

use super::app::TestApp;
use super::login_with_amazon::{AMAZON_CLIENT, AMAZON_SECRET, Amazon};
use super::platform::Tokens;

impl TestApp {
    /// Login with Amazon, on the clock of this server, as the partner of Alexa's client.
    pub async fn add_amazon(&self) -> Amazon {
        let amazon = Amazon::start(self.clock.clone());
        self.set_partner("alexa", "alexa", &amazon).await;
        amazon
    }

    /// Makes Amazon the partner of that client, under that name.
    pub async fn set_partner(&self, client: &str, name: &str, amazon: &Amazon) {
        self.configure(client, name, AMAZON_CLIENT, amazon).await;
    }

    /// Makes another account at Amazon that of a client.
    pub async fn set_account(&self, client: &str, partner_client_id: &str, amazon: &Amazon) {
        self.configure(client, "alexa", partner_client_id, amazon).await;
    }

    async fn configure(&self, client: &str, name: &str, partner_client_id: &str, amazon: &Amazon) {
        let configuration = PartnerConfiguration {
            client_id: ClientId::parse(client).unwrap(),
            name: PartnerName::parse(name).unwrap(),
            token_url: PartnerUrl::parse(&amazon.url()).unwrap(),
            partner_client_id: partner_client_id.to_owned(),
            client_secret: AMAZON_SECRET.to_owned().into(),
            scope: Scope::parse("alexa::async_event:write").unwrap(),
        };
        let set = self.app.protocol.partners.configure(configuration).await.unwrap();
        assert_eq!(set, SetPartner::Set);
    }

    /// Exchanges every code that is due at this moment.
    pub async fn exchange_due(&self) {
        let partners = &self.app.protocol.partners;
        for profile in partners.due_profiles().await.unwrap() {
            for grant_id in partners.due(&profile, 100).await.unwrap() {
                Arc::clone(partners).exchange(grant_id).await;
            }
        }
    }

    /// Alice links Alexa, and Alexa hands over a code, which is exchanged.
    pub async fn link_both_ways(&self, amazon: &Amazon) -> Tokens {
        let alexa = self.alexa();
        let tokens = alexa.link(&self.person()).await;
        let answer = alexa.hand_over(&tokens.access, amazon.issue_code().expose()).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        self.exchange_due().await;
        tokens
    }
}
