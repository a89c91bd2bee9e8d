//! Every wait has an end that says which one it was, and a caller that leaves takes the connection along.

use std::time::Duration;

use orkestra::{
    ErrorKind, Provider, ResponseStream,
    ledger::{Ledger, Memory, Outcome, Query},
    provider::Timeouts,
};
use tokio::time::Instant;

use crate::{
    raw::{ANSWER, FIRST_PIECE, Raw, STREAM_HEAD, Says, once, settings},
    scripted::{self, Scripted, Step, come_back_after, pinned, status, steady, text},
    support::{KEY, WAIT},
};

const SHORT: Duration = Duration::from_millis(40);
const SECOND: Duration = Duration::from_secs(1);

/// Asserts that `error` names the deadline and its value, and that its model was called once.
fn assert_missed(error: &orkestra::Error, name: &str, server: &Raw) {
    assert_eq!(*error.kind(), ErrorKind::Timeout, "{error}");
    let said = error.to_string();
    assert!(said.contains(&format!("0.04 s (the {name} deadline)")), "{said}");
    assert_eq!((error.provider(), error.is_retryable()), (Some("openai"), name == "connect"));
    // Where the machine is busy, the deadline may come before the call is heard.
    assert!(server.heard().len() <= usize::from(name != "connect"), "{said}");
}

async fn chat(server: &Raw, timeouts: Timeouts) -> orkestra::Error {
    // With retries allowed: a deadline of ours must not be waited for twice.
    let (settings, _) = settings(crate::support::at_once());
    server.provider(timeouts, settings).chat("Say hello.").await.unwrap_err()
}

async fn first_piece(provider: &Provider) -> ResponseStream {
    let mut stream = provider.stream("Say hello.").await.unwrap();
    assert_eq!(stream.next_text().await.unwrap().unwrap(), "Once ");
    stream
}

fn half_an_answer() -> String {
    let (length, half) = (ANSWER.len(), &ANSWER[..ANSWER.len() / 2]);
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{half}"
    )
}

#[tokio::test]
async fn the_connection_has_a_deadline() {
    // The server takes the connection, and never begins to encrypt it.
    let server = Raw::start(|_| Says::Silence(String::new())).await;
    let (settings, _) = settings(once());
    let timeouts = Timeouts { connect: SHORT, ..Timeouts::default() };
    let builder = Provider::builder("openai").key(KEY).base_url(server.url("https"));
    let provider = builder.timeouts(timeouts).settings(settings).build().unwrap();
    let error = provider.chat("Say hello.").await.unwrap_err();
    assert_missed(&error, "connect", &server);
}

#[tokio::test]
async fn the_headers_of_a_whole_answer_have_a_deadline() {
    let server = Raw::start(|_| Says::Silence(String::new())).await;
    let timeouts = Timeouts { first_byte: Some(SHORT), ..Timeouts::default() };
    assert_missed(&chat(&server, timeouts).await, "first_byte", &server);
    server.hung_up(1).await;
}

#[tokio::test]
async fn a_whole_answer_may_take_its_time_to_begin_unless_told_otherwise() {
    let server = Raw::start(|_| Says::Silence(String::new())).await;
    let timeouts = Timeouts { total: SHORT, idle: SHORT / 8, ..Timeouts::default() };
    assert_missed(&chat(&server, timeouts).await, "total", &server);
}

#[tokio::test]
async fn silence_in_the_middle_of_a_whole_answer_has_a_deadline_and_is_billed() {
    let server = Raw::start(|_| Says::Silence(half_an_answer())).await;
    let (settings, ledger) = settings(once());
    let recorder = settings.recorder.clone();
    let timeouts = Timeouts { idle: SHORT, ..Timeouts::default() };
    let error = server.provider(timeouts, settings).chat("Say hello.").await.unwrap_err();
    assert_missed(&error, "idle", &server);
    assert!(recorder.flush(WAIT).await.is_empty());
    let entries = ledger.entries(&Query::default()).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].outcome, entries[0].usage.estimated), (Outcome::Failed, true));
}

