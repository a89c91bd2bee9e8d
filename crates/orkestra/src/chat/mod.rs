//! The neutral form of a conversation: what every dialect is converted to and from.
//!
//! It holds whatever one of the dialects can say. What only one of them knows travels in `extra` and is put back
//! where caller and provider speak the same. Nothing here knows a provider: `dialect/` converts, `provider/` sends.

mod assembly;
mod chunk;
mod dialect_name;
mod options;
mod part;
mod reply;
mod request;
mod tool;
mod usage;
mod validate;

pub use assembly::Assembly;
pub use chunk::{Chunk, End};
pub use dialect_name::DialectName;
pub use options::{Effort, Format, Thinking, ThinkingMode};
pub use part::{CacheHint, Content, Extra, Part, Source};
pub use reply::{FinishReason, Reply};
pub use request::{DEFAULT_MAX_TOKENS, DEFAULT_TEMPERATURE, Message, Request, Role};
pub use tool::{Function, Tool, ToolCall, ToolChoice, ToolResult};
pub use usage::Usage;
pub use validate::MAX_PROMPT_BYTES;
