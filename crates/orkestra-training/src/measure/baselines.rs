//! What a router has to beat.

use super::{
    calibration::Calibration,
    chosen::Means,
    judged::Rows,
    policy::{Policy, Stops},
    sample::Sample,
    subject::Subject,
    sweep::Sweep,
};

const HOLDS_FOR_ANY_ROWS: &[&str] = &["apgr", "cpt50", "cpt80"];

/// All baselines that `rows` allow, in the order in which they are reported. `sample` is all rows.
pub(super) fn all<'a>(rows: &Rows<'a>, sample: &Sample<'_>) -> Vec<Subject<'a>> {
    let subjects = [random(rows), best_single(rows, sample), prompt_length(rows)];
    subjects.into_iter().chain(nearest_five(rows)).chain([oracle(rows)]).collect()
}

/// The dial's target, where the router is judged by it: baselines have no validation data, so theirs is the
/// cheapest point that keeps the target on the judged rows themselves, which favours them.
fn target(rows: &Rows<'_>) -> Option<f64> {
    rows.dial_target.filter(|_| rows.has_dial())
}

fn policy<'a>(rows: &Rows<'a>, sweep: Sweep, stops: Stops) -> Policy<'a> {
    Policy::new(rows, sweep, stops).asked_for(target(rows))
}

/// Budget or premium by lot: one straight line.
fn random<'a>(rows: &Rows<'a>) -> Subject<'a> {
    let premium_or_budget = Sweep::by_margin(rows, |_, tier| i64::from(tier != 0));
    let policy = policy(rows, premium_or_budget, Stops::Anywhere).exact(HOLDS_FOR_ANY_ROWS);
    Subject::named("random").measured_by(policy)
}

/// The same model for all.
fn best_single<'a>(rows: &Rows<'a>, sample: &Sample<'_>) -> Subject<'a> {
    let premium = rows.line_up.premium();
    let one_for_all = Sweep::by_margin(rows, |_, tier| (premium - tier) as i64);
    let exact = if rows.line_up.is_pair() { HOLDS_FOR_ANY_ROWS } else { &[] };
    let policy = policy(rows, one_for_all, Stops::AtPoints).exact(exact);
    Subject::named("best_single").measured_by(Means::best(rows, sample)).measured_by(policy)
}

/// The longer the prompt, the more a better model is thought to gain. With three tiers there are two thresholds,
/// one twice the other: prompts of up to so many characters go to budget, up to twice as many to balanced, longer
/// ones to premium.
fn prompt_length<'a>(rows: &Rows<'a>) -> Subject<'a> {
    let by_length = Sweep::by_margin(rows, |row, tier| {
        let characters = i64::try_from(rows.judged[row].characters).unwrap_or(i64::MAX / 2);
        if tier == 0 { characters.saturating_mul(2) } else { characters }
    });
    Subject::named("prompt_length").measured_by(policy(rows, by_length, Stops::AtMargins))
}

fn nearest_five<'a>(rows: &Rows<'a>) -> Option<Subject<'a>> {
    let forecasts = rows.nearest()?;
    let policy = policy(rows, Sweep::by_forecast(rows, &forecasts), Stops::AtMargins);
    let calibration = Calibration::of(rows, &forecasts, false);
    Some(Subject::named("nearest_5").measured_by(policy).measured_by(calibration))
}

/// Knows the scores: the cheapest of the best models first, then the least score is given up for what is saved.
fn oracle<'a>(rows: &Rows<'a>) -> Subject<'a> {
    Subject::named("oracle").measured_by(policy(rows, Sweep::by_scores(rows), Stops::Anywhere))
}
