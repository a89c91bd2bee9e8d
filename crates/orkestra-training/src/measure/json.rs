//! The report as JSON.

use serde_json::{Map, Value, json};

use super::{
    figure::{Figure, Figures},
    report::Report,
};

impl Report {
    /// The report as JSON; keys that do not apply are absent.
    ///
    /// ```text
    /// {"rows": 4414, "means": {model: f}, "apgr": f, "cpt50": f, "cpt80": f,
    ///  "cost_at_quality": {"0.95": f, "0.98": f, "0.99": f},
    ///  "dial": {"quality": f, "cost": f, "target": f},
    ///  "ece": {tier: f}, "brier": {tier: f}, "brier_base": {tier: f},
    ///  "intervals": {the same keys, [low, high] for each number},
    ///  "baselines": {name: {the same keys}}}
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut report = Map::new();
        report.insert("rows".to_owned(), self.rows.into());
        report.extend(self.object(&self.router));
        let baselines = self.baselines.iter();
        let baselines: Map<String, Value> = baselines
            .map(|(name, figures)| ((*name).to_owned(), self.object(figures).into()))
            .collect();
        report.insert("baselines".to_owned(), baselines.into());
        report.into()
    }

    fn object(&self, figures: &Figures) -> Map<String, Value> {
        let mut object = nested(figures, |figure| Some(figure.value.into()));
        if let (Some(Value::Object(dial)), Some(target)) =
            (object.get_mut("dial"), self.dial_target)
        {
            dial.insert("target".to_owned(), target.into());
        }
        let intervals = nested(figures, |figure| figure.interval.map(|interval| json!(interval)));
        if !intervals.is_empty() {
            object.insert("intervals".to_owned(), intervals.into());
        }
        object
    }
}

fn nested(figures: &Figures, value: impl Fn(&Figure) -> Option<Value>) -> Map<String, Value> {
    let mut object = Map::new();
    for figure in figures.iter() {
        let Some(value) = value(figure) else { continue };
        let Some(part) = &figure.part else {
            object.insert(figure.key.to_owned(), value);
            continue;
        };
        let parts = object.entry(figure.key).or_insert_with(|| Map::new().into());
        if let Value::Object(parts) = parts {
            parts.insert(part.clone(), value);
        }
    }
    object
}
