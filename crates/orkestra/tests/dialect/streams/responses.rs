//! Responses: an answer begins, its items are added, grow and are done, the answer is done and said again as a whole.

use std::collections::BTreeMap;

use orkestra::dialect::sse;
use serde_json::{Value, json};

use super::{Wrong, add, data, ensure, text};

#[derive(Default)]
struct Reading {
    id: Value,
    /// The items that were added, by their place in the answer.
    items: BTreeMap<u64, Item>,
    end: Value,
}

/// An item on its way.
#[derive(Default)]
struct Item {
    id: Value,
    kind: String,
    /// The joined pieces of what grows in it, by place: texts, summaries, arguments.
    grown: Vec<Grown>,
    done: Option<Value>,
}

#[derive(Default)]
struct Grown {
    text: String,
    /// Whether the whole of it was said.
    said: bool,
    closed: bool,
}

pub(crate) fn assembled(events: &[sse::Event]) -> Result<Value, Wrong> {
    let mut reading = Reading::default();
    for (place, event) in events.iter().enumerate() {
        let said = data(event)?;
        ensure(said["type"] == event.name.as_str(), "the name is not the type", &said)?;
        ensure(said["sequence_number"] == place, "not the next number", &said)?;
        ensure(reading.end.is_null(), "something follows the end", &said)?;
        match place {
            0 => ensure(event.name == "response.created", "not how it begins", &said)?,
            1 => ensure(event.name == "response.in_progress", "not how it goes on", &said)?,
            _ => {}
        }
        reading.event(&said)?;
    }
    let Reading { items, end, .. } = reading;
    if end.is_null() {
        return Err("no end".to_owned());
    }
    let output: Vec<Value> =
        items.into_values().map(|item| item.done.unwrap_or_default()).collect();
    ensure(end["output"] == json!(output), "the whole is not its items", &json!([output, end]))?;
    Ok(end)
}

impl Reading {
    fn event(&mut self, said: &Value) -> Result<(), Wrong> {
        match text(said, "type")? {
            "response.created" | "response.in_progress" => self.progress(said),
            "response.completed" | "response.incomplete" => self.finish(said),
            "response.output_item.added" => self.add_item(said),
            "response.output_item.done" => self.item_done(said),
            "response.content_part.added" => self.part_added(said, "content_index", "message"),
            "response.reasoning_summary_part.added" => {
                self.part_added(said, "summary_index", "reasoning")
            }
            "response.content_part.done" => self.part_done(said, "content_index"),
            "response.reasoning_summary_part.done" => self.part_done(said, "summary_index"),
            "response.output_text.delta" | "response.refusal.delta" => {
                self.grow(said, "content_index")
            }
            "response.reasoning_summary_text.delta" => self.grow(said, "summary_index"),
            "response.function_call_arguments.delta" => self.grow(said, ""),
            "response.output_text.done" => self.grown(said, "content_index", "text"),
            "response.refusal.done" => self.grown(said, "content_index", "refusal"),
            "response.reasoning_summary_text.done" => self.grown(said, "summary_index", "text"),
            "response.function_call_arguments.done" => self.grown(said, "", "arguments"),
            "response.output_text.annotation.added" => Ok(()),
            _ => Err(format!("an unknown event: {said}")),
        }
    }

    fn progress(&mut self, said: &Value) -> Result<(), Wrong> {
        let response = &said["response"];
        ensure(response["status"] == "in_progress", "not in progress", said)?;
        ensure(response["output"] == json!([]), "begins with output", said)?;
        ensure(self.id.is_null() || self.id == response["id"], "another answer", said)?;
        self.id = response["id"].clone();
        Ok(())
    }

    fn finish(&mut self, said: &Value) -> Result<(), Wrong> {
        let response = &said["response"];
        let status = text(response, "status")?;
        ensure(said["type"] == format!("response.{status}"), "not the status it ends with", said)?;
        ensure(response["id"] == self.id, "another answer", said)?;
        ensure(self.items.values().all(|item| item.done.is_some()), "an item is not done", said)?;
        self.end = response.clone();
        Ok(())
    }

