//! Router files that carry a right hash over wrong contents: a clear error that names the place, never a panic.

use bytemuck::AnyBitPattern;
use orkestra::{
    ErrorKind,
    routing::{
        PerTier,
        artefact::{Metadata, Number, Parts, Values},
        from_bytes,
    },
};
use proptest::prelude::*;

use crate::tiny;

#[track_caller]
fn refused(parts: Parts) -> String {
    let error = parts.to_bytes().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Config, "{error}");
    let message = error.to_string();
    assert!(message.contains("embedded router"), "no remedy: {message}");
    message
}

/// The tiny router with one table replaced, or without it.
fn with(name: &str, values: Option<Values>) -> Parts {
    let mut parts = tiny::parts();
    match values {
        Some(values) => parts.tables.insert(name.to_owned(), values),
        None => parts.tables.remove(name),
    };
    parts
}

/// The first of the functions, one for each type of number, that knows the table's type.
macro_rules! for_its_type {
    ($function:ident, $values:expr, $($argument:expr),*) => {
        None.or_else(|| $function::<u8>($values, $($argument),*))
            .or_else(|| $function::<i8>($values, $($argument),*))
            .or_else(|| $function::<u16>($values, $($argument),*))
            .or_else(|| $function::<u32>($values, $($argument),*))
            .or_else(|| $function::<u64>($values, $($argument),*))
            .or_else(|| $function::<f32>($values, $($argument),*))
            .unwrap()
    };
}

/// The table with so many rows: cut off, or filled with zeros.
fn resized(values: &Values, rows: usize) -> Values {
    fn of<T: Number + AnyBitPattern + Default>(values: &Values, rows: usize) -> Option<Values> {
        let mut numbers: Vec<T> = values.numbers()?;
        let columns = numbers.len() / values.rows();
        numbers.resize(rows * columns, T::default());
        Some(Values::new(columns, &numbers))
    }
    for_its_type!(of, values, rows)
}

/// The table with bytes of `noise` laid over it from `start` on, again and again.
fn overwritten(values: &Values, start: usize, noise: &[u8]) -> Values {
    fn of<T: Number + AnyBitPattern>(
        values: &Values,
        start: usize,
        noise: &[u8],
    ) -> Option<Values> {
        let numbers: Vec<T> = values.numbers()?;
        let columns = numbers.len() / values.rows();
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.bytes()).collect();
        let start = start % bytes.len();
        bytes[start..]
            .iter_mut()
            .zip(noise.iter().cycle())
            .for_each(|(byte, noise)| *byte = *noise);
        let read = bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned);
        Some(Values::new(columns, &read.collect::<Vec<T>>()))
    }
    for_its_type!(of, values, start, noise)
}

/// How an error may name a table: layers say whose it is first.
fn short(name: &str) -> &str {
    name.strip_prefix("layers.base.").unwrap_or(name)
}

#[test]
fn the_tiny_router_is_whole() {
    let parts = tiny::parts();
    assert_eq!(parts.tables.len(), 32);
    let trained = tiny::router(parts);
    assert_eq!(trained.tokens("Alphas beta."), ["alpha", "##s", "beta", "."]);
}

#[test]
fn a_table_that_is_missing_is_named() {
    for name in tiny::parts().tables.keys() {
        let message = refused(with(name, None));
        assert!(message.contains(&format!("it lacks {name}")), "{name}: {message}");
    }
}

#[test]
fn a_table_of_another_type_is_named() {
    for (name, values) in tiny::parts().tables {
        let columns = [1, 2][usize::from(values.rows() % 2 == 0)];
        let rows = values.rows();
        let other = match values.numbers::<u64>() {
            Some(_) => Values::new(columns, &vec![0.0_f32; rows]),
            None => Values::new(columns, &vec![0_u64; rows]),
        };
        let message = refused(with(&name, Some(other)));
        assert!(message.contains(&format!("{name} holds")), "{name}: {message}");
        assert!(message.contains("expected"), "{name}: {message}");
    }
}

#[test]
fn a_table_of_another_length_is_named() {
    for (name, values) in tiny::parts().tables {
        for rows in [0, 1, values.rows() - 1, values.rows() + 1] {
            // The dial may have any number of steps from two on, and any number of questions may be known.
            let any = name.ends_with("margins") && rows > 1 || name == "questions.hashes";
            if any || rows == values.rows() {
                continue;
            }
            let message = refused(with(&name, Some(resized(&values, rows))));
            assert!(message.contains(short(&name)), "{name} with {rows} rows: {message}");
        }
    }
}

