//! Loops of tools through our own client: the same script, calls and answers as the vendors' SDKs have in `tests/sdk`.

use std::collections::{BTreeMap, BTreeSet};

use orkestra::{
    Engine, MultiProvider, Response,
    chat::{Content, Function, Message, Part, Request, Role, ToolResult},
    strategy::Cheapest,
};
use orkestra_simulator::Recorded;
use serde::Deserialize;
use serde_json::Value;

use crate::support::{Bench, easy};

/// Read by `tests/sdk` too.
const LOOPS: &str = include_str!("../fixtures/agent_loops.json");
/// Where the APIs keep what proves that a thought is a model's own.
const PROOFS: [&str; 3] = ["signature", "thoughtSignature", "encrypted_content"];
/// Headers that say nothing of the call itself.
const OF_THE_CONNECTION: [&str; 2] = ["host", "content-length"];

#[derive(Deserialize)]
struct Loops {
    prompt: String,
    tools: Vec<String>,
    parameters: Value,
    rounds: Vec<Vec<Called>>,
    apis: BTreeMap<String, Api>,
}

#[derive(Deserialize)]
struct Called {
    name: String,
    arguments: Value,
    result: String,
    #[serde(default)]
    is_error: bool,
}

#[derive(Deserialize)]
struct Api {
    provider: String,
    models: Vec<String>,
    text: String,
}

impl Loops {
    fn read() -> Self {
        serde_json::from_str(LOOPS).unwrap()
    }

    fn request(&self) -> Request {
        let function = |name: &String| Function {
            name: name.clone(),
            parameters: Some(self.parameters.clone()),
            ..Function::default()
        };
        Request::from(self.prompt.as_str()).tools(self.tools.iter().map(function))
    }

    /// Every API and model once.
    fn cases(&self) -> impl Iterator<Item = (&str, &Api, &str)> {
        self.apis.iter().flat_map(|(name, api)| {
            api.models.iter().map(move |model| (name.as_str(), api, model.as_str()))
        })
    }

    /// Adds the answer to the conversation, checks its calls against round `round`, and adds what the tools say.
    fn run_tools(&self, round: usize, response: &Response, request: &mut Request) {
        let calls = &response.tool_calls;
        let expected = &self.rounds[round];
        assert_eq!(calls.len(), expected.len(), "{}, round {round}: {calls:?}", response.model);
        let result = |(call, said): (&orkestra::chat::ToolCall, &Called)| {
            assert_eq!(call.name, said.name, "{}", response.model);
            let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
            assert_eq!(arguments, said.arguments, "{}: {}", response.model, said.name);
            let result = ToolResult::text(&call.id, &said.result);
            Part::from(Content::ToolResult(ToolResult {
                name: Some(call.name.clone()),
                is_error: said.is_error,
                ..result
            }))
        };
        let results = calls.iter().zip(expected).map(result).collect();
        request.messages.push(answer_of(response));
        request.messages.push(Message::of(Role::User, results));
    }
}

/// The answer as callers of an API send it back: nothing says who wrote it.
fn answer_of(response: &Response) -> Message {
    Message::of(Role::Assistant, response.reply.content.clone())
}

async fn ask(engine: &Engine, request: &Request, streamed: bool) -> Response {
    if streamed {
        engine.stream(request, &Cheapest).await.unwrap().response().await.unwrap()
    } else {
        engine.complete(request, &Cheapest).await.unwrap()
    }
}

/// The proofs of the model's own hand in its answer.
fn proofs(response: &Response) -> Vec<String> {
    response.reply.content.iter().filter_map(|part| part.signature.clone()).collect()
}

/// The texts that stand under the names of `PROOFS`, wherever they do.
fn proofs_in(json: &Value, found: &mut BTreeSet<String>) {
    match json {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if PROOFS.contains(&name.as_str()) && !text.is_empty() => {
                        found.insert(text.to_owned());
                    }
                    _ => proofs_in(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| proofs_in(item, found)),
        _ => {}
    }
}

/// The proofs in what the simulator answers to `sent`, read past our own code. The same request gets the same answer.
async fn proofs_answered_to(bench: &Bench, sent: &Recorded) -> BTreeSet<String> {
    let url = format!("http://{}{}?{}", bench.simulator.address(), sent.path, sent.query);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut call = client.post(url).body(sent.body.clone());
    for (name, value) in &sent.headers {
        if !OF_THE_CONNECTION.contains(&name.as_str()) {
            call = call.header(name, value);
        }
    }
    let answer = call.send().await.unwrap().text().await.unwrap();
    let mut found = BTreeSet::new();
    match serde_json::from_str(&answer) {
        Ok(whole) => proofs_in(&whole, &mut found),
        Err(_) => {
            let events = answer.lines().filter_map(|line| line.strip_prefix("data: "));
            events
                .filter_map(|event| serde_json::from_str(event).ok())
                .for_each(|event: Value| proofs_in(&event, &mut found));
        }
    }
    found
}

