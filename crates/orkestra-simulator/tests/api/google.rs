use serde_json::{Value, json};

use crate::client::{Client, send};

fn path(model: &str, verb: &str) -> String {
    format!("/google/v1beta/models/{model}:{verb}")
}

fn content(prompt: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}]})
}

fn with_config(prompt: &str, config: Value) -> Value {
    let mut body = content(prompt);
    body["generationConfig"] = config;
    body
}

#[tokio::test]
async fn thoughts_count_beside_candidates() {
    let client = Client::start().await;
    let json = client
        .post(
            &path("gemini-3-flash-preview", "generateContent"),
            &content("Explain how tides work"),
        )
        .await
        .json();
    let usage = &json["usageMetadata"];
    let count = |name: &str| usage[name].as_u64().unwrap();
    assert_eq!(
        count("totalTokenCount"),
        count("promptTokenCount") + count("candidatesTokenCount") + count("thoughtsTokenCount")
    );
    let candidate = &json["candidates"][0];
    assert_eq!(
        (&candidate["finishReason"], &candidate["content"]["role"]),
        (&json!("STOP"), &json!("model"))
    );
    assert!(candidate["content"]["parts"][0]["text"].as_str().unwrap().starts_with("[simulated] "));

    let lite =
        client.post(&path("gemini-2.5-flash-lite", "generateContent"), &content("Hi")).await.json();
    assert!(lite["usageMetadata"].get("thoughtsTokenCount").is_none());
}

