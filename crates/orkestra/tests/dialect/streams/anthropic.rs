//! Messages: a message begins, its blocks begin, grow and end one after the other, the message ends.

use orkestra::dialect::sse;
use serde_json::{Value, json};

use super::{Wrong, add, data, ensure, text};

#[derive(Default)]
struct Reading {
    message: Value,
    /// Whether the last block has not ended.
    open: bool,
    /// Whether the open block was signed, after which nothing of it may follow.
    signed: bool,
    /// Whether the reason to stop was given.
    reasoned: bool,
    stopped: bool,
}

pub(crate) fn assembled(events: &[sse::Event]) -> Result<Value, Wrong> {
    let mut reading = Reading::default();
    for event in events {
        let said = data(event)?;
        // Without its name an event is skipped by the SDKs.
        ensure(said["type"] == event.name.as_str(), "the name is not the type", &said)?;
        ensure(!reading.stopped, "something follows the end", &said)?;
        ensure(
            reading.message.is_object() || event.name == "message_start",
            "no message yet",
            &said,
        )?;
        match event.name.as_str() {
            "ping" => {}
            "message_start" => reading.start(&said)?,
            "content_block_start" => reading.start_block(&said)?,
            "content_block_delta" => reading.delta(&said)?,
            "content_block_stop" => reading.stop_block(&said)?,
            "message_delta" => reading.reason(&said)?,
            "message_stop" => {
                ensure(reading.reasoned, "no reason to stop", &said)?;
                reading.stopped = true;
            }
            _ => return Err(format!("an unknown event: {said}")),
        }
    }
    if reading.stopped { Ok(reading.message) } else { Err("no message_stop".to_owned()) }
}

impl Reading {
    fn start(&mut self, said: &Value) -> Result<(), Wrong> {
        ensure(self.message.is_null(), "a second message", said)?;
        let message = &said["message"];
        let counted =
            message["usage"]["input_tokens"].is_u64() && message["usage"]["output_tokens"].is_u64();
        ensure(counted, "the message begins without counts", said)?;
        ensure(message["content"] == json!([]), "the message begins with content", said)?;
        self.message = message.clone();
        Ok(())
    }

    fn blocks(&mut self) -> &mut Vec<Value> {
        self.message["content"].as_array_mut().unwrap()
    }

    fn start_block(&mut self, said: &Value) -> Result<(), Wrong> {
        ensure(!self.open && !self.reasoned, "a block begins inside another", said)?;
        ensure(said["index"] == self.blocks().len(), "not the next block", said)?;
        let mut block = said["content_block"].clone();
        let empty = match block["type"].as_str() {
            Some("text") => block["text"] == "",
            Some("thinking") => block["thinking"] == "",
            Some("tool_use") => {
                let named = !text(&block, "id")?.is_empty() && !text(&block, "name")?.is_empty();
                named && block["input"] == json!({})
            }
            _ => block["type"].is_string(),
        };
        ensure(empty, "a block begins with content", said)?;
        if block["type"] == "tool_use" {
            block["input_text"] = json!("");
        }
        self.blocks().push(block);
        (self.open, self.signed) = (true, false);
        Ok(())
    }

    fn delta(&mut self, said: &Value) -> Result<(), Wrong> {
        let last = self.blocks().len().checked_sub(1);
        ensure(
            self.open && last.is_some_and(|last| said["index"] == last),
            "no such block is open",
            said,
        )?;
        ensure(!self.signed, "something follows the signature", said)?;
        let delta = &said["delta"];
        let kind = text(delta, "type")?;
        let Some(block) = self.blocks().last_mut() else { return Err("no block".to_owned()) };
        let fits = match kind {
            "text_delta" | "citations_delta" => block["type"] == "text",
            "thinking_delta" | "signature_delta" => block["type"] == "thinking",
            "input_json_delta" => block["type"] == "tool_use",
            _ => false,
        };
        ensure(fits, "the piece is of another kind than the block", said)?;
        match kind {
            "text_delta" => add(&mut block["text"], text(delta, "text")?),
            "thinking_delta" => add(&mut block["thinking"], text(delta, "thinking")?),
            "input_json_delta" => add(&mut block["input_text"], text(delta, "partial_json")?),
            "signature_delta" => {
                block["signature"] = delta["signature"].clone();
                self.signed = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn stop_block(&mut self, said: &Value) -> Result<(), Wrong> {
        let last = self.blocks().len().checked_sub(1);
        ensure(
            self.open && last.is_some_and(|last| said["index"] == last),
            "no such block is open",
            said,
        )?;
        self.open = false;
        let Some(block) = self.blocks().last_mut() else { return Ok(()) };
        if block["type"] == "tool_use" {
            // No input is an empty one.
            if block["input_text"] == "" {
                block["input_text"] = json!("{}");
            }
            let input = serde_json::from_str(text(block, "input_text")?);
            block["input"] = input.map_err(|cause| format!("{cause} in {block}"))?;
            ensure(block["input"].is_object(), "the input is no object", block)?;
        }
        Ok(())
    }

    fn reason(&mut self, said: &Value) -> Result<(), Wrong> {
        ensure(!self.open && !self.reasoned, "a reason to stop inside a block, or twice", said)?;
        ensure(said["usage"]["output_tokens"].is_u64(), "the output is not counted", said)?;
        ensure(said["delta"]["stop_reason"].is_string(), "no reason to stop", said)?;
        for part in ["delta", "usage"] {
            let target =
                if part == "delta" { &mut self.message } else { &mut self.message["usage"] };
            for (key, value) in said[part].as_object().into_iter().flatten() {
                // Counts are of the whole message: they replace what was said before.
                if !value.is_null() {
                    target[key] = value.clone();
                }
            }
        }
        self.reasoned = true;
        Ok(())
    }
}
