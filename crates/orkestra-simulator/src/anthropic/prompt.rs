//! A prompt on its way through the cache: tools, system, messages, with the marks that ask to cache it.

use crate::cache::{Cache, Chain, Life, Scope};
use crate::fields::{Fields, Refusal};
use crate::rules::Model;
use crate::tokens;

use super::errors::{Messages, invalid, none_of};
use super::{Family, Input};

/// Blocks that may be marked.
const MOST_MARKS: usize = 4;

/// What a prompt weighs, in the order in which the cache sees it.
#[derive(Debug)]
pub(super) struct Weighing {
    pub(super) chain: Chain,
    marks: usize,
    /// A mark for five minutes was met, after which none for an hour may come.
    five_minutes: bool,
}

impl Weighing {
    pub(super) fn new() -> Self {
        let mut chain = Chain::of_blocks();
        chain.tokens(tokens::PER_REQUEST);
        Self { chain, marks: 0, five_minutes: false }
    }

    /// Ends a block and heeds its cache mark.
    pub(super) fn end(&mut self, block: &Fields<'_, Messages>) -> Result<(), Refusal> {
        let mark = self.mark(block)?;
        self.chain.end_block(mark);
        Ok(())
    }

    /// Heeds a mark on the request itself, which marks the last block.
    pub(super) fn end_all(&mut self, body: &Fields<'_, Messages>) -> Result<(), Refusal> {
        if let Some(life) = self.mark(body)? {
            self.chain.mark_last(life);
        }
        if self.marks > MOST_MARKS {
            return Err(invalid(&format!(
                "A maximum of {MOST_MARKS} blocks with cache_control may be provided. Found {}.",
                self.marks
            )));
        }
        Ok(())
    }

    fn mark(&mut self, block: &Fields<'_, Messages>) -> Result<Option<Life>, Refusal> {
        let Some(mark) = block.object("cache_control")? else { return Ok(None) };
        mark.allow(&["type", "ttl"])?;
        if mark.required_text("type")? != "ephemeral" {
            return Err(none_of(&mark.at("type"), &["ephemeral"]));
        }
        self.marks += 1;
        match mark.text("ttl")? {
            None | Some("5m") => {
                self.five_minutes = true;
                Ok(Some(Life::FiveMinutes))
            }
            Some("1h") if self.five_minutes => Err(invalid(&format!(
                "{}: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that \
                 blocks are processed in the following order: `tools`, `system`, `messages`.",
                mark.at("ttl")
            ))),
            Some("1h") => Ok(Some(Life::Hour)),
            Some(_) => Err(none_of(&mark.at("ttl"), &["5m", "1h"])),
        }
    }

    /// Splits the prompt into what is read from the cache, written to it, and neither.
    pub(super) fn input(&self, model: &Model<Family>, cache: &Cache) -> Result<Input, Refusal> {
        let total = tokens::whole(self.chain.weight() * model.family.token_factor);
        if total > model.context {
            return Err(invalid(&format!(
                "prompt is too long: {total} tokens > {} maximum",
                model.context
            )));
        }
        let scope = Scope::of(&["anthropic", &model.id]);
        let (factor, least) = (model.family.token_factor, model.family.min_cacheable);
        let cached = cache.marked(scope, &self.chain, factor, least);
        let apart = cached.read + cached.written_5m + cached.written_1h;
        Ok(Input { plain: total.saturating_sub(apart), cached })
    }
}
