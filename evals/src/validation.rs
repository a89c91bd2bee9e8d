//! Five-fold validation by question: who is nearest, what follows, how good that was.

use std::{sync::OnceLock, thread};

use orkestra::routing::{
    GENERAL,
    nearest::{Kernel, Outcome, Prior},
};

use crate::{
    dataset::{FOLDS, Question},
    measure::{Judged, apgr, curve, scores},
    outcomes::{HEADS, LINE_UPS, outcome, prior, scores_of},
    vectors::{dot, quantised},
};

/// The most neighbours that any candidate uses.
const MOST: usize = 200;

/// A benchmark and line-up to be forecast by a head.
pub(crate) struct Task {
    pub(crate) name: &'static str,
    pub(crate) head: &'static str,
    source: &'static str,
    task: &'static str,
}

const fn task(
    name: &'static str,
    head: &'static str,
    source: &'static str,
    task: &'static str,
) -> Task {
    Task { name, head, source, task }
}

/// What the design measures.
pub(crate) const TASKS: [Task; 5] = [
    task("routellm/mmlu", "openai", "routellm", "mmlu"),
    task("routellm/gsm8k", "openai", "routellm", "gsm8k"),
    task("zeroeval, openai", "openai", "zeroeval", ""),
    task("zeroeval, anthropic", "anthropic", "zeroeval", ""),
    task("mmlu_pro, google", "google", "mmlu_pro", ""),
];

/// Similarity and position of the nearest questions, the nearest first.
type NearList = Vec<(f32, u32)>;
/// One list for each head.
type PerHead = Vec<NearList>;

/// One head's view of all questions, and their nearest of other folds.
pub(crate) struct HeadView {
    pub(crate) name: &'static str,
    pub(crate) prices: [f64; 3],
    pub(crate) outcomes: Vec<Outcome>,
    /// Without the questions of each fold.
    priors: Vec<Prior>,
    near: Vec<NearList>,
    chosen: OnceLock<Kernel>,
}

/// Compares every question with every other, once.
pub(crate) fn views(questions: &[Question], vectors: &[Vec<f32>]) -> Vec<HeadView> {
    let mut views: Vec<HeadView> = HEADS
        .iter()
        .map(|(name, prices)| {
            let outcomes: Vec<Outcome> = questions.iter().map(|q| outcome(q, name)).collect();
            let known = |fold: u64| {
                let both = questions.iter().zip(&outcomes);
                let other = both.filter(move |(q, o)| q.fold != fold && o.premium.is_some());
                prior(&other.map(|(_, outcome)| outcome))
            };
            let priors = (0..FOLDS).map(known).collect();
            HeadView {
                name,
                prices: *prices,
                outcomes,
                priors,
                near: Vec::new(),
                chosen: OnceLock::new(),
            }
        })
        .collect();
    let references: Vec<Vec<f32>> = vectors.iter().map(|row| quantised(row)).collect();
    let half = questions.len().div_ceil(2);
    let found: Vec<Vec<PerHead>> = thread::scope(|scope| {
        let parts = [0..half, half..questions.len()];
        let (views, references) = (&views, &references);
        let workers = parts.map(|part| {
            scope.spawn(move || {
                part.map(|query| nearest_of(query, questions, &vectors[query], references, views))
                    .collect()
            })
        });
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
    });
    for per_head in found.into_iter().flatten() {
        for (view, near) in views.iter_mut().zip(per_head) {
            view.near.push(near);
        }
    }
    views
}

/// For each head the nearest questions of other folds that it knows.
fn nearest_of(
    query: usize,
    questions: &[Question],
    vector: &[f32],
    references: &[Vec<f32>],
    views: &[HeadView],
) -> PerHead {
    let similarities: Vec<f32> = references.iter().map(|row| dot(row, vector)).collect();
    let pick = |view: &HeadView| {
        if view.outcomes[query].premium.is_none() {
            return Vec::new();
        }
        let other = (0..references.len()).filter(|reference| {
            questions[*reference].fold != questions[query].fold
                && view.outcomes[*reference].premium.is_some()
        });
        let mut near: Vec<(f32, u32)> =
            other.map(|reference| (similarities[reference], reference as u32)).collect();
        let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if near.len() > MOST {
            near.select_nth_unstable_by(MOST, order);
            near.truncate(MOST);
        }
        near.sort_unstable_by(order);
        near.shrink_to_fit();
        near
    };
    views.iter().map(pick).collect()
}

