//! What a router says to each line of standard input.

use std::{
    error::Error,
    io::{self, Write as _},
    path::PathBuf,
};

use orkestra::{chat::Request, features::Features, routing};

/// Which router to ask.
#[derive(clap::Args)]
pub(crate) struct Inputs {
    /// The router's file. Default: the embedded one.
    #[arg(long)]
    router: Option<PathBuf>,
}

pub(crate) fn run(inputs: &Inputs) -> Result<(), Box<dyn Error>> {
    let trained = match &inputs.router {
        Some(path) => routing::from_file(path)?,
        None => routing::embedded()?,
    };
    let (embedder, router) = (trained.embedder(), trained.router());
    for line in io::stdin().lines() {
        let line = line?;
        let features = Features::of(&Request::from(line.as_str()), &*embedder)?;
        writeln!(io::stdout(), "{line}")?;
        for head in router.heads() {
            let Some(why) = router.explain(&line, &features, head)? else { continue };
            let tiers = why.forecast.tiers;
            let margin = router.margin(router.default_quality(head), head);
            let enough = |score: f64| tiers.premium.score - score <= margin;
            let tier = match (enough(tiers.budget.score), enough(tiers.balanced.score)) {
                (true, _) => "budget",
                (_, true) => "balanced",
                _ => "premium",
            };
            writeln!(
                io::stdout(),
                "  {head:<10}{:.3} {:.3} {:.3} ±{:.3}, margin {margin:.3} at {} -> {tier}; {:.0} tokens; {} {:.2}; familiar {:.2}; {:?}",
                tiers.budget.score,
                tiers.balanced.score,
                tiers.premium.score,
                tiers.premium.uncertainty,
                router.default_quality(head),
                tiers.premium.output_tokens,
                why.domains.first().map_or("nothing", |domain| &domain.name),
                why.domains.first().map_or(0.0, |domain| domain.share),
                why.forecast.familiarity,
                [
                    why.beliefs.network.budget_loss,
                    why.beliefs.nearest.budget_loss,
                    why.beliefs.linear.budget_loss
                ]
                .map(|loss| (loss * 1000.0).round() / 1000.0),
            )?;
        }
    }
    Ok(())
}
