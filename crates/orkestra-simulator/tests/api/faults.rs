use std::time::Duration;

use orkestra_simulator::{FAULTS, Fault, FaultKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Client, all, requests, send};

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

#[tokio::test]
async fn a_fault_can_strike_every_so_often() {
    let client = Client::start().await;
    let fault = json!({"fault": "503", "provider": "openai", "times": 2, "every": 3});
    client.post("/faults", &fault).await;
    let [openai, ..] = requests(false);
    let mut statuses = Vec::new();
    for _ in 0..9 {
        statuses.push(client.post(openai.1, &openai.2).await.status);
    }
    assert_eq!(statuses, [200, 200, 503, 200, 200, 503, 200, 200, 200]);
}

#[tokio::test]
async fn a_connection_can_be_reset_before_the_first_byte() {
    let client = Client::start().await;
    for stream in [false, true] {
        for (_, path, body) in requests(stream) {
            let request = client.request(Method::POST, path).body(body.to_string());
            let error =
                request.header("x-orkestra-fault", "connect-reset").send().await.unwrap_err();
            assert!(!error.is_timeout() && !error.is_status(), "{error:?}");
            assert_eq!(client.post(path, &body).await.status, 200);
        }
    }
    let first = client.simulator.requests()[0].answer.clone().unwrap();
    assert_eq!((first.status, first.usage), (0, orkestra_simulator::Usage::default()));
}

#[tokio::test]
async fn an_answer_can_stall_and_the_first_byte_be_slow() {
    let client = Client::start().await;
    for stream in [false, true] {
        for (_, path, body) in requests(stream) {
            let request = client.request(Method::POST, path).body(body.to_string());
            let request =
                request.header("x-orkestra-fault", "stall").timeout(Duration::from_millis(300));
            let mut response = request.send().await.unwrap();
            let error = loop {
                match response.chunk().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("{path} ended"),
                    Err(error) => break error,
                }
            };
            assert!(error.is_timeout(), "{error}");
            let begun = std::time::Instant::now();
            client.post_with_fault(path, &body, "slow-first=30").await;
            assert!(begun.elapsed() >= Duration::from_millis(30));
        }
    }
    client.simulator.stop().await;
}
