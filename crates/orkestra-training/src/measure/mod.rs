//! What forecasts are worth: the figures of a router and of the baselines it has to beat, with intervals.
//!
//! Nothing here reads, trains or embeds: [`report`] is a pure function of forecasts and measured scores, and the same
//! input gives the same bytes. Start reading at [`report`]; [`Judged`] is what goes in, [`Report`] what comes out.
//!
//! ```
//! use orkestra_training::measure::{Judged, LineUp, Options, report};
//!
//! let line_up = LineUp { models: vec!["small".into(), "large".into()], prices: vec![1.0, 5.0] };
//! let row = |forecast: [f64; 2], scores: [f64; 2], question| Judged {
//!     forecast: forecast.into(),
//!     scores: scores.into(),
//!     question,
//!     ..Judged::default()
//! };
//! let judged = [row([0.3, 0.9], [0.0, 1.0], 0), row([0.8, 0.9], [1.0, 1.0], 1)];
//! let report = report(&line_up, &judged, None, &Options::default())?;
//! // The question that gains is the first to be sent to the large model.
//! assert_eq!(report.router.get("apgr").map(|apgr| apgr.value), Some(0.75));
//! # Ok::<(), orkestra::Error>(())
//! ```
//!
//! # The figures
//!
//! A router's forecasts are turned into choices by the plan's rule: **the cheapest model whose forecast is within a margin
//! of premium's**. From the narrowest margin to the widest, the rule leads from always premium to always budget; negative
//! margins are among them. Rows that need the same margin move together, so their order cannot matter.
//!
//! - `means`: each model's mean score.
//! - `apgr` of a pair: questions go to strong in the order of their forecast gain. Quality recovered is (quality - weak's)
//!   / (strong's - weak's); the figure is the area under it over the share sent to strong, 0 to 1, by the trapezoid rule.
//!   Questions of equal gain are one straight line. Random order has 0.5.
//! - `cpt50`, `cpt80` of a pair: the smallest share sent to strong, in percent, that recovers 50 and 80 % on that curve.
//! - `apgr` of a triple: every margin gives a cost (a share of always-premium's) and a quality recovered, (quality -
//!   budget's) / (premium's - budget's). The figure is the area under the upper hull of these points, from budget's cost to
//!   1, divided by that width. Random mixing has 0.5.
//! - `cost_at_quality` of a triple: the cost of the cheapest margin that keeps 95, 98 and 99 % of premium's mean score;
//!   1 where only always-premium does. It is the best threshold in hindsight, `dial` is what a user gets.
//! - `dial`: quality (a share of premium's mean score) and cost of the models that the dial chose, with a margin from other
//!   data.
//! - `ece`: expected calibration error, over 15 bins of equal width weighted by their rows. `brier`: mean squared error;
//!   `brier_base`: of forecasting each tier's mean score for all.
//!
//! Intervals are the middle 95 % of bootstrap resamples of the questions. An ECE cannot be below 0, so resampling noise
//! only raises it: its interval lies high.
//!
//! # The baselines
//!
//! - `random`: a mixture of always-budget and always-premium. Its area and shares are exact.
//! - `best_single`: one model for all. `means` has the best one; the area is under the hull of the single models.
//! - `prompt_length`: longer prompts gain more. A pair's gain is the length; with three tiers prompts of up to so many
//!   characters go to budget, up to twice as many to balanced, longer ones to premium.
//! - `nearest_5`: the same rule with the forecasts in [`Judged::nearest`].
//! - `oracle`: knows the scores. Takes the cheapest of the best models, then gives up the least score for the cost saved.
//!
//! A baseline's `dial` is its cheapest point that keeps the dial's target on the judged rows themselves, which favours it.

mod area;
mod baselines;
mod bootstrap;
mod calibration;
mod chosen;
mod figure;
mod json;
mod judged;
mod labels;
mod plot;
mod policy;
mod report;
mod sample;
mod subject;
mod svg;
mod sweep;
mod table;

pub use figure::{Figure, Figures};
pub use judged::{Judged, LineUp, Options};
pub use report::{Report, report};
pub use table::Line;
