//! Several keys for one provider: which one the next call takes.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{Key, deadlines::later};
use crate::{
    catalogue::ModelId,
    error::{Error, ErrorKind},
};

/// The rest of a key whose provider says that it is too fast, and not for how long.
const UNKNOWN_REST: Duration = Duration::from_secs(1);
/// The rest of a key whose money or quota is used up: somebody may fill it up.
const SPENT_REST: Duration = Duration::from_secs(300);
/// A provider's mistake in a header must not rest a key for ever.
const LONGEST_REST: Duration = Duration::from_secs(24 * 3600);

/// A provider's keys. Cheap to clone; clones share the state.
#[derive(Clone)]
pub(super) struct KeyRing(Arc<Inner>);

struct Inner {
    provider: String,
    keys: Vec<Key>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// One for each key.
    slots: Vec<Slot>,
    /// Counts the calls, so that equal keys take turns.
    calls: u64,
    /// What the next answer shall tell the user.
    warnings: Vec<String>,
}

#[derive(Clone, Default)]
struct Slot {
    in_flight: u32,
    last_call: u64,
    /// The provider does not know it.
    refused: Option<Instant>,
    /// It may not use these models.
    denied: HashMap<ModelId, Instant>,
    /// It is too fast, or has no money left, for these models until then.
    resting: HashMap<ModelId, Instant>,
    warned: bool,
}

impl Slot {
    fn is_free(&self, model: &ModelId, now: Instant) -> bool {
        self.refused.is_none()
            && !self.denied.contains_key(model)
            && self.resting.get(model).is_none_or(|until| *until <= now)
    }

    /// Orders keys none of which is free: the one that rests first, then the one whose refusal is longest ago.
    fn obstacle(&self, model: &ModelId) -> (bool, Option<Instant>) {
        let refused = self.refused.or_else(|| self.denied.get(model).copied());
        (refused.is_some(), refused.or_else(|| self.resting.get(model).copied()))
    }
}

impl State {
    /// The free key with the fewest calls under way; of equals the one whose last call is the longest ago.
    fn free(&self, model: &ModelId, now: Instant, tried: &[usize]) -> Option<usize> {
        let untried = self.slots.iter().enumerate().filter(|(place, _)| !tried.contains(place));
        let free = untried.filter(|(_, slot)| slot.is_free(model, now));
        let least = free.min_by_key(|(_, slot)| (slot.in_flight, slot.last_call));
        least.map(|(position, _)| position)
    }

    fn least_hopeless(&self, model: &ModelId) -> Option<usize> {
        let all = self.slots.iter().enumerate();
        all.min_by_key(|(_, slot)| slot.obstacle(model)).map(|(position, _)| position)
    }
}

impl KeyRing {
    pub(super) fn new(provider: &str, keys: Vec<Key>) -> Self {
        let slots = vec![Slot::default(); keys.len()];
        let state = Mutex::new(State { slots, ..State::default() });
        Self(Arc::new(Inner { provider: provider.to_owned(), keys, state }))
    }

    /// The key for a call of `model`. When none is free the least hopeless is given: what the provider says then is the caller's answer.
    pub(super) fn lease(&self, model: &ModelId) -> Lease {
        let now = Instant::now();
        let mut state = self.lock();
        let chosen = state.free(model, now, &[]).or_else(|| state.least_hopeless(model));
        self.take(&mut state, chosen, model, Vec::new())
    }

    fn take(
        &self,
        state: &mut State,
        position: Option<usize>,
        model: &ModelId,
        tried: Vec<usize>,
    ) -> Lease {
        state.calls += 1;
        let calls = state.calls;
        if let Some(slot) = position.and_then(|position| state.slots.get_mut(position)) {
            slot.in_flight += 1;
            slot.last_call = calls;
        }
        Lease { ring: self.clone(), position, model: model.clone(), tried }
    }