#[test]
fn a_table_with_infinity_or_no_number_is_named() {
    let floats = tiny::parts().tables.into_iter().filter_map(|(name, values)| {
        let numbers: Vec<f32> = values.numbers()?;
        Some((name, values.rows(), numbers))
    });
    let mut seen = 0;
    for (name, rows, numbers) in floats {
        seen += 1;
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in [0, numbers.len() - 1] {
                let mut numbers = numbers.clone();
                numbers[place] = wrong;
                let values = Values::new(numbers.len() / rows, &numbers);
                let message = refused(with(&name, Some(values)));
                assert!(message.contains(short(&name)), "{name} with {wrong}: {message}");
            }
        }
    }
    assert!(seen > 12, "{seen}");
}

#[test]
fn tables_whose_numbers_contradict_each_other_are_named() {
    let cases: [(&str, Values, &str); 9] = [
        ("layers.base.clusters.starts", Values::new(1, &[0_u32, 4, 2]), "does not divide"),
        ("layers.base.clusters.starts", Values::new(1, &[1_u32, 2, 5]), "does not divide"),
        ("layers.base.clusters.starts", Values::new(1, &[0_u32, 2, 6]), "does not divide"),
        ("layers.base.references.families", Values::new(1, &[0_u16, 0, 1, 1, 2]), "families"),
        ("heads.google.margins", Values::new(1, &[0.5_f32, 0.6, 0.0]), "falling"),
        ("questions.hashes", Values::new(1, &[5_u64, 3]), "sorted"),
        ("vocabulary.ends", Values::new(1, &[4_u32; 10]), "vocabulary.ends"),
        ("vocabulary.slots", Values::new(1, &vec![1_u16; 1 << 16]), "too full"),
        ("vocabulary.slots", Values::new(1, &vec![11_u16; 1 << 16]), "not there"),
    ];
    for (name, values, word) in cases {
        let message = refused(with(name, Some(values)));
        assert!(message.contains(word), "{name}: {message}");
    }
}

