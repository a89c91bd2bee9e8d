//! Calls of functions in Google's form.

use serde_json::{Value, json};

use crate::client::Client;

const ASK: &str = r#"Look [[call: look {"at": "sky"}]] [[call: wait {}]]"#;

fn schema() -> Value {
    json!({"type": "object", "properties": {"at": {"type": "string"}, "rows": {"type": "array", "items": {"type": "integer"}}}})
}

fn contents(contents: Value) -> Value {
    let function = |name: &str| json!({"name": name, "parametersJsonSchema": schema()});
    json!({"contents": contents, "tools": [{"functionDeclarations": [function("look"), function("wait")]}]})
}

fn gemini(model: &str, verb: &str) -> String {
    format!("/google/v1beta/models/{model}:{verb}")
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn gemini_calls_are_whole_and_end_with_stop() {
    let client = Client::start().await;
    let ask = json!([{"role": "user", "parts": [{"text": ASK}]}]);
    let json = client
        .post(&gemini("gemini-3.8-flash", "generateContent"), &contents(ask.clone()))
        .await
        .json();
    let candidate = &json["candidates"][0];
    assert_eq!(candidate["finishReason"], "STOP");
    let parts = candidate["content"]["parts"].as_array().unwrap();
    assert_eq!(
        (&parts[0]["functionCall"]["name"], &parts[0]["functionCall"]["args"]),
        (&json!("look"), &json!({"at": "sky"}))
    );
    assert!(parts[0]["thoughtSignature"].is_string() && parts[1].get("thoughtSignature").is_none());
    assert!(parts.iter().all(|part| part["functionCall"]["id"].is_string()));
    let events = client
        .post(&gemini("gemini-3.8-flash", "streamGenerateContent?alt=sse"), &contents(ask.clone()))
        .await
        .events();
    let calls = events
        .iter()
        .filter(|(_, event)| event.pointer("/candidates/0/content/parts/0/functionCall").is_some());
    assert_eq!(calls.count(), 2);
    let old =
        client.post(&gemini("gemini-2.5-flash", "generateContent"), &contents(ask)).await.json();
    let part = &old["candidates"][0]["content"]["parts"][0];
    assert!(
        part["functionCall"].get("id").is_none() && part.get("thoughtSignature").is_none(),
        "{part}"
    );
}

/// Turns up to the answer of both calls; `change` spoils them.
fn gemini_turns(model_parts: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let response = |at: usize| {
        let call = &model_parts[at]["functionCall"];
        let mut response = json!({"name": call["name"], "response": {"output": "blue"}});
        if let Some(id) = call.get("id") {
            response["id"] = id.clone();
        }
        json!({"functionResponse": response})
    };
    let mut turns = json!([{"role": "user", "parts": [{"text": ASK}]}, {"role": "model", "parts": model_parts},
                           {"role": "user", "parts": [response(0), response(1)]}]);
    change(&mut turns);
    contents(turns)
}

#[tokio::test]
async fn gemini_wants_ids_and_signatures_back_or_neither() {
    let client = Client::start().await;
    for model in ["gemini-2.5-flash", "gemini-3.8-flash", "gemini-4-argon"] {
        let path = gemini(model, "generateContent");
        let ask = contents(json!([{"role": "user", "parts": [{"text": ASK}]}]));
        let parts =
            client.post(&path, &ask).await.json()["candidates"][0]["content"]["parts"].clone();
        let send = async |change: &dyn Fn(&mut Value)| {
            client.post(&path, &gemini_turns(&parts, |turns| change(turns))).await
        };
        let done = send(&|_| {}).await.json();
        let text = done["candidates"][0]["content"]["parts"][0]["text"].clone();
        assert_eq!(
            text, r#"[simulated] The tools say: "{"output":"blue"}", "{"output":"blue"}""#,
            "{done}"
        );
        let refused = async |change: &dyn Fn(&mut Value), message: &str| {
            let answer = send(change).await;
            assert_eq!(answer.status, 400, "{model} {message}: {}", answer.text);
            assert!(answer.message().contains(message), "{model} {message}: {}", answer.text);
        };
        refused(
            &|turns| drop(turns[2]["parts"].as_array_mut().unwrap().pop()),
            "number of function response parts is equal",
        )
        .await;
        refused(
            &|turns| drop(turns.as_array_mut().unwrap().remove(0)),
            "comes immediately after a user turn",
        )
        .await;
        refused(
            &|turns| turns[2]["parts"][0]["functionResponse"]["response"] = json!("blue"),
            "Invalid value at",
        )
        .await;
        if model == "gemini-2.5-flash" {
            refused(
                &|turns| turns[1]["parts"][0]["functionCall"]["id"] = json!("x"),
                "Unknown name \"id\" at 'contents[1].parts[0].function_call'",
            )
            .await;
            refused(
                &|turns| turns[2]["parts"][0]["functionResponse"]["name"] = json!("other"),
                "does not match functionCall.name",
            )
            .await;
            continue;
        }
        let unsigned = |turns: &mut Value| {
            drop(turns[1]["parts"][0].as_object_mut().unwrap().remove("thoughtSignature"))
        };
        refused(&unsigned, "Function call is missing a thought_signature in functionCall parts")
            .await;
        refused(
            &|turns| turns[1]["parts"][0]["thoughtSignature"] = json!("Zm9yZ2Vk"),
            "Corrupted thought signature.",
        )
        .await;
        refused(
            &|turns| turns[2]["parts"][0]["functionResponse"]["id"] = json!("x"),
            "functionResponse.id 'x' does not match functionCall.id",
        )
        .await;
        let placeholder = |turns: &mut Value| {
            turns[1]["parts"][0]["thoughtSignature"] =
                json!("c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=")
        };
        assert_eq!(send(&placeholder).await.status, 200);
        // Earlier turns are not checked.
        let earlier = |turns: &mut Value| {
            unsigned(turns);
            turns
                .as_array_mut()
                .unwrap()
                .push(json!({"role": "model", "parts": [{"text": "Blue."}]}));
            turns
                .as_array_mut()
                .unwrap()
                .push(json!({"role": "user", "parts": [{"text": "And now?"}]}));
        };
        assert_eq!(send(&earlier).await.status, 200);
    }
}

#[tokio::test]
async fn gemini_heeds_the_mode_and_refuses_broken_functions() {
    let client = Client::start().await;
    let path = gemini("gemini-3.8-flash", "generateContent");
    let body = |text: &str, config: Value| {
        let body = contents(json!([{"role": "user", "parts": [{"text": text}]}]));
        with(body, "toolConfig", json!({"functionCallingConfig": config}))
    };
    let names = async |text: &str, config: Value| {
        let json = client.post(&path, &body(text, config)).await.json();
        let parts = json["candidates"][0]["content"]["parts"].as_array().unwrap().clone();
        parts
            .iter()
            .filter_map(|part| part["functionCall"]["name"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(names("Hi", json!({"mode": "ANY"})).await, ["look"]);
    assert_eq!(
        names("Hi", json!({"mode": "ANY", "allowedFunctionNames": ["wait"]})).await,
        ["wait"]
    );
    assert_eq!(names(ASK, json!({"mode": "NONE"})).await, [""; 0]);
    let function = |function: Value| {
        let mut body = contents(json!([{"role": "user", "parts": [{"text": "Hi"}]}]));
        body["tools"] = json!([{"functionDeclarations": [function]}]);
        body
    };
    let of = |schema: Value| json!({"type": "object", "properties": {"a": schema}});
    let cases = [
        (
            body("Hi", json!({"mode": "AUTO", "allowedFunctionNames": ["look"]})),
            "may only be set when the mode is ANY",
        ),
        (function(json!({"name": "1st"})), "Invalid function name"),
        (
            function(json!({"name": "f", "parametersJsonSchema": of(json!({"type": "array"}))})),
            "properties[a].items: missing field",
        ),
        (
            function(
                json!({"name": "f", "parameters": of(json!({"type": "STRING", "enum": ["", "x"]}))}),
            ),
            "properties[a].enum[0]: cannot be empty",
        ),
        (
            function(
                json!({"name": "f", "parameters": {"type": "object", "additionalProperties": false}}),
            ),
            "Unknown name \"additionalProperties\" at",
        ),
        (
            function(json!({"name": "f", "parameters": {}, "parametersJsonSchema": {}})),
            "Only one of",
        ),
    ];
    for (body, message) in cases {
        let answer = client.post(&path, &body).await;
        assert_eq!(answer.status, 400, "{message}: {}", answer.text);
        assert!(answer.message().contains(message), "{message}: {}", answer.text);
    }
}
