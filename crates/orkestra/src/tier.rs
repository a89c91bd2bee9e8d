//! A model's place in its provider's line-up, and one value for each.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A model's place in its provider's line-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The cheapest that is any good.
    Budget,
    /// The middle.
    Balanced,
    /// The best that is sold at an ordinary price.
    Premium,
}

impl Tier {
    /// All tiers, the cheapest first.
    pub const ALL: [Self; 3] = [Self::Budget, Self::Balanced, Self::Premium];

    /// The tier's name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Balanced => "balanced",
            Self::Premium => "premium",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One value for each tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PerTier<T> {
    /// The budget tier's.
    pub budget: T,
    /// The balanced tier's.
    pub balanced: T,
    /// The premium tier's.
    pub premium: T,
}

impl<T> PerTier<T> {
    /// One value from each tier.
    pub fn from_fn(mut value: impl FnMut(Tier) -> T) -> Self {
        Self {
            budget: value(Tier::Budget),
            balanced: value(Tier::Balanced),
            premium: value(Tier::Premium),
        }
    }

    /// The value of `tier`.
    pub fn get(&self, tier: Tier) -> &T {
        match tier {
            Tier::Budget => &self.budget,
            Tier::Balanced => &self.balanced,
            Tier::Premium => &self.premium,
        }
    }

    /// The value of `tier`, to be changed.
    pub fn get_mut(&mut self, tier: Tier) -> &mut T {
        match tier {
            Tier::Budget => &mut self.budget,
            Tier::Balanced => &mut self.balanced,
            Tier::Premium => &mut self.premium,
        }
    }
}
