use std::time::Duration;

use orkestra_simulator::Simulator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, send};

fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Hi"}]})
}

#[tokio::test]
async fn it_records_what_it_was_sent_and_shows_no_key() {
    let client = Client::start().await;
    client.post("/openai/v1/chat/completions?a=1", &chat("gpt-4o")).await;
    client.get("/google/v1beta/models?key=sk-in-the-query").await;
    let [first, second] = &client.simulator.requests()[..] else { panic!("two requests") };
    assert_eq!((first.provider, first.method.as_str()), ("openai", "POST"));
    assert_eq!((first.path.as_str(), first.query.as_str()), ("/openai/v1/chat/completions", "a=1"));
    assert_eq!(first.headers["authorization"], "Bearer sk-test");
    assert_eq!(first.json(), Some(chat("gpt-4o")));
    let shown = format!("{first:?} {second:?}") + &client.get("/requests").await.text;
    assert!(!shown.contains("sk-"), "{shown}");
    assert!(shown.contains("***14") && shown.contains("key=***15"), "{shown}");
    assert_eq!(send(client.request(Method::DELETE, "/requests")).await.status, 204);
    assert!(client.simulator.requests().is_empty());
}

#[tokio::test]
async fn faults_can_be_pushed_over_http() {
    let client = Client::start().await;
    let faults = json!([{"fault": "429=3", "provider": "openai", "times": 1}, {"fault": "500"}]);
    assert_eq!(client.post("/faults", &faults).await.json(), json!({"pushed": 2}));
    let path = "/openai/v1/chat/completions";
    let answer = client.post(path, &chat("gpt-4o")).await;
    assert_eq!((answer.status, &answer.headers["retry-after"]), (429, &"3".parse().unwrap()));
    assert_eq!(client.post(path, &chat("gpt-4o")).await.status, 500);
    assert_eq!(client.post(path, &chat("gpt-4o")).await.status, 200);
    for (wrong, message) in [
        (json!({"fault": "nope"}), "unknown fault \"nope\""),
        (json!({"fault": "500", "provider": "acme"}), "provider: \"acme\" is not one of"),
        (json!({"fault": "500", "tims": 2}), "unknown field `tims`"),
    ] {
        let answer = client.post("/faults", &wrong).await;
        assert_eq!(answer.status, 400);
        assert!(answer.message().contains(message), "{}", answer.text);
    }
}

#[tokio::test]
async fn the_date_retires_and_reroutes_models() {
    let on = async |today: &str| {
        Client::of(
            Simulator::builder().today(today).start(([127, 0, 0, 1], 0).into()).await.unwrap(),
        )
    };
    let status = async |client: &Client, model: &str| {
        client.post("/openai/v1/chat/completions", &chat(model)).await.status
    };
    assert_eq!(status(&on("2026-12-10").await, "o3").await, 200);
    assert_eq!(status(&on("2026-12-11").await, "o3").await, 404);
    assert_eq!(status(&Client::start().await, "o3").await, 200);
    let body = json!({"contents": [{"parts": [{"text": "Hi"}]}]});
    let path = "/google/v1beta/models/gemini-2.5-pro:generateContent";
    assert_eq!(
        on("2026-11-30").await.post(path, &body).await.json()["modelVersion"],
        "gemini-2.5-pro"
    );
    assert_eq!(
        on("2026-12-01").await.post(path, &body).await.json()["modelVersion"],
        "gemini-3.8-flash"
    );
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let loopback = || ([127, 0, 0, 1], 0).into();
    let error = Simulator::builder().start(([0, 0, 0, 0], 0).into()).await.unwrap_err();
    assert!(error.to_string().contains("can be reached from other machines"), "{error}");
    let error = Simulator::builder().today("soon").start(loopback()).await.unwrap_err();
    assert!(error.to_string().contains("today: \"soon\" is not a date"), "{error}");
    for speed in [0.0, -1.0, f64::NAN] {
        let error =
            Simulator::builder().tokens_per_second(speed).start(loopback()).await.unwrap_err();
        assert!(error.to_string().contains("is not a number above 0"), "{error}");
    }
}

#[tokio::test]
async fn its_urls_are_the_bases_that_clients_want() {
    let simulator = Simulator::start_on_loopback().await.unwrap();
    let root = format!("http://{}", simulator.address());
    assert_eq!(simulator.base_url("openai"), format!("{root}/openai/v1"));
    assert_eq!(simulator.base_url("anthropic"), format!("{root}/anthropic"));
    assert_eq!(simulator.base_url("google"), format!("{root}/google"));
}

#[tokio::test]
async fn after_the_stop_the_port_is_free() {
    let simulator = Simulator::start_on_loopback().await.unwrap();
    let address = simulator.address();
    simulator.stop().await;
    let again = Simulator::builder().start(address).await.unwrap();
    assert_eq!(again.address(), address);
}

#[tokio::test]
async fn a_slow_stream_ends_when_the_simulator_stops() {
    let simulator = Simulator::builder()
        .tokens_per_second(0.001)
        .start(([127, 0, 0, 1], 0).into())
        .await
        .unwrap();
    let client = Client::of(simulator);
    let mut body = chat("gpt-4o");
    body["stream"] = json!(true);
    let request =
        client.request(Method::POST, "/openai/v1/chat/completions").body(body.to_string());
    let mut response = request.timeout(Duration::from_secs(30)).send().await.unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    client.simulator.stop().await;
    let error = loop {
        match response.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("ended as if it were whole"),
            Err(error) => break error,
        }
    };
    assert!(!error.is_timeout(), "{error}");
}
