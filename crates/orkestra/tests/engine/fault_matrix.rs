//! Every fault that the simulator knows, in every dialect, whole and streamed: each ends in the right answer or in the
//! right kind of error; none in a hang, a panic, a second charge, or a clean end of a cut stream.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use orkestra::{
    ErrorKind, Provider,
    chat::{Effort, Function, Request, Thinking},
    ledger::Outcome,
    provider::Timeouts,
};
use orkestra_simulator::{FAULTS, Fault, FaultKind, Simulator};

use crate::support::{Bench, KEY, easy};

/// No call may take longer than this and a second.
const DEADLINE: Duration = Duration::from_secs(6);
const TEXT: &str = "The sea is salty because rivers carry minerals into it.";

/// What may become of a fault that happens again and again.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// The right answer.
    Answer,
    /// An error of one of these kinds, by name.
    Error(&'static [&'static str]),
    /// Either.
    Either(&'static [&'static str]),
}

/// What each fault must come to, whole and streamed, when every call of every model meets it.
fn expected(fault: &str) -> (End, End) {
    use End::{Answer, Either, Error};
    let both = |end| (end, end);
    match fault {
        "429" | "429-ms" | "429-date" | "429-no-header" => both(Error(&["rate_limited"])),
        "429-quota" | "429-spend-limit" | "402" => both(Error(&["budget_spent"])),
        "400" | "400-should-retry" => both(Error(&["invalid_request"])),
        "400-context" | "403-context" | "413" => both(Error(&["too_long"])),
        "401" | "403" => both(Error(&["unauthenticated"])),
        "404" => both(Error(&["unknown_model"])),
        "408" | "504" => both(Error(&["timeout", "unavailable"])),
        "409"
        | "500"
        | "500-should-not-retry"
        | "502"
        | "503"
        | "529"
        | "connect-reset"
        | "html"
        | "empty" => both(Error(&["unavailable"])),
        "timeout" | "slow-first" | "stall" => both(Error(&["timeout"])),
        // As slow as this it is an answer, or a deadline.
        "slow" => both(Either(&["timeout"])),
        "cut" | "cut-tool" | "end-early" | "malformed" | "failed" => both(Error(&["unavailable"])),
        "stream-error" | "stream-error-early" | "bare-json-error" | "error-array" => {
            both(Error(&["unavailable", "rate_limited"]))
        }
        "refusal" | "empty-candidates" => both(Either(&["refused"])),
        "malformed-function-call" => both(Either(&["unavailable"])),
        // Odd, but an answer.
        _ => both(Answer),
    }
}

/// A fault that waits does so for longer than the deadlines here; others as their default.
fn kind(name: &str) -> FaultKind {
    let spelled = match name {
        "slow" => "slow=20",
        "slow-first" => "slow-first=5000",
        other => other,
    };
    spelled.parse().unwrap()
}

/// How each dialect is reached: a provider, and what of the request makes it be called so.
#[derive(Clone, Copy, Debug)]
enum Way {
    Chat,
    Responses,
    Anthropic,
    Gemini,
}

const WAYS: [Way; 4] = [Way::Chat, Way::Responses, Way::Anthropic, Way::Gemini];

impl Way {
    fn provider(self) -> &'static str {
        match self {
            Self::Chat | Self::Responses => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "google",
        }
    }

    fn request(self) -> Request {
        let request = Request::from(format!("[[reply: {TEXT}]] Why is the sea salty?"));
        match self {
            // A model that takes tools with reasoning only there.
            Self::Responses => {
                let tool = Function { name: "look_up".to_owned(), ..Function::default() };
                let request = request.model("gpt-6.1-sol").tools([tool]);
                Request { thinking: Thinking::with_effort(Effort::Low), ..request }
            }
            _ => request,
        }
    }
}

fn provider(bench: &Bench, way: Way) -> Provider {
    let timeouts = Timeouts {
        first_byte: Some(Duration::from_millis(1200)),
        first_event: Duration::from_millis(1200),
        idle: Duration::from_millis(1200),
        total: Duration::from_millis(2400),
        total_stream: Duration::from_millis(2400),
        ..Timeouts::default()
    };
    let mut settings = bench.settings(easy());
    settings.resilience.deadline = Some(DEADLINE);
    settings.resilience.retry.max_retries = 1;
    let builder = Provider::builder(way.provider())
        .key(KEY)
        .base_url(bench.simulator.base_url(way.provider()));
    builder.timeouts(timeouts).settings(settings).build().unwrap()
}

