//! Refreshing (RFC 6749 section 6): what each policy promises, and what all do, on both databases.

mod every_policy;
mod mixed;
mod rotate;
mod rotate_death;
mod stable;
mod strict;

use std::time::Duration;

use couplet::model::client::RefreshPolicy;

use crate::support::app::{SECRET, TestApp};
use crate::support::platform::{Answer, Platform, Tokens};

/// Shorter than the default grace time by a second.
const WITHIN_GRACE: Duration = Duration::from_secs(59);

/// Longer than the default grace time by a second.
const AFTER_GRACE: Duration = Duration::from_secs(61);

const DAY: Duration = Duration::from_secs(86_400);

/// A client of that policy and its link with Alice.
async fn linked(app: &TestApp, policy: RefreshPolicy) -> (Platform, Tokens) {
    let client = app.add_app("app", Some(SECRET), |settings| settings.refresh = policy).await;
    let tokens = client.link(&app.person()).await;
    (client, tokens)
}

/// Refreshes one token many times at once.
async fn refresh_at_once(client: &Platform, token: &str, times: usize) -> Vec<Answer> {
    let tries: Vec<_> = (0..times)
        .map(|_| {
            let (client, token) = (client.clone(), token.to_owned());
            tokio::spawn(async move { client.refresh(&token).await })
        })
        .collect();
    let mut answers = Vec::new();
    for answer in tries {
        answers.push(answer.await.unwrap());
    }
    answers
}

/// Refreshes and gives the new tokens.
async fn next(client: &Platform, token: &str) -> Tokens {
    Tokens::from(&client.refresh(token).await)
}

/// Refreshes and gives the error.
async fn refused(client: &Platform, token: &str) -> String {
    client.refresh(token).await.error().to_owned()
}
