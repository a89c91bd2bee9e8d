//! What neighbours say, on neighbourhoods made by hand.

use orkestra::routing::{
    PerTier, Tier,
    nearest::{Kernel, Outcome, Prior, TOKENS_QUANTILE},
};
use proptest::prelude::*;

/// An identical question counts 1, one at a cosine distance of ln 2 counts a half.
const KERNEL: Kernel = Kernel { neighbours: 200, bandwidth: 1.0, prior_weight: 0.5 };

fn prior() -> Prior {
    Prior {
        premium: 0.8,
        balanced_loss: 0.1,
        budget_loss: 0.2,
        variance: PerTier::from_fn(|_| 0.16),
        output_tokens: PerTier::from_fn(|_| 100.0),
    }
}

fn half_away() -> f64 {
    1.0 - std::f64::consts::LN_2
}

fn tokens(budget: f64) -> Outcome {
    let output_tokens = PerTier { budget: Some(budget), ..PerTier::default() };
    Outcome { output_tokens, ..Outcome::default() }
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found}, expected {expected}");
}

#[test]
fn two_neighbours_and_the_prior_are_weighed_as_by_hand() {
    let identical = Outcome {
        premium: Some(1.0),
        balanced_loss: Some(0.0),
        budget_loss: Some(1.0),
        output_tokens: PerTier { budget: Some(10.0), balanced: None, premium: Some(50.0) },
    };
    let half = Outcome {
        premium: Some(0.5),
        balanced_loss: Some(0.5),
        budget_loss: None,
        output_tokens: PerTier { budget: Some(1000.0), ..PerTier::default() },
    };
    let heard = KERNEL.heard(&prior(), &[(1.0, identical), (half_away(), half)]);
    close(heard.weights[0], 1.0);
    close(heard.weights[1], 0.5);
    // (0.8 x 0.5 + 1 x 1 + 0.5 x 0.5) / (0.5 + 1 + 0.5), and so on; what was not measured says nothing.
    close(heard.belief.premium, 1.65 / 2.0);
    close(heard.belief.balanced_loss, 0.3 / 2.0);
    close(heard.belief.budget_loss, 1.1 / 1.5);
    // 1.5 / (1.5 + 0.5) of the 1.5^2 / (1^2 + 0.5^2) neighbours, and one.
    let evidence = 1.0 + 0.75 * 1.8;
    let spread = [
        (0.08 + (0.825_f64 - 1.1 / 1.5).powi(2)) / 1.5,
        (0.08 + (1.0 - 0.675_f64).powi(2) + 0.5 * 0.675_f64.powi(2)) / 2.0,
        (0.08 + (1.0 - 0.825_f64).powi(2) + 0.5 * (0.5 - 0.825_f64).powi(2)) / 2.0,
    ];
    for (tier, spread) in Tier::ALL.into_iter().zip(spread) {
        close(*heard.scatter.get(tier), (spread / evidence).sqrt());
    }
    // Six tenths of 2.0 are passed at the prior's 100; balanced has the prior alone; 0.9 of 1.5 lie at 50.
    close(heard.output_tokens.budget, 100.0);
    close(heard.output_tokens.balanced, 100.0);
    close(heard.output_tokens.premium, 50.0);
}

#[test]
fn without_neighbours_the_prior_speaks() {
    let heard = KERNEL.heard(&prior(), &[]);
    close(heard.belief.premium, 0.8);
    close(heard.belief.balanced_loss, 0.1);
    close(heard.belief.budget_loss, 0.2);
    assert!(heard.weights.is_empty());
    for tier in Tier::ALL {
        close(*heard.scatter.get(tier), 0.4);
        close(*heard.output_tokens.get(tier), 100.0);
    }
}