#[tokio::test]
async fn a_whole_answer_that_never_ends_has_a_deadline() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_owned();
    let server = Raw::start(move |_| Says::Drip(head.clone(), " ", Duration::from_millis(2))).await;
    let timeouts = Timeouts { total: SHORT, ..Timeouts::default() };
    assert_missed(&chat(&server, timeouts).await, "total", &server);
    server.hung_up(1).await;
}

#[tokio::test]
async fn the_first_event_of_a_stream_has_a_deadline_that_comments_do_not_move() {
    for head in ["", STREAM_HEAD] {
        let server = Raw::start(move |_| match head {
            "" => Says::Silence(String::new()),
            head => Says::Drip(head.to_owned(), ": still here\n\n", Duration::from_millis(2)),
        })
        .await;
        let (settings, _) = settings(once());
        let timeouts = Timeouts { first_event: SHORT, ..Timeouts::default() };
        let provider = server.provider(timeouts, settings);
        let error = provider.stream("Say hello.").await.unwrap_err();
        assert_missed(&error, "first_event", &server);
        server.hung_up(1).await;
    }
}

#[tokio::test]
async fn silence_in_the_middle_of_a_stream_has_a_deadline() {
    let server = Raw::start(|_| Says::Silence(format!("{STREAM_HEAD}{FIRST_PIECE}"))).await;
    let (settings, _) = settings(once());
    let timeouts = Timeouts { idle: SHORT, ..Timeouts::default() };
    let mut stream = first_piece(&server.provider(timeouts, settings)).await;
    let error = stream.next_text().await.unwrap().unwrap_err();
    assert_missed(&error, "idle", &server);
    server.hung_up(1).await;
}

#[tokio::test]
async fn a_stream_that_never_ends_has_a_deadline() {
    let head = format!("{STREAM_HEAD}{FIRST_PIECE}");
    let server =
        Raw::start(move |_| Says::Drip(head.clone(), ": more\n\n", Duration::from_millis(2))).await;
    let (settings, _) = settings(once());
    let timeouts = Timeouts { total_stream: SHORT, ..Timeouts::default() };
    let provider = server.provider(timeouts, settings);
    let error = match provider.stream("Say hello.").await {
        Ok(stream) => stream.response().await.unwrap_err(),
        Err(early) => early,
    };
    assert_missed(&error, "total_stream", &server);
}

#[tokio::test]
async fn a_caller_that_leaves_closes_the_connection() {
    // Before the answer.
    let server = Raw::start(|_| Says::Silence(String::new())).await;
    let provider = server.provider(Timeouts::default(), settings(once()).0);
    for calls in [1, 2] {
        let leaving = async {
            while server.heard().len() < calls {
                tokio::task::yield_now().await;
            }
        };
        if calls == 1 {
            tokio::select! { _ = provider.chat("Say hello.") => panic!(), () = leaving => {} }
        } else {
            tokio::select! { _ = provider.stream("Say hello.") => panic!(), () = leaving => {} }
        }
        server.hung_up(calls).await;
    }
    // In the middle of a stream.
    let server = Raw::start(|_| Says::Silence(format!("{STREAM_HEAD}{FIRST_PIECE}"))).await;
    let provider = server.provider(Timeouts::default(), settings(once()).0);
    let stream = first_piece(&provider).await;
    drop(stream);
    server.hung_up(1).await;
}

