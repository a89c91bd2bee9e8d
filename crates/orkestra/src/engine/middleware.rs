//! What stands around a call: middleware, which may change it, and hooks, which watch it.

use std::{
    any::Any,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use futures::{FutureExt, future::BoxFuture};

use super::{
    Engine, Response, ResponseStream,
    event::{Event, Hook, Moment, tell},
};
use crate::{
    chat::Request,
    error::Result,
    strategy::{Plan, Strategy},
};

/// What a middleware may change before a call goes on.
#[derive(Clone)]
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// Who chooses the model.
    pub strategy: Arc<dyn Strategy>,
    /// What one middleware leaves for those further inside. The engine does not look at it.
    pub luggage: Option<Arc<dyn Any + Send + Sync>>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, strategy, luggage: _ } = self;
        f.debug_struct("Call")
            .field("request", request)
            .field("strategy", strategy)
            .finish_non_exhaustive()
    }
}

/// Stands around calls: may change the request before it goes on and the answer before it is given, may answer itself,
/// may refuse. An error that it gives is the call's.
#[async_trait]
pub trait Middleware: fmt::Debug + Send + Sync {
    /// Around a call for a whole answer. Default: lets it pass.
    ///
    /// # Errors
    /// Those of `next`, and its own.
    async fn chat(&self, call: Call, next: Next) -> Result<Response> {
        next.chat(call).await
    }

    /// Around a call for an answer in pieces; `next` gives the stream when it begins. Default: lets it pass.
    ///
    /// # Errors
    /// Those of `next`, and its own.
    async fn stream(&self, call: Call, next: Next) -> Result<ResponseStream> {
        next.stream(call).await
    }
}

/// Hooks and middleware. Clones share them, and what is added holds for the calls that begin after it.
#[derive(Clone, Debug, Default)]
pub struct Extensions(Arc<Registered>);

#[derive(Debug, Default)]
struct Registered {
    before: Option<Extensions>,
    hooks: RwLock<Vec<Arc<dyn Hook>>>,
    middleware: RwLock<Vec<Arc<dyn Middleware>>>,
}

impl Extensions {
    /// None yet, but those of `before`, which go first.
    #[must_use]
    pub fn after(before: &Self) -> Self {
        Self(Arc::new(Registered { before: Some(before.clone()), ..Registered::default() }))
    }

    /// None yet, after the same ones as these.
    pub(crate) fn sibling(&self) -> Self {
        self.0.before.as_ref().map_or_else(Self::default, Self::after)
    }

    /// Adds one that watches, after those that are there.
    pub fn add_hook(&self, hook: Arc<dyn Hook>) {
        self.0.hooks.write().unwrap_or_else(PoisonError::into_inner).push(hook);
    }

    /// Adds one that may change calls, inside of those that are there.
    pub fn add_middleware(&self, middleware: Arc<dyn Middleware>) {
        self.0.middleware.write().unwrap_or_else(PoisonError::into_inner).push(middleware);
    }

    /// Takes out the hooks that `leaves` names, and says how many there were.
    pub fn remove_hooks(&self, leaves: impl Fn(&Arc<dyn Hook>) -> bool) -> usize {
        remove(&self.0.hooks, leaves)
    }

    /// Takes out the middleware that `leaves` names, and says how many there were.
    pub fn remove_middleware(&self, leaves: impl Fn(&Arc<dyn Middleware>) -> bool) -> usize {
        remove(&self.0.middleware, leaves)
    }

    fn hooks(&self) -> Vec<Arc<dyn Hook>> {
        let mut hooks = self.0.before.as_ref().map(Self::hooks).unwrap_or_default();
        hooks.extend(self.own_hooks());
        hooks
    }

    fn middleware(&self) -> Vec<Arc<dyn Middleware>> {
        let mut middleware = self.0.before.as_ref().map(Self::middleware).unwrap_or_default();
        middleware.extend(self.own_middleware());
        middleware
    }

