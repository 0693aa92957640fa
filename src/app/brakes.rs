//! Owns putting together the brakes on guessing passwords, and naming all brakes there are.

use crate::app::App;
use crate::config::{Rate, Throttles};
use crate::identity::doors::{Doors, RESERVE};
use crate::model::brake::BrakeKind;
use crate::throttle::{Limit, Throttle};

impl App {
    /// All brakes on guessing.
    pub fn brakes(&self) -> Vec<&Throttle> {
        let Doors { address, account, network, reserve, device } = &self.identity.doors;
        let texts = self.identity.texts.iter().map(|texts| &texts.brakes);
        let texts = texts.flat_map(|brakes| [&brakes.number, &brakes.sender, &brakes.country, &brakes.wrong]);
        let guessing = [
            &self.protocol.client_brake,
            &self.protocol.code_brake,
            &self.protocol.issue_brake,
            address,
            account,
            network,
            reserve,
            device,
        ];
        guessing.into_iter().chain(texts).collect()
    }
}

/// The doors before accounts.
pub(super) fn doors(rates: Throttles, salt: [u8; 32]) -> Doors {
    let limit = |rate: Rate| Limit { count: rate.count, per: rate.per };
    let account = rates.per_account.map(limit);
    let reserve = account.map(|limit| Limit { count: limit.count.saturating_mul(RESERVE), ..limit });
    let brake = |kind, limit| Throttle::new(kind, limit, salt);
    Doors {
        address: brake(BrakeKind::Address, rates.per_address.map(limit)),
        account: brake(BrakeKind::Account, account),
        network: brake(BrakeKind::Network, account.map(|limit| Limit { count: 1, ..limit })),
        reserve: brake(BrakeKind::Reserve, reserve),
        device: brake(BrakeKind::Device, account),
    }
}
