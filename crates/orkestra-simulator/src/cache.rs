//! Prompt caches: which prefixes of a prompt were seen before.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::tokens;

/// So many prefixes are kept; older ones are dropped.
const MOST_PREFIXES: usize = 200_000;

/// A marked prefix is looked for at the mark and at so many blocks before it.
const LOOK_BACK: usize = 20;

/// How long a prefix stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    FiveMinutes,
    Hour,
}

impl Life {
    const fn time(self) -> Duration {
        match self {
            Self::FiveMinutes => Duration::from_secs(300),
            Self::Hour => Duration::from_secs(3600),
        }
    }
}

/// A place at which a prefix may end.
#[derive(Debug, Clone, Copy)]
struct Bound {
    hash: u64,
    weight: f64,
    /// The request asks to cache the prefix that ends here.
    mark: Option<Life>,
}

/// A prompt on its way through a cache: its weight so far, and its prefixes.
#[derive(Debug)]
pub(crate) struct Chain {
    hash: DefaultHasher,
    weight: f64,
    /// Prefixes end every so many tokens; 0: only where `end_block` says so.
    step: f64,
    next: f64,
    bounds: Vec<Bound>,
}

impl Chain {
    /// A chain whose prefixes end at blocks.
    pub(crate) fn of_blocks() -> Self {
        Self::of_steps(0)
    }

    /// A chain whose prefixes end every `step` tokens.
    pub(crate) fn of_steps(step: u32) -> Self {
        let step = f64::from(step);
        Self { hash: DefaultHasher::new(), weight: 0.0, step, next: step, bounds: Vec::new() }
    }

    pub(crate) const fn weight(&self) -> f64 {
        self.weight
    }

    /// The hash of everything so far.
    pub(crate) fn so_far(&self) -> u64 {
        self.hash.finish()
    }

    /// Adds text by its weight.
    pub(crate) fn text(&mut self, text: &str) {
        if self.step == 0.0 {
            self.hash.write(text.as_bytes());
            self.weight += tokens::weight(text);
        } else {
            let mut from = 0;
            for (at, char) in text.char_indices() {
                self.weight += tokens::of_char(char);
                if self.weight >= self.next {
                    let to = at + char.len_utf8();
                    self.hash.write(&text.as_bytes()[from..to]);
                    from = to;
                    self.pass();
                }
            }
            self.hash.write(&text.as_bytes()[from..]);
        }
        self.hash.write_u8(0xff);
    }

    /// Adds what has no text: `data` tells it from others.
    pub(crate) fn other(&mut self, data: &str, weight: f64) {
        self.hash.write(data.as_bytes());
        self.hash.write_u8(0xff);
        self.tokens(weight);
    }

    /// Adds tokens that are the same for every prompt of this form.
    pub(crate) fn tokens(&mut self, weight: f64) {
        self.weight += weight;
        self.pass();
    }

    /// Adds JSON by the weight of its text, but for its cache marks.
    pub(crate) fn json(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                self.brackets(map.len());
                for (key, value) in map.iter().filter(|(key, _)| *key != "cache_control") {
                    self.text(key);
                    self.tokens(1.5);
                    self.json(value);
                }
            }
            Value::Array(list) => {
                self.brackets(list.len());
                list.iter().for_each(|value| self.json(value));
            }
            Value::String(text) => {
                self.text(text);
                self.tokens(1.0);
            }
            other => self.text(&other.to_string()),
        }
    }

    /// What holds `count` values together, as punctuation weighs.
    fn brackets(&mut self, count: usize) {
        #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
        self.tokens(1.0 + 0.5 * count.saturating_sub(1) as f64);
        self.hash.write_usize(count);
    }

    /// Ends a block; `mark`: the request asks to cache what ends here.
    pub(crate) fn end_block(&mut self, mark: Option<Life>) {
        self.bounds.push(Bound { hash: self.hash.finish(), weight: self.weight, mark });
    }

    /// Marks the last block.
    pub(crate) fn mark_last(&mut self, life: Life) {
        if let Some(last) = self.bounds.last_mut() {
            last.mark = last.mark.or(Some(life));
        }
    }

    fn pass(&mut self) {
        while self.step > 0.0 && self.weight >= self.next {
            self.bounds.push(Bound { hash: self.hash.finish(), weight: self.next, mark: None });
            self.next += self.step;
        }
    }
}