    fn own_hooks(&self) -> Vec<Arc<dyn Hook>> {
        self.0.hooks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn own_middleware(&self) -> Vec<Arc<dyn Middleware>> {
        self.0.middleware.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_empty(&self) -> bool {
        let own = &self.0;
        own.before.as_ref().is_none_or(Self::is_empty)
            && own.hooks.read().unwrap_or_else(PoisonError::into_inner).is_empty()
            && own.middleware.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

fn remove<T: ?Sized>(registered: &RwLock<Vec<Arc<T>>>, leaves: impl Fn(&Arc<T>) -> bool) -> usize {
    let mut registered = registered.write().unwrap_or_else(PoisonError::into_inner);
    let before = registered.len();
    registered.retain(|one| !leaves(one));
    before - registered.len()
}

/// The rest of a call: what is further inside, and at last the engine itself. A clone calls it once more.
#[derive(Clone, Debug)]
pub struct Next {
    engine: Engine,
    chain: Arc<[Arc<dyn Middleware>]>,
    position: usize,
    /// Whether the chosen provider's own middleware is in the chain already.
    chosen: bool,
    provider: Option<String>,
}

impl Next {
    fn of(engine: &Engine) -> Self {
        let chain = engine.settings.extensions.middleware().into();
        let chosen = engine.members.is_empty();
        let provider = engine.only_provider().map(str::to_owned);
        Self { engine: engine.clone(), chain, position: 0, chosen, provider }
    }

    /// Whose call it is: the pool's only provider, or for its own middleware the one that was chosen. `None` while that
    /// is open.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// What would be decided about `call`.
    ///
    /// # Errors
    /// Those of [`Engine::plan`].
    pub fn plan(&self, call: &Call) -> Result<Plan> {
        self.engine.plan(&call.request, &*call.strategy)
    }

    /// Goes on with a call for a whole answer.
    pub fn chat(self, call: Call) -> BoxFuture<'static, Result<Response>> {
        async move {
            match self.inward(&call)? {
                (Some(middleware), next) => middleware.chat(call, next).await,
                (None, next) => next.engine.answer(&call.request, &*call.strategy).await,
            }
        }
        .boxed()
    }

    /// Goes on with a call for an answer in pieces.
    pub fn stream(self, call: Call) -> BoxFuture<'static, Result<ResponseStream>> {
        async move {
            match self.inward(&call)? {
                (Some(middleware), next) => middleware.stream(call, next).await,
                (None, next) => next.engine.open(&call.request, &*call.strategy).await,
            }
        }
        .boxed()
    }

    /// The next middleware and what is inside of it. Which provider's own goes last is known when all others have had
    /// their say.
    fn inward(mut self, call: &Call) -> Result<(Option<Arc<dyn Middleware>>, Self)> {
        if self.position == self.chain.len() && !self.chosen {
            let plan = self.plan(call)?;
            let provider = &plan.choice().provider;
            self.provider = Some(provider.clone());
            let own = self.engine.members.get(provider);
            self.chain = own.map(Extensions::own_middleware).unwrap_or_default().into();
            (self.position, self.chosen) = (0, true);
        }
        let middleware = self.chain.get(self.position).cloned();
        self.position += 1;
        Ok((middleware, self))
    }
}

impl Engine {
    /// Whether nobody watches or changes calls.
    pub(super) fn is_bare(&self) -> bool {
        self.settings.extensions.is_empty() && self.members.values().all(Extensions::is_empty)
    }

    /// Who watches a call that `provider` was chosen for.
    fn watchers(&self, provider: Option<&str>) -> Vec<Arc<dyn Hook>> {
        let mut hooks = self.settings.extensions.hooks();
        let member = provider.and_then(|provider| self.members.get(provider));
        hooks.extend(member.map(Extensions::own_hooks).unwrap_or_default());
        hooks
    }

    /// Tells the hooks what happened. Without hooks nothing is copied.
    pub(super) async fn tell(
        &self,
        request: &Request,
        chosen: Option<&str>,
        moment: impl FnOnce() -> Moment,
    ) {
        let hooks = self.watchers(chosen);
        if !hooks.is_empty() {
            let event = self.event(Arc::new(request.clone()), chosen, moment());
            tell(&hooks, event).await;
        }
    }

    fn event(&self, request: Arc<Request>, chosen: Option<&str>, moment: Moment) -> Event {
        let provider = chosen.or_else(|| self.only_provider()).map(str::to_owned);
        Event { request, provider, moment }
    }

    fn only_provider(&self) -> Option<&str> {
        match &self.pool[..] {
            [only] => Some(only.name()),
            _ => None,
        }
    }

    /// A call for a whole answer with all that stands around it.
    pub(super) async fn complete_watched(
        &self,
        request: &Request,
        strategy: &dyn Strategy,
    ) -> Result<Response> {
        self.tell(request, None, || Moment::Request).await;
        self.tell(request, None, || Moment::Chat).await;
        let call = Call { request: request.clone(), strategy: strategy.shared(), luggage: None };
        let response = Next::of(self).chat(call).await?;
        let moment = || Moment::Response(Arc::new(response.clone()));
        self.tell(request, Some(&response.provider), moment).await;
        Ok(response)
    }

    /// A call for an answer in pieces with all that stands around it.
    pub(super) async fn stream_watched(
        &self,
        request: &Request,
        strategy: &dyn Strategy,
    ) -> Result<ResponseStream> {
        self.tell(request, None, || Moment::Request).await;
        self.tell(request, None, || Moment::Stream).await;
        let call = Call { request: request.clone(), strategy: strategy.shared(), luggage: None };
        let stream = Next::of(self).stream(call).await?;
        let chosen = stream.plan().choice().provider.clone();
        let hooks = self.watchers(Some(&chosen));
        if hooks.is_empty() {
            return Ok(stream);
        }
        let event = self.event(Arc::new(request.clone()), Some(&chosen), Moment::Stream);
        Ok(stream.watched(hooks.into(), event))
    }
}
