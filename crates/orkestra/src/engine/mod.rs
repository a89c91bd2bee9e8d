//! Lines the stages up: request → features → forecast → plan → attempt → response → ledger entry.
//!
//! This is the one place where they meet; each stage knows only the values it takes and gives.

mod attempt;
mod embedding;
mod event;
mod fallback;
mod hold;
mod memory;
mod middleware;
mod resilience;
mod response;
mod settings;
mod settle;
mod stream;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, civil::Date, tz::Offset};

use self::memory::{Memory, caller_of_tools};
pub use attempt::Attempt;
pub use event::{Event, Hook, Moment};
pub use middleware::{Call, Extensions, Middleware, Next};
pub use resilience::Resilience;
pub use response::Response;
pub use settings::{Clock, Settings};
pub use stream::ResponseStream;

use crate::{
    catalogue::Model,
    chat::Request,
    error::{Error, ErrorKind, Result},
    features::{Features, judged_text},
    ledger::Entry,
    provider::{Health, Upstream},
    routing::{self, Explanation},
    strategy::{self, Candidate, Choice, Demand, Plan, Strategy},
    tier::Tier,
};

/// Decides, calls and accounts for a pool of providers. Cheap to clone; clones share everything.
#[derive(Clone, Debug)]
pub struct Engine {
    pool: Arc<[Arc<dyn Upstream>]>,
    settings: Settings,
    /// What stands around the calls that a provider of the pool is chosen for, by its name.
    members: Arc<BTreeMap<String, Extensions>>,
    memory: Arc<Memory>,
    health: Health,
}

/// A plan that is being carried out.
#[derive(Clone, Debug)]
struct Decision {
    id: String,
    asked_at: Timestamp,
    plan: Plan,
}

