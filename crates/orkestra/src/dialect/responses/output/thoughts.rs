//! What models think.

use serde_json::{Map, Value, json};

use super::{
    super::{item, place::object},
    Open, Output, in_output, with,
};
use crate::chat::Extra;

/// Thoughts while they are written.
#[derive(Debug)]
pub(super) struct Thoughts {
    place: usize,
    id: String,
    said: String,
    extra: Extra,
    proof: Option<String>,
}

impl Thoughts {
    /// The whole item and its place.
    pub(super) fn finished(self) -> (usize, Value) {
        let fields = item::reasoning_fields(&self.said, self.proof.as_deref(), &self.extra);
        let mut item = object([("id", self.id.into()), ("type", "reasoning".into())]);
        item.extend(fields);
        (self.place, item.into())
    }

    /// Whether their summary is more, or less, than one piece of text.
    fn keeps_summary(&self) -> bool {
        self.extra.contains_key("summary")
    }

    /// Where the summary's only piece stands.
    fn at(&self) -> Map<String, Value> {
        object([
            ("item_id", self.id.as_str().into()),
            ("output_index", self.place.into()),
            ("summary_index", 0.into()),
        ])
    }
}

impl Output {
    pub(in super::super) fn thoughts(&mut self, said: &str) {
        if !matches!(self.open, Open::Thoughts(_)) {
            self.begin_thoughts(Extra::new());
        }
        self.think(said);
    }

    /// The proof of the open thoughts. Of others, the API has no words for it.
    pub(in super::super) fn proof(&mut self, proof: &str) {
        if let Open::Thoughts(thoughts) = &mut self.open {
            thoughts.proof = Some(proof.to_owned());
            self.close("completed");
        }
    }

    /// Thoughts that come whole; without words and proof, thoughts that only begin.
    pub(super) fn whole_thoughts(&mut self, said: &str, proof: Option<&str>, extra: Extra) {
        self.begin_thoughts(extra);
        self.think(said);
        match proof {
            Some(proof) => self.proof(proof),
            None if said.is_empty() => {}
            None => self.close("completed"),
        }
    }

    fn begin_thoughts(&mut self, extra: Extra) {
        let place = self.next_place();
        let known = extra.get("id").and_then(Value::as_str).map(str::to_owned);
        let id = known.unwrap_or_else(|| item::made_up_id("rs", &self.base, place));
        let begun = json!({"id": id, "type": "reasoning", "summary": []});
        self.events.push(("response.output_item.added", in_output(place, begun)));
        self.open = Open::Thoughts(Thoughts { place, id, said: String::new(), extra, proof: None });
    }

    fn think(&mut self, said: &str) {
        let Open::Thoughts(thoughts) = &mut self.open else { return };
        let first = thoughts.said.is_empty();
        thoughts.said.push_str(said);
        // A summary that was kept goes into the item as it came.
        if said.is_empty() || thoughts.keeps_summary() {
            return;
        }
        let at = thoughts.at();
        if first {
            let fields = with(at.clone(), "part", item::summary_text(""));
            self.events.push(("response.reasoning_summary_part.added", fields));
        }
        let fields = with(at, "delta", said.into());
        self.events.push(("response.reasoning_summary_text.delta", fields));
    }

    pub(super) fn close_summary(&mut self, thoughts: &Thoughts) {
        if thoughts.said.is_empty() || thoughts.keeps_summary() {
            return;
        }
        let at = thoughts.at();
        let fields = with(at.clone(), "text", thoughts.said.as_str().into());
        self.events.push(("response.reasoning_summary_text.done", fields));
        let fields = with(at, "part", item::summary_text(&thoughts.said));
        self.events.push(("response.reasoning_summary_part.done", fields));
    }
}
