//! What callers ask.

use orkestra::ErrorKind;
use orkestra::chat::{CacheHint, Effort, Format, Thinking, ThinkingMode, Tool, ToolChoice};

use super::*;

/// What Claude Code sends, as captured from 2.1.330 and shortened; source: wire.md C.2.
fn claude_code() -> Value {
    json!({
        "model": "claude-orkestra-auto",
        "max_tokens": 32000,
        "tools": [
            {"name": "Bash", "description": "Runs a command", "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}, "eager_input_streaming": true},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
            {"name": "Read", "input_schema": {"type": "object", "properties": {}}, "strict": true, "defer_loading": true},
        ],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true, "new_field": 1},
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=cli"},
            {"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral", "scope": "global"}},
            {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "<system-reminder>date</system-reminder>"}, {"type": "text", "text": "list files"}]},
            {"role": "system", "content": "Environment: linux"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "", "signature": "EqQBCgIYAhIM+/=="},
                {"type": "redacted_thinking", "data": "EmwKAhgB"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "toolu_01", "name": "Bash", "input": {"z": 1, "command": "ls", "a": [1.5, null]}},
                {"type": "tool_use", "id": "toolu_02", "name": "Read", "input": {}, "caller": {"type": "code_execution_20250825", "tool_id": "srvtoolu_1"}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_01", "content": "a.txt"},
                {"type": "tool_result", "tool_use_id": "toolu_02", "content": [
                    {"type": "text", "text": "broken"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                    {"type": "tool_reference", "tool_name": "Read"},
                ], "is_error": true, "cache_control": {"type": "ephemeral", "ttl": "5m"}},
                {"type": "text", "text": "go on"},
            ]},
            {"role": "assistant", "content": [
                {"type": "server_tool_use", "id": "srvtoolu_2", "name": "web_search", "input": {"query": "x"}},
                {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_2", "content": []},
                {"type": "text", "text": "found", "citations": [{"type": "char_location", "cited_text": "x"}]},
            ]},
            {"role": "user", "content": [
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                {"type": "image", "source": {"type": "file", "file_id": "file_1"}, "transformations": {}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}, "title": "paper", "citations": {"enabled": true}},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "café 🎻"}},
                {"type": "document", "source": {"type": "content", "content": "inline"}},
                {"type": "search_result", "source": "https://example.com", "title": "t", "content": []},
                {"type": "text", "text": "and these?"},
            ]},
        ],
        "stop_sequences": ["END"],
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "thinking": {"type": "adaptive", "display": "omitted", "block_binding": {"prefix_mismatch_behavior": "drop_block"}},
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {"type": "object"}}, "task_budget": {"type": "tokens", "total": 9}},
        "metadata": {"user_id": "user_1_account", "label": "x"},
        "cache_control": {"type": "ephemeral"},
        "stream": true,
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "service_tier": "auto",
        "container": {"id": "c_1"},
    })
}

