//! Owns asking the parts what they say of themselves when somebody reads the metrics.

use super::App;
use crate::identity::text_codes::TextCodes;
use crate::model::text_message::OUTCOMES;
use crate::telemetry::metrics::{Hashing, Pool, Readings};
use crate::telemetry::{lost_log_lines, otel};

impl App {
    /// What the parts say of themselves at this moment.
    pub fn readings(&self) -> Readings {
        let pools = self.store.pools().into_iter();
        let queue = self.identity.hasher.load();
        Readings {
            pools: pools
                .map(|pool| Pool {
                    name: pool.name,
                    idle: pool.idle,
                    in_use: pool.size.saturating_sub(pool.idle),
                    most: pool.most,
                })
                .collect(),
            hashing: Hashing {
                running: queue.running,
                waiting: queue.waiting,
                refused: queue.refused,
                done: queue.done,
                seconds: queue.took.as_secs_f64(),
            },
            partner_calls: self.protocol.partners.calls(),
            push_messages: self.push.sender.counts(),
            text_messages: self.text_messages(),
            webhooks: self.push.outbox.outcomes.read().into(),
            draining: self.is_draining(),
            lost_log_lines: lost_log_lines(),
            spans: otel::spans(),
        }
    }

    /// What became of text messages; none, where nothing sends any.
    fn text_messages(&self) -> Vec<(&'static str, u64)> {
        let texts = self.identity.texts.as_ref();
        texts.map_or_else(|| OUTCOMES.map(|word| (word, 0)), TextCodes::outcomes).into()
    }
}