#[test]
fn metadata_out_of_range_is_named() {
    type Change = fn(&mut Metadata);
    let cases: [(Change, &str); 51] = [
        (|m| m.format = 2, "version 2"),
        (|m| m.format = 4, "version 4"),
        (|m| m.tiers.reverse(), "tiers"),
        (|m| m.base = Some("0".repeat(64)), "adds to the router 0000"),
        (|m| m.heads[0].blend.linear = 0.9, "head google: blend's sum is 0.9"),
        (|m| m.heads[0].blend.nearest = 0.1, "blend's sum is 1.1"),
        (|m| (m.heads[0].blend.network, m.heads[0].blend.nearest) = (-0.5, 0.5), "blend is -0.5"),
        (|m| m.heads[0].blend.linear = 1.5, "blend is 1.5"),
        (|m| m.heads[0].blend.linear = f64::NAN, "cannot be read"),
        (|m| m.heads[0].blend.linear = f64::INFINITY, "cannot be read"),
        (|m| m.heads[1].kernel.neighbours = 0, "head general: kernel.neighbours is 0"),
        (|m| m.heads[1].kernel.neighbours = 20_000, "kernel.neighbours is 20000"),
        (|m| m.heads[1].kernel.bandwidth = 0.0, "kernel.bandwidth is 0"),
        (|m| m.heads[1].kernel.bandwidth = -1.0, "kernel.bandwidth is -1"),
        (|m| m.heads[1].kernel.prior_weight = 0.0, "kernel.prior_weight is 0"),
        (|m| m.heads[1].compared = 0, "compared is 0"),
        (|m| m.heads[1].gate_power = -1.0, "gate_power is -1"),
        (|m| m.heads[1].gate_power = 1e9, "gate_power is 1000000000"),
        (|m| m.heads[1].default_quality = 1.01, "default_quality is 1.01"),
        (|m| m.heads[1].calibration.premium.slope = -0.1, "calibration's slope is -0.1"),
        (|m| m.heads[1].calibration.budget_loss.offset = 11.0, "calibration's offset is 11"),
        (|m| m.heads[1].calibration.balanced_loss.slope = f64::NAN, "cannot be read"),
        (|m| m.heads[1].familiarity.nearness.strange = 0.9, "nearness.familiar is 0.5"),
        (|m| m.heads[1].familiarity.nearness.familiar = -0.5, "nearness.familiar is -0.5"),
        (|m| m.heads[1].familiarity.nearness.strange = -9.0, "nearness.strange is -9"),
        (|m| m.heads[1].familiarity.rareness.strange = 1.0, "rareness.strange is 1"),
        (|m| m.heads[1].familiarity.rareness.familiar = -1.0, "rareness.familiar is -1"),
        (|m| m.heads[1].familiarity.rareness.strange = f64::INFINITY, "cannot be read"),
        (|m| m.heads[1].prior.premium = 1.5, "prior.premium is 1.5"),
        (|m| m.heads[1].prior.balanced_loss = -2.0, "prior.balanced_loss is -2"),
        (|m| m.heads[1].prior.budget_loss = 2.0, "prior.budget_loss is 2"),
        (|m| m.heads[1].prior.variance.balanced = -0.1, "prior.variance is -0.1"),
        (|m| m.heads[1].prior.output_tokens.premium = -1.0, "prior.output_tokens is -1"),
        (|m| m.heads[0].domains[1].domain = 2, "head google names domain 2 of layer 0"),
        (|m| m.heads[0].domains[1].layer = 1, "head google names domain 1 of layer 1"),
        (|m| m.heads[0].domains[0].models.balanced = Some(3), "a model that letters/greek lacks"),
        (|m| m.heads[0].domains[1].models.premium = Some(2), "a model that letters/other lacks"),
        (|m| m.heads[0].domains[0].weight = -1.0, "domain weight is -1"),
        (|m| m.heads[0].domains.clear(), "no domain with a premium model"),
        (
            |m| m.heads[0].domains.iter_mut().for_each(|d| d.models = PerTier::default()),
            "no domain",
        ),
        (
            |m| m.heads[0].domains.iter_mut().for_each(|d| d.weight = 0.0),
            "no domain with a premium",
        ),
        (|m| m.heads[1].name = "other".to_owned(), "no head named general"),
        (|m| m.heads[0].name = "general".to_owned(), "same name"),
        (|m| m.layers.push(m.layers[0].clone()), "two of its layers"),
        (|m| m.layers.clear(), "domain 0 of layer 0"),
        (|m| m.layers[0].families.clear(), "references.families"),
        (|m| m.network.parts = 0, "in 0 parts"),
        (|m| m.network.parts = usize::MAX, "network.hidden is 4"),
        (|m| m.network.hidden = usize::MAX, "at most"),
        (|m| m.embedder.dimensions = usize::MAX - 1, "embedder.dimensions"),
        (|m| m.embedder.dimensions = 3, "embedder.dimensions is 3"),
    ];
    for (change, word) in cases {
        let mut parts = tiny::parts();
        change(&mut parts.metadata);
        let message = refused(parts);
        assert!(message.contains(word), "{word:?} is missing: {message}");
    }
}

proptest! {
    /// Whatever stands in a table of the right shape: a clear error, or a forecast of numbers.
    #[test]
    fn forged_numbers_never_panic(
        table in any::<prop::sample::Index>(),
        start in any::<usize>(),
        noise in prop::collection::vec(any::<u8>(), 1..32),
        text in "(alpha|beta|gamma|s|\\.|x| ){0,12}",
    ) {
        let parts = tiny::parts();
        let (name, values) = table.get(&parts.tables.iter().collect::<Vec<_>>()).to_owned();
        let forged = overwritten(values, start, &noise);
        match with(name, Some(forged)).to_bytes() {
            Err(error) => prop_assert_eq!(error.kind(), &ErrorKind::Config),
            Ok(bytes) => {
                let trained = from_bytes(bytes).unwrap();
                let features = tiny::features(&trained, &text);
                match trained.router().explain(&text, &features, "google") {
                    Err(error) => prop_assert_eq!(error.kind(), &ErrorKind::Config),
                    Ok(explanation) => {
                        let tiers = explanation.unwrap().forecast.tiers;
                        prop_assert!((0.0..=1.0).contains(&tiers.premium.score), "{}", name);
                        prop_assert!(tiers.premium.uncertainty >= 0.0, "{}", name);
                    }
                }
            }
        }
    }
}
