//! Validation as tables to read.

use std::{error::Error, fmt::Write as _};

use orkestra::{
    features::Features,
    routing::{Forecast, Neighbour, Trained, nearest::Kernel},
};

use crate::{
    assemble::DIAL_STEPS,
    dataset::Question,
    measure::{at_quality, curve, knee, margins},
    validation::{HeadView, TASKS, plain},
};

/// APGR of each task with the plain five neighbours, sixty, and the head's chosen kernel.
pub(crate) fn kernels(
    views: &[HeadView],
    questions: &[Question],
) -> Result<String, Box<dyn Error>> {
    let mut text =
        String::from("| task | k=5 | k=60 | chosen | questions |\n|---|---|---|---|---|\n");
    let chosen: Vec<Kernel> = views.iter().map(|view| view.best_kernel(questions)).collect();
    for task in &TASKS {
        let own = views.iter().zip(&chosen).find(|(view, _)| view.name == task.head);
        let (view, kernel) = own.ok_or("a task names a head that is not there")?;
        let at = |kernel: &Kernel| view.apgr(kernel, questions, task);
        let (best, count) = at(kernel);
        let (five, sixty) = (at(&plain(5)).0, at(&plain(60)).0);
        writeln!(text, "| {} | {five:.3} | {sixty:.3} | {best:.3} | {count} |", task.name)?;
    }
    text.push('\n');
    for (view, kernel) in views.iter().zip(&chosen) {
        let mean = view.mean_apgr(kernel, questions);
        writeln!(text, "{}: {kernel:?}, mean APGR {mean:.4}", view.name)?;
    }
    Ok(text)
}

/// What each quality on the dial costs, as fitted, and where each head's knee lies.
pub(crate) fn dials(views: &[HeadView], questions: &[Question]) -> Result<String, Box<dyn Error>> {
    let mut text = String::from(
        "| head | knee | quality | margin | quality kept | price share |\n|---|---|---|---|---|---|\n",
    );
    for view in views {
        let judged = view.judged(&view.best_kernel(questions), questions);
        let curve = curve(&judged, view.prices);
        let margins = margins(&curve, DIAL_STEPS);
        let (knee, premium) = (knee(&curve), curve[0]);
        for quality in [0.99, 0.98, 0.95, 0.925, 0.90, 0.85] {
            let point = at_quality(&curve, &margins, quality);
            let margin = margins[(quality * DIAL_STEPS as f64).round() as usize];
            let (kept, share) = (point.score / premium.score, point.price / premium.price);
            let name = view.name;
            writeln!(
                text,
                "| {name} | {knee:.3} | {quality} | {margin:.3} | {kept:.3} | {share:.3} |"
            )?;
        }
    }
    Ok(text)
}

/// How far searches of several widths are from a full one, on a tenth of the questions.
pub(crate) fn searches(
    trained: &Trained,
    questions: &[Question],
) -> Result<String, Box<dyn Error>> {
    let exact = trained.comparing(usize::MAX).router();
    let embedder = trained.embedder();
    let mut text = String::from(
        "| head | compared | same among the nearest 8 | mean change of budget's loss |\n|---|---|---|---|\n",
    );
    let sample: Vec<Features> = questions
        .iter()
        .step_by(10)
        .map(|question| Features::of(&question.text.as_str().into(), &*embedder))
        .collect();
    for head in exact.heads() {
        for compared in [500, 1000, 1500, 2000, 3000] {
            let fast = trained.comparing(compared).router();
            let (mut same, mut shown, mut change) = (0, 0, 0.0);
            for features in &sample {
                let (all, some) = (exact.forecast(features, head)?, fast.forecast(features, head)?);
                shown += all.neighbours.len();
                // Shares of the forecast differ with what else was found; the question does not.
                let found = |near: &Neighbour| {
                    let same =
                        |one: &Neighbour| one.similarity.to_bits() == near.similarity.to_bits();
                    some.neighbours.iter().any(same)
                };
                same += all.neighbours.iter().filter(|near| found(near)).count();
                let loss = |f: &Forecast| f.tiers.premium.score - f.tiers.budget.score;
                change += (loss(&all) - loss(&some)).abs();
            }
            let share = same as f64 / shown.max(1) as f64;
            let change = change / sample.len() as f64;
            writeln!(text, "| {head} | {compared} | {share:.3} | {change:.4} |")?;
        }
    }
    Ok(text)
}
