//! The first pieces of a stream can be held back, so that another model can still step in.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::StreamExt;
use orkestra::{
    ErrorKind, Provider, Result,
    chat::{Chunk, Usage},
    engine::Resilience,
    ledger::{Ledger, Memory, Outcome, Query, Recorder},
};
use tokio::time::Instant;

use crate::{
    scripted::{self, Scripted, Step, end, status, steady, text},
    support::{WAIT, at_once},
};

const SECOND: Duration = Duration::from_secs(1);
const NOW: Duration = Duration::ZERO;

fn holding(hold: Duration) -> Resilience {
    let mut resilience = Resilience { hold, ..steady() };
    resilience.retry.max_retries = 0;
    resilience
}

/// A first model whose stream is `pieces`, and others that answer.
fn breaking(pieces: fn() -> Vec<(Duration, Result<Chunk>)>) -> Arc<Scripted> {
    Scripted::new(move |_, call| match call {
        0 => Step::Pieces(pieces()),
        _ => Step::Answer,
    })
}

/// `script` with a ledger. The clock must run: the ledger's thread has its own.
fn with_ledger(script: &Arc<Scripted>, hold: Duration) -> (Provider, Recorder, Arc<Memory>) {
    let ledger = Arc::new(Memory::default());
    let recorder = Recorder::new(ledger.clone(), None).waiting_at_most(WAIT);
    let resilience = Resilience { hold, ..at_once() };
    let mut settings = scripted::provider(script, resilience).engine().settings().clone();
    settings.recorder = recorder.clone();
    settings.resilience.retry.max_retries = 0;
    (Provider::over(script.clone(), settings).unwrap(), recorder, ledger)
}

