//! The providers of OpenAI's API, each with its habits.

use orkestra_simulator::{Fault, FaultKind, PROVIDERS};
use serde_json::{Value, json};

use crate::client::Client;

fn path(name: &str) -> String {
    format!("/openai-compatible/{name}/v1/chat/completions")
}

fn model(name: &str) -> &'static str {
    match name {
        "groq" | "openrouter" | "together" | "vllm" => "openai/gpt-oss-120b",
        "deepseek" => "deepseek-v4-flash",
        "mistral" => "mistral-small-latest",
        "xai" => "grok-4.3",
        _ => "llama3.2",
    }
}

fn chat(name: &str) -> Value {
    json!({"model": model(name), "messages": [{"role": "user", "content": "Hi [[reply: one two]]"}]})
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

fn with_tool(name: &str) -> Value {
    let tool = json!({"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}});
    with(chat(name), "tools", json!([tool]))
}

#[tokio::test]
async fn all_of_them_answer_whole_and_streamed() {
    let client = Client::start().await;
    for name in &PROVIDERS[3..] {
        assert!(
            client.simulator.base_url(name).ends_with(&format!("/openai-compatible/{name}/v1"))
        );
        let json = client.post(&path(name), &chat(name)).await.json();
        assert_eq!(
            json["choices"][0]["message"]["content"], "[simulated] one two",
            "{name}: {json}"
        );
        let body = with(
            with(chat(name), "stream", json!(true)),
            "stream_options",
            json!({"include_usage": true}),
        );
        let answer = client.post(&path(name), &body).await;
        assert!(answer.text.ends_with("data: [DONE]\n\n"), "{name}");
        assert_eq!(answer.text.starts_with(": OPENROUTER PROCESSING\n\n"), *name == "openrouter");
        let usages = answer.events().iter().filter(|(_, event)| event["usage"].is_object()).count();
        assert_eq!(usages, 1, "{name}: {}", answer.text);
        let models = client.get(&format!("/openai-compatible/{name}/v1/models")).await.json();
        assert!(!models["data"].as_array().unwrap().is_empty());
    }
    assert_eq!(client.get("/openai-compatible/acme/v1/models").await.status, 404);
    // One of them leaves the version out.
    assert_eq!(
        client.post("/openai-compatible/deepseek/chat/completions", &chat("deepseek")).await.status,
        200
    );
}

#[tokio::test]
async fn each_refuses_what_it_refuses_in_its_own_form() {
    let client = Client::start().await;
    let named = |name: &str| {
        with(chat(name), "messages", json!([{"role": "user", "content": "Hi", "name": "Ann"}]))
    };
    let strict = |name: &str| {
        let mut body = with_tool(name);
        body["tools"][0]["function"]["strict"] = json!(true);
        body
    };
    let empty = with(
        chat("mistral"),
        "messages",
        json!([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": ""}]),
    );
    let cases = [
        ("groq", named("groq"), 400, "'messages[0].name' is not supported."),
        ("groq", with(chat("groq"), "logprobs", json!(true)), 400, "'logprobs' is not supported."),
        ("groq", with(chat("groq"), "n", json!(2)), 400, "Expected a value <= 1"),
        (
            "mistral",
            with(with_tool("mistral"), "tool_choice", json!("required")),
            400,
            "Invalid value: 'required'",
        ),
        (
            "mistral",
            with(
                with_tool("mistral"),
                "tool_choice",
                json!({"type": "function", "function": {"name": "look"}}),
            ),
            400,
            "use 'any'",
        ),
        ("mistral", with(chat("mistral"), "seed", json!(1)), 422, "Extra inputs are not permitted"),
        (
            "mistral",
            with(chat("mistral"), "max_completion_tokens", json!(1)),
            422,
            "\"max_completion_tokens\"",
        ),
        ("mistral", strict("mistral"), 422, "\"strict\""),
        ("mistral", empty, 400, "Assistant message must have either content or tool_calls"),
        ("xai", named("xai"), 400, "'messages[0].name' is not supported."),
        (
            "xai",
            with(chat("xai"), "stop", json!("x")),
            400,
            "Argument not supported on this model: stop",
        ),
        (
            "xai",
            with(chat("xai"), "presence_penalty", json!(1)),
            400,
            "Argument not supported on this model: presence_penalty",
        ),
        ("openrouter", with(chat("openrouter"), "temperature", json!(3)), 400, "\"code\":400"),
        (
            "together",
            with(
                chat("together"),
                "messages",
                json!([{"role": "user", "content": "word ".repeat(700_000)}]),
            ),
            403,
            "maximum context length",
        ),
    ];
    for (name, body, status, text) in cases {
        let answer = client.post(&path(name), &body).await;
        assert_eq!(answer.status, status, "{name} {text}: {}", answer.text);
        assert!(answer.text.contains(text), "{name} {text}: {}", answer.text);
    }
    let xai = client.post(&path("xai"), &with(chat("xai"), "stop", json!("x"))).await.json();
    assert!(xai["error"].is_string() && xai["code"].is_string());
    assert_eq!(
        client.post(&path("mistral"), &with(chat("mistral"), "random_seed", json!(1))).await.status,
        200
    );
    let any = with(with_tool("mistral"), "tool_choice", json!("any"));
    assert_eq!(
        client.post(&path("mistral"), &any).await.json()["choices"][0]["finish_reason"],
        "tool_calls"
    );
}

#[tokio::test]
async fn deepseek_wants_its_reasoning_back_in_a_loop() {
    let client = Client::start().await;
    let mut body = with_tool("deepseek");
    body["messages"] = json!([{"role": "user", "content": "[[call: look]]"}]);
    let message =
        client.post(&path("deepseek"), &body).await.json()["choices"][0]["message"].clone();
    assert!(!message["reasoning_content"].as_str().unwrap().is_empty());
    let send = async |reasoning: bool, thinking: &str| {
        let mut assistant = message.clone();
        if !reasoning {
            assistant.as_object_mut().unwrap().remove("reasoning_content");
        }
        let result =
            json!({"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "1"});
        let turns = json!([body["messages"][0], assistant, result]);
        let body = with(body.clone(), "messages", turns);
        client.post(&path("deepseek"), &with(body, "thinking", json!({"type": thinking}))).await
    };
    assert_eq!(send(true, "enabled").await.status, 200);
    assert_eq!(send(false, "disabled").await.status, 200);
    let answer = send(false, "enabled").await;
    assert!(
        answer.status == 400 && answer.message().contains("must be passed back to the API"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn small_habits() {
    let client = Client::start().await;
    let json = client.post(&path("together"), &chat("together")).await.json();
    assert!(json["choices"][0]["message"]["tool_calls"].is_null());
    assert!(json["choices"][0]["message"].as_object().unwrap().contains_key("tool_calls"));
    let long = with(
        chat("ollama"),
        "messages",
        json!([{"role": "user", "content": "word ".repeat(50_000)}]),
    );
    let json = client.post(&path("ollama"), &with(long, "model", json!("my-own:7b"))).await.json();
    assert_eq!(
        (&json["usage"]["prompt_tokens"], &json["model"]),
        (&json!(4096), &json!("my-own:7b"))
    );
    let json = client.post(&path("groq"), &chat("groq")).await.json();
    assert!(json["choices"][0]["message"]["reasoning"].is_string());
    let ignored = with(chat("vllm"), "guided_json", json!({}));
    assert_eq!(client.post(&path("vllm"), &ignored).await.status, 200);
}

#[tokio::test]
async fn faults_strike_them_by_their_names() {
    let client = Client::start().await;
    client.simulator.push_fault(Fault::new(FaultKind::PaymentRequired).for_provider("openrouter"));
    assert_eq!(client.post(&path("groq"), &chat("groq")).await.status, 200);
    let answer = client.post(&path("openrouter"), &chat("openrouter")).await;
    assert_eq!((answer.status, answer.json()["error"]["code"].clone()), (402, json!(402)));
    let body = with(chat("openrouter"), "stream", json!(true));
    let answer = client.post_with_fault(&path("openrouter"), &body, "stream-error").await;
    let last = answer.events().pop().unwrap().1;
    assert_eq!(
        (answer.status, &last["choices"][0]["finish_reason"], &last["error"]["code"]),
        (200, &json!("error"), &json!(502))
    );
}