#[tokio::test]
async fn both_forms_of_a_stream_say_the_same() {
    let client = Client::start().await;
    let body = content("Explain how tides work, please");
    let events =
        client.post(&path("gemini-3.8-flash", "streamGenerateContent?alt=sse"), &body).await;
    assert!(events.headers["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let events: Vec<Value> = events.events().into_iter().map(|(_, event)| event).collect();
    let array = client.post(&path("gemini-3.8-flash", "streamGenerateContent"), &body).await.json();
    assert_eq!(array.as_array().unwrap().len(), events.len());
    assert!(events.len() > 2);
    assert!(
        events.iter().all(|event| event["usageMetadata"]["promptTokenCount"].as_u64().unwrap() > 0)
    );
    let (last, before) = events.split_last().unwrap();
    assert!(before.iter().all(|event| event["candidates"][0].get("finishReason").is_none()));
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    let text = |chunks: &[Value]| -> String {
        chunks
            .iter()
            .filter_map(|chunk| chunk["candidates"][0]["content"]["parts"][0]["text"].as_str())
            .collect()
    };
    let whole = client.post(&path("gemini-3.8-flash", "generateContent"), &body).await.json();
    assert_eq!(
        text(&events),
        whole["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap()
    );
    assert_eq!(last["usageMetadata"], whole["usageMetadata"]);
}

#[tokio::test]
async fn running_out_of_tokens_while_thinking_leaves_a_content_without_parts() {
    let client = Client::start().await;
    let body = with_config("Explain how tides work", json!({"maxOutputTokens": 5}));
    let json = client.post(&path("gemini-3.1-pro-preview", "generateContent"), &body).await.json();
    let candidate = &json["candidates"][0];
    assert_eq!(
        (&candidate["finishReason"], &candidate["content"]),
        (&json!("MAX_TOKENS"), &json!({"role": "model"}))
    );
    assert_eq!(json["usageMetadata"]["thoughtsTokenCount"], 5);
}

#[tokio::test]
async fn snake_case_is_read_as_well() {
    let client = Client::start().await;
    let body = json!({"contents": [{"parts": [{"text": "Hi"}]}], "generation_config": {"max_output_tokens": 3}});
    let json = client.post(&path("gemini-2.5-flash-lite", "generateContent"), &body).await.json();
    assert_eq!(json["usageMetadata"]["candidatesTokenCount"], 3);
    assert_eq!(json["candidates"][0]["finishReason"], "MAX_TOKENS");
}

#[tokio::test]
async fn what_the_api_refuses_is_refused_in_its_words() {
    let client = Client::start().await;
    let old = "gemini-2.5-flash-lite";
    let cases = [
        (old, json!({"foo": 1}), "Unknown name \"foo\" at 'generation_config': Cannot find field."),
        (
            old,
            json!({"temperature": "hot"}),
            "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), \"hot\"",
        ),
        (old, json!({"temperature": 3}), "temperature must be in the range [0.0, 2.0]"),
        (old, json!({"maxOutputTokens": 0}), "from 1 (inclusive) to 65537 (exclusive)"),
        (old, json!({"maxOutputTokens": 65_537}), "maxOutputTokens value of 65537"),
        (
            old,
            json!({"thinkingConfig": {"thinkingBudget": 100}}),
            "The thinking budget 100 is invalid",
        ),
        (
            old,
            json!({"thinkingConfig": {"thinkingLevel": "LOW"}}),
            "Thinking level is not supported",
        ),
        (
            "gemini-3-flash-preview",
            json!({"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 100}}),
            "You can only set one of thinking budget and thinking level.",
        ),
        (
            "gemini-2.5-pro",
            json!({"thinkingConfig": {"thinkingBudget": 0}}),
            "only works in thinking mode",
        ),
        (
            "gemini-3.8-flash",
            json!({"thinkingConfig": {"thinkingLevel": "MINIMAL"}}),
            "level MINIMAL is not supported",
        ),
        (
            "gemini-3-flash-preview",
            json!({"presencePenalty": 1}),
            "Penalty is not enabled for this model",
        ),
        (
            "gemini-4-argon",
            json!({"thinkingConfig": {"thinkingBudget": 1000}}),
            "budget is not supported",
        ),
        (
            "gemini-4-neon",
            json!({"candidateCount": 2}),
            "candidate_count must be in the range [1, 1]",
        ),
    ];
    for (model, config, message) in cases {
        let answer =
            client.post(&path(model, "generateContent"), &with_config("Hi", config.clone())).await;
        assert_eq!(answer.status, 400, "{model} {config}: {}", answer.text);
        assert!(answer.message().contains(message), "{model} {config}: {}", answer.text);
        let error = &answer.json()["error"];
        assert_eq!((&error["code"], &error["status"]), (&json!(400), &json!("INVALID_ARGUMENT")));
    }
    let bodies = [
        (json!({"contents": [], "x": 1}), "Unknown name \"x\": Cannot find field."),
        (json!({}), "contents is not specified"),
        (
            json!({"contents": [{"role": "system", "parts": [{"text": "x"}]}]}),
            "valid role: user, model",
        ),
        (json!({"contents": [{"role": "user", "parts": []}]}), "parts must not be empty"),
        (json!({"contents": [{"role": "user", "parts": [{}]}]}), "required oneof field 'data'"),
        (
            json!({"contents": [{"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]}]}),
            "function response turn comes immediately after a function call turn",
        ),
    ];
    for (body, message) in bodies {
        let answer = client.post(&path(old, "generateContent"), &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        assert!(answer.message().contains(message), "{body}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_model_turn_may_be_last_only_before_gemini_4() {
    let client = Client::start().await;
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]},
                                   {"role": "model", "parts": [{"text": "He"}]}]});
    assert_eq!(client.post(&path("gemini-2.5-flash", "generateContent"), &body).await.status, 200);
    assert_eq!(client.post(&path("gemini-4-hydrogen", "generateContent"), &body).await.status, 400);
}

#[tokio::test]
async fn keys_and_models_are_checked() {
    let client = Client::start().await;
    let url = format!(
        "http://{}{}",
        client.simulator.address(),
        path("gemini-2.5-flash", "generateContent")
    );
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = send(plain.post(&url).body("{}")).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["status"].clone()),
        (403, json!("PERMISSION_DENIED"))
    );
    let answer = send(plain.post(format!("{url}?key=bad-key")).body("{}")).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["details"][0]["reason"], "API_KEY_INVALID");
    let answer = send(plain.post(format!("{url}?key=good")).body(content("Hi").to_string())).await;
    assert_eq!(answer.status, 200);
    let answer = client.post(&path("gemini-9", "generateContent"), &content("Hi")).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["status"].clone()),
        (404, json!("NOT_FOUND"))
    );
    // A client of the array form gets an array.
    let answer = client.post(&path("gemini-9", "streamGenerateContent"), &content("Hi")).await;
    assert_eq!(answer.json()[0]["error"]["code"], 404);
}

#[tokio::test]
async fn tokens_are_counted_in_both_forms() {
    let client = Client::start().await;
    let body = content("Hello there");
    let count = path("gemini-3.8-flash", "countTokens");
    let short = client.post(&count, &body).await.json()["totalTokens"].clone();
    let billed = client.post(&path("gemini-3.8-flash", "generateContent"), &body).await.json();
    assert_eq!(billed["usageMetadata"]["promptTokenCount"], short);
    let mut request = body.clone();
    request["systemInstruction"] = json!({"parts": [{"text": "Be brief"}]});
    let long = client.post(&count, &json!({"generateContentRequest": request})).await.json()["totalTokens"].clone();
    assert!(long.as_u64() > short.as_u64());
}

#[tokio::test]
async fn models_are_listed_in_pages() {
    let client = Client::start().await;
    let first = client.get("/google/v1beta/models?pageSize=3").await.json();
    assert_eq!(first["models"].as_array().unwrap().len(), 3);
    let token = first["nextPageToken"].as_str().unwrap();
    let rest =
        client.get(&format!("/google/v1beta/models?pageSize=1000&pageToken={token}")).await.json();
    assert!(rest.get("nextPageToken").is_none());
    assert!(
        rest["models"]
            .as_array()
            .unwrap()
            .iter()
            .any(|model| model["name"] == "models/gemini-4-neon")
    );
}
