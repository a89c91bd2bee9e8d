//! Images and documents.

use serde_json::{Value, json};

use crate::client::Client;

const CHAT: &str = "/openai/v1/chat/completions";
const RESPONSES: &str = "/openai/v1/responses";
const MESSAGES: &str = "/anthropic/v1/messages";
const GEMINI: &str = "/google/v1beta/models/gemini-3.8-flash:generateContent";
/// The first bytes of an image and of a document.
const PNG: &str = "iVBORw0KGgo=";
const PDF: &str = "JVBERi0xLjc=";

fn chat(model: &str, part: Value) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": [{"type": "text", "text": "What?"}, part]}]})
}

fn image_url(url: &str) -> Value {
    json!({"type": "image_url", "image_url": {"url": url}})
}

fn file(data: &str) -> Value {
    json!({"type": "file", "file": {"filename": "a.pdf", "file_data": data}})
}

fn responses(part: Value) -> Value {
    json!({"model": "gpt-4o", "input": [{"role": "user", "content": [{"type": "input_text", "text": "What?"}, part]}]})
}

fn messages(block: Value) -> Value {
    json!({"model": "claude-haiku-4-5", "max_tokens": 100, "messages": [{"role": "user", "content": [block, {"type": "text", "text": "What?"}]}]})
}

fn base64(what: &str, kind: &str, data: &str) -> Value {
    json!({"type": what, "source": {"type": "base64", "media_type": kind, "data": data}})
}

fn gemini(part: Value) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "What?"}, part]}]})
}

#[tokio::test]
async fn every_form_is_taken_and_weighed() {
    let client = Client::start().await;
    let data = |kind: &str, bytes: &str| format!("data:{kind};base64,{bytes}");
    let cases = [
        (CHAT, chat("gpt-4o", image_url("https://example.com/a.png"))),
        (CHAT, chat("gpt-4o", image_url(&data("image/png", PNG)))),
        (CHAT, chat("gpt-4o", file(&data("application/pdf", PDF)))),
        (RESPONSES, responses(json!({"type": "input_image", "image_url": data("image/png", PNG)}))),
        (
            RESPONSES,
            responses(
                json!({"type": "input_file", "filename": "a.pdf", "file_data": data("application/pdf", PDF)}),
            ),
        ),
        (MESSAGES, messages(base64("image", "image/png", PNG))),
        (
            MESSAGES,
            messages(
                json!({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}),
            ),
        ),
        (MESSAGES, messages(base64("document", "application/pdf", PDF))),
        (GEMINI, gemini(json!({"inlineData": {"mimeType": "image/png", "data": PNG}}))),
        (GEMINI, gemini(json!({"inline_data": {"mime_type": "application/pdf", "data": PDF}}))),
        (
            GEMINI,
            gemini(json!({"fileData": {"mimeType": "image/png", "fileUri": "gs://bucket/a.png"}})),
        ),
    ];
    for (path, body) in cases {
        let answer = client.post(path, &body).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
        let json = answer.json();
        let counts =
            ["/usage/prompt_tokens", "/usage/input_tokens", "/usageMetadata/promptTokenCount"];
        let count = counts.iter().find_map(|place| json.pointer(place)?.as_u64()).unwrap();
        assert!((1000..2000).contains(&count), "{body}: {count}");
    }
}

#[tokio::test]
async fn documents_of_text_weigh_what_they_say() {
    let client = Client::start().await;
    let block = json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Short."}});
    let json = client.post(MESSAGES, &messages(block)).await.json();
    assert!(json["usage"]["input_tokens"].as_u64().unwrap() < 50);
}

#[tokio::test]
async fn what_is_no_image_is_refused_in_each_vendors_words() {
    let client = Client::start().await;
    let jpeg = "/9j/4AAQSkZJRg==";
    let assistant = json!({"model": "gpt-4o", "messages": [{"role": "assistant", "content": [image_url("https://a.b/c")]}]});
    let tool = json!({"model": "gpt-4o", "messages": [{"role": "system", "content": [image_url("https://a.b/c")]}]});
    let cases = [
        (CHAT, chat("gpt-4o", image_url("c.png")), "Expected a valid URL"),
        (
            CHAT,
            chat("gpt-4o", image_url("data:image/bmp;base64,Zm8=")),
            "You uploaded an unsupported image",
        ),
        (CHAT, chat("gpt-4o", image_url("data:image/png;base64,***")), "Invalid base64 image_url."),
        (
            CHAT,
            chat("gpt-4o", json!({"type": "image_url", "image_url": "https://a.b/c"})),
            "expected an object, but got a string",
        ),
        (CHAT, chat("gpt-4o", json!({"type": "image", "source": {}})), "Invalid value: 'image'"),
        (CHAT, chat("gpt-4o", file(PDF)), "Expected a base64-encoded data URL"),
        (
            CHAT,
            chat("o3-mini", image_url("https://a.b/c")),
            "image_url is only supported by certain models",
        ),
        (CHAT, assistant, "Invalid value: 'image_url'"),
        (CHAT, tool, "Invalid value: 'image_url'"),
        (RESPONSES, responses(image_url("https://a.b/c")), "Invalid value: 'image_url'"),
        (
            RESPONSES,
            json!({"model": "gpt-4o", "input": [{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}]}),
            "Invalid value: 'input_text'",
        ),
        (
            MESSAGES,
            messages(base64("image", "image/tiff", PNG)),
            "media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
        ),
        (MESSAGES, messages(base64("image", "image/png", "***")), "invalid base64 data"),
        (
            MESSAGES,
            messages(base64("image", "image/png", jpeg)),
            "appears to be a image/jpeg image",
        ),
        (
            MESSAGES,
            messages(base64("document", "text/plain", PDF)),
            "media_type: Input should be 'application/pdf'",
        ),
        (
            MESSAGES,
            messages(json!({"type": "image", "source": {"type": "url", "url": "http://a.b/c"}})),
            "Only HTTPS URLs are supported",
        ),
        (MESSAGES, messages(image_url("https://a.b/c")), "Input tag 'image_url'"),
        (
            GEMINI,
            gemini(json!({"inlineData": {"mimeType": "image/bmp", "data": PNG}})),
            "Unsupported MIME type: image/bmp",
        ),
        (
            GEMINI,
            gemini(json!({"inlineData": {"mimeType": "image/png", "data": "***"}})),
            "Base64 decoding failed",
        ),
        (
            GEMINI,
            gemini(json!({"fileData": {"mimeType": "image/png", "fileUri": "https://a.b/c"}})),
            "Unsupported file URI",
        ),
        (
            GEMINI,
            json!({"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}]}]}),
            "it must have a text parameter",
        ),
    ];
    for (path, body, message) in cases {
        let answer = client.post(path, &body).await;
        assert_eq!(answer.status, 400, "{message}: {}", answer.text);
        assert!(answer.message().contains(message), "{message}: {}", answer.text);
    }
}

#[tokio::test]
async fn results_of_tools_can_hold_images_where_the_api_says_so() {
    let client = Client::start().await;
    let image = base64("image", "image/png", PNG);
    let body = json!({"model": "claude-haiku-4-5", "max_tokens": 100, "messages": [
        {"role": "user", "content": "Look"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "look", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [image]}]},
    ]});
    assert_eq!(client.post(MESSAGES, &body).await.status, 200);
    let body = json!({"model": "gpt-4o", "messages": [
        {"role": "user", "content": "Look"},
        {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": [image_url("https://a.b/c")]},
    ]});
    assert!(client.post(CHAT, &body).await.message().contains("Invalid value: 'image_url'"));
}
