//! What became of the requests, and what they are billed.

use orkestra_simulator::{End, Simulator, Usage};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Client;

const CHAT: &str = "/openai/v1/chat/completions";
const MESSAGES: &str = "/anthropic/v1/messages";
const GEMINI: &str = "/google/v1beta/models/gemini-3.8-flash:generateContent";

fn chat(stream: bool) -> Value {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "Explain how tides work"}], "stream": stream})
}

fn messages() -> Value {
    json!({"model": "claude-opus-5-5", "max_tokens": 900, "messages": [{"role": "user", "content": "Explain how tides work"}]})
}

#[tokio::test]
async fn what_is_billed_is_what_the_answers_say() {
    let client = Client::start().await;
    let openai = client.post(CHAT, &chat(false)).await.json()["usage"].clone();
    let anthropic = client.post(MESSAGES, &messages()).await.json()["usage"].clone();
    let body = json!({"contents": [{"parts": [{"text": "Explain how tides work"}]}]});
    let google = client.post(GEMINI, &body).await.json()["usageMetadata"].clone();
    let count = |usage: &Value, name: &str| usage[name].as_u64().unwrap();
    let billed: Vec<Usage> = client
        .simulator
        .requests()
        .iter()
        .map(|request| request.answer.as_ref().unwrap().usage)
        .collect();
    assert_eq!(
        (billed[0].input, billed[0].output),
        (count(&openai, "prompt_tokens"), count(&openai, "completion_tokens"))
    );
    assert_eq!(
        (billed[1].input, billed[1].output),
        (count(&anthropic, "input_tokens"), count(&anthropic, "output_tokens"))
    );
    assert_eq!(
        billed[1].reasoning,
        anthropic["output_tokens_details"]["thinking_tokens"].as_u64().unwrap()
    );
    assert_eq!(
        billed[2].output,
        count(&google, "candidatesTokenCount") + count(&google, "thoughtsTokenCount")
    );
    assert_eq!(billed[2].prompt(), count(&google, "promptTokenCount"));
    let totals = client.simulator.usage();
    let names: Vec<&String> = totals.keys().collect();
    assert_eq!(
        names,
        ["anthropic/claude-opus-5-5", "google/gemini-3.8-flash", "openai/gpt-4o-2024-08-06"]
    );
    assert_eq!(totals["anthropic/claude-opus-5-5"].usage, billed[1]);
    let shown = client.get("/usage").await.json();
    assert_eq!(
        (&shown["overall"]["finished"], &shown["models"]["openai/gpt-4o-2024-08-06"]["requests"]),
        (&json!(3), &json!(1))
    );
    let requests = client.get("/requests").await.json();
    assert_eq!(requests[0]["answer"]["usage"]["output"], openai["completion_tokens"]);
    assert_eq!(
        (&requests[0]["answer"]["status"], &requests[0]["answer"]["end"]),
        (&json!(200), &json!("finished"))
    );
}

#[tokio::test]
async fn ends_are_told_apart() {
    let client = Client::start().await;
    let full = client.post(CHAT, &chat(true)).await;
    assert_eq!(full.status, 200);
    client.post_with_fault(CHAT, &chat(true), "cut").await;
    client.post_with_fault(CHAT, &chat(true), "529").await;
    client.post_with_fault(CHAT, &chat(false), "html").await;
    client.post_with_fault(CHAT, &chat(false), "no-usage").await;
    let answers: Vec<_> =
        client.simulator.requests().into_iter().map(|request| request.answer.unwrap()).collect();
    let ends: Vec<(u16, End)> = answers.iter().map(|answer| (answer.status, answer.end)).collect();
    assert_eq!(
        ends,
        [
            (200, End::Finished),
            (200, End::Cut),
            (503, End::Finished),
            (502, End::Finished),
            (200, End::Finished)
        ]
    );
    let output: Vec<u64> = answers.iter().map(|answer| answer.usage.output).collect();
    assert!(output[1] > 0 && output[1] < output[0], "{output:?}");
    assert_eq!((output[2], output[3], output[4]), (0, 0, output[0]));
    assert_eq!(answers[1].fault.map(|fault| fault.name()), Some("cut"));
    let total = client.simulator.usage().remove("openai/gpt-4o-2024-08-06").unwrap();
    assert_eq!((total.requests, total.finished, total.cut, total.failed), (4, 2, 1, 1));
}

#[tokio::test]
async fn a_client_that_goes_away_is_noticed() {
    let simulator = Simulator::builder()
        .tokens_per_second(20.0)
        .start(([127, 0, 0, 1], 0).into())
        .await
        .unwrap();
    let client = Client::of(simulator);
    let request = client.request(Method::POST, CHAT).body(chat(true).to_string());
    let mut response = request.send().await.unwrap();
    response.chunk().await.unwrap().unwrap();
    drop(response);
    let answered = async {
        loop {
            if let Some(answer) = client.simulator.requests()[0].answer.clone() {
                break answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let answer = tokio::time::timeout(std::time::Duration::from_secs(20), answered).await.unwrap();
    assert_eq!(answer.end, End::Dropped);
    assert!(answer.usage.input > 0);
}

#[tokio::test]
async fn totals_count_what_the_record_no_longer_holds() {
    let simulator =
        Simulator::builder().keep_requests(2).start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let client = Client::of(simulator);
    for _ in 0..5 {
        client.post(MESSAGES, &messages()).await;
    }
    assert_eq!(client.simulator.requests().len(), 2);
    assert!(client.simulator.requests().iter().all(|request| request.answer.is_some()));
    assert_eq!(client.simulator.usage()["anthropic/claude-opus-5-5"].finished, 5);
    client.simulator.clear();
    assert!(client.simulator.usage().is_empty());
}

#[tokio::test]
async fn what_ended_can_be_taken_out_and_is_counted_all_the_same() {
    let client = Client::start().await;
    client.post(MESSAGES, &messages()).await;
    let silent = client.request(Method::POST, MESSAGES).header("x-orkestra-fault", "timeout");
    let waiting = tokio::spawn(silent.body(messages().to_string()).send());
    let recorded = async |count: usize, ended: usize| {
        let until = async {
            loop {
                let requests = client.simulator.requests();
                let done = requests.iter().filter(|request| request.answer.is_some()).count();
                if (requests.len(), done) == (count, ended) {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), until).await.unwrap();
    };
    recorded(2, 1).await;
    client.post(CHAT, &chat(false)).await;
    let first = client.simulator.take_ended();
    assert_eq!(first.len(), 1, "the second has not ended, so the third waits for it");
    assert_eq!(first[0].answer.as_ref().unwrap().end, End::Finished);
    waiting.abort();
    recorded(2, 2).await;
    let ends: Vec<End> = client
        .simulator
        .take_ended()
        .iter()
        .map(|call| call.answer.as_ref().unwrap().end)
        .collect();
    assert_eq!(ends, [End::Dropped, End::Finished]);
    assert!(client.simulator.requests().is_empty() && client.simulator.take_ended().is_empty());
    assert_eq!(client.simulator.usage()["anthropic/claude-opus-5-5"].requests, 2);
    client.post(MESSAGES, &messages()).await;
    assert!(client.simulator.requests()[0].answer.is_some(), "numbers go on after those taken");
}
