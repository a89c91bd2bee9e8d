//! `orkestra chat`: answers a prompt. The answer goes to standard output, the bill to standard error.

use std::time::Duration;

use orkestra::{
    MultiProvider, Response,
    chat::Request,
    strategy::{self, Strategy},
};
use serde_json::json;
use tokio::signal;

use crate::{
    args::Chat,
    failure::Failure,
    output::{Output, percent},
    prompt,
    settings::Settings,
};

/// How long the end of the command waits for the ledger; what is not in it by then is in the spool.
pub(super) const FLUSH: Duration = Duration::from_secs(2);

/// Answers a prompt.
pub(super) async fn run(asked: &Chat, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let mut request = prompt::request(&asked.asking)?;
    if let Some(temperature) = asked.temperature {
        request = request.temperature(temperature);
    }
    let strategy = strategy::named(asked.asking.strategy.as_deref().unwrap_or(strategy::NAMES[0]))?;
    let recorder = settings.recorder()?;
    // What is wrong with the request needs no key to be said.
    request.validate()?;
    let (engine, unmeasured) = settings.measured_engine(recorder.clone()).await?;
    let pool = settings.callers(&engine)?;
    unmeasured.iter().for_each(|warning| output.warning(warning));
    let answered = if asked.stream {
        stream(&pool, request, &*strategy, output).await
    } else {
        whole(&pool, request, &*strategy, output).await
    };
    let told = answered.as_ref().map(|response| response.warnings.clone()).unwrap_or_default();
    let late = recorder.flush(FLUSH).await;
    let ended = answered.map(|response| bill(&response, output));
    for warning in late.iter().filter(|warning| !told.contains(warning)) {
        output.warning(warning);
    }
    ended
}

async fn whole(
    pool: &MultiProvider,
    request: Request,
    strategy: &dyn Strategy,
    output: &Output,
) -> Result<Response, Failure> {
    let response = tokio::select! {
        response = pool.chat_by(strategy, request) => response?,
        _ = signal::ctrl_c() => {
            output.note("interrupted before the answer came; the provider may still charge for it");
            return Err(Failure::Interrupted);
        }
    };
    if output.is_json() {
        output.json(&response)?;
    } else {
        output.line(&response.text)?;
    }
    Ok(response)
}

async fn stream(
    pool: &MultiProvider,
    request: Request,
    strategy: &dyn Strategy,
    output: &Output,
) -> Result<Response, Failure> {
    let mut interrupt = std::pin::pin!(signal::ctrl_c());
    let mut pieces = tokio::select! {
        opened = pool.stream_by(strategy, request) => opened?,
        _ = &mut interrupt => {
            output.note("interrupted before the answer came; the provider may still charge for it");
            return Err(Failure::Interrupted);
        }
    };
    let mut open_line = false;
    let ended = loop {
        let piece = tokio::select! {
            piece = pieces.next_text() => piece,
            _ = &mut interrupt => break Err(Failure::Interrupted),
        };
        let shown = match piece {
            None => break Ok(()),
            Some(Err(error)) => break Err(error.into()),
            Some(Ok(text)) if output.is_json() => output.json_line(&json!({"text": text})),
            Some(Ok(text)) => {
                open_line = !text.ends_with('\n');
                output.piece(&text)
            }
        };
        if let Err(failure) = shown {
            break Err(failure);
        }
    };
    if open_line && !output.is_json() && !matches!(ended, Err(Failure::ClosedPipe)) {
        output.piece("\n")?;
    }
    if let Err(failure) = ended {
        // Dropping the stream ends the call and bills what arrived.
        drop(pieces);
        if matches!(failure, Failure::Interrupted) {
            output
                .note("interrupted: the call was ended; what had arrived is billed as an estimate");
        }
        return Err(failure);
    }
    let response = pieces.response().await?;
    if output.is_json() {
        output.json_line(&json!({"response": response}))?;
    }
    Ok(response)
}

/// Says what the answer cost, and what else should be known about it.
fn bill(response: &Response, output: &Output) {
    if output.is_json() {
        return;
    }
    for pair in response.attempts.windows(2) {
        let again = pair[0].model == pair[1].model;
        let next = if again { "it was called again" } else { "another model was tried" };
        let why = pair[0].message.as_deref().unwrap_or("it failed");
        output.warning(format!("{next}, since {why}"));
    }
    for warning in &response.warnings {
        output.warning(warning);
    }
    output.note(format!(
        "{} ({}, {}), {} tokens in, {} out, {}{}, saved {} ({}) against {}",
        response.model,
        response.provider,
        response.tier,
        response.input_tokens,
        response.output_tokens,
        response.cost,
        if response.simulated { " (simulated, not spent)" } else { "" },
        response.savings,
        percent(response.savings_percent),
        response.base_model
    ));
}
