//! The figures as text.

use orkestra_training::measure::{Figure, Figures, Report};

use super::judge::Judgement;
use crate::{
    failure::Failure,
    output::{Output, Side, counted},
};

/// Baselines and the heads of their columns.
const BASELINES: [(&str, &str); 5] = [
    ("random", "random"),
    ("best_single", "single"),
    ("prompt_length", "length"),
    ("nearest_5", "near 5"),
    ("oracle", "oracle"),
];

/// Prints who judged, what the models scored, and the figures beside the baselines'.
pub(super) fn report(judged: &Judgement, output: &Output) -> Result<(), Failure> {
    let report = &judged.report;
    output.prose(&format!("{} judged. {}", counted(report.rows as u64, "row"), judged.by), "")?;
    output.line("")?;
    models(report, output)?;
    output.line("")?;
    figures(report, output)?;
    output.line("")?;
    meaning(report).iter().try_for_each(|line| output.prose(line, ""))?;
    absent(report).iter().try_for_each(|line| output.prose(line, ""))
}

fn models(report: &Report, output: &Output) -> Result<(), Failure> {
    let line_up = &report.line_up;
    let rows = line_up.tiers().iter().zip(&line_up.models).zip(&line_up.prices);
    let row = |((tier, model), price): ((&&str, &String), &f64)| {
        let mean = report.router.part("means", model);
        let [value, interval] = shown(mean);
        vec![(*tier).to_owned(), model.clone(), price.to_string(), value, interval]
    };
    let sides = [Side::Left, Side::Left, Side::Right, Side::Right, Side::Left];
    output.table(
        &sides,
        &["tier", "model", "price", "mean score", "95 % interval"],
        rows.map(row).collect(),
    )
}

fn figures(report: &Report, output: &Output) -> Result<(), Failure> {
    let lines = report.router.iter().filter(|figure| figure.key != "means");
    let row = |figure: &Figure| {
        let [value, interval] = shown(Some(figure));
        let mut row = vec![name(figure), value, interval];
        row.extend(BASELINES.map(|(baseline, _)| {
            let found = report.baseline(baseline).and_then(|figures| same(figures, figure));
            shown(found)[0].clone()
        }));
        row
    };
    let mut head = vec!["", "router", "95 %"];
    head.extend(BASELINES.map(|(_, head)| head));
    let mut sides = vec![Side::Left, Side::Right, Side::Left];
    sides.extend([Side::Right; BASELINES.len()]);
    output.table(&sides, &head, lines.map(row).collect())
}

fn same<'a>(figures: &'a Figures, figure: &Figure) -> Option<&'a Figure> {
    match &figure.part {
        Some(part) => figures.part(figure.key, part),
        None => figures.get(figure.key),
    }
}

/// What a line is called: as in the JSON form, but readable.
fn name(figure: &Figure) -> String {
    let part = figure.part.as_deref().unwrap_or_default();
    match figure.key {
        "cost_at_quality" => format!("cost at {part}"),
        "brier_base" => format!("base {part}"),
        key => format!("{key} {part}").trim_end().to_owned(),
    }
}

fn shown(figure: Option<&Figure>) -> [String; 2] {
    let Some(figure) = figure else { return [String::new(), String::new()] };
    let digits = if figure.key.starts_with("cpt") { 1 } else { 3 };
    let number = |value: f64| format!("{value:.digits$}");
    let interval = figure.interval.map(|[low, high]| format!("{}-{}", number(low), number(high)));
    [number(figure.value), interval.unwrap_or_default()]
}

/// What the lines mean, in short.
fn meaning(report: &Report) -> Vec<String> {
    let ends = match report.line_up.tiers() {
        [weak, strong] => [*weak, *strong],
        [budget, .., premium] => [*budget, *premium],
        _ => return Vec::new(),
    };
    let [cheap, dear] = ends;
    let mut lines = vec![format!(
        "apgr: quality recovered from always {cheap} (0) to always {dear} (1), averaged over all costs; random has 0.5."
    )];
    if report.line_up.models.len() == 2 {
        lines.push(format!(
            "cpt50, cpt80: percent of questions sent to {dear} that recovers 50, 80 %."
        ));
    } else {
        lines.push(format!(
            "cost at 0.98: share of always {dear}'s cost that keeps 98 % of its mean score, at the best margin."
        ));
    }
    let target = report.dial_target.map_or_else(String::new, |target| {
        // A mean over folds need not be a round number.
        format!(", set to keep {},", (target * 1e4).round() / 1e4)
    });
    lines.push(format!(
        "dial: what the router's own default{target} really kept of {dear}'s mean score, and its cost."
    ));
    lines.push(
        "ece: mean distance of forecast and truth, 15 bins; brier: squared error; base: that of forecasting the mean. \
         0 is best."
            .to_owned(),
    );
    lines.push(
        "single: one model for all; length: longer prompts to dearer models; near 5: five nearest questions; \
         oracle: knows the scores. Baselines' dials are set in hindsight."
            .to_owned(),
    );
    lines
}

/// Figures that the rows do not allow.
fn absent(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if report.router.part("dial", "quality").is_none() {
        lines.push("dial: absent, as it was not set for every row.".to_owned());
    }
    if report.baseline("nearest_5").is_none() {
        lines.push(
            "near 5: absent, as for some row no neighbour has scores of every model.".to_owned(),
        );
    }
    lines
}
