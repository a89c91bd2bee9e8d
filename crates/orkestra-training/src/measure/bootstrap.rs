//! Intervals: questions are drawn again and again, each with all its rows.

use super::judged::{Options, Rows};

const LEVEL: f64 = 0.95;

/// Draws weightings of the rows.
#[derive(Debug)]
pub(super) struct Resampler {
    random: SplitMix64,
    question_of_row: Vec<u32>,
    questions: usize,
}

impl Resampler {
    pub(super) fn new(rows: &Rows<'_>, options: &Options) -> Self {
        // Sorted, so that the same draws fall on the same questions in whatever order the rows come.
        let mut questions: Vec<u64> = rows.judged.iter().map(|one| one.question).collect();
        questions.sort_unstable();
        questions.dedup();
        let place = |question: u64| questions.partition_point(|known| *known < question) as u32;
        Self {
            random: SplitMix64(options.seed),
            question_of_row: rows.judged.iter().map(|one| place(one.question)).collect(),
            questions: questions.len(),
        }
    }

    /// As many questions as there are, drawn with replacement: how often each row was.
    pub(super) fn draw(&mut self) -> Vec<f64> {
        let mut times = vec![0.0; self.questions];
        for _ in 0..self.questions {
            times[self.random.below(self.questions)] += 1.0;
        }
        self.question_of_row.iter().map(|question| times[*question as usize]).collect()
    }
}

/// The interval that holds the middle 95 % of `values`, linear between neighbours. `None` of no values.
pub(super) fn interval(mut values: Vec<f64>) -> Option<[f64; 2]> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let quantile = |share: f64| {
        let place = share * last as f64;
        let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
        below + (above - below) * place.fract()
    };
    let tail = (1.0 - LEVEL) / 2.0;
    Some([quantile(tail), quantile(1.0 - tail)])
}

/// Sebastiano Vigna's generator: small, and the same everywhere.
#[derive(Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}