impl Engine {
    /// An engine over `pool`.
    ///
    /// # Errors
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) when the pool is empty or names a provider twice;
    /// [`UnknownModel`](ErrorKind::UnknownModel) when the catalogue does not know one.
    pub fn new(pool: Vec<Arc<dyn Upstream>>, settings: Settings) -> Result<Self> {
        if pool.is_empty() {
            return Err(Error::invalid("the list of providers is empty; give at least one"));
        }
        for (position, upstream) in pool.iter().enumerate() {
            settings.catalogue.provider(upstream.name())?;
            if pool[..position].iter().any(|other| other.name() == upstream.name()) {
                return Err(Error::invalid(format!(
                    "the provider {} is listed twice",
                    upstream.name()
                )));
            }
        }
        settings.check()?;
        let Resilience { retry, breaker, .. } = settings.resilience.clone();
        let health = Health::new(retry, breaker);
        Ok(Self {
            pool: pool.into(),
            settings,
            members: Arc::default(),
            memory: Arc::default(),
            health,
        })
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same engine, with what stands around the calls that a provider is chosen for, by its name.
    pub(crate) fn with_members(mut self, members: BTreeMap<String, Extensions>) -> Self {
        self.members = Arc::new(members);
        self
    }

    pub(crate) fn pool(&self) -> &[Arc<dyn Upstream>] {
        &self.pool
    }

    /// Decides without calling. With an embedder that [is slow](crate::features::Embedder::is_slow) the calling thread
    /// waits for it.
    ///
    /// # Errors
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) and [`TooLong`](ErrorKind::TooLong) for a request that
    /// no model can answer; [`UnknownModel`](ErrorKind::UnknownModel) for a named model that is not there.
    pub fn plan(&self, request: &Request, strategy: &dyn Strategy) -> Result<Plan> {
        let request = self.memory.recognised(request);
        request.validate()?;
        let features = Features::of(&request, &*self.settings.embedder)?;
        self.plan_on(&request, &features, strategy, day_of((self.settings.clock)()))
    }

    /// Why the router believes what a plan for `request` builds on; `None` from a router that cannot say.
    /// The explanation holds pieces of the judged text, and no other text.
    ///
    /// # Errors
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) and [`TooLong`](ErrorKind::TooLong) for a request that
    /// no model can answer.
    pub fn explain(&self, request: &Request) -> Result<Option<Explanation>> {
        request.validate()?;
        let features = Features::of(request, &*self.settings.embedder)?;
        self.settings.router.explain(&judged_text(request), &features, self.head())
    }

    /// Answers `request` with the first model of its plan that succeeds.
    ///
    /// # Errors
    /// Those of [`plan`](Self::plan), and the last model's error when every one of the plan failed;
    /// [`Refused`](ErrorKind::Refused) when the model declined without a word.
    pub async fn complete(&self, request: &Request, strategy: &dyn Strategy) -> Result<Response> {
        if self.is_bare() {
            return self.answer(request, strategy).await;
        }
        self.complete_watched(request, strategy).await
    }

    /// [`complete`](Self::complete) without what stands around it.
    async fn answer(&self, request: &Request, strategy: &dyn Strategy) -> Result<Response> {
        let request = &*self.memory.recognised(request);
        let decision = self.decided(request, strategy).await?;
        let (attempts, answered) = self.first_answer(request, &decision).await?;
        self.settle(request.output_limit(), &decision, attempts, answered.outcome()).await
    }

    /// Answers `request` in pieces. Another model is tried only before the first piece.
    ///
    /// # Errors
    /// Those of [`complete`](Self::complete) that occur before the first piece; the stream gives the others.
    pub async fn stream(
        &self,
        request: &Request,
        strategy: &dyn Strategy,
    ) -> Result<ResponseStream> {
        if self.is_bare() {
            return self.open(request, strategy).await;
        }
        self.stream_watched(request, strategy).await
    }

    /// [`stream`](Self::stream) without what stands around it.
    async fn open(&self, request: &Request, strategy: &dyn Strategy) -> Result<ResponseStream> {
        let request = &*self.memory.recognised(request);
        let decision = self.decided(request, strategy).await?;
        let (attempts, opened) = self.first_stream(request, &decision).await?;
        Ok(ResponseStream::new(self.clone(), request.output_limit(), decision, attempts, opened))
    }

    async fn decided(&self, request: &Request, strategy: &dyn Strategy) -> Result<Decision> {
        let decision = self.decide(request, strategy).await?;
        let chosen = &decision.plan.choice().provider;
        self.tell(request, Some(chosen), || Moment::Route(Arc::new(decision.plan.clone()))).await;
        Ok(decision)
    }

    async fn decide(&self, request: &Request, strategy: &dyn Strategy) -> Result<Decision> {
        let asked_at = (self.settings.clock)();
        request.validate()?;
        let features = embedding::features(request, &self.settings.embedder).await?;
        let plan = self.plan_on(request, &features, strategy, day_of(asked_at))?;
        Ok(Decision { id: Entry::new_id(), asked_at, plan })
    }

    fn plan_on(
        &self,
        request: &Request,
        features: &Features,
        strategy: &dyn Strategy,
        today: Date,
    ) -> Result<Plan> {
        let settings = &self.settings;
        let router = &settings.router;
        let head = self.head();
        let forecast = router.forecast(features, head)?;
        let quality = settings.quality.unwrap_or_else(|| router.default_quality(head));
        let margin = router.margin(quality, head);
        let demand = Demand {
            request,
            features,
            forecast: &forecast,
            output_ratios: &settings.output_ratios,
            today,
        };
        let providers = self.providers();
        let catalogue = &settings.catalogue;
        let base = self.base(&demand)?;
        let unrouted = settings
            .default_model
            .clone()
            .or_else(|| (!settings.smart_routing).then(|| base.model.to_string()));
        let (order, ruled_out, mut notes, name) = match request.model.as_ref().or(unrouted.as_ref())
        {
            Some(model) => {
                let (candidate, note) = strategy::fixed(catalogue, &providers, model, &demand)?;
                let reason = format!("{} was asked for", candidate.model);
                let order = strategy::Order { candidates: vec![candidate], reason };
                (order, Vec::new(), note.into_iter().collect::<Vec<_>>(), strategy::FIXED)
            }
            None => {
                let (able, ruled_out, notes) =
                    strategy::candidates(catalogue, &providers, &demand)?;
                let order =
                    strategy.order(&Choice { candidates: &able, forecast: &forecast, margin });
                let order = self.stay(order, &demand);
                (order, ruled_out, notes, strategy.name())
            }
        };
        notes.extend(catalogue.age_note(today));
        Ok(Plan {
            strategy: name.to_owned(),
            candidates: order.candidates,
            reason: order.reason,
            quality,
            margin,
            base,
            ruled_out,
            notes,
            catalogue: catalogue.version().to_owned(),
            forecast,
        })
    }

    /// `order`, but a model whose calls of tools were just answered goes on first: another would have to take up a
    /// train of thought that it cannot read.
    fn stay(&self, mut order: strategy::Order, demand: &Demand<'_>) -> strategy::Order {
        let Some(name) = caller_of_tools(demand.request) else { return order };
        let catalogue = &self.settings.catalogue;
        // One that is gone, or cannot go on, hands over to the plan.
        let Ok((own, _)) = strategy::fixed(catalogue, &self.providers(), name, demand) else {
            return order;
        };
        if order.candidates.first().is_some_and(|first| first.model == own.model) {
            return order;
        }
        order.reason =
            format!("{} made the calls of tools that were answered, and goes on", own.model);
        order.candidates.retain(|candidate| candidate.model != own.model);
        order.candidates.insert(0, own);
        order
    }

    /// The pool's providers by name.
    fn providers(&self) -> Vec<&str> {
        self.pool.iter().map(|upstream| upstream.name()).collect()
    }

    /// The head that judges: a single provider's own where there is one, else the general one.
    fn head(&self) -> &str {
        match &self.pool[..] {
            [only] if self.settings.router.heads().contains(&only.name()) => only.name(),
            _ => routing::GENERAL,
        }
    }

    /// What savings are measured against: the model the user named, or the cheapest default premium of the pool.
    fn base(&self, demand: &Demand<'_>) -> Result<Candidate> {
        let catalogue = &self.settings.catalogue;
        if let Some(name) = &self.settings.base_model {
            return strategy::weigh(catalogue.resolve(name, demand.today)?.model, demand);
        }
        let providers = self.providers();
        let weighed = providers.iter().filter_map(|provider| {
            let tiers = Tier::ALL.into_iter().rev();
            // A provider with no premium model is measured against its best.
            let best = tiers
                .filter_map(|tier| catalogue.default_model(provider, tier, demand.today).ok())
                .next()?;
            Some(strategy::weigh(best.model, demand))
        });
        let weighed: Vec<Candidate> = weighed.collect::<Result<_>>()?;
        let cheapest = weighed.into_iter().min_by(|a, b| {
            b.tier
                .cmp(&a.tier)
                .then(a.expected_cost.cmp(&b.expected_cost))
                .then_with(|| a.model.cmp(&b.model))
        });
        cheapest.ok_or_else(|| {
            let names = providers.join(", ");
            Error::new(
                ErrorKind::Config,
                format!("the catalogue has no model of {names} to measure savings against"),
            )
        })
    }

    fn upstream(&self, candidate: &Candidate) -> Result<(&dyn Upstream, &Model)> {
        let upstream = self.pool.iter().find(|upstream| upstream.name() == candidate.provider);
        let upstream = upstream.ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                format!("the plan names {}, which is not in the pool", candidate.provider),
            )
        })?;
        Ok((&**upstream, self.settings.catalogue.model(candidate.model.as_str())?))
    }
}

/// Prices change at midnight UTC.
fn day_of(now: Timestamp) -> Date {
    Offset::UTC.to_datetime(now).date()
}