#[tokio::test(start_paused = true)]
async fn without_a_hold_the_first_piece_is_the_choice() {
    let script = breaking(|| vec![(NOW, Ok(text("Once "))), (NOW, Err(status(503)))]);
    let provider = scripted::provider(&script, holding(NOW));
    let mut stream = provider.stream("Say hello.").await.unwrap();
    assert_eq!(stream.next_text().await.unwrap().unwrap(), "Once ");
    let error = stream.next_text().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    assert_eq!(script.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_breaks_during_the_hold_is_replaced_and_never_seen() {
    let script = breaking(|| vec![(SECOND, Ok(text("Once "))), (SECOND, Err(status(503)))]);
    let provider = scripted::provider(&script, holding(2 * SECOND));
    let begun = Instant::now();
    let mut stream = provider.stream("Say hello.").await.unwrap();
    assert_eq!(begun.elapsed(), 2 * SECOND);
    assert_eq!(stream.next_text().await.unwrap().unwrap(), "Done.");
    let response = stream.response().await.unwrap();
    assert_eq!(response.text, "Done.");
    assert_eq!(response.model, response.plan.candidates[1].model);
    assert_eq!(response.attempts.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_breaks_after_the_hold_is_the_callers_affair() {
    let script = breaking(|| {
        vec![(SECOND, Ok(text("Once "))), (SECOND, Ok(text("upon "))), (SECOND, Err(status(503)))]
    });
    let provider = scripted::provider(&script, holding(SECOND * 3 / 2));
    let mut stream = provider.stream("Say hello.").await.unwrap();
    assert_eq!(stream.next_text().await.unwrap().unwrap(), "Once ");
    assert_eq!(stream.next_text().await.unwrap().unwrap(), "upon ");
    stream.next_text().await.unwrap().unwrap_err();
    assert_eq!(script.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_hold_begins_with_the_first_word_and_ends_on_time() {
    // Counts are no words; the fourth piece comes long after the hold.
    let script = breaking(|| {
        vec![
            (SECOND, Ok(Chunk::Usage(Usage::plain(10, 0)))),
            (SECOND, Ok(text("a"))),
            (SECOND, Ok(text("b"))),
            (60 * SECOND, Ok(text("c"))),
            (SECOND, Ok(end())),
        ]
    });
    let provider = scripted::provider(&script, holding(4 * SECOND));
    let begun = Instant::now();
    let stream = provider.stream("Say hello.").await.unwrap();
    assert_eq!(begun.elapsed(), 6 * SECOND);
    let pieces: Vec<Chunk> = stream.map(Result::unwrap).collect().await;
    let expected = [Chunk::Usage(Usage::plain(10, 0)), text("a"), text("b"), text("c")];
    assert_eq!(pieces, expected);
    assert_eq!(begun.elapsed(), 64 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_ends_during_the_hold_is_given_at_once() {
    let script = breaking(|| vec![(SECOND, Ok(text("a"))), (SECOND, Ok(end()))]);
    let provider = scripted::provider(&script, holding(60 * SECOND));
    let begun = Instant::now();
    let stream = provider.stream("Say hello.").await.unwrap();
    assert_eq!(begun.elapsed(), 2 * SECOND);
    assert_eq!(stream.response().await.unwrap().text, "a");
    let health = &provider.engine().health()[0];
    assert_eq!((health.in_flight, health.failures), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stops_without_an_end_during_the_hold_is_replaced() {
    let script = breaking(|| vec![(NOW, Ok(text("a")))]);
    let provider = scripted::provider(&script, holding(SECOND));
    let response = provider.stream("Say hello.").await.unwrap().response().await.unwrap();
    assert_eq!(response.text, "Done.");
    let why = response.attempts[0].message.as_deref().unwrap();
    assert!(why.contains("without an end"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn no_more_is_held_than_memory_allows() {
    let script = Scripted::new(|_, _| Step::Endless);
    let provider = scripted::provider(&script, holding(3600 * SECOND));
    let begun = Instant::now();
    let mut stream = provider.stream("Say hello.").await.unwrap();
    assert_eq!(begun.elapsed(), NOW);
    assert_eq!(script.pulled.load(Ordering::Relaxed), 1024);
    for _ in 0..1024 {
        stream.next().await.unwrap().unwrap();
    }
    assert_eq!(script.pulled.load(Ordering::Relaxed), 1024);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_before_it_is_asked_for() {
    let script = Scripted::new(|_, _| Step::Endless);
    let provider = scripted::provider(&script, holding(NOW));
    let mut stream = provider.stream("Say hello.").await.unwrap();
    for asked in 1..5 {
        stream.next().await.unwrap().unwrap();
        tokio::time::sleep(SECOND).await;
        assert_eq!(script.pulled.load(Ordering::Relaxed), asked);
    }
}

#[tokio::test]
async fn what_was_held_and_lost_is_billed_once() {
    let script = breaking(|| {
        let usage = Chunk::Usage(Usage::plain(77, 0));
        vec![(NOW, Ok(usage)), (NOW, Ok(text("Once upon "))), (NOW, Err(status(503)))]
    });
    let (provider, recorder, ledger) = with_ledger(&script, SECOND);
    let response = provider.stream("Say hello.").await.unwrap().response().await.unwrap();
    assert!(recorder.flush(WAIT).await.is_empty());
    let mut entries = ledger.entries(&Query::default()).await.unwrap();
    entries.sort_by_key(|entry| entry.attempt);
    let [lost, answered] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((lost.outcome, lost.attempt, lost.stream), (Outcome::Cut, 1, true));
    assert!(lost.usage.estimated && lost.usage.output > 0 && lost.usage.input == 77);
    assert_eq!((answered.outcome, answered.attempt), (Outcome::Ok, 2));
    assert_eq!(answered.model, response.model);
}

#[tokio::test]
async fn a_stream_that_breaks_after_its_first_counts_is_billed_once() {
    let script =
        breaking(|| vec![(NOW, Ok(Chunk::Usage(Usage::plain(77, 0)))), (NOW, Err(status(503)))]);
    let (provider, recorder, ledger) = with_ledger(&script, NOW);
    provider.stream("Say hello.").await.unwrap().response().await.unwrap();
    assert!(recorder.flush(WAIT).await.is_empty());
    let entries = ledger.entries(&Query::default()).await.unwrap();
    let lost: Vec<_> = entries.iter().filter(|entry| entry.outcome == Outcome::Failed).collect();
    assert_eq!((entries.len(), lost.len()), (2, 1));
    assert_eq!(lost[0].usage.input, 77);
}

#[tokio::test]
async fn a_caller_that_leaves_during_the_hold_has_one_entry() {
    let script = breaking(|| vec![(NOW, Ok(text("Once "))), (3600 * SECOND, Ok(end()))]);
    let (provider, recorder, ledger) = with_ledger(&script, 3600 * SECOND);
    let leaving = async {
        while script.pulled.load(Ordering::Relaxed) < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        _ = provider.stream("Say hello.") => panic!("the hold is not over"),
        () = leaving => {}
    }
    assert!(recorder.flush(WAIT).await.is_empty());
    let entries = ledger.entries(&Query::default()).await.unwrap();
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.outcome, entry.attempt, entry.usage.estimated), (Outcome::Dropped, 1, true));
    assert_eq!(provider.engine().health()[0].in_flight, 0);
}
