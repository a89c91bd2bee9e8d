//! What a misspelt name was probably meant to be.

/// Below this likeness two names have little in common.
const ALIKE: f64 = 0.8;
/// More suggestions than this help nobody.
const MOST: usize = 3;

/// The names most like `wanted`, the likeliest first.
pub(crate) fn near<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let likeness = |name: &str| strsim::jaro_winkler(&wanted, &name.to_lowercase());
    let mut alike: Vec<(f64, &str)> = names
        .into_iter()
        .map(|name| (likeness(name), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    alike.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// The end of a sentence that suggests the names most like `wanted`, or else says `otherwise`.
pub(crate) fn suggestion<'a>(
    wanted: &str,
    names: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    let near = near(wanted, names);
    if near.is_empty() {
        otherwise.to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    }
}