impl HeadView {
    /// The forecast of `query` from other folds.
    fn forecast(&self, kernel: &Kernel, query: usize, fold: u64) -> [f64; 3] {
        let neighbours: Vec<(f64, Outcome)> = self.near[query]
            .iter()
            .take(kernel.neighbours)
            .map(|(similarity, reference)| {
                (f64::from(*similarity), self.outcomes[*reference as usize])
            })
            .collect();
        scores(&kernel.forecast(&self.priors[fold as usize], &neighbours))
    }

    /// Forecasts and outcomes of all questions on which this head knows budget and premium.
    pub(crate) fn judged(&self, kernel: &Kernel, questions: &[Question]) -> Vec<Judged> {
        use orkestra::routing::Tier;
        let all = self.outcomes.iter().enumerate();
        all.filter(|(_, outcome)| outcome.budget_loss.is_some())
            .map(|(query, outcome)| Judged {
                forecast: self.forecast(kernel, query, questions[query].fold),
                scores: Tier::ALL.map(|tier| outcome.score(tier)),
            })
            .collect()
    }

    /// APGR on `task`, and on how many questions.
    pub(crate) fn apgr(
        &self,
        kernel: &Kernel,
        questions: &[Question],
        task: &Task,
    ) -> (f64, usize) {
        let line_up = LINE_UPS
            .iter()
            .find(|line_up| line_up.source == task.source && line_up.family == task.head);
        let Some(line_up) = line_up else { return (f64::NAN, 0) };
        let three = !line_up.models[1].is_empty();
        let judged: Vec<Judged> = questions
            .iter()
            .enumerate()
            .filter(|(_, question)| question.stands_in(task.source, task.task))
            .filter_map(|(query, question)| {
                let scores = scores_of(question, line_up)?;
                let whole = scores[0].is_some() && scores[2].is_some();
                (whole && (scores[1].is_some() || !three)).then(|| Judged {
                    forecast: self.forecast(kernel, query, question.fold),
                    scores,
                })
            })
            .collect();
        (apgr(&curve(&judged, self.prices)), judged.len())
    }

    /// The tasks that this head is measured on: its own, or all for the general one.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = &'static Task> {
        TASKS.iter().filter(|task| self.name == GENERAL || self.name == task.head)
    }

    /// Mean APGR over this head's tasks.
    pub(crate) fn mean_apgr(&self, kernel: &Kernel, questions: &[Question]) -> f64 {
        let all: Vec<f64> = self.tasks().map(|task| self.apgr(kernel, questions, task).0).collect();
        all.iter().sum::<f64>() / all.len() as f64
    }

    /// The candidate with the best mean APGR; of equals (to 0.002) the one with fewer neighbours.
    pub(crate) fn best_kernel(&self, questions: &[Question]) -> Kernel {
        *self.chosen.get_or_init(|| self.choose_kernel(questions))
    }

    fn choose_kernel(&self, questions: &[Question]) -> Kernel {
        let scored: Vec<(f64, Kernel)> = candidates()
            .into_iter()
            .map(|kernel| (self.mean_apgr(&kernel, questions), kernel))
            .collect();
        let best = scored.iter().map(|one| one.0).fold(f64::NEG_INFINITY, f64::max);
        let good = scored.iter().filter(|one| one.0 >= best - 0.002);
        good.min_by(|a, b| a.1.neighbours.cmp(&b.1.neighbours).then(b.0.total_cmp(&a.0)))
            .map_or(plain(60), |one| one.1)
    }
}

/// `k` neighbours that count the same, as the documented router has them.
pub(crate) fn plain(neighbours: usize) -> Kernel {
    Kernel { neighbours, bandwidth: 1e4, prior_weight: 1e-9 }
}

fn candidates() -> Vec<Kernel> {
    let mut all = Vec::new();
    for neighbours in [10, 20, 40, 60, 100, 150, 200] {
        for bandwidth in [0.03, 0.05, 0.07, 0.1, 0.15] {
            for prior_weight in [0.0001, 0.001, 0.01] {
                all.push(Kernel { neighbours, bandwidth, prior_weight });
            }
        }
    }
    all
}
