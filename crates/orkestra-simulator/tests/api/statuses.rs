//! Faults that are a status.

use serde_json::json;

use crate::client::{Client, all};

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
async fn rarer_statuses_have_their_forms_as_well() {
    let client = Client::start().await;
    let cases = [
        ("402", 402, ["insufficient_quota", "billing_error", "FAILED_PRECONDITION"]),
        ("403-context", 403, ["invalid_request_error", "permission_error", "PERMISSION_DENIED"]),
        ("408", 408, ["timeout", "timeout_error", "DEADLINE_EXCEEDED"]),
        ("409", 409, ["conflict_error", "conflict_error", "ABORTED"]),
        ("502", 502, ["server_error", "api_error", "UNAVAILABLE"]),
        ("504", 504, ["server_error", "timeout_error", "DEADLINE_EXCEEDED"]),
        ("500-should-not-retry", 500, ["server_error", "api_error", "INTERNAL"]),
    ];
    for (fault, status, kinds) in cases {
        for (answer, (kind, field)) in all(&client, true, fault)
            .await
            .iter()
            .zip(kinds.into_iter().zip(["type", "type", "status"]))
        {
            assert_eq!(
                (answer.status, &answer.json()["error"][field]),
                (status, &json!(kind)),
                "{fault}"
            );
        }
    }
    for (fault, status, value) in
        [("500-should-not-retry", 500, "false"), ("400-should-retry", 400, "true")]
    {
        for answer in all(&client, false, fault).await {
            assert_eq!(
                (answer.status, answer.headers["x-should-retry"].to_str().unwrap()),
                (status, value)
            );
        }
    }
}

#[tokio::test]
async fn every_way_to_say_when_to_come_back() {
    let client = Client::start().await;
    let [openai, anthropic, google] = all(&client, false, "429-ms=250").await;
    for answer in [&openai, &anthropic] {
        assert_eq!(
            (&answer.headers["retry-after-ms"], answer.headers.get("retry-after")),
            (&"250".parse().unwrap(), None)
        );
    }
    assert_eq!(google.json()["error"]["details"][2]["retryDelay"], "0.25s");
    let [openai, anthropic, _] = all(&client, false, "429-date=90").await;
    for answer in [&openai, &anthropic] {
        let date = answer.headers["retry-after"].to_str().unwrap();
        assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
    }
    let [openai, anthropic, google] = all(&client, false, "429-no-header").await;
    for answer in [&openai, &anthropic, &google] {
        assert!(answer.status == 429 && !answer.headers.contains_key("retry-after"), "{answer:?}");
        assert!(!answer.headers.contains_key("retry-after-ms"));
    }
    assert_eq!(google.json()["error"]["details"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn limits_that_no_waiting_mends_have_several_forms() {
    let client = Client::start().await;
    let [openai, anthropic, google] = all(&client, false, "429-spend-limit").await;
    assert_eq!(
        (openai.status, openai.json()["error"]["code"].clone()),
        (429, json!("organization_spend_limit_exceeded"))
    );
    assert!(
        anthropic.status == 400 && anthropic.message().contains("API usage limits"),
        "{}",
        anthropic.text
    );
    assert!(google.status == 429 && google.message().contains("limit: 0"), "{}", google.text);
    let [openai, anthropic, google] = all(&client, false, "400-context").await;
    assert_eq!(openai.json()["error"]["code"], "context_length_exceeded");
    assert!(anthropic.message().starts_with("prompt is too long"));
    assert!(google.message().contains("input token count"));
    assert_eq!([openai.status, anthropic.status, google.status], [400; 3]);
}
