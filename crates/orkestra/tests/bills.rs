//! Worked bills: from a provider's own usage object to the cent. `tests/bills/check.py` computes each a second time.

#![cfg(test)]

use std::{fs, path::Path};

use orkestra::{
    Usd,
    catalogue::Catalogue,
    chat::{Chunk, DialectName, End, Usage},
    dialect::{self, sse},
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Bill {
    name: String,
    dialect: DialectName,
    model: String,
    day: String,
    usage: Value,
    input_cost: Usd,
    output_cost: Usd,
    cost: Usd,
}

/// A whole answer that reports `usage`.
fn answer(dialect: DialectName, usage: &Value) -> Value {
    match dialect {
        DialectName::Openai => json!({"choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Yes."}}], "usage": usage}),
        DialectName::Responses => {
            json!({"id": "resp_1", "object": "response", "status": "completed", "output": [
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]}],
            "usage": usage})
        }
        DialectName::Anthropic => {
            json!({"type": "message", "role": "assistant", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "Yes."}], "usage": usage})
        }
        DialectName::Gemini => {
            json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Yes."}]},
            "finishReason": "STOP"}], "usageMetadata": usage})
        }
        other => panic!("no answer is known for {other}"),
    }
}

/// The same answer in pieces, as each API reports usage in its streams.
fn events(dialect: DialectName, usage: &Value) -> Vec<Value> {
    match dialect {
        DialectName::Openai => vec![
            json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Yes."}, "finish_reason": null}],
                "usage": null}),
            json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": null}),
            json!({"choices": [], "usage": usage}),
        ],
        DialectName::Responses => vec![
            json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Yes."}),
            json!({"type": "response.completed", "response": answer(dialect, usage)}),
        ],
        DialectName::Anthropic => {
            let mut first = usage.clone();
            first["output_tokens"] = json!(1);
            vec![
                json!({"type": "message_start", "message": {"type": "message", "role": "assistant", "content": [],
                    "usage": first}}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Yes."}}),
                json!({"type": "content_block_stop", "index": 0}),
                // Counts that are missing here keep what the first event said.
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"},
                    "usage": {"output_tokens": usage["output_tokens"],
                        "output_tokens_details": usage.get("output_tokens_details")}}),
                json!({"type": "message_stop"}),
            ]
        }
        _ => vec![
            json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Y"}]}}],
                "usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 1}}),
            answer(dialect, usage),
        ],
    }
}

fn bills() -> Vec<Bill> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/bills/bills.jsonl");
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn check(bill: &Bill, usage: &Usage) {
    let model = Catalogue::builtin().model(&bill.model).unwrap();
    let cost = model.price_on(bill.day.parse().unwrap()).unwrap().cost(usage);
    assert_eq!(cost.input, bill.input_cost, "{}: {usage:?}", bill.name);
    assert_eq!(cost.output, bill.output_cost, "{}: {usage:?}", bill.name);
    assert_eq!(cost.total(), bill.cost, "{}", bill.name);
}

#[test]
fn every_worked_bill_comes_out_to_the_cent() {
    let bills = bills();
    assert!(bills.len() >= 60);
    for bill in &bills {
        let body = answer(bill.dialect, &bill.usage).to_string();
        let reply = dialect::named(bill.dialect).decode(body.as_bytes()).unwrap();
        check(bill, &reply.usage.unwrap_or_else(|| panic!("{}: no usage", bill.name)));
    }
}

#[test]
fn a_stream_costs_what_the_whole_answer_costs() {
    for bill in &bills() {
        let mut decoder = dialect::named(bill.dialect).stream_decoder();
        let mut chunks = Vec::new();
        for event in events(bill.dialect, &bill.usage) {
            let name = event["type"].as_str().unwrap_or_default().to_owned();
            chunks.extend(decoder.event(&sse::Event { name, data: event.to_string() }).unwrap());
        }
        if !matches!(chunks.last(), Some(Chunk::End(_))) {
            chunks.extend(decoder.end().unwrap());
        }
        let Some(Chunk::End(End { usage: Some(usage), .. })) = chunks.last() else {
            panic!("{}: {chunks:?}", bill.name)
        };
        check(bill, usage);
    }
}
