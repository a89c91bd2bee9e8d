//! The flags as they were given. No logic: [`settings`](crate::settings) makes sense of them.

mod routers;
mod training;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};
use clap_complete::Shell;
use jiff::civil::Date;
use orkestra::strategy;

pub(crate) use self::{
    routers::{Build, Named, Publish, Pull, Remove, Routers, RoutersCommand, Verify},
    training::{Eval, Train},
};

const FIRST_STEPS: &str = "\
First steps:
  orkestra demo                         see it work, without key or network
  orkestra route \"Prove Fermat's little theorem\"
                                        which model would answer, and why
  orkestra doctor                       what is configured, what is missing

Exit codes: 0 done, 2 wrong usage, 3 invalid request, 4 key missing or refused,
5 unknown model or provider, 6 no price, 7 too long, 8 declined, 9 rate limited,
10 budget spent, 11 timeout, 12 unavailable, 13 storage, 14 configuration,
130 interrupted.";

const DEMO_EXAMPLES: &str = "\
Examples:
  orkestra demo
  orkestra demo --json | jq .totals

It keeps a ledger of its own, ~/.orkestra/demo.db, unless --ledger names another.";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  orkestra doctor
  orkestra doctor --json | jq '.findings[] | select(.state != \"good\")'

Fails only when something must be mended; a missing key is no damage.";

/// Send every prompt to the cheapest model that can handle it
#[derive(Debug, Parser)]
#[command(name = "orkestra", version, after_help = FIRST_STEPS, max_term_width = 80, subcommand_required = true)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Default, Args)]
pub(crate) struct Global {
    /// Print JSON instead of text; errors are JSON on standard error
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,

    /// Colours; NO_COLOR is honoured
    #[arg(
        long,
        visible_alias = "color",
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Output"
    )]
    pub(crate) colour: Colour,

    /// Provider to use; repeat it or separate names by commas
    #[arg(
        short,
        long,
        global = true,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Providers"
    )]
    pub(crate) provider: Vec<String>,

    /// Address of a provider's API; the name may be left out with exactly one -p [env:
    /// ORKESTRA_<PROVIDER>_BASE_URL]
    #[arg(long, global = true, value_name = "[PROVIDER=]URL", help_heading = "Providers")]
    pub(crate) base_url: Vec<String>,

    /// File that holds a provider's key. Keys are otherwise read from the provider's environment
    /// variables (see `orkestra doctor`), never from a flag: flags show in process lists and shell
    /// histories. An API on this machine (loopback --base-url) without a key is called with "simulated"
    #[arg(long, global = true, value_name = "PROVIDER=PATH", help_heading = "Providers")]
    pub(crate) key_file: Vec<String>,

    /// Longest wait for an answer, or for the next piece of a stream [default: 600, pieces 120]
    #[arg(long, global = true, value_name = "SECONDS", help_heading = "Providers")]
    pub(crate) timeout: Option<f64>,

    /// More calls of the same model when one fails in a way that may pass [default: 2]
    #[arg(long, global = true, value_name = "COUNT", help_heading = "Providers")]
    pub(crate) retries: Option<u32>,

    /// Share of premium's average quality to keep, 0 to 1 [env: ORKESTRA_QUALITY] [default: the router's]
    #[arg(
        long,
        global = true,
        value_name = "SHARE",
        allow_negative_numbers = true,
        help_heading = "Decision"
    )]
    pub(crate) quality: Option<f64>,

    /// Model that savings are measured against [default: cheapest default premium model of the pool]
    #[arg(long, global = true, value_name = "MODEL", help_heading = "Decision")]
    pub(crate) base_model: Option<String>,

    /// Your models and prices, laid over the built-in ones [env: ORKESTRA_CATALOGUE] [default:
    /// ~/.orkestra/models.toml if it exists]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Decision")]
    pub(crate) catalogue: Option<PathBuf>,

    /// Router file, the name of a router in --routers or at --registry, "embedded", "documented" or "nearest:EMBEDDER";
    /// the last two are made by `routers build` [env: ORKESTRA_ROUTER] [default: embedded]
    #[arg(long, global = true, value_name = "FILE|NAME", help_heading = "Decision")]
    pub(crate) router: Option<String>,

    /// Fail when --router names one that cannot be downloaded, instead of using the embedded one [env:
    /// ORKESTRA_STRICT_ROUTER]
    #[arg(long, global = true, help_heading = "Decision")]
    pub(crate) strict_router: bool,

    /// Where routers are downloaded from: a folder with a manifest, over HTTPS [env: ORKESTRA_REGISTRY]
    #[arg(long, global = true, value_name = "URL", help_heading = "Decision")]
    pub(crate) registry: Option<String>,

    /// Folder of downloaded and built routers [env: ORKESTRA_ROUTERS] [default: ~/.orkestra/routers]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Decision")]
    pub(crate) routers: Option<PathBuf>,

    /// Day whose prices and retirements hold [default: today, UTC]
    #[arg(long, global = true, value_name = "YYYY-MM-DD", help_heading = "Decision")]
    pub(crate) date: Option<Date>,

    /// Where billed calls are kept, or "off"; no prompt or answer is stored [env: ORKESTRA_LEDGER] [default:
    /// ~/.orkestra/ledger.db]
    #[arg(long, global = true, value_name = "PATH", help_heading = "Ledger")]
    pub(crate) ledger: Option<String>,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Colour {
    #[default]
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Also when it is not a terminal
    Always,
    /// Not at all
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Decide which model would answer, and why; calls nothing, needs no key
    Route(Route),
    /// Answer a prompt
    Chat(Chat),
    /// See it work: no key, no network, a simulator answers
    #[command(after_help = DEMO_EXAMPLES)]
    Demo,
    /// List models, prices and replacements
    Models(Models),
    /// Add up what was spent and saved
    Stats(Stats),
    /// Serve the providers' APIs on this machine, for trying and testing
    Simulate(Simulate),
    /// Learn a router from what models scored on your prompts
    Train(Train),
    /// Say what a router's forecasts are worth on your rows
    Eval(Eval),
    /// List, download, build, check, remove and publish routers
    Routers(Routers),
    /// Show what is configured, what is missing and how to mend it
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor,
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print whose work is inside, and under which licences
    Licences,
}