    fn add_item(&mut self, said: &Value) -> Result<(), Wrong> {
        let item = &said["item"];
        let place = said["output_index"].as_u64().ok_or_else(|| format!("no index: {said}"))?;
        ensure(place == self.items.len() as u64, "not the next item", said)?;
        let kind = text(item, "type")?.to_owned();
        ensure(!text(item, "id")?.is_empty(), "an item without an id", said)?;
        let mut added = Item { id: item["id"].clone(), kind, ..Item::default() };
        if added.kind == "function_call" {
            let named = !text(item, "call_id")?.is_empty() && !text(item, "name")?.is_empty();
            ensure(named && item["arguments"] == "", "a call that does not begin as one", said)?;
            added.grown.push(Grown::default());
        }
        self.items.insert(place, added);
        Ok(())
    }

    /// The item that an event is about.
    fn item(&mut self, said: &Value) -> Result<&mut Item, Wrong> {
        let place = said["output_index"].as_u64().ok_or_else(|| format!("no index: {said}"))?;
        let item = self.items.get_mut(&place).ok_or_else(|| format!("no such item: {said}"))?;
        ensure(item.done.is_none(), "the item is done", said)?;
        ensure(said.get("item_id").is_none_or(|id| *id == item.id), "another item's id", said)?;
        Ok(item)
    }

    fn part(&mut self, said: &Value, index: &str) -> Result<&mut Grown, Wrong> {
        ensure(said["item_id"].is_string(), "no item's id", said)?;
        let place = if index.is_empty() { Some(0) } else { said[index].as_u64() };
        let place = place.and_then(|place| usize::try_from(place).ok());
        let item = self.item(said)?;
        let part = place.and_then(|place| item.grown.get_mut(place));
        let part = part.ok_or_else(|| format!("no such part: {said}"))?;
        ensure(!part.closed, "the part is done", said)?;
        Ok(part)
    }

    fn part_added(&mut self, said: &Value, index: &str, kind: &str) -> Result<(), Wrong> {
        let item = self.item(said)?;
        ensure(item.kind == kind, "no such part in such an item", said)?;
        ensure(said[index] == item.grown.len(), "not the next part", said)?;
        ensure(item.grown.iter().all(|part| part.closed), "the part before is not done", said)?;
        item.grown.push(Grown::default());
        Ok(())
    }

    fn grow(&mut self, said: &Value, index: &str) -> Result<(), Wrong> {
        let piece = text(said, "delta")?.to_owned();
        let part = self.part(said, index)?;
        ensure(!part.said, "the whole of it was said", said)?;
        part.text.push_str(&piece);
        Ok(())
    }

    fn grown(&mut self, said: &Value, index: &str, field: &str) -> Result<(), Wrong> {
        let whole = text(said, field)?.to_owned();
        let part = self.part(said, index)?;
        ensure(!part.said && part.text == whole, "not what its pieces are", said)?;
        part.said = true;
        part.closed = index.is_empty();
        Ok(())
    }

    fn part_done(&mut self, said: &Value, index: &str) -> Result<(), Wrong> {
        let whole = words(&said["part"])?;
        let part = self.part(said, index)?;
        ensure(part.said && part.text == whole, "not what its pieces are", said)?;
        part.closed = true;
        Ok(())
    }

    fn item_done(&mut self, said: &Value) -> Result<(), Wrong> {
        let item = self.item(said)?;
        let done = &said["item"];
        ensure(done["id"] == item.id && done["type"] == item.kind.as_str(), "another item", said)?;
        ensure(item.grown.iter().all(|part| part.closed), "a part is not done", said)?;
        let mut whole = Value::String(String::new());
        match item.kind.as_str() {
            "function_call" => add(&mut whole, text(done, "arguments")?),
            kind => {
                let parts = &done[if kind == "message" { "content" } else { "summary" }];
                for part in parts.as_array().into_iter().flatten() {
                    add(&mut whole, words(part)?);
                }
            }
        }
        let pieces: String = item.grown.iter().map(|part| part.text.as_str()).collect();
        ensure(whole == pieces.as_str(), "not what its parts are", said)?;
        item.done = Some(done.clone());
        Ok(())
    }
}

/// The words of a part.
fn words(part: &Value) -> Result<&str, Wrong> {
    if part["type"] == "refusal" { text(part, "refusal") } else { text(part, "text") }
}
