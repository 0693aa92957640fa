//! Owns what the measurements have to show: each figure with its target. Leaves measuring to the others.

use crate::floors::What;
use crate::needed::Finding;
use crate::results::{Measured, Results};
use crate::scenario::Scenario;
use crate::stage::Backend;

/// Code exchanges, rotated refreshes and introspections a second at 64 connections that are aimed at on two cores.
const AIMS: [(Scenario, f64); 3] =
    [(Scenario::ExchangeOpaque, 13_500.0), (Scenario::Rotate, 17_500.0), (Scenario::IntrospectOpaque, 32_400.0)];

/// CPU time of a code exchange, at most so many times the sum of its floors.
const MOST_OVER_FLOORS: f64 = 1.7;

/// Sign-ins, at least this part of the raw hashes.
const LEAST_OF_HASHES: f64 = 0.9;

/// All figures that can be told from what was measured.
pub fn all(results: &Results) -> Vec<Finding> {
    let mut findings: Vec<_> = of_hmac(results).into_iter().collect();
    for measured in &results.measured {
        findings.extend(over_floors(results, measured));
        findings.extend(of_hashes(measured));
        findings.extend(aim(measured));
        findings.extend(of_statement(results, measured));
    }
    findings
}

fn over_floors(results: &Results, measured: &Measured) -> Option<Finding> {
    let signature = match measured.scenario {
        Scenario::ExchangeOpaque => 0.0,
        Scenario::ExchangeJwt => results.floor(What::Signature, None, 1)?.cpu,
        _ => return None,
    };
    let update = results.floor(What::Update, Some(measured.backend), measured.connections)?.cpu;
    let reply = results.floor(What::Reply(measured.scenario), None, measured.connections)?.cpu;
    let floors = update + reply + signature;
    let ratio = measured.cpu() / floors;
    let sum = if signature > 0.0 {
        format!("{update:.0} + {reply:.0} + {signature:.0}")
    } else {
        format!("{update:.0} + {reply:.0}")
    };
    Some(Finding {
        backend: Some(measured.backend),
        what: format!(
            "{}, {} connections: CPU over UPDATE + JSON (+ signature)",
            measured.scenario.name(),
            measured.connections
        ),
        measured: format!("{ratio:.2} ({:.0} µs over {sum} µs)", measured.cpu()),
        target: format!("≤ {MOST_OVER_FLOORS}"),
        holds: Some(ratio <= MOST_OVER_FLOORS),
    })
}

fn of_hashes(measured: &Measured) -> Option<Finding> {
    // One connection alone can't use all cores.
    let hashes = measured.hashes.filter(|_| measured.connections > 1)?;
    let ratio = measured.run.rate() / hashes;
    Some(Finding {
        backend: Some(measured.backend),
        what: format!("sign-in, {} connections: over raw argon2id", measured.connections),
        measured: format!("{ratio:.2} ({:.0} over {hashes:.0} a second)", measured.run.rate()),
        target: format!("≥ {LEAST_OF_HASHES}"),
        holds: Some(ratio >= LEAST_OF_HASHES),
    })
}

/// What is left of the rate of the one signature when a whole token is made; has no target.
fn of_hmac(results: &Results) -> Option<Finding> {
    let (hmac, token) = (results.floor(What::Hmac, None, 1)?.rate, results.floor(What::TwilioToken, None, 1)?.rate);
    Some(Finding {
        backend: None,
        what: "Twilio access tokens made in one thread: over raw HMAC-SHA256".to_owned(),
        measured: format!("{:.2} ({token:.0} over {hmac:.0} a second)", token / hmac),
        target: String::new(),
        holds: None,
    })
}

fn aim(measured: &Measured) -> Option<Finding> {
    let (_, aim) = AIMS.into_iter().find(|(scenario, _)| *scenario == measured.scenario)?;
    (measured.backend == Backend::Postgres && measured.connections == 64).then(|| Finding {
        backend: Some(measured.backend),
        what: format!("{}, 64 connections: a second", measured.scenario.name()),
        measured: format!("{:.0}", measured.run.rate()),
        target: format!("aim ≥ {aim:.0}"),
        holds: Some(measured.run.rate() >= aim),
    })
}

/// How much of the rate of the one statement is left; has no target.
fn of_statement(results: &Results, measured: &Measured) -> Option<Finding> {
    let statement = match measured.scenario {
        Scenario::ExchangeOpaque | Scenario::Rotate | Scenario::AskDevice | Scenario::AnswerDevice => What::Update,
        Scenario::Stable | Scenario::IntrospectOpaque | Scenario::Twilio => What::LookUp,
        _ => return None,
    };
    let floor = results.floor(statement, Some(measured.backend), measured.connections)?;
    Some(Finding {
        backend: Some(measured.backend),
        what: format!(
            "{}, {} connections: rate over {}",
            measured.scenario.name(),
            measured.connections,
            statement.name()
        ),
        measured: format!(
            "{:.2} ({:.0} over {:.0} a second)",
            measured.run.rate() / floor.rate,
            measured.run.rate(),
            floor.rate
        ),
        target: String::new(),
        holds: None,
    })
}
