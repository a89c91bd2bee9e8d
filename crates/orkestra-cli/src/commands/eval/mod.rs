//! `orkestra eval`: what a router's forecasts are worth on outcome rows.

mod judge;
mod print;

use std::time::Instant;

use orkestra::routing::embedded;
use orkestra_training::{evaluate::Division, measure::Report};

use self::judge::{Taught, Trial, Way};
use crate::{
    args::Eval,
    destination::Destination,
    failure::Failure,
    line_up,
    output::Output,
    progress::{Bar, unless_interrupted},
    settings::Settings,
};

/// Judges a router, or what would be learned from rows.
pub(super) fn run(asked: &Eval, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let begun = Instant::now();
    let case = line_up::to_judge(asked)?;
    check_flags(asked, settings)?;
    let inputs = [&asked.data[..], &asked.train].concat();
    let plot = asked.plot.as_ref().map(|file| Destination::new("--plot", file, &inputs));
    let plot = plot.transpose()?;
    let way = way(asked, settings)?;
    let trial = Trial {
        case,
        way,
        data: asked.data.clone(),
        train: asked.train.clone(),
        skip_bad: asked.skip_bad,
        division: Division {
            folds: asked.folds.unwrap_or_default(),
            seed: asked.seed,
            labels: asked.labels,
        },
        allow_seen: asked.allow_seen,
    };
    let bar = Bar::new("judging", output);
    let (working, telling) = (bar.clone(), *output);
    let judged = unless_interrupted(move || trial.judge(&working, &telling));
    bar.clear();
    let judged = judged?;
    if let Some(plot) = &plot {
        plot.write(judged.report.plot().as_bytes())?;
    }
    judged.remarks.iter().for_each(|remark| output.warning(remark));
    if output.is_json() {
        output.json(&judged.report.to_json())?;
    } else {
        print::report(&judged, output)?;
    }
    say_the_rest(&judged.report, plot.as_ref(), begun, output);
    Ok(())
}

fn check_flags(asked: &Eval, settings: &Settings) -> Result<(), Failure> {
    let learns = !asked.judges_finished_router();
    let wrong =
        |what: &str, hint: &str| Err(Failure::Usage(what.to_owned(), Some(hint.to_owned())));
    if learns && settings.is_router_named() {
        return wrong(
            "--router judges with a router that is there, --train and --folds learn one",
            "leave one of them out; --base ROUTER adds what is learned to a router",
        );
    }
    if !learns && asked.base.is_some() {
        return wrong(
            "--base is given, but neither --train nor --folds: nothing is learned to add to it",
            "judge a router as it is with --router",
        );
    }
    if !learns && asked.labels.is_some() {
        return wrong(
            "--labels is given, but neither --train nor --folds: there is nothing to draw from",
            "name rows to learn from with --train, or divide --data with --folds",
        );
    }
    Ok(())
}

fn way(asked: &Eval, settings: &Settings) -> Result<Way, Failure> {
    let head = asked.family.clone();
    if asked.judges_finished_router() {
        return Ok(Way::Finished { router: settings.router()?, head });
    }
    Ok(match &asked.base {
        Some(base) => Way::Learned(Taught::Added { base: settings.router_named(base)?, head }),
        None => Way::Learned(Taught::Anew { embedded: embedded()? }),
    })
}

fn say_the_rest(report: &Report, plot: Option<&Destination>, begun: Instant, output: &Output) {
    if report.skipped_resamples > 0 {
        output.warning(format!(
            "{} resamples were left out of the intervals: the dearest model was no better in them than the cheapest",
            report.skipped_resamples
        ));
    }
    if let Some(plot) = plot {
        output.note(format!("drew {}", plot.name()));
    }
    output.note(format!("took {:.1} s", begun.elapsed().as_secs_f64()));
}
