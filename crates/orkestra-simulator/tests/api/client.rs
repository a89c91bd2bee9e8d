//! A client that sends what each vendor wants sent along.

use orkestra_simulator::Simulator;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

pub(crate) struct Client {
    pub(crate) simulator: Simulator,
    http: reqwest::Client,
}

/// What came back: `text` is what arrived, `broken` whether the connection broke meanwhile.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) broken: bool,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The error's message, wherever this vendor puts it.
    #[track_caller]
    pub(crate) fn message(&self) -> String {
        let json = self.json();
        let error = json.get(0).unwrap_or(&json)["error"].clone();
        error["message"].as_str().unwrap_or_else(|| panic!("no message: {json}")).to_owned()
    }

    /// Names and data of the events; data that is no JSON is a string.
    pub(crate) fn events(&self) -> Vec<(Option<String>, Value)> {
        let blocks = self.text.replace("\r\n", "\n");
        let event = |block: &str| {
            let field = |name: &str| {
                block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
            };
            let data = field("data: ").unwrap_or_else(|| block.to_owned());
            (field("event: "), serde_json::from_str(&data).unwrap_or(Value::String(data)))
        };
        blocks.split("\n\n").filter(|block| !block.is_empty()).map(event).collect()
    }
}

impl Client {
    pub(crate) async fn start() -> Self {
        Self::of(Simulator::start_on_loopback().await.unwrap())
    }

    pub(crate) fn of(simulator: Simulator) -> Self {
        Self { simulator, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request =
            self.http.request(method, format!("http://{}{path}", self.simulator.address()));
        match path.split('/').nth(1) {
            Some("openai" | "openai-compatible") => {
                request.header("authorization", "Bearer sk-test")
            }
            Some("anthropic") => {
                request.header("x-api-key", "sk-test").header("anthropic-version", "2023-06-01")
            }
            Some("google") => request.header("x-goog-api-key", "sk-test"),
            _ => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, body.to_string()).await
    }

    pub(crate) async fn post_text(&self, path: &str, body: String) -> Answer {
        send(self.request(Method::POST, path).body(body)).await
    }

    pub(crate) async fn post_with_fault(&self, path: &str, body: &Value, fault: &str) -> Answer {
        send(
            self.request(Method::POST, path)
                .body(body.to_string())
                .header("x-orkestra-fault", fault),
        )
        .await
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let mut response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut bytes = Vec::new();
    let broken = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    Answer { status, headers, text: String::from_utf8(bytes).unwrap(), broken }
}

const GOOGLE: &str = "/google/v1beta/models/gemini-3.8-flash:generateContent";
const GOOGLE_STREAM: &str = "/google/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse";

/// A path and a body per vendor.
pub(crate) fn requests(stream: bool) -> [(&'static str, &'static str, Value); 3] {
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

/// What each vendor answers with `fault`.
pub(crate) async fn all(client: &Client, stream: bool, fault: &str) -> [Answer; 3] {
    let [a, b, c] = requests(stream);
    [
        client.post_with_fault(a.1, &a.2, fault).await,
        client.post_with_fault(b.1, &b.2, fault).await,
        client.post_with_fault(c.1, &c.2, fault).await,
    ]
}
