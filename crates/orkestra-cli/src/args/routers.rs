//! The flags of `routers`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with routers.
#[derive(Debug, Args)]
pub(crate) struct Routers {
    #[command(subcommand)]
    pub(crate) action: RoutersAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoutersAction {
    /// Make a router of five neighbours with any embedder
    Build(Build),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orkestra routers build documented --data rows.jsonl.gz \\
    --tiers budget=small,balanced=medium,premium=large
  orkestra routers build nearest:./bge-small --data rows.jsonl \\
    --tiers budget=small,premium=large
  orkestra routers build 'nearest:https://api.openai.com/v1/embeddings#text-embedding-3-small' \\
    --data rows.jsonl --tiers budget=small,premium=large --out mine.safetensors
  orkestra route --router documented \"Prove that e is irrational\"

\"documented\" embeds with allenai/longformer-base-4096, whose files are taken from
~/.orkestra/encoders/allenai/longformer-base-4096. A folder may go on with options:
nearest:./e5?prefix=query: &pooling=mean&storage=bf16&global=first&longest=512.
The key for an address is read from ORKESTRA_EMBEDDINGS_KEY.

Rows are those of `orkestra train`. An interrupted build goes on where it ended.")]
pub(crate) struct Build {
    /// "documented", or "nearest:EMBEDDER": a folder, a name in ~/.orkestra/encoders, an address
    /// with #MODEL, or "embedded"
    pub(crate) router: String,

    /// Outcome files; their questions are the references
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub(crate) data: Vec<PathBuf>,

    /// Which model of the rows stands for which tier: budget=MODEL,balanced=MODEL,premium=MODEL;
    /// balanced may be left out
    #[arg(long, value_name = "TIERS")]
    pub(crate) tiers: String,

    /// Leave bad rows out; each is listed
    #[arg(long)]
    pub(crate) skip_bad: bool,

    /// Where to write the router [default: ~/.orkestra/routers/, by its name]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
