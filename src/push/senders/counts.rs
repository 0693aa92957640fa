//! Owns counting what became of messages, by platform.

use crate::model::outcomes::Outcomes;
use crate::model::push::factor::Platform;
use crate::push::sender::Counts;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The service took it.
    Sent,
    /// The device was not there any more.
    Gone,
    /// The service did not want it.
    Refused,
    /// It was not taken in its time, or there were too many.
    Lost,
}

const FATES: [Fate; 4] = [Fate::Sent, Fate::Gone, Fate::Refused, Fate::Lost];

impl Fate {
    /// The word by which it is counted.
    fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Gone => "gone",
            Self::Refused => "refused",
            Self::Lost => "lost",
        }
    }
}

/// How often each thing happened.
pub struct Counted([(Platform, Outcomes<4>); 3]);

impl Default for Counted {
    fn default() -> Self {
        let none = || Outcomes::of(FATES.map(Fate::as_str));
        Self([Platform::Apn, Platform::Fcm, Platform::Web].map(|platform| (platform, none())))
    }
}

impl Counted {
    /// Once more.
    pub fn count(&self, platform: Platform, fate: Fate) {
        if let Some((_, outcomes)) = self.0.iter().find(|(of, _)| *of == platform) {
            outcomes.count(fate.as_str());
        }
    }

    /// All of them.
    pub fn all(&self) -> Counts {
        let by_platform = |(platform, outcomes): &(Platform, Outcomes<4>)| {
            let name = platform.as_str();
            outcomes.read().map(|(fate, number)| (name, fate, number))
        };
        self.0.iter().flat_map(by_platform).collect()
    }
}
