//! Figures by name, each with its interval.

/// What a figure is called, as in the JSON form: `apgr`, or `ece` of `budget`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) key: &'static str,
    pub(super) part: Option<String>,
    /// Whether it holds whatever the rows are, so that an interval would say nothing.
    pub(super) exact: bool,
}

impl Name {
    pub(super) fn plain(key: &'static str) -> Self {
        Self { key, part: None, exact: false }
    }

    pub(super) fn part(key: &'static str, part: impl Into<String>) -> Self {
        Self { key, part: Some(part.into()), exact: false }
    }
}

/// One measured number.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Figure {
    /// Its key in the JSON form, such as `apgr` or `ece`.
    pub key: &'static str,
    /// Its key inside that one, where it is nested, such as `budget`.
    pub part: Option<String>,
    /// The number, from all rows.
    pub value: f64,
    /// The 95 % bootstrap interval, low and high. `None` where the figure is exact or nothing was resampled.
    pub interval: Option<[f64; 2]>,
}

/// The figures of the router or of a baseline, in the order in which they are reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(pub(super) Vec<Figure>);

impl Figures {
    /// The figure with `key`, such as `apgr`, if it applies.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Figure> {
        self.0.iter().find(|figure| figure.key == key && figure.part.is_none())
    }

    /// The figure with `part` inside `key`, such as `0.98` inside `cost_at_quality`, if it applies.
    #[must_use]
    pub fn part(&self, key: &str, part: &str) -> Option<&Figure> {
        self.0.iter().find(|figure| figure.key == key && figure.part.as_deref() == Some(part))
    }

    /// All figures, in the order in which they are reported.
    pub fn iter(&self) -> impl Iterator<Item = &Figure> {
        self.0.iter()
    }
}