#[test]
fn what_an_anthropic_client_sends_reaches_anthropic_unchanged() {
    let headers = [
        ("anthropic-beta", "claude-code-20250219,effort-2025-11-24"),
        ("anthropic-version", "2023-06-01"),
        ("anthropic-workspace-id", "wrkspc_1"),
        ("x-app", "cli"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let Asked { request, stream, stream_usage, stream_array } =
        asked(&claude_code(), &headers).unwrap();
    assert!(stream && stream_usage && !stream_array);
    request.validate().unwrap();
    let encoded = Anthropic.encode(&request, model(), stream);
    let mut expected = claude_code();
    expected["model"] = "claude-haiku-4-5".into();
    assert_eq!(encoded.body, expected);
    assert_eq!(encoded.warnings, Vec::<String>::new());
    assert_eq!(encoded.path, "/v1/messages");
    let sent: Vec<&str> = encoded.headers.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(sent, ["2023-06-01", "claude-code-20250219,effort-2025-11-24"]);
}

#[test]
fn what_an_anthropic_client_sends_is_understood() {
    let request = read(&claude_code());
    assert_eq!(request.model.as_deref(), Some("claude-orkestra-auto"));
    assert_eq!(request.max_tokens, Some(32000));
    assert_eq!(request.user.as_deref(), Some("user_1_account"));
    assert_eq!(
        (request.tool_choice, request.parallel_tool_calls),
        (Some(ToolChoice::Auto), Some(false))
    );
    let thinking = Thinking {
        mode: Some(ThinkingMode::Adaptive),
        effort: Some(Effort::High),
        budget: None,
        shown: Some(false),
    };
    assert_eq!(request.thinking, thinking);
    assert!(matches!(request.format, Some(Format::Schema { name: None, .. })));
    assert_eq!(request.cache, Some(CacheHint::Default));
    let extra: Vec<&str> = request.extra.keys().map(String::as_str).collect();
    let expected = [
        "context_management",
        "service_tier",
        "container",
        "tool_choice",
        "thinking",
        "output_config",
    ];
    assert_eq!(extra, expected);
    let roles: Vec<Role> = request.messages.iter().map(|message| message.role).collect();
    use Role::{Assistant, System, User};
    assert_eq!(roles, [System, User, System, Assistant, User, Assistant, User]);
    let system = &request.messages[0].content;
    assert!(matches!(&system[0].content, Content::Other(block) if block["type"] == "text"));
    assert_eq!(system[2].cache, Some(CacheHint::OneHour));
    let Content::ToolCall(first) = &request.messages[3].content[3].content else { panic!() };
    assert_eq!(first.arguments, r#"{"z":1,"command":"ls","a":[1.5,null]}"#);
    let Content::ToolResult(second) = &request.messages[4].content[1].content else { panic!() };
    assert!(second.is_error && second.content.len() == 3);
    assert!(matches!(&request.tools[1], Tool::Other(tool) if tool["max_uses"] == 8));
}

#[test]
fn what_only_anthropic_knows_is_left_out_for_others_and_from_others() {
    let mut request = read(&claude_code());
    request.dialect = Some(DialectName::Gemini);
    let Value::Object(body) = body_of(&request) else { panic!() };
    let expected = [
        "model",
        "max_tokens",
        "tools",
        "tool_choice",
        "system",
        "messages",
        "stop_sequences",
        "temperature",
        "top_p",
        "top_k",
        "thinking",
        "output_config",
        "metadata",
        "cache_control",
    ];
    assert_eq!(body.keys().collect::<Vec<_>>(), expected);
    let text = Value::from(body).to_string();
    let foreign = [
        "billing",
        "web_search",
        "eager",
        "defer_loading",
        "new_field",
        "block_binding",
        "scope",
        "task_budget",
        "label",
        "citations",
        "search_result",
        "file_1",
        "code_execution",
    ];
    for word in foreign {
        assert!(!text.contains(word), "{word} in {text}");
    }
    let warnings = warnings_of(&request).join("\n");
    for word in ["service_tier", "web_search_20250305", "search_result", "uploaded", "metadata"] {
        assert!(warnings.contains(word), "{word} not in {warnings}");
    }
}

#[test]
fn wrong_bodies_are_refused_with_the_place_the_value_and_what_was_expected() {
    let with = |field: &str, value: Value| {
        let mut body =
            json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]});
        body[field] = value;
        body
    };
    let cases = [
        (json!([]), "the body is []"),
        (json!({"model": "m"}), "messages is missing"),
        (with("messages", json!({})), "messages is {}; expected a list"),
        (
            with("messages", json!([{"role": "tool", "content": "x"}])),
            "messages[0].role is \"tool\"",
        ),
        (with("messages", json!([{"role": "user"}])), "messages[0].content is missing"),
        (with("messages", json!([{"role": "user", "content": 5}])), "messages[0].content is 5"),
        (
            with("messages", json!([{"role": "user", "content": [{"text": "x"}]}])),
            "messages[0].content[0].type is missing",
        ),
        (
            with("messages", json!([{"role": "user", "content": [{"type": "text"}]}])),
            "messages[0].content[0].text is missing",
        ),
        (
            with("messages", json!([{"role": "user", "content": [{"type": "image"}]}])),
            "messages[0].content[0].source is missing",
        ),
        (
            with(
                "messages",
                json!([{"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": "{}"}]}]),
            ),
            "messages[0].content[0].input is \"{}\"; expected an object",
        ),
        (
            with("messages", json!([{"role": "user", "content": [{"type": "tool_result"}]}])),
            "messages[0].content[0].tool_use_id is missing",
        ),
        (with("max_tokens", json!(-1)), "max_tokens is -1"),
        (with("temperature", json!("hot")), "temperature is \"hot\"; expected a number"),
        (with("system", json!(3)), "system is 3"),
        (with("system", json!([{"type": "text", "text": 1}])), "system[0].text is 1"),
        (with("tools", json!([{"input_schema": {}}])), "tools[0].name is missing"),
        (with("tools", json!([3])), "tools[0] is 3"),
        (with("tool_choice", json!("auto")), "tool_choice is \"auto\"; expected an object"),
        (with("tool_choice", json!({})), "tool_choice.type is missing"),
        (with("tool_choice", json!({"type": "tool"})), "tool_choice.name is missing"),
        (with("thinking", json!({"type": "enabled"})), "thinking.budget_tokens is missing"),
        (with("thinking", json!({"type": 1})), "thinking.type is 1"),
        (with("stop_sequences", json!([1])), "stop_sequences[0] is 1"),
        (with("stream", json!("yes")), "stream is \"yes\"; expected true or false"),
    ];
    for (body, expected) in cases {
        let error = asked(&body, &[]).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidRequest, "{body}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let call = Call { path: "", query: "", headers: &[], body: b"{" };
    assert!(Anthropic.read_request(&call).unwrap_err().to_string().contains("not JSON"));
}