/// The text, or the kind of the error by name and whether something of the answer had been given before.
async fn ask(provider: &Provider, way: Way, streamed: bool) -> Result<String, (String, bool)> {
    let failed = |kind: &ErrorKind, given| Err((kind.name().to_owned(), given));
    if !streamed {
        return match provider.chat(way.request()).await {
            Ok(response) => Ok(response.text),
            Err(error) => failed(error.kind(), false),
        };
    }
    let mut stream = match provider.stream(way.request()).await {
        Ok(stream) => stream,
        Err(error) => return failed(error.kind(), false),
    };
    let mut text = String::new();
    while let Some(piece) = stream.next_text().await {
        match piece {
            Ok(piece) => text.push_str(&piece),
            Err(error) => return failed(error.kind(), true),
        }
    }
    Ok(text)
}

/// Runs one cell, and says what is wrong with it.
async fn cell(fault: &'static str, way: Way, streamed: bool, times: u32) -> Option<String> {
    let simulator = Simulator::start_on_loopback().await.unwrap();
    let bench = Bench { simulator, ..Bench::new().await };
    bench.simulator.push_fault(Fault::new(kind(fault)).times(times));
    let provider = provider(&bench, way);
    let started = Instant::now();
    let ended = ask(&provider, way, streamed).await;
    let taken = started.elapsed();
    let wrong = judge(fault, way, streamed, times, &ended);
    let place =
        format!("{fault} x {times}, {way:?}, {}", if streamed { "streamed" } else { "whole" });
    let late = (taken > DEADLINE + Duration::from_secs(1)).then(|| format!("took {taken:?}"));
    let entries = bench.entries(provider.engine().settings()).await;
    let charged = entries.iter().filter(|entry| entry.outcome == Outcome::Ok).count();
    let twice = (charged > 1).then(|| format!("{charged} answers were charged"));
    let unpaid = (ended.is_ok() && entries.is_empty()).then(|| "an answer has no entry".to_owned());
    let said = [wrong, late, twice, unpaid].into_iter().flatten().collect::<Vec<_>>().join("; ");
    bench.simulator.stop().await;
    (!said.is_empty()).then(|| format!("{place}: {said}"))
}

fn judge(
    fault: &str,
    way: Way,
    streamed: bool,
    times: u32,
    ended: &Result<String, (String, bool)>,
) -> Option<String> {
    let (whole, in_pieces) = expected(fault);
    let end = if streamed { in_pieces } else { whole };
    // One fault makes the simulator say more, in characters of several bytes.
    let right = |text: &String| {
        let said = text.strip_prefix("[simulated] ").unwrap_or_default();
        said == TEXT || (fault == "half-utf8" && said.starts_with(TEXT))
    };
    let ok = match (end, ended) {
        (End::Answer, Ok(text)) => right(text),
        (End::Answer, Err(_)) => false,
        // Refusals have words of their own.
        (End::Either(_), Ok(_)) => true,
        (End::Either(kinds), Err((kind, _))) => kinds.contains(&kind.as_str()),
        (End::Error(kinds), Err((kind, given))) => {
            // What happens once, and before anything was given, must be mended where that is possible.
            let mended = times == 1 && !given && can_be_mended(fault, way);
            let vendors_own = fault == "403-context" && matches!(way, Way::Anthropic | Way::Gemini);
            !mended && (kinds.contains(&kind.as_str()) || vendors_own)
        }
        (End::Error(_), Ok(text)) => times == 1 && right(text),
    };
    (!ok).then(|| format!("ended in {ended:?}, expected {end:?}"))
}

/// Whether another call, of the same or of another model, can come to an answer.
fn can_be_mended(fault: &str, way: Way) -> bool {
    // The request itself is said to be wrong, or the provider's one key or purse is.
    let hopeless = ["400", "400-should-retry", "413", "401", "402", "429-quota", "429-spend-limit"];
    // What only another model mends: the request for Responses names its model, and has no other.
    let others = [
        "403",
        "403-context",
        "400-context",
        "404",
        "500-should-not-retry",
        "429",
        "429-ms",
        "429-date",
        "timeout",
        "slow-first",
        "stall",
    ];
    let alone = matches!(way, Way::Responses);
    !(hopeless.contains(&fault) || alone && others.contains(&fault))
}

async fn run(times: u32) {
    let cells = FAULTS.iter().flat_map(|fault| {
        WAYS.into_iter()
            .flat_map(move |way| [false, true].map(|streamed| (fault.name, way, streamed)))
    });
    let wrong: Vec<String> =
        stream::iter(cells.map(|(fault, way, streamed)| cell(fault, way, streamed, times)))
            .buffer_unordered(16)
            .filter_map(|wrong| async move { wrong })
            .collect()
            .await;
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_happens_once_is_mended_or_named() {
    assert!(FAULTS.len() >= 20);
    run(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_lasts_ends_in_the_right_kind_of_error() {
    run(1000).await;
}
