//! The flags of `train` and `eval`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, builder::RangedU64ValueParser};

#[derive(Debug, Args)]
#[command(after_help = "\
Rows are JSON lines, plain or gzip: {\"prompt\": text, \"scores\": {model: 0..1}};
\"question\" (the bare question, where the prompt wraps it), \"source\", \"task\" and
\"output_tokens\" {model: count} may be added.

Examples:
  orkestra train --data rows.jsonl --base embedded \\
    --tiers budget=small,balanced=medium,premium=large --out mine.safetensors
  orkestra train --data a.jsonl.gz b.jsonl.gz --family openai \\
    --tiers budget=gpt-4o-mini,premium=o3 --out whole.safetensors --standalone
  orkestra route --router mine.safetensors \"Prove that e is irrational\"

With --base, 100 rows already help; without it a new router is learned, from the
rows and from the project's own prompts. The same rows and day give the same bytes.
What it says at the end: a tier's mean is its model's mean score over the rows;
`orkestra eval` on other rows says what the router is worth.")]
pub(crate) struct Train {
    /// Outcome files to learn from
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub(crate) data: Vec<PathBuf>,

    /// Which model of the rows stands for which tier: budget=MODEL,balanced=MODEL,premium=MODEL;
    /// balanced may be left out
    #[arg(long, value_name = "TIERS")]
    pub(crate) tiers: String,

    /// Provider family whose head learns; the general head answers for several families
    #[arg(long, value_name = "NAME", default_value = "general")]
    pub(crate) family: String,

    /// Add to this router, a file or "embedded", instead of learning a new one
    #[arg(long, value_name = "ROUTER")]
    pub(crate) base: Option<String>,

    /// Remember the rows by another embedder's vectors, and let the five nearest vote: an encoder's folder or
    /// name, an address with #MODEL, or "embedded", as in `routers build`
    #[arg(
        long,
        value_name = "EMBEDDER",
        conflicts_with_all = ["base", "family", "prices", "standalone"]
    )]
    pub(crate) embedder: Option<String>,

    /// Prices of the tiers in any one unit, the cheapest first; they set the default of the
    /// quality dial [default: 0.75,12.5,50; of two tiers 0,1]
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) prices: Vec<f64>,

    /// Leave bad rows out; each is listed
    #[arg(long)]
    pub(crate) skip_bad: bool,

    /// Write a file that holds everything [default: one that adds to the embedded router, unless
    /// --base is another]
    #[arg(long)]
    pub(crate) standalone: bool,

    /// Where to write the router; a file that is there is replaced once all went well
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("models").args(["tiers", "pair"]).required(true)))]
#[command(after_help = "\
Examples:
  orkestra eval --data rows.jsonl --pair weak=small,strong=large
  orkestra eval --data rows.jsonl --folds 5 --base embedded \\
    --tiers budget=small,balanced=medium,premium=large --prices 0.5,3.5,14
  orkestra eval --data judged.jsonl --train others.jsonl.gz --labels 500 \\
    --pair weak=small,strong=large --json --plot curve.svg

apgr: quality recovered between always the cheapest model (0) and always the
dearest (1), averaged over all costs; random mixing has 0.5, the oracle knows.
cpt50, cpt80: percent of questions sent to strong that recovers 50, 80 %; cost to
keep 98 %: share of always-premium's cost. ECE: how far forecasts are from true.")]
pub(crate) struct Eval {
    /// Outcome files to judge on; see `orkestra train --help` for their form
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub(crate) data: Vec<PathBuf>,

    /// Learn from these rows alone and judge the result, instead of --router; with --folds, learn
    /// from them too
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub(crate) train: Vec<PathBuf>,

    /// Judge each of N parts of --data by a router that learned from the others
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(2..=1000))]
    pub(crate) folds: Option<usize>,

    /// Add what is learned to this router, a file or "embedded", instead of starting anew
    #[arg(long, value_name = "ROUTER")]
    pub(crate) base: Option<String>,

    /// Models that stand for the three tiers: budget=MODEL,balanced=MODEL,premium=MODEL
    #[arg(long, value_name = "TIERS")]
    pub(crate) tiers: Option<String>,

    /// A cheap and a dear model: weak=MODEL,strong=MODEL
    #[arg(long, value_name = "PAIR")]
    pub(crate) pair: Option<String>,

    /// Judge only rows of this task
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,

    /// Learn from so many rows that measured all models, drawn at random [default: all rows]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) labels: Option<usize>,

    /// Decides the parts of --folds and the draw of --labels
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Prices of the models in any one unit, the cheapest first [default: 0.75,12.5,50; of a pair 0,1]
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) prices: Vec<f64>,

    /// Head that judges, and learns with --base: a provider family [default: general]
    #[arg(long, value_name = "NAME")]
    pub(crate) family: Option<String>,

    /// Judge rows too whose question the router was trained on; figures then flatter it
    #[arg(long)]
    pub(crate) allow_seen: bool,

    /// Leave bad rows out; each is listed
    #[arg(long)]
    pub(crate) skip_bad: bool,

    /// Draw cost against quality, with the baselines
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,
}

impl Eval {
    /// Whether a router that is there is judged, rather than one that is learned for it.
    pub(crate) fn judges_finished_router(&self) -> bool {
        self.folds.is_none() && self.train.is_empty()
    }
}
