//! Owns what is told of a reverse link in lists and on pages. Leaves its life to `reverse_link.rs`.

use super::ReverseLink;
use crate::model::partner::PartnerName;

/// What is told of a reverse link in lists and on pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReverseSummary {
    /// Who issued the tokens.
    pub partner: PartnerName,
    /// Where in its life it is.
    pub standing: ReverseStanding,
    /// What went wrong last.
    pub last_error: Option<String>,
}

impl From<ReverseLink> for ReverseSummary {
    fn from(link: ReverseLink) -> Self {
        Self { partner: link.partner, standing: link.state.standing(), last_error: link.last_error }
    }
}

/// A [`super::ReverseState`] without what is sealed in it; the later, the better for who wants to use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReverseStanding {
    /// See [`super::ReverseState::Failed`].
    Failed,
    /// See [`super::ReverseState::Revoked`].
    Revoked,
    /// See [`super::ReverseState::Pending`].
    Pending,
    /// See [`super::ReverseState::Active`].
    Active,
}

impl ReverseStanding {
    /// Every one there is.
    pub const ALL: [Self; 4] = [Self::Failed, Self::Revoked, Self::Pending, Self::Active];

    /// The name in listings and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Revoked => "revoked",
            Self::Pending => "pending",
            Self::Active => "active",
        }
    }

    /// Reads the stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == text)
    }
}
