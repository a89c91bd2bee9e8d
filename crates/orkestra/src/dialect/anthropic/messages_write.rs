//! Neutral messages → `messages`.

use serde_json::{Map, Value};

use super::{
    blocks_write::{self, Block},
    ids::Ids,
    media,
    request_write::{Writer, content},
};
use crate::chat::{Content, Extra, Message, Part, Role, ToolCall, ToolResult};

/// What one side says before the other does.
struct Turn<'m> {
    role: &'static str,
    /// The API wants the results of all calls of a turn in one message, before everything else.
    results: Vec<Block>,
    blocks: Vec<Block>,
    extra: Option<&'m Extra>,
}

impl Turn<'_> {
    fn is_empty(&self) -> bool {
        self.results.is_empty() && self.blocks.is_empty()
    }

    /// Whether `next` is more of the same. The API takes it so, too; what hangs on a message keeps it apart.
    fn goes_on(&self, next: &Self) -> bool {
        self.role == next.role && self.extra.is_none() && next.extra.is_none()
    }

    fn written(self) -> Value {
        let blocks: Vec<Block> = self.results.into_iter().chain(self.blocks).collect();
        let mut message = Map::new();
        message.insert("role".into(), self.role.into());
        message.insert("content".into(), content(blocks).unwrap_or_default());
        if let Some(extra) = self.extra {
            blocks_write::put_extra(&mut message, extra);
        }
        message.into()
    }
}

