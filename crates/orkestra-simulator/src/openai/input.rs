//! The tokens of a request, and what of them the cache holds.

use crate::cache::{Cache, Chain, Scope};
use crate::fields::Refusal;
use crate::rules::Model;
use crate::tokens;
use crate::usage::Usage;

use super::parameters::fits;
use super::{Family, House};

/// Written prefixes are counted in steps of so many tokens.
const STEP: u64 = 128;

/// The tokens of a request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Input {
    pub(super) total: u64,
    pub(super) cached: u64,
    pub(super) written: u64,
}

impl Input {
    /// Counts a prompt and looks it up. `limit`: the output that was asked for; `marked`: only the prefixes that the
    /// request marks are cached.
    pub(super) fn of(
        chain: &Chain,
        model: &Model<Family>,
        limit: Option<u64>,
        marked: bool,
        cache: &Cache,
        house: House<'_>,
    ) -> Result<Self, Refusal> {
        let whole = tokens::whole(chain.weight());
        let total = house.manners.truncates_to.map_or(whole, |most| whole.min(most));
        fits(total, limit, model, house.manners.context_status)?;
        let scope = Scope::of(&[house.provider, &model.id]);
        if marked {
            let hit = cache.marked(scope, chain, 1.0, house.manners.cache_from);
            return Ok(Self { total, cached: hit.read, written: hit.written_5m + hit.written_1h });
        }
        let from = house.manners.cache_from;
        if from == 0 || total < from {
            return Ok(Self { total, ..Self::default() });
        }
        let cached = cache.automatic(scope, chain, from).min(total);
        let written = if model.family.cache_writes { (total - cached) / STEP * STEP } else { 0 };
        Ok(Self { total, cached, written })
    }

    /// What is billed together with so much output.
    pub(super) const fn usage(&self, output: u64, reasoning: u64) -> Usage {
        Usage {
            input: self.total - self.cached - self.written,
            cache_read: self.cached,
            cache_write_5m: self.written,
            cache_write_1h: 0,
            output,
            reasoning,
        }
    }
}
