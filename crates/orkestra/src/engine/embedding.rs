//! The one stage that may be slow: a transformer or a server that embeds.
//!
//! The pure stages never wait, and neither do other tasks: an embedder that says it is slow is asked here, before the
//! line begins, on a thread that is meant for waiting.

use std::sync::Arc;

use crate::{
    chat::Request,
    error::{Error, ErrorKind, Result},
    features::{Embedder, Features, judged_text},
};

/// The features of `request`.
pub(super) async fn features(request: &Request, embedder: &Arc<dyn Embedder>) -> Result<Features> {
    if !embedder.is_slow() {
        return Features::of(request, &**embedder);
    }
    let judged = judged_text(request).into_owned();
    let asked = Arc::clone(embedder);
    let embedded = tokio::task::spawn_blocking(move || asked.embed(&judged)).await;
    let embedding = embedded.map_err(|cause| {
        Error::new(ErrorKind::Config, format!("the embedder {} broke down", embedder.id()))
            .because(cause)
    })??;
    Ok(Features::with(request, &**embedder, embedding))
}
