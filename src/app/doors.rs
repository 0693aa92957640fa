//! Puts the doors of sign-in together from the configured rates.

use crate::config::{Rate, Throttles};
use crate::identity::doors::{Doors, RESERVE};
use crate::model::brake::BrakeKind;
use crate::throttle::{Limit, Throttle};

/// The doors. What their brakes count leaves the process only hashed with `salt`.
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
