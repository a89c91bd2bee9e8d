//! What happens during a call, for whoever wants to watch.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::Response;
use crate::{
    chat::{Chunk, Request},
    error::Result,
    strategy::Plan,
};

/// Something that happened during a call. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Event {
    /// What was asked, as it stood then: middleware may have changed it since the call began.
    pub request: Arc<Request>,
    /// Whose it is: the pool's only provider, or the one that was chosen. `None` while that is open.
    pub provider: Option<String>,
    /// What happened.
    pub moment: Moment,
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Moment {
    /// A call begins, before any middleware.
    Request,
    /// It asks for a whole answer. Follows [`Request`](Self::Request).
    Chat,
    /// It asks for an answer in pieces. Follows [`Request`](Self::Request).
    Stream,
    /// The models to try are decided, and nothing was called yet.
    Route(Arc<Plan>),
    /// The whole answer is there, as the caller gets it.
    Response(Arc<Response>),
    /// A piece of the answer arrived.
    Chunk(Arc<Chunk>),
    /// The last piece arrived; this is the whole answer.
    StreamComplete(Arc<Response>),
}

impl Moment {
    /// The names of all moments, in the order in which they may happen.
    pub const NAMES: [&str; 7] = [
        "on_request",
        "on_chat",
        "on_stream",
        "on_route",
        "on_response",
        "on_chunk",
        "on_stream_complete",
    ];

    /// The moment's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Request => "on_request",
            Self::Chat => "on_chat",
            Self::Stream => "on_stream",
            Self::Route(_) => "on_route",
            Self::Response(_) => "on_response",
            Self::Chunk(_) => "on_chunk",
            Self::StreamComplete(_) => "on_stream_complete",
        }
    }
}

/// Watches calls. It is told what happens, in order, and waited for; it changes nothing: an error that it gives is
/// logged, and the call goes on.
#[async_trait]
pub trait Hook: fmt::Debug + Send + Sync {
    /// Whether it wants to know of the moment called `name` ([`Moment::NAMES`]). Default: of all.
    fn wants(&self, name: &str) -> bool {
        let _ = name;
        true
    }

    /// Something happened.
    ///
    /// # Errors
    /// Whatever its author wants to see in the log.
    async fn notice(&self, event: &Event) -> Result<()>;
}

/// Tells `hooks`, one after the other.
pub(super) async fn tell(hooks: &[Arc<dyn Hook>], event: Event) {
    let name = event.moment.name();
    for hook in hooks.iter().filter(|hook| hook.wants(name)) {
        if let Err(error) = hook.notice(&event).await {
            tracing::warn!(%error, event = name, ?hook, "a hook failed; the call goes on");
        }
    }
}
