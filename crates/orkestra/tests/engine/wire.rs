//! What we send, field by field, against what the vendors' own SDKs send for the same call.
//!
//! `tests/sdk/` records the SDKs and checks that the recording here is still what they send. A difference that
//! `differences.json` does not explain fails, and so does an explanation that nothing needs any more.

use std::collections::{BTreeMap, BTreeSet};

use orkestra::{
    Provider,
    chat::{Message, Request, Role},
};
use serde::Deserialize;
use serde_json::Value;

use crate::support::{Bench, KEY, easy};

const RECORDED: &str = include_str!("../fixtures/wire/sdk_calls.jsonl");
const DIFFERENCES: &str = include_str!("../fixtures/wire/differences.json");
/// Headers that are part of the protocol; the others name the client and its machine.
const HEADERS: [&str; 6] =
    ["accept", "content-type", "authorization", "x-api-key", "x-goog-api-key", "anthropic-version"];

#[derive(Deserialize)]
struct Call {
    call: String,
    logical: Logical,
    sent: Value,
}

#[derive(Deserialize)]
struct Logical {
    provider: String,
    model: String,
    system: Option<String>,
    messages: Vec<Turn>,
    max_tokens: Option<u32>,
    temperature: Option<f64>,
    stream: bool,
}

#[derive(Deserialize)]
struct Turn {
    role: Role,
    content: String,
}

/// A field in which we differ from a vendor's SDK on purpose.
#[derive(Deserialize)]
struct Difference {
    provider: String,
    /// The field's path, such as `/body/temperature`.
    field: String,
    reason: String,
}

impl Logical {
    fn request(&self) -> Request {
        let turns = self
            .messages
            .iter()
            .map(|turn| Message::text(turn.role, &turn.content))
            .collect::<Vec<_>>();
        let mut request = Request::from(turns).model(&self.model);
        request.max_tokens = self.max_tokens.or(request.max_tokens);
        request.temperature = self.temperature.or(request.temperature);
        match &self.system {
            Some(system) => request.system(system),
            None => request,
        }
    }
}

/// Every leaf of `value` by its path.
fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| leaves(&format!("{path}/{key}"), value, found))
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(at, value)| leaves(&format!("{path}/{at}"), value, found));
        }
        leaf => drop(found.insert(path.to_owned(), leaf.clone())),
    }
}

fn fields(sent: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    leaves("", sent, &mut found);
    let hidden = "***";
    found.retain(|path, value| {
        let header = path.strip_prefix("/headers/");
        if matches!(header, Some("authorization" | "x-api-key" | "x-goog-api-key")) {
            *value = hidden.into();
        }
        header.is_none_or(|header| HEADERS.contains(&header))
    });
    found
}

async fn sent_by_us(bench: &Bench, logical: &Logical) -> Value {
    bench.simulator.clear();
    let builder = Provider::builder(&logical.provider)
        .key(KEY)
        .base_url(bench.simulator.base_url(&logical.provider));
    let provider = builder.settings(bench.settings(easy())).build().unwrap();
    if logical.stream {
        provider.stream(logical.request()).await.unwrap().response().await.unwrap();
    } else {
        provider.chat(logical.request()).await.unwrap();
    }
    let [sent] = &bench.simulator.requests()[..] else { panic!("expected one request") };
    sent.redacted()
}

#[tokio::test]
async fn our_requests_are_the_sdks_but_for_what_is_explained() {
    let bench = Bench::new().await;
    let differences: Vec<Difference> = serde_json::from_str(DIFFERENCES).unwrap();
    assert!(
        differences.iter().all(|difference| difference.reason.len() > 20),
        "every difference has its reason"
    );
    let (mut unexplained, mut used) = (Vec::new(), BTreeSet::new());
    let calls: Vec<Call> =
        RECORDED.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(calls.len() >= 30, "only {} calls were recorded", calls.len());
    for Call { call, logical, sent } in &calls {
        let mut ours = sent_by_us(&bench, logical).await;
        ours.as_object_mut().unwrap().remove("provider");
        let (ours, theirs) = (fields(&ours), fields(sent));
        let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for name in names.into_iter().filter(|name| ours.get(*name) != theirs.get(*name)) {
            let explained = differences.iter().position(|difference| {
                difference.provider == logical.provider && difference.field == *name
            });
            match explained {
                Some(at) => drop(used.insert(at)),
                None => unexplained.push(format!(
                    "{call} {name}: SDK {:?}, we {:?}",
                    theirs.get(name),
                    ours.get(name)
                )),
            }
        }
    }
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
    let idle: Vec<&str> = differences
        .iter()
        .enumerate()
        .filter(|(at, _)| !used.contains(at))
        .map(|(_, it)| it.field.as_str())
        .collect();
    assert!(idle.is_empty(), "explained, but no longer different: {idle:?}");
}
