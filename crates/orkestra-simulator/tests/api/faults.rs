use std::time::Duration;

use orkestra_simulator::{FAULTS, Fault, FaultKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Client, send};

const GOOGLE: &str = "/google/v1beta/models/gemini-3.8-flash:generateContent";
const GOOGLE_STREAM: &str = "/google/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse";

/// A path and a body per vendor.
fn requests(stream: bool) -> [(&'static str, &'static str, Value); 3] {
    let user = json!([{"role": "user", "content": "Explain how tides work"}]);
    [
        (
            "openai",
            "/openai/v1/chat/completions",
            json!({"model": "gpt-4o", "messages": user, "stream": stream}),
        ),
        (
            "anthropic",
            "/anthropic/v1/messages",
            json!({"model": "claude-haiku-4-5", "max_tokens": 500, "messages": user, "stream": stream}),
        ),
        (
            "google",
            if stream { GOOGLE_STREAM } else { GOOGLE },
            json!({"contents": [{"parts": [{"text": "Explain how tides work"}]}]}),
        ),
    ]
}

async fn all(client: &Client, stream: bool, fault: &str) -> [Answer; 3] {
    let [a, b, c] = requests(stream);
    [
        client.post_with_fault(a.1, &a.2, fault).await,
        client.post_with_fault(b.1, &b.2, fault).await,
        client.post_with_fault(c.1, &c.2, fault).await,
    ]
}

#[tokio::test]
async fn faults_that_are_a_status_come_in_each_vendors_form() {
    let client = Client::start().await;
    // Fault; then status and what the error is called at OpenAI, Anthropic and Google.
    let cases = [
        ("400", [400; 3], ["invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"]),
        (
            "401",
            [401, 401, 400],
            ["invalid_request_error", "authentication_error", "INVALID_ARGUMENT"],
        ),
        ("403", [403; 3], ["request_forbidden", "permission_error", "PERMISSION_DENIED"]),
        ("404", [404; 3], ["invalid_request_error", "not_found_error", "NOT_FOUND"]),
        ("413", [413; 3], ["invalid_request_error", "request_too_large", "INVALID_ARGUMENT"]),
        ("429", [429; 3], ["requests", "rate_limit_error", "RESOURCE_EXHAUSTED"]),
        (
            "429-quota",
            [429; 3],
            ["insufficient_quota", "enforced_spend_limit_reached", "RESOURCE_EXHAUSTED"],
        ),
        ("500", [500; 3], ["server_error", "api_error", "INTERNAL"]),
        ("503", [503; 3], ["server_error", "api_error", "UNAVAILABLE"]),
        ("529", [503, 529, 503], ["service_unavailable_error", "overloaded_error", "UNAVAILABLE"]),
    ];
    for stream in [false, true] {
        for (fault, statuses, kinds) in cases {
            let answers = all(&client, stream, fault).await;
            for ((answer, status), (kind, field)) in
                answers.iter().zip(statuses).zip(kinds.into_iter().zip(["type", "type", "status"]))
            {
                assert_eq!(answer.status, status, "{fault}: {}", answer.text);
                assert_eq!(answer.json()["error"][field], kind, "{fault}");
            }
        }
    }
}

