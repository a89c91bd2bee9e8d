//! The neutral form of a conversation: what every dialect is converted to and from.
//!
//! Nothing here knows a provider. `dialect/` converts, `provider/` sends.

mod reply;
mod request;
mod usage;

pub use reply::{Chunk, FinishReason, Reply};
pub use request::{
    DEFAULT_MAX_TOKENS, DEFAULT_TEMPERATURE, MAX_PROMPT_BYTES, Message, Part, Request, Role,
};
pub use usage::Usage;
