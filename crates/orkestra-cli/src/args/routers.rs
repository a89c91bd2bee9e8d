//! The flags of `routers`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const LIST_EXAMPLES: &str = "\
Examples:
  orkestra routers list
  orkestra routers list --registry https://routers.example.com/v1
  orkestra routers list --json | jq '.routers[].name'

With a registry (--registry or ORKESTRA_REGISTRY), what it has is listed too.";

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orkestra routers list
  orkestra routers pull documented
  orkestra route --router documented \"Name three rivers\"

Routers lie in ~/.orkestra/routers/ (--routers DIR, ORKESTRA_ROUTERS). There is
no registry by default: name one with --registry URL or ORKESTRA_REGISTRY.")]
pub(crate) struct Routers {
    #[command(subcommand)]
    pub(crate) command: RoutersCommand,
}

/// What to do with routers.
#[derive(Debug, Subcommand)]
pub(crate) enum RoutersCommand {
    /// List the routers that are here, and those of the registry
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Download routers from the registry, or an encoder's weights from the hub
    Pull(Pull),
    /// Make a router of five neighbours with any embedder
    Build(Build),
    /// Check the routers that are here: size, hash, format, embedder
    Verify(Verify),
    /// Print where a router lies
    Path(Named),
    /// Remove routers
    Remove(Remove),
    /// Write a manifest for the router files in a folder, so that it can be served
    Publish(Publish),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orkestra routers pull documented --registry https://routers.example.com/v1
  orkestra routers pull documented@1.2.0
  orkestra routers pull --encoder allenai/longformer-base-4096

A download that was cut goes on where it stopped. Encoders lie in the hub's own
cache; HF_HOME, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are honoured.")]
pub(crate) struct Pull {
    /// Router to download; without a version the highest that this program reads
    #[arg(value_name = "NAME[@VERSION]", required_unless_present = "encoder")]
    pub(crate) names: Vec<String>,

    /// Repository of the Hugging Face hub whose encoder to download
    #[arg(long, value_name = "ORG/NAME", conflicts_with = "names")]
    pub(crate) encoder: Option<String>,

    /// Branch, tag or commit of the encoder
    #[arg(long, value_name = "NAME", default_value = "main", requires = "encoder")]
    pub(crate) revision: String,
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
~/.orkestra/encoders/allenai/longformer-base-4096, or else from the Hugging Face
hub. A folder may go on with options:
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

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orkestra routers verify
  orkestra routers verify documented --json

Fails when one is damaged; pulling it again mends it.")]
pub(crate) struct Verify {
    /// Router to check [default: all that are here]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orkestra routers path documented
  orkestra eval --data rows.jsonl --pair weak=a,strong=b \\
    --router \"$(orkestra routers path documented)\"")]
pub(crate) struct Named {
    /// Router
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orkestra routers remove documented")]
pub(crate) struct Remove {
    /// Router to remove
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orkestra routers publish routers/
  orkestra routers publish routers/ --json

Files are called NAME-VERSION.safetensors; one that has no version gets the day
it was built. Any static server can serve the folder then, over HTTPS.")]
pub(crate) struct Publish {
    /// Folder of router files
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}