#[tokio::test]
async fn a_rate_limit_says_how_long_to_wait_and_a_spent_quota_does_not() {
    let client = Client::start().await;
    let [openai, anthropic, google] = all(&client, false, "429=7").await;
    assert_eq!(
        (&openai.headers["retry-after"], &anthropic.headers["retry-after"]),
        (&"7".parse().unwrap(), &"7".parse().unwrap())
    );
    assert_eq!(openai.headers["x-ratelimit-reset-requests"], "7s");
    let details = google.json()["error"]["details"].clone();
    assert_eq!(details[2]["retryDelay"], "7s");
    assert!(details[0]["violations"][0]["quotaId"].as_str().unwrap().contains("PerMinute"));
    let [openai, _, google] = all(&client, false, "429-quota").await;
    assert!(!openai.headers.contains_key("retry-after"));
    let details = google.json()["error"]["details"].clone();
    assert!(details[0]["violations"][0]["quotaId"].as_str().unwrap().contains("PerDay"));
    assert_eq!(details.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_cut_breaks_the_connection_and_an_early_end_does_not() {
    let client = Client::start().await;
    for stream in [false, true] {
        for answer in all(&client, stream, "cut").await {
            assert!(answer.broken && answer.status == 200, "{answer:?}");
            assert!(!answer.text.is_empty());
        }
    }
    for answer in all(&client, true, "end-early").await {
        assert!(!answer.broken && answer.status == 200);
        let ends = ["[DONE]", "message_stop", "finishReason", "finish_reason\":\"stop"];
        assert!(ends.iter().all(|end| !answer.text.contains(end)), "{}", answer.text);
    }
}

#[tokio::test]
async fn malformed_empty_and_html_answers_are_no_json() {
    let client = Client::start().await;
    for answer in all(&client, false, "malformed").await {
        assert!(!answer.broken && serde_json::from_str::<Value>(&answer.text).is_err());
    }
    for answer in all(&client, true, "malformed").await {
        let broken = answer
            .events()
            .iter()
            .filter(|(_, data)| data.as_str().is_some_and(|data| data != "[DONE]"))
            .count();
        assert_eq!(broken, 1, "{}", answer.text);
    }
    for answer in all(&client, false, "empty").await {
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    }
    for (fault, status) in [("html", 502), ("html=200", 200)] {
        for answer in all(&client, true, fault).await {
            assert_eq!((answer.status, answer.text.starts_with("<html>")), (status, true));
        }
    }
}

#[tokio::test]
async fn an_answer_can_come_without_usage() {
    let client = Client::start().await;
    for stream in [false, true] {
        for answer in all(&client, stream, "no-usage").await {
            assert_eq!(answer.status, 200);
            assert!(
                !answer.text.contains("usage") && answer.text.contains("[simulated]"),
                "{}",
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn a_stream_can_fail_with_the_vendors_event() {
    let client = Client::start().await;
    let [openai, anthropic, google] = all(&client, true, "stream-error").await;
    let last = |answer: &Answer| answer.events().pop().unwrap();
    assert_eq!(last(&openai).1["error"]["type"], "server_error");
    assert_eq!(last(&anthropic).0.as_deref(), Some("error"));
    assert_eq!(last(&anthropic).1["error"]["type"], "overloaded_error");
    assert_eq!(last(&google).1["error"]["status"], "UNAVAILABLE");
    assert!(google.text.contains("\r\n\r\n{\"error\""), "sent as it is, without data:");
    assert!(
        [openai, anthropic, google].iter().all(|answer| answer.status == 200 && !answer.broken)
    );
    assert!(all(&client, false, "stream-error").await.iter().all(|answer| answer.status == 500));
}

#[tokio::test]
async fn a_model_can_decline() {
    let client = Client::start().await;
    let [openai, anthropic, google] = all(&client, false, "refusal").await;
    let message = openai.json()["choices"][0]["message"].clone();
    assert!(message["content"].is_null() && message["refusal"].is_string());
    let anthropic = anthropic.json();
    assert_eq!((&anthropic["stop_reason"], &anthropic["content"]), (&json!("refusal"), &json!([])));
    assert_eq!(google.json()["candidates"][0]["finishReason"], "SAFETY");
    let [_, _, google] = all(&client, false, "empty-candidates").await;
    assert!(google.json().get("candidates").is_none());
    assert_eq!(google.json()["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
}

#[tokio::test]
async fn a_timeout_never_answers_and_does_not_hold_the_stop() {
    let client = Client::start().await;
    let (_, path, body) = requests(false)[0].clone();
    let request = client
        .request(Method::POST, path)
        .body(body.to_string())
        .header("x-orkestra-fault", "timeout");
    let error = request.timeout(Duration::from_millis(100)).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    client.simulator.stop().await;
}

#[tokio::test]
async fn the_script_strikes_in_order_whom_it_is_meant_for() {
    let client = Client::start().await;
    client.simulator.push_fault(Fault::new(FaultKind::Overloaded).for_provider("anthropic"));
    client.simulator.push_fault(Fault::new(FaultKind::ServerError).for_model("gpt-4o").times(2));
    let [openai, anthropic, google] = requests(false);
    let status =
        async |request: &(&str, &str, Value)| client.post(request.1, &request.2).await.status;
    assert_eq!(status(&google).await, 200);
    assert_eq!(
        [status(&openai).await, status(&openai).await, status(&openai).await],
        [500, 500, 200]
    );
    assert_eq!([status(&anthropic).await, status(&anthropic).await], [529, 200]);
}

#[tokio::test]
async fn a_prompt_can_ask_for_a_fault_and_a_wrong_name_is_explained() {
    let client = Client::start().await;
    let body =
        |text: &str| json!({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]});
    let answer = client.post("/openai/v1/chat/completions", &body("Hi [[fault: 503]]")).await;
    assert_eq!(answer.status, 503);
    let answer = client.post("/openai/v1/chat/completions", &body("Hi [[fault: 999]]")).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.message().contains("unknown fault \"999\"")
            && answer.message().contains("429-quota")
    );
}

#[tokio::test]
async fn every_listed_fault_is_read_back_and_shown_on_the_page() {
    let client = Client::start().await;
    let page = send(client.request(Method::GET, "/")).await;
    assert!(page.text.contains("answer\nis simulated"), "{}", page.text);
    for fault in FAULTS {
        assert!(fault.name.parse::<FaultKind>().is_ok(), "{}", fault.name);
        assert_eq!(
            format!("{}=300", fault.name).parse::<FaultKind>().is_ok(),
            !fault.value.is_empty(),
            "{}",
            fault.name
        );
        assert!(page.text.contains(fault.description), "{}", fault.name);
    }
    assert!("html=99".parse::<FaultKind>().is_err());
    assert!("429=soon".parse::<FaultKind>().is_err());
}