#[tokio::test(start_paused = true)]
async fn the_requests_own_deadline_bounds_a_call() {
    let script = Scripted::new(|_, _| Step::Hang);
    let mut resilience = steady();
    resilience.deadline = Some(5 * SECOND);
    let provider = scripted::provider(&script, resilience);
    let begun = Instant::now();
    let error = provider.chat("Say hello.").await.unwrap_err();
    assert_eq!((error.kind(), begun.elapsed()), (&ErrorKind::Timeout, 5 * SECOND));
    assert!(error.to_string().contains("5 s (its own deadline)"), "{error}");
    assert_eq!(script.calls().len(), 1);
    // The model is not blamed for it.
    assert_eq!(provider.engine().health()[0].failures, 0);
    assert_eq!(provider.engine().health()[0].in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_nothing_makes_no_call() {
    let script = Scripted::new(|_, _| Step::Answer);
    let engine = scripted::provider(&script, steady()).engine().within(Duration::ZERO);
    let cheapest = orkestra::strategy::Cheapest;
    let error = engine.complete(&"Say hello.".into(), &cheapest).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("0 s"), "{error}");
    assert!(script.calls().is_empty());
}

#[tokio::test]
async fn a_stream_that_stops_before_its_first_word_is_called_again_and_billed() {
    let role = FIRST_PIECE.replace("Once ", "");
    let server = Raw::start(move |call| match call {
        0 => Says::Bytes(format!("{STREAM_HEAD}{role}")),
        _ => Says::Bytes(format!(
            "{STREAM_HEAD}{FIRST_PIECE}{}data: [DONE]\n\n",
            FIRST_PIECE.replace("null}]", "\"stop\"}]")
        )),
    })
    .await;
    let (settings, ledger) = settings(crate::support::at_once());
    let recorder = settings.recorder.clone();
    let stream = server.provider(Timeouts::default(), settings).stream("Say hello.").await;
    let response = stream.unwrap().response().await.unwrap();
    assert_eq!(response.text, "Once Once ");
    assert_eq!(response.attempts.len(), 2);
    assert!(recorder.flush(WAIT).await.is_empty());
    let mut outcomes = entries(&ledger).await;
    outcomes.sort();
    assert_eq!(outcomes, [Outcome::Ok, Outcome::Failed]);
}

#[tokio::test(start_paused = true)]
async fn the_requests_own_deadline_bounds_everything_together() {
    // Two models fail after 2 s each; the third has 1 s left.
    let script = Scripted::new(|_, _| Step::After(2 * SECOND, Box::new(Step::Fail(status(529)))));
    let mut resilience = steady();
    resilience.deadline = Some(5 * SECOND);
    let begun = Instant::now();
    let provider = scripted::provider(&script, resilience);
    let error = provider.chat("Say hello.").await.unwrap_err();
    assert_eq!((begun.elapsed(), script.moments()), (5 * SECOND, vec![0, 2000, 4000]));
    assert!(error.to_string().contains("529"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_would_begin_after_the_deadline_is_not_waited_for() {
    let script = Scripted::new(|_, _| Step::Fail(come_back_after(7 * SECOND)));
    let mut resilience = steady();
    resilience.deadline = Some(5 * SECOND);
    let begun = Instant::now();
    let provider = scripted::provider(&script, resilience);
    let error = provider.chat(pinned()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(7 * SECOND));
    assert_eq!((begun.elapsed(), script.calls().len()), (Duration::ZERO, 1));
}

#[tokio::test(start_paused = true)]
async fn the_requests_own_deadline_bounds_a_stream_that_has_begun() {
    let script = Scripted::new(|_, _| {
        let pieces = (0..10).map(|_| (SECOND, Ok(text("more "))));
        Step::Pieces(pieces.collect())
    });
    let engine = scripted::provider(&script, steady()).engine().within(3 * SECOND + SECOND / 2);
    let begun = Instant::now();
    let cheapest = orkestra::strategy::Cheapest;
    let mut stream = engine.stream(&"Say hello.".into(), &cheapest).await.unwrap();
    for _ in 0..3 {
        assert_eq!(stream.next_text().await.unwrap().unwrap(), "more ");
    }
    let error = stream.next_text().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), begun.elapsed()), (&ErrorKind::Timeout, 7 * SECOND / 2));
    assert!(stream.next_text().await.is_none());
}

#[tokio::test]
async fn a_stream_cut_by_its_deadline_is_billed_once() {
    let server = Raw::start(|_| Says::Silence(format!("{STREAM_HEAD}{FIRST_PIECE}"))).await;
    let (settings, ledger) = settings(once());
    let recorder = settings.recorder.clone();
    let timeouts = Timeouts { idle: SHORT, ..Timeouts::default() };
    let stream = first_piece(&server.provider(timeouts, settings)).await;
    stream.response().await.unwrap_err();
    assert!(recorder.flush(WAIT).await.is_empty());
    let entries = entries(&ledger).await;
    assert_eq!(entries, [Outcome::Cut]);
}

async fn entries(ledger: &Memory) -> Vec<Outcome> {
    let entries = ledger.entries(&Query::default()).await.unwrap();
    entries.iter().map(|entry| entry.outcome).collect()
}