fn all(bench: &Bench) -> MultiProvider {
    let providers = ["google", "anthropic", "openai"].map(|name| bench.provider(name, easy()));
    MultiProvider::new(&providers).unwrap()
}

#[tokio::test]
async fn a_loop_goes_as_with_the_vendors_sdks_and_stays_on_its_model() {
    let (loops, bench) = (Loops::read(), Bench::new().await);
    for (name, api, model) in loops.cases() {
        for streamed in [false, true] {
            let provider = bench.provider(&api.provider, easy());
            // Only the first call names the model: the cheapest one would do for the others.
            let mut request = loops.request().model(model);
            let mut last = ask(provider.engine(), &request, streamed).await;
            request.model = None;
            for round in 0..loops.rounds.len() {
                loops.run_tools(round, &last, &mut request);
                last = ask(provider.engine(), &request, streamed).await;
                assert_eq!(last.model.as_str(), model, "{name}: {}", last.plan.reason);
                assert_eq!(last.attempts.len(), 1, "{name} {model}: {:?}", last.attempts);
            }
            assert_eq!(last.text, api.text, "{name} {model} streamed: {streamed}");
            assert!(last.tool_calls.is_empty(), "{name} {model}: {:?}", last.tool_calls);
        }
    }
}

#[tokio::test]
async fn proofs_go_back_byte_for_byte() {
    let (loops, bench) = (Loops::read(), Bench::new().await);
    let mut signed = BTreeSet::new();
    for (name, api, model) in loops.cases() {
        for streamed in [false, true] {
            bench.simulator.clear();
            let provider = bench.provider(&api.provider, easy());
            let mut request = loops.request().model(model);
            for round in 0..loops.rounds.len() {
                let response = ask(provider.engine(), &request, streamed).await;
                loops.run_tools(round, &response, &mut request);
            }
            ask(provider.engine(), &request, streamed).await;
            let sent = bench.simulator.requests();
            assert_eq!(sent.len(), loops.rounds.len() + 1, "{name} {model}");
            let mut given = BTreeSet::new();
            for pair in sent.windows(2) {
                given.extend(proofs_answered_to(&bench, &pair[0]).await);
                let mut replayed = BTreeSet::new();
                proofs_in(&pair[1].json().unwrap(), &mut replayed);
                assert_eq!(replayed, given, "{name} {model} streamed: {streamed}");
            }
            if !given.is_empty() {
                signed.insert(name);
            }
        }
    }
    assert_eq!(signed, BTreeSet::from(["anthropic", "gemini", "responses"]));
}

#[tokio::test]
async fn another_model_that_takes_over_sees_no_thoughts() {
    let (loops, bench) = (Loops::read(), Bench::new().await);
    let (mut stripped, mut switches) = (BTreeSet::new(), 0);
    for (name, _, model) in loops.cases() {
        for (next_name, next, next_model) in loops.cases().filter(|case| case.2 != model) {
            let engine = all(&bench).engine().clone();
            let mut request = loops.request().model(model);
            let first = ask(&engine, &request, false).await;
            loops.run_tools(0, &first, &mut request);
            // The user insists on another model in the middle of the loop.
            request.model = Some(next_model.to_owned());
            let streamed = switches % 2 == 1;
            let second = ask(&engine, &request, streamed).await;
            let place = format!("{name} {model} to {next_name} {next_model}");
            assert_eq!(second.model.as_str(), next_model, "{place}");
            let sent = bench.simulator.requests().pop().unwrap();
            let body = String::from_utf8(sent.body.to_vec()).unwrap();
            for proof in proofs(&first) {
                assert!(!body.contains(&proof), "{place} sent the proof {proof}");
                stripped.insert(name);
            }
            for thought in [r#""type":"thinking""#, r#""type":"reasoning""#, r#""thought":true"#] {
                assert!(!body.contains(thought), "{place} sent {thought}");
            }
            let failed = loops.rounds[0].iter().find(|call| call.is_error).unwrap();
            assert!(body.contains(&failed.result), "{place} lost the tools' results");
            loops.run_tools(1, &second, &mut request);
            assert_eq!(ask(&engine, &request, streamed).await.text, next.text, "{place}");
            switches += 1;
        }
    }
    assert_eq!(stripped, BTreeSet::from(["anthropic", "gemini", "responses"]));
    let models = loops.cases().count();
    assert_eq!(switches, models * (models - 1));
}
