//! The makers of partners and reverse links as they are stored, for the cases about them.

use couplet::model::client::Client;
use couplet::model::ids::GrantId;
use couplet::model::partner::{Partner, PartnerName, PartnerUrl, Profile};
use couplet::model::reverse_link::{ReverseLink, ReverseState, ReverseSummary, SealedTokens, TokensId, WaitingCode};
use couplet::model::scope::Scope;
use couplet::store::grants::GrantFilter;
use couplet::store::partners::AddReverseLink;

use super::cellar::{Cellar, moment};

/// A partner's name.
pub fn partner_name(name: &str) -> PartnerName {
    PartnerName::parse(name).unwrap()
}

/// A client's partner.
pub fn partner(client: &Client) -> Partner {
    Partner {
        client_id: client.id.clone(),
        name: partner_name("alexa"),
        token_url: PartnerUrl::parse("https://api.amazon.com/auth/o2/token").unwrap(),
        partner_client_id: "amzn1.application-oa2-client.test".to_owned(),
        sealed_secret: vec![1, 2, 3],
        scope: Scope::parse("alexa::async_event:write").unwrap(),
    }
}

/// Our account at the partner.
pub const ALEXA: Profile = [70; 32];

/// A code whose exchange is due at `moment(due)`.
pub fn waiting(number: u8, due: i64) -> WaitingCode {
    WaitingCode {
        sealed: vec![number; 40],
        hash: [number; 32],
        profile: ALEXA,
        expires_at: moment(300),
        attempts: 0,
        next_attempt_at: moment(due),
    }
}

/// A reverse link whose first code came at `moment(2)` and is due then.
pub fn begun(grant_id: GrantId) -> ReverseLink {
    ReverseLink::begun(grant_id, partner_name("alexa"), waiting(1, 2), moment(2))
}

/// Tokens that began with the code of that number.
pub fn tokens(from: u8) -> SealedTokens {
    SealedTokens {
        access: vec![from, 1],
        refresh: Some(vec![from, 2]),
        scope: Some(Scope::parse("alexa::async_event:write").unwrap()),
        id: TokensId { from: [from; 32], serial: 3 },
        profile: ALEXA,
        fresh_until: moment(3300),
        expires_at: moment(3600),
        leased_until: Some(moment(3400)),
    }
}

/// The same link with everything that a row can hold.
pub fn full(link: ReverseLink) -> ReverseLink {
    ReverseLink {
        code: Some(WaitingCode { attempts: 4, ..waiting(2, 5) }),
        state: ReverseState::Active(tokens(1)),
        last_error: Some("no answer".to_owned()),
        changed_at: moment(9),
        ..link
    }
}

impl Cellar {
    /// A link of Alice to Alexa with a reverse link, just [`begun`].
    pub async fn both_ways(&self) -> GrantId {
        let grant = self.link().await;
        self.add_reverse(grant).await;
        grant
    }

    /// Gives a link a reverse link, just [`begun`].
    pub async fn add_reverse(&self, grant: GrantId) {
        assert_eq!(self.store.add_reverse_link(&begun(grant)).await.unwrap(), AddReverseLink::Added);
    }

    /// The reverse link of a grant, which must be there.
    pub async fn reverse(&self, grant: GrantId) -> ReverseLink {
        self.store.reverse_link(grant).await.unwrap().unwrap()
    }

    /// Writes a reverse link as it shall be from now on.
    pub async fn put_reverse(&self, link: &ReverseLink) {
        assert!(self.store.change_reverse_link(link).await.unwrap());
    }

    /// How many reverse links there are.
    pub async fn count_reverse(&self) -> i64 {
        self.raw().await.number("SELECT count(*) FROM reverse_links").await
    }

    /// What lists tell of the reverse link of a grant: that of grants, and that of Alice's own links.
    pub async fn listed_reverse(&self, grant: GrantId) -> [Option<ReverseSummary>; 2] {
        let grants = self.store.grants(&GrantFilter::default(), None, 99).await.unwrap();
        let links = self.store.links_of(self.alice.id, 99).await.unwrap();
        let in_grants = grants.into_iter().find(|both| both.link.grant.id == grant).unwrap();
        let in_links = links.into_iter().find(|both| both.link.grant.id == grant).unwrap();
        [in_grants.reverse, in_links.reverse]
    }
}