/// What a cache did for a prompt, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) read: u64,
    pub(crate) written_5m: u64,
    pub(crate) written_1h: u64,
}

/// The prefixes that one simulator remembers.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    prefixes: HashMap<u64, Prefix>,
    /// Oldest first.
    order: VecDeque<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Prefix {
    until: Instant,
    life: Life,
}

/// Whose cache: prefixes of another vendor, model or cache key never match.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope(u64);

impl Scope {
    pub(crate) fn of(parts: &[&str]) -> Self {
        let mut hash = DefaultHasher::new();
        parts.hash(&mut hash);
        Self(hash.finish())
    }

    fn key(self, bound: Bound) -> u64 {
        let mut hash = DefaultHasher::new();
        (self.0, bound.hash).hash(&mut hash);
        hash.finish()
    }
}

impl Cache {
    /// Reads and writes the prefixes that the request marks. `factor`: tokens per weight; shorter prefixes than
    /// `least` tokens are not cached.
    pub(crate) fn marked(&self, scope: Scope, chain: &Chain, factor: f64, least: u64) -> Hit {
        let count = |bound: &Bound| tokens::whole(bound.weight * factor);
        let marks: Vec<usize> = (0..chain.bounds.len())
            .filter(|at| chain.bounds[*at].mark.is_some() && count(&chain.bounds[*at]) >= least)
            .collect();
        let Some(last) = marks.last() else { return Hit::default() };
        let in_sight = |at: &usize| marks.iter().any(|mark| at <= mark && mark - at <= LOOK_BACK);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let found = (0..=*last)
            .rev()
            .filter(in_sight)
            .find(|at| kept.has(scope.key(chain.bounds[*at]), now));
        let mut hit =
            Hit { read: found.map_or(0, |at| count(&chain.bounds[at])), ..Hit::default() };
        let mut so_far = hit.read;
        for bound in marks.iter().filter(|at| found.is_none_or(|found| **at > found)) {
            let bound = chain.bounds[*bound];
            let written = count(&bound).saturating_sub(so_far);
            so_far += written;
            let life = bound.mark.unwrap_or(Life::FiveMinutes);
            match life {
                Life::FiveMinutes => hit.written_5m += written,
                Life::Hour => hit.written_1h += written,
            }
            kept.keep(scope.key(bound), life, now);
        }
        hit
    }

    /// Reads and writes whatever prefixes there are, from `least` tokens on; the tokens that were read.
    pub(crate) fn automatic(&self, scope: Scope, chain: &Chain, least: u64) -> u64 {
        let long_enough = |bound: &&Bound| tokens::whole(bound.weight) >= least.max(1);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (mut read, mut unbroken) = (0, true);
        for bound in chain.bounds.iter().filter(long_enough) {
            let key = scope.key(*bound);
            unbroken = unbroken && kept.has(key, now);
            if unbroken {
                read = tokens::whole(bound.weight);
            }
            kept.keep(key, Life::FiveMinutes, now);
        }
        read
    }

    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }
}

impl Kept {
    /// Whether the prefix is there; what is read stays for another life.
    fn has(&mut self, key: u64, now: Instant) -> bool {
        match self.prefixes.get_mut(&key) {
            Some(prefix) if prefix.until > now => {
                prefix.until = now + prefix.life.time();
                true
            }
            _ => false,
        }
    }

    fn keep(&mut self, key: u64, life: Life, now: Instant) {
        if self.prefixes.insert(key, Prefix { until: now + life.time(), life }).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > MOST_PREFIXES
            && let Some(oldest) = self.order.pop_front()
        {
            self.prefixes.remove(&oldest);
        }
    }
}