impl Writer<'_> {
    /// The conversation after the leading instructions.
    pub(super) fn messages(&mut self) -> Vec<Value> {
        let (_, conversation) = self.request.split_instructions();
        let mut ids = Ids::default();
        let mut turns: Vec<Turn<'_>> = Vec::new();
        for message in conversation {
            let turn = self.turn(message, &mut ids);
            match turns.last_mut() {
                _ if turn.is_empty() => {}
                Some(last) if last.goes_on(&turn) => {
                    last.results.extend(turn.results);
                    last.blocks.extend(turn.blocks);
                }
                _ => turns.push(turn),
            }
        }
        self.begin_with_the_user(&mut turns);
        self.end_without_white_space(&mut turns);
        turns.into_iter().map(Turn::written).collect()
    }

    fn turn<'m>(&mut self, message: &'m Message, ids: &mut Ids) -> Turn<'m> {
        let extra = Some(&message.extra).filter(|extra| self.own && !extra.is_empty());
        let turn = |role, blocks| Turn { role, results: Vec::new(), blocks, extra };
        match message.role {
            Role::System | Role::Developer if self.own => turn("system", self.instruction(message)),
            // Only the newest models know instructions in mid-conversation.
            Role::System | Role::Developer => {
                let wrapped = self.instruction(message).into_iter().map(wrapped);
                turn("user", wrapped.collect())
            }
            Role::User => {
                let (results, rest): (Vec<&Part>, Vec<&Part>) = message
                    .content
                    .iter()
                    .partition(|part| matches!(part.content, Content::ToolResult(_)));
                let mut blocks = |parts: Vec<&Part>| -> Vec<Block> {
                    parts.into_iter().filter_map(|part| self.block(part, ids)).collect()
                };
                Turn { results: blocks(results), ..turn("user", blocks(rest)) }
            }
            Role::Assistant => {
                let blocks = message.content.iter().filter_map(|part| match part.content {
                    Content::Image { .. } | Content::Document { .. } => {
                        self.warn(
                            "files in the assistant's messages: anthropic takes none; left out"
                                .into(),
                        );
                        None
                    }
                    _ => self.block(part, ids),
                });
                turn("assistant", blocks.collect())
            }
        }
    }

    fn block(&mut self, part: &Part, ids: &mut Ids) -> Option<Block> {
        let block = match &part.content {
            Content::Text(_) | Content::Refusal(_) | Content::Other(_) => return self.plain(part),
            Content::Reasoning { text, redacted } => {
                return self.reasoning(part, text, redacted.as_deref());
            }
            Content::Image { source, detail } => {
                if detail.as_deref().is_some_and(|detail| detail != "auto") {
                    self.warn("the detail of images: anthropic has no such field; left out".into());
                }
                let source = self.source(media::image(source, self.own))?;
                blocks_write::block("image", [("source", source)])
            }
            Content::Document { source, name } => {
                let source = self.source(media::document(source, self.own))?;
                let mut block = blocks_write::block("document", [("source", source)]);
                block.extend(name.as_deref().map(|name| ("title".to_owned(), name.into())));
                block
            }
            Content::Audio { .. } => {
                self.warn("audio: anthropic has no such content; left out".into());
                return None;
            }
            Content::ToolCall(call) => self.call(call, ids),
            Content::ToolResult(result) => self.result(result, ids),
        };
        Some(self.dressed(block, part.cache, &part.extra))
    }

    fn source(&mut self, source: Result<Value, String>) -> Option<Value> {
        source
            .map_err(|what| self.warn(format!("{what}: anthropic does not take it; left out")))
            .ok()
    }

    /// Thoughts, which the API takes only with its proof. They take no cache hints.
    fn reasoning(&mut self, part: &Part, text: &str, redacted: Option<&str>) -> Option<Block> {
        let signature = part.signature.as_deref();
        if redacted.is_none() && signature.is_none() {
            self.warn(
                "thoughts without a signature: anthropic does not take them; left out".into(),
            );
            return None;
        }
        let block = blocks_write::reasoning(text, redacted, signature);
        Some(self.dressed(block, None, &part.extra))
    }

    fn call(&mut self, call: &ToolCall, ids: &mut Ids) -> Block {
        let input = blocks_write::input(call).unwrap_or_else(|makeshift| {
            self.warn(format!(
                "the arguments of {} in the history are no JSON object; they were wrapped into one",
                call.name
            ));
            makeshift
        });
        let id = ids.of_call(call);
        let name = call.name.as_str();
        blocks_write::block(
            "tool_use",
            [("id", id.into()), ("name", name.into()), ("input", input)],
        )
    }

    fn result(&mut self, result: &ToolResult, ids: &mut Ids) -> Block {
        let id = ids.of_result(result);
        let mut block = blocks_write::block("tool_result", [("tool_use_id", id.into())]);
        let inner = result.content.iter().filter_map(|part| match part.content {
            Content::Text(_)
            | Content::Refusal(_)
            | Content::Other(_)
            | Content::Image { .. }
            | Content::Document { .. }
            | Content::Audio { .. } => self.block(part, ids),
            _ => None,
        });
        if let Some(inner) = content(inner.collect()) {
            block.insert("content".into(), inner);
        }
        if result.is_error {
            block.insert("is_error".into(), true.into());
        }
        block
    }

    /// Older models refuse a conversation that the assistant begins.
    fn begin_with_the_user(&mut self, turns: &mut Vec<Turn<'_>>) {
        if turns.first().is_some_and(|first| first.role == "assistant") {
            self.warn(
                "the conversation begins with the assistant; a user message of \".\" was put before it"
                    .into(),
            );
            let blocks = vec![blocks_write::text(".")];
            let turn = Turn { role: "user", results: Vec::new(), blocks, extra: None };
            turns.insert(0, turn);
        }
    }

    /// The API refuses a beginning of the answer that ends with white space.
    fn end_without_white_space(&self, turns: &mut [Turn<'_>]) {
        let last = turns.last_mut().filter(|last| last.role == "assistant" && !self.own);
        let last = last.and_then(|turn| turn.blocks.last_mut()?.get_mut("text"));
        if let Some(Value::String(text)) = last {
            text.truncate(text.trim_end().len());
        }
    }
}

/// An instruction in the user's turn.
fn wrapped(mut block: Block) -> Block {
    if let Some(Value::String(text)) = block.get_mut("text") {
        *text = format!("<system>\n{text}\n</system>");
    }
    block
}