    /// What was found out about keys since the last call of this.
    pub(super) fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().warnings)
    }

    /// `text` without any of the keys, in case a provider quotes what it was sent.
    pub(super) fn redact(&self, text: &str) -> String {
        self.0.keys.iter().fold(text.to_owned(), |text, key| key.redact(&text))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0.keys).finish()
    }
}

/// A key that is in use, until it is dropped.
pub(super) struct Lease {
    ring: KeyRing,
    /// `None`: the provider needs no key.
    position: Option<usize>,
    model: ModelId,
    /// The keys that this call had before.
    tried: Vec<usize>,
}

impl Lease {
    pub(super) fn key(&self) -> Option<&Key> {
        self.ring.0.keys.get(self.position?)
    }

    /// The provider answered.
    pub(super) fn accepted(&self) {
        self.with_slot(|slot| {
            slot.refused = None;
            slot.denied.remove(&self.model);
            slot.resting.remove(&self.model);
        });
    }

    /// Remembers what `error` says of the key; tells in it when the first of the keys is free again, and gives the key
    /// to take instead, if there is a free one that this call has not tried.
    pub(super) fn failed(&self, error: Error) -> (Error, Option<Self>) {
        let now = Instant::now();
        match error.kind() {
            ErrorKind::Unauthenticated => self.set_aside(&error, now),
            ErrorKind::RateLimited { .. } => self.rest(&error, UNKNOWN_REST, now),
            ErrorKind::BudgetSpent => self.rest(&error, SPENT_REST, now),
            _ => return (error, None),
        }
        let model = &self.model;
        let mut state = self.ring.lock();
        let tried: Vec<usize> = self.tried.iter().copied().chain(self.position).collect();
        if let Some(position) = state.free(model, now, &tried) {
            return (error, Some(self.ring.take(&mut state, Some(position), model, tried)));
        }
        let usable = state.slots.iter().filter(|slot| !slot.obstacle(model).0);
        let first = usable.filter_map(|slot| slot.resting.get(model)).min();
        let told = error.retry_after().is_some_and(|wait| !wait.is_zero());
        let told = told && matches!(error.kind(), ErrorKind::RateLimited { .. });
        (
            error.with_retry_after(
                first.filter(|_| told).map(|first| first.saturating_duration_since(now)),
            ),
            None,
        )
    }

    fn rest(&self, error: &Error, usual: Duration, now: Instant) {
        let asked = error.retry_after().filter(|wait| !wait.is_zero());
        let wait = asked.map_or(usual, |wait| wait.min(LONGEST_REST));
        self.with_slot(|slot| slot.resting.insert(self.model.clone(), later(now, wait)));
    }

    /// A 403 may concern this model alone; any other refusal concerns the key.
    fn set_aside(&self, error: &Error, now: Instant) {
        let (provider, keys) = (&self.ring.0.provider, self.ring.0.keys.len());
        let denied = error.status() == Some(403);
        let mut state = self.ring.lock();
        let Some((position, slot)) =
            self.position.and_then(|position| Some((position, state.slots.get_mut(position)?)))
        else {
            return;
        };
        if denied {
            slot.denied.insert(self.model.clone(), now);
        } else {
            slot.refused = Some(now);
        }
        if keys == 1 || std::mem::replace(&mut slot.warned, true) {
            return;
        }
        // Its place tells the user which one it is, and nobody else anything.
        let key = format!("{provider}: key {} of {keys}", position + 1);
        let status = error.status().map(|status| format!(" (HTTP {status})")).unwrap_or_default();
        let warning = if denied {
            format!("{key} may not use {}{status}; the others are used for it", self.model)
        } else {
            format!("{key} was refused{status} and is set aside; replace it")
        };
        tracing::warn!("{warning}");
        state.warnings.push(warning);
    }

    fn with_slot<T>(&self, change: impl FnOnce(&mut Slot) -> T) {
        let mut state = self.ring.lock();
        if let Some(slot) = self.position.and_then(|position| state.slots.get_mut(position)) {
            change(slot);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.with_slot(|slot| slot.in_flight = slot.in_flight.saturating_sub(1));
    }
}