/// How to decide and to ask; shared by `route` and `chat`.
#[derive(Debug, Args)]
pub(crate) struct Asking {
    /// What to ask; "-" or nothing reads standard input
    pub(crate) prompt: Option<String>,

    /// How to choose [default: cheapest, the cheapest model that is good enough]
    #[arg(short, long, value_name = "NAME", value_parser = PossibleValuesParser::new(strategy::NAMES))]
    pub(crate) strategy: Option<String>,

    /// Use this model instead of letting the router choose
    #[arg(short, long, value_name = "ID")]
    pub(crate) model: Option<String>,

    /// Most tokens the answer may have, reasoning included [default: 8192]
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u32>,

    /// Instructions that stand above the prompt
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orkestra route \"What does HTTP 418 mean?\"
  orkestra route --explain -p openai,google \"Prove that e is irrational\"
  orkestra route --json --strategy balanced \"Name three rivers\"
  orkestra route --batch prompts.txt > decisions.jsonl

Without -p, all providers that have models are considered.")]
pub(crate) struct Route {
    #[command(flatten)]
    pub(crate) asking: Asking,

    /// Add the neighbours, every candidate, what was ruled out and the expected tokens
    #[arg(long)]
    pub(crate) explain: bool,

    /// Decide each line of a file ("-" is standard input) by itself; one JSON object a line comes out
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    pub(crate) batch: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orkestra chat \"Name three rivers in France\"
  orkestra chat --stream --strategy balanced \"Plan a week of dinners\"
  git diff | orkestra chat --system \"Review this diff. Be brief.\"
  orkestra chat --json \"Hello\" | jq .cost

The answer goes to standard output, the bill to standard error. Without -p, the
providers whose keys are set share the work.")]
pub(crate) struct Chat {
    #[command(flatten)]
    pub(crate) asking: Asking,

    /// Print the answer as it arrives; with --json one object a line
    #[arg(long)]
    pub(crate) stream: bool,

    /// Sampling temperature, 0 to 2 [default: 1]
    #[arg(short, long, value_name = "T", allow_negative_numbers = true)]
    pub(crate) temperature: Option<f64>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orkestra models
  orkestra models -p anthropic --all
  orkestra models --date 2027-02-01 --json

Prices are dollars per million tokens. A model that is not its provider's default
for its tier is used only when named, pinned or allowed in your catalogue.")]
pub(crate) struct Models {
    /// Also list models that no longer answer on the day
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orkestra stats
  orkestra stats --by day --since 2026-11-01
  orkestra stats -p openai --json")]
pub(crate) struct Stats {
    /// Add up by this
    #[arg(long, value_name = "WHAT", default_value = "model")]
    pub(crate) by: Grouping,

    /// First day, UTC
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) since: Option<Date>,

    /// Last day, UTC
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) until: Option<Date>,

    /// Also show calls that a simulator answered; they are never mixed with real ones
    #[arg(long)]
    pub(crate) simulated: bool,
}

/// What sums are made for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Grouping {
    /// Each model
    Model,
    /// Each provider
    Provider,
    /// Each tier
    Tier,
    /// Each UTC day
    Day,
}

#[derive(Debug, Args)]
#[command(after_help = crate::commands::faults_help())]
pub(crate) struct Simulate {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,

    /// Let other machines reach it: needed for an address beyond loopback
    #[arg(long)]
    pub(crate) allow_remote: bool,

    /// Wait before the first byte of each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) latency: u64,

    /// Write answers at this speed [default: as fast as possible]
    #[arg(long, value_name = "N")]
    pub(crate) tokens_per_second: Option<f64>,

    /// What goes wrong with the next requests, in this order; COUNT requests (default 1), or "always"
    #[arg(long, value_name = "NAME[=V][:COUNT]")]
    pub(crate) fault: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orkestra completions bash > ~/.local/share/bash-completion/completions/orkestra
  orkestra completions zsh > ~/.zfunc/_orkestra
  orkestra completions fish > ~/.config/fish/completions/orkestra.fish")]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}
