//! Prices and what usage costs at them. Exact decimals; nothing here rounds.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{chat::Usage, money::Usd};

/// A model's price from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Price {
    /// The first day it holds. `None`: since ever, as far as is known.
    pub from: Option<Date>,
    /// The rates of an ordinary request.
    pub rates: Rates,
    /// The higher rates of a long request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
}

/// The rates of requests whose input is long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Threshold {
    /// A request with more input tokens than this, cached ones included, is billed at `rates` as a whole.
    pub above_input_tokens: u64,
    /// The rates of all its input, cache and output tokens.
    pub rates: Rates,
}

/// Dollars per million tokens, for each bucket of [`Usage`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rates {
    /// Input outside any cache.
    pub input: Decimal,
    /// Output, reasoning included.
    pub output: Decimal,
    /// Input read from a cache. A catalogue that leaves it out means the input rate.
    pub cache_read: Decimal,
    /// Input written to a cache for minutes. A catalogue that leaves it out means the input rate.
    pub cache_write_5m: Decimal,
    /// Input written to a cache for an hour. A catalogue that leaves it out means the rate of
    /// `cache_write_5m`.
    pub cache_write_1h: Decimal,
    /// Sound outside any cache. A catalogue that leaves it out means the input rate.
    pub audio_input: Decimal,
    /// Pictures outside any cache. A catalogue that leaves it out means the input rate.
    pub image_input: Decimal,
}

/// What a call costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// All input tokens, cached or not.
    pub input: Usd,
    /// All output tokens.
    pub output: Usd,
}

impl Cost {
    /// Input and output together.
    #[must_use]
    pub fn total(&self) -> Usd {
        self.input + self.output
    }
}

impl Price {
    /// The price of a model that costs nothing.
    #[must_use]
    pub fn free() -> &'static Self {
        const ZERO: Rates = Rates {
            input: Decimal::ZERO,
            output: Decimal::ZERO,
            cache_read: Decimal::ZERO,
            cache_write_5m: Decimal::ZERO,
            cache_write_1h: Decimal::ZERO,
            audio_input: Decimal::ZERO,
            image_input: Decimal::ZERO,
        };
        static FREE: Price = Price { from: None, rates: ZERO, threshold: None };
        &FREE
    }

    /// The rates that hold for a request with `input_tokens`, cached ones included.
    #[must_use]
    pub fn rates_for(&self, input_tokens: u64) -> &Rates {
        match &self.threshold {
            Some(threshold) if input_tokens > threshold.above_input_tokens => &threshold.rates,
            _ => &self.rates,
        }
    }

    /// What `usage` costs. It must be one request's: the threshold looks at each request by itself.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Cost {
        let rates = self.rates_for(usage.input_tokens());
        // The counts are a provider's word: parts never exceed the whole.
        let audio = usage.audio_input.min(usage.input);
        let images = usage.image_input.min(usage.input - audio);
        Cost {
            input: Usd::for_tokens(usage.input - audio - images, rates.input)
                + Usd::for_tokens(audio, rates.audio_input)
                + Usd::for_tokens(images, rates.image_input)
                + Usd::for_tokens(usage.cache_read, rates.cache_read)
                + Usd::for_tokens(usage.cache_write_5m, rates.cache_write_5m)
                + Usd::for_tokens(usage.cache_write_1h, rates.cache_write_1h),
            output: Usd::for_tokens(usage.output, rates.output),
        }
    }
}
