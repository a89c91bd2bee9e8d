//! The answer that arrives before the user's eyes.

use orkestra::{MultiProvider, chat::Request, strategy::Balanced};

use super::{
    MAX_TOKENS,
    prompts::STREAMED,
    report::{Call, Report},
};
use crate::failure::Failure;

/// Streams one answer.
pub(super) async fn stream(pool: &MultiProvider, report: &mut Report<'_>) -> Result<(), Failure> {
    report.before_stream(STREAMED.text)?;
    let request = Request::from(STREAMED.text).max_tokens(MAX_TOKENS);
    let mut pieces = pool.stream_by(&Balanced, request).await?;
    while let Some(piece) = pieces.next_text().await {
        report.piece(&piece?)?;
    }
    let response = pieces.response().await?;
    report.after_stream(Call { title: STREAMED.title.to_owned(), response })
}