#[test]
fn neighbours_that_move_away_leave_the_word_to_the_prior() {
    let kernel = Kernel { bandwidth: 0.1, ..KERNEL };
    let wrong = Outcome { premium: Some(0.0), ..tokens(5.0) };
    let at = |similarity: f64| kernel.heard(&prior(), &[(similarity, wrong); 50]);
    let (near, middle, far) = (at(0.95), at(0.6), at(-1.0));
    assert!(near.belief.premium < middle.belief.premium);
    assert!(middle.belief.premium < far.belief.premium);
    assert!((far.belief.premium - 0.8).abs() < 1e-6);
    assert!(near.scatter.premium < middle.scatter.premium);
    assert!(middle.scatter.premium < far.scatter.premium);
    assert!((far.scatter.premium - 0.4).abs() < 1e-3);
    close(near.output_tokens.budget, 5.0);
    close(far.output_tokens.budget, 100.0);
}

#[test]
fn six_answers_in_ten_are_no_longer_than_expected() {
    assert!((TOKENS_QUANTILE - 0.6).abs() < 1e-12);
    let kernel = Kernel { prior_weight: 1.0, ..KERNEL };
    let expected = |near: &[(f64, Outcome)]| kernel.heard(&prior(), near).output_tokens.budget;
    // In any order; with the prior's 100, six tenths of eleven are passed at the seventh.
    let mut lengths = [7.0, 2.0, 10.0, 4.0, 1.0, 9.0, 3.0, 8.0, 6.0, 5.0];
    close(expected(&lengths.map(|length| (1.0, tokens(length)))), 7.0);
    // One answer of enormous length moves the mean, not this.
    lengths[2] = 1e6;
    close(expected(&lengths.map(|length| (1.0, tokens(length)))), 7.0);
    // The nearer count more.
    let (near, away) = (1.0, half_away());
    let unlike = [(near, 500.0), (near, 500.0), (away, 20.0), (away, 30.0)];
    close(expected(&unlike.map(|(similarity, length)| (similarity, tokens(length)))), 500.0);
    close(expected(&unlike.map(|(_, length)| (near, tokens(length)))), 100.0);
}

#[test]
fn only_the_nearest_speak_for_lengths() {
    let mut near = vec![(1.0, tokens(10.0)); 64];
    near.extend(vec![(1.0, tokens(9000.0)); 136]);
    close(KERNEL.heard(&prior(), &near).output_tokens.budget, 10.0);
}

prop_compose! {
    fn neighbour()(
        similarity in -1.0_f64..=1.0,
        premium in prop::option::of(0.0_f64..=1.0),
        balanced_loss in prop::option::of(-1.0_f64..=1.0),
        budget_loss in prop::option::of(-1.0_f64..=1.0),
        length in prop::option::of(1.0_f64..60_000.0),
    ) -> (f64, Outcome) {
        let output_tokens = PerTier { budget: length, balanced: None, premium: length };
        (similarity, Outcome { premium, balanced_loss, budget_loss, output_tokens })
    }
}

proptest! {
    #[test]
    fn what_is_heard_lies_between_what_was_said(
        near in prop::collection::vec(neighbour(), 0..80),
        bandwidth in 0.0001_f64..10.0,
        prior_weight in 1e-9_f64..100.0,
    ) {
        let kernel = Kernel { neighbours: 200, bandwidth, prior_weight };
        let heard = kernel.heard(&prior(), &near);
        prop_assert!((0.0..=1.0).contains(&heard.belief.premium));
        prop_assert!((-1.0..=1.0).contains(&heard.belief.balanced_loss));
        prop_assert!((-1.0..=1.0).contains(&heard.belief.budget_loss));
        prop_assert!(heard.weights.iter().all(|weight| (0.0..=1.0).contains(weight)));
        let lengths = near.iter().filter_map(|(_, outcome)| outcome.output_tokens.budget);
        let lengths: Vec<f64> = lengths.chain([100.0]).collect();
        for tier in Tier::ALL {
            prop_assert!((0.0..=1.0).contains(heard.scatter.get(tier)));
            prop_assert!(lengths.contains(heard.output_tokens.get(tier)));
        }
    }
}
