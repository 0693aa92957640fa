//! Owns what the stand-in for Login with Amazon knows of its customers: codes, tokens, permissions. Leaves requests, answers
//! and the making of tokens to its parent.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::secret::PlainSecret;
use crate::model::time::{Timestamp, after};

/// As many customers as are remembered; the first to come is forgotten first.
const MOST: usize = 300;

/// As many tokens of one kind as are remembered of one customer; more are out only when nobody keeps them.
const MOST_TOKENS: usize = 100;

/// How long a code can be exchanged.
const CODE_LIFE: Duration = Duration::from_secs(300);

/// All customers, in the order in which they came.
#[derive(Default)]
pub(super) struct Customers(VecDeque<Customer>);

/// A pair of tokens on its way out.
pub(super) struct Issued {
    pub(super) access_token: PlainSecret,
    pub(super) refresh_token: PlainSecret,
    pub(super) expires_at: Timestamp,
}

struct Customer {
    code: PlainSecret,
    code_expires_at: Timestamp,
    permits: bool,
    access_tokens: VecDeque<(PlainSecret, Timestamp)>,
    /// The refresh token that was used last, or the first one; none before the exchange.
    in_use: Option<PlainSecret>,
    /// What was issued for the one in use. The first of them that is used ends that one and all the others.
    successors: VecDeque<PlainSecret>,
}

impl Customers {
    pub(super) fn welcome(&mut self, code: PlainSecret, now: Timestamp) {
        self.0.push_back(Customer {
            code,
            code_expires_at: after(now, CODE_LIFE),
            permits: true,
            access_tokens: VecDeque::new(),
            in_use: None,
            successors: VecDeque::new(),
        });
        forget_beyond(MOST, &mut self.0);
    }

    /// A code becomes tokens; the error says in words why not.
    pub(super) fn exchange(&mut self, code: &str, issued: Issued, now: Timestamp) -> Result<(), &'static str> {
        let found = self.0.iter_mut().find(|customer| customer.code.expose() == code);
        let customer = found.ok_or("the code is unknown")?;
        if customer.in_use.is_some() {
            return Err("the code was used before");
        }
        if now > customer.code_expires_at {
            return Err("the code is older than five minutes");
        }
        customer.check_permission()?;
        customer.in_use = Some(issued.refresh_token);
        customer.keep_access_token(issued.access_token, issued.expires_at, now);
        Ok(())
    }

    /// A refresh token gets a successor; the error says in words why not.
    pub(super) fn refresh(&mut self, token: &str, issued: Issued, now: Timestamp) -> Result<(), &'static str> {
        let found = self.0.iter_mut().find(|customer| customer.holds(token));
        let customer = found.ok_or("the refresh token is unknown, or a later one was used")?;
        customer.check_permission()?;
        if let Some(used) = customer.successors.iter().position(|successor| successor.expose() == token) {
            customer.in_use = customer.successors.remove(used);
            customer.successors.clear();
        }
        customer.successors.push_back(issued.refresh_token);
        forget_beyond(MOST_TOKENS, &mut customer.successors);
        customer.keep_access_token(issued.access_token, issued.expires_at, now);
        Ok(())
    }

    pub(super) fn accept(&self, access_token: &str, now: Timestamp) -> bool {
        let permitting = self.0.iter().filter(|customer| customer.permits);
        let mut tokens = permitting.flat_map(|customer| &customer.access_tokens);
        tokens.any(|(token, expires_at)| token.expose() == access_token && now < *expires_at)
    }

    /// Everybody takes the permission back.
    pub(super) fn leave(&mut self) {
        self.0.iter_mut().for_each(|customer| customer.permits = false);
    }
}

impl Customer {
    fn holds(&self, refresh_token: &str) -> bool {
        self.in_use.iter().chain(&self.successors).any(|token| token.expose() == refresh_token)
    }

    fn check_permission(&self) -> Result<(), &'static str> {
        if self.permits { Ok(()) } else { Err("the customer has taken the permission back") }
    }

    fn keep_access_token(&mut self, token: PlainSecret, expires_at: Timestamp, now: Timestamp) {
        self.access_tokens.retain(|(_, expires_at)| now < *expires_at);
        self.access_tokens.push_back((token, expires_at));
        forget_beyond(MOST_TOKENS, &mut self.access_tokens);
    }
}

fn forget_beyond<T>(most: usize, list: &mut VecDeque<T>) {
    let surplus = list.len().saturating_sub(most);
    list.drain(..surplus);
}
