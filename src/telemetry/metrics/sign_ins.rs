//! Owns the count of attempts to sign in. Leaves what becomes of one to `identity/`.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;

/// What became of an attempt to sign in, by password or by code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInResult {
    /// Somebody is signed in.
    Ok,
    /// Unknown user, wrong password, no password or disabled.
    Wrong,
    /// Sent away, for there were too many failures before.
    Braked,
    /// Sent away, for too many passwords wait to be checked.
    Busy,
}

/// How many there were of each.
#[derive(Debug, Default)]
pub struct SignIns {
    ok: Counter,
    wrong: Counter,
    braked: Counter,
    busy: Counter,
}

impl SignIns {
    /// Counts one.
    pub fn count(&self, result: SignInResult) {
        match result {
            SignInResult::Ok => self.ok.inc(),
            SignInResult::Wrong => self.wrong.inc(),
            SignInResult::Braked => self.braked.inc(),
            SignInResult::Busy => self.busy.inc(),
        };
    }
}

impl Collector for SignIns {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let help = "Attempts to sign in, by what became of them";
        let mut results = encoder.encode_descriptor("sign_ins", help, None, MetricType::Counter)?;
        let each = [("ok", &self.ok), ("wrong", &self.wrong), ("braked", &self.braked), ("busy", &self.busy)];
        for (result, count) in each {
            count.encode(results.encode_family(&[("result", result)])?)?;
        }
        Ok(())
    }
}
