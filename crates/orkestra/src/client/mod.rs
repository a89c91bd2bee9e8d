//! The nouns a program holds: [`Provider`] and [`MultiProvider`]. Thin: every decision is the engine's.

mod builder;

use std::sync::Arc;

pub use builder::ProviderBuilder;

use crate::{
    chat::Request,
    engine::{Engine, Extensions, Response, ResponseStream, Settings},
    error::Result,
    provider::Upstream,
    routing::Explanation,
    strategy::{Cheapest, Plan, Strategy},
};

/// One provider, whose models share the work.
///
/// ```no_run
/// # async fn example() -> orkestra::Result<()> {
/// let google = orkestra::Provider::new("google", "your key")?;
/// let response = google.chat("What makes the sea salty?").await?;
/// println!("{} ({}: {}, saved {})", response.text, response.model, response.cost, response.savings);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Provider {
    engine: Engine,
}

/// Several providers, whose models share the work.
///
/// ```no_run
/// # async fn example() -> orkestra::Result<()> {
/// use orkestra::{MultiProvider, Provider, strategy::Balanced};
/// let all = MultiProvider::new(&[Provider::new("google", "key 1")?, Provider::new("openai", "key 2")?])?;
/// let response = all.chat_by(&Balanced, "Explain how tides work").await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct MultiProvider {
    engine: Engine,
}

impl Provider {
    /// The provider called `name` (`google`, `anthropic`, `openai`, or one of the user's catalogue), with the
    /// defaults: built-in catalogue, embedded router, ledger at `~/.orkestra/ledger.db`.
    ///
    /// # Errors
    /// [`UnknownModel`](crate::ErrorKind::UnknownModel) for a name that the catalogue does not have;
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) for an empty key.
    pub fn new(name: &str, key: &str) -> Result<Self> {
        Self::builder(name).key(key).build()
    }

    /// A provider with other settings.
    pub fn builder(name: &str) -> ProviderBuilder {
        ProviderBuilder::new(name)
    }

    /// A provider that is called through `upstream`.
    ///
    /// # Errors
    /// Those of [`Engine::new`].
    pub fn over(upstream: Arc<dyn Upstream>, settings: Settings) -> Result<Self> {
        Ok(Self { engine: Engine::new(vec![upstream], settings)? })
    }
}

impl MultiProvider {
    /// All of `providers` together. Catalogue, router, ledger and quality are the first one's. Middleware and hooks of a
    /// provider hold for the calls that it is chosen for, inside of those of the whole.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when the list is empty or names one twice.
    pub fn new(providers: &[Provider]) -> Result<Self> {
        let settings = match providers.first() {
            Some(first) => first.engine.settings().clone(),
            None => Settings::new()?,
        };
        let pool = providers.iter().flat_map(|provider| provider.engine.pool()).cloned().collect();
        let members = providers.iter().flat_map(|provider| {
            let extensions = &provider.engine.settings().extensions;
            provider.engine.pool().iter().map(|one| (one.name().to_owned(), extensions.clone()))
        });
        let members = members.collect();
        let settings = Settings { extensions: settings.extensions.sibling(), ..settings };
        Ok(Self { engine: Engine::new(pool, settings)?.with_members(members) })
    }
}

/// What both nouns can do; written once.
macro_rules! conversation {
    ($noun:ty) => {
        impl $noun {
            /// Answers with the cheapest model that is good enough.
            ///
            /// # Errors
            /// Those of [`Engine::complete`].
            pub async fn chat(&self, request: impl Into<Request>) -> Result<Response> {
                self.chat_by(&Cheapest, request).await
            }

            /// Answers with the model that `strategy` chooses.
            ///
            /// # Errors
            /// Those of [`Engine::complete`].
            pub async fn chat_by(
                &self,
                strategy: &dyn Strategy,
                request: impl Into<Request>,
            ) -> Result<Response> {
                self.engine.complete(&request.into(), strategy).await
            }

            /// Answers in pieces, with the cheapest model that is good enough.
            ///
            /// # Errors
            /// Those of [`Engine::stream`].
            pub async fn stream(&self, request: impl Into<Request>) -> Result<ResponseStream> {
                self.stream_by(&Cheapest, request).await
            }

            /// Answers in pieces, with the model that `strategy` chooses.
            ///
            /// # Errors
            /// Those of [`Engine::stream`].
            pub async fn stream_by(
                &self,
                strategy: &dyn Strategy,
                request: impl Into<Request>,
            ) -> Result<ResponseStream> {
                self.engine.stream(&request.into(), strategy).await
            }

            /// Decides without calling: no network, no cost.
            ///
            /// # Errors
            /// Those of [`Engine::plan`].
            pub fn route(&self, request: impl Into<Request>) -> Result<Plan> {
                self.route_by(&Cheapest, request)
            }

            /// Decides by `strategy` without calling.
            ///
            /// # Errors
            /// Those of [`Engine::plan`].
            pub fn route_by(
                &self,
                strategy: &dyn Strategy,
                request: impl Into<Request>,
            ) -> Result<Plan> {
                self.engine.plan(&request.into(), strategy)
            }

            /// Why the router believes what a plan builds on; `None` from a router that cannot say. No
            /// network, no cost.
            ///
            /// # Errors
            /// Those of [`Engine::explain`].
            pub fn explain(&self, request: impl Into<Request>) -> Result<Option<Explanation>> {
                self.engine.explain(&request.into())
            }

            /// Who watches its calls and who may change them; more can be added at any time.
            #[must_use]
            pub fn extensions(&self) -> &Extensions {
                &self.engine.settings().extensions
            }

            /// The engine behind it.
            #[must_use]
            pub fn engine(&self) -> &Engine {
                &self.engine
            }
        }
    };
}

conversation!(Provider);
conversation!(MultiProvider);
