//! Policies with one margin, walked from always premium to always the cheapest tier.

use super::{judged::Rows, sample::Sample};

/// Margins that differ by less than a billionth are one: 0.9 - 0.8 and 0.8 - 0.7 differ in their last bits only.
const MARGINS_PER_UNIT: f64 = 1e9;

/// Where a margin leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// What is paid beyond the cheapest tier's price, as a share of what premium costs beyond it.
    pub(super) cost: f64,
    /// What is scored above the budget tier, as a share of what premium scores above it.
    pub(super) recovered: f64,
}

pub(super) const ALWAYS_PREMIUM: Point = Point { cost: 1.0, recovered: 1.0 };
pub(super) const ALWAYS_BUDGET: Point = Point { cost: 0.0, recovered: 0.0 };

/// One row going from one tier to a cheaper one.
#[derive(Clone, Copy, Debug)]
struct Move {
    row: u32,
    /// Whether the next move needs a wider margin. Moves of one margin happen together, so the order of the rows
    /// cannot matter.
    ends_step: bool,
    cost: f64,
    score: f64,
}

/// All moves of a policy, in the order of the margins at which they happen.
#[derive(Debug)]
pub(super) struct Sweep {
    moves: Vec<Move>,
}

impl Sweep {
    /// The plan's policy: the cheapest tier whose forecast is within the margin of premium's.
    pub(super) fn by_forecast(rows: &Rows<'_>, forecasts: &[&[f64]]) -> Self {
        let premium = rows.line_up.premium();
        Self::by_margin(rows, |row, tier| {
            let loss = forecasts[row][premium] - forecasts[row][tier];
            (loss * MARGINS_PER_UNIT).round() as i64
        })
    }

    /// Any policy that takes the cheapest tier of those whose `needed` margin (of a row and a tier) is reached.
    pub(super) fn by_margin(rows: &Rows<'_>, needed: impl Fn(usize, usize) -> i64) -> Self {
        let mut moves = Vec::new();
        for row in 0..rows.len() {
            let mut until = i64::MAX;
            let mut reached: Vec<(i64, usize)> = Vec::new();
            for tier in 0..rows.line_up.premium() {
                let margin = needed(row, tier);
                if margin < until {
                    reached.push((margin, tier));
                    until = margin;
                }
            }
            let mut from = rows.line_up.premium();
            for (margin, to) in reached.into_iter().rev() {
                moves.push((margin, between(rows, row, from, to)));
                from = to;
            }
        }
        moves.sort_by_key(|(margin, _)| *margin);
        Self::steps(moves)
    }

    /// What nobody can beat: with the scores known, the least score is given up for the cost that is saved.
    /// Its points are the best score of every cost.
    pub(super) fn by_scores(rows: &Rows<'_>) -> Self {
        let premium = rows.line_up.premium();
        let mut moves = Vec::new();
        for (row, one) in rows.judged.iter().enumerate() {
            let mut from = premium;
            // A tier below the line between its neighbours costs more than mixing them.
            if premium == 2 {
                let line =
                    one.scores[0] + rows.line_up.extra_cost(1) * (one.scores[2] - one.scores[0]);
                if one.scores[1] > line {
                    moves.push(between(rows, row, 2, 1));
                    from = 1;
                }
            }
            moves.push(between(rows, row, from, 0));
        }
        let loss_per_cost = |step: &Move| -step.score / step.cost.abs();
        let mut priced: Vec<(f64, Move)> =
            moves.into_iter().map(|step| (loss_per_cost(&step), step)).collect();
        priced.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self::steps(priced)
    }

    fn steps<Margin: PartialEq>(moves: Vec<(Margin, Move)>) -> Self {
        let ends: Vec<bool> = moves.windows(2).map(|pair| pair[0].0 != pair[1].0).collect();
        let ends = ends.into_iter().chain([true]);
        let steps = moves.into_iter().zip(ends);
        Self { moves: steps.map(|((_, step), ends_step)| Move { ends_step, ..step }).collect() }
    }

    /// Calls `visit` with the point of every margin but the first, which is [`ALWAYS_PREMIUM`]; costs fall. The
    /// last is [`ALWAYS_BUDGET`].
    pub(super) fn walk(&self, sample: &Sample<'_>, mut visit: impl FnMut(Point)) {
        let per_cost = sample.total.recip();
        let per_score = (sample.total * sample.gain()).recip();
        let (mut cost, mut score) = (sample.total, sample.total * sample.gain());
        let Some((last, moves)) = self.moves.split_last() else { return };
        debug_assert!(last.ends_step);
        for step in moves {
            let weight = sample.weights[step.row as usize];
            cost += weight * step.cost;
            score += weight * step.score;
            if step.ends_step {
                visit(Point { cost: cost * per_cost, recovered: score * per_score });
            }
        }
        // Exact, where the sums would be a rounding error away.
        visit(ALWAYS_BUDGET);
    }
}

fn between(rows: &Rows<'_>, row: usize, from: usize, to: usize) -> Move {
    let scores = &rows.judged[row].scores;
    Move {
        row: row as u32,
        ends_step: false,
        cost: rows.line_up.extra_cost(to) - rows.line_up.extra_cost(from),
        score: scores[to] - scores[from],
    }
}
