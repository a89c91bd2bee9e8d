//! Hidden states and pooled vectors.

use orkestra_encoders::{Encoder, EncoderFiles, Pooling, Sequence, Storage, WeightsFile};
use serde::Deserialize;

use crate::support::{fixture, ids_of, json};

const WIDTH: usize = 24;

#[derive(Deserialize)]
struct Kept {
    vocabulary: u64,
    cases: Vec<Case>,
    batch: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    length: usize,
    seed: u64,
    padding: Vec<usize>,
    global: Vec<usize>,
    rows: Vec<(usize, Vec<f32>)>,
    mean: Vec<f64>,
}

impl Case {
    fn sequence(&self, vocabulary: u64) -> Sequence {
        let mut ids = ids_of(self.length, vocabulary, self.seed);
        self.padding.iter().for_each(|place| ids[*place] = 1);
        Sequence { ids, global: self.global.clone() }
    }

    /// Panics where `states` are further from the original's than `tolerance`, their mean than a tenth of it.
    fn compare(&self, states: &[f32], tolerance: f32) {
        let told = format!("{} tokens, global {:?}", self.length, self.global);
        assert_eq!(states.len(), self.length * WIDTH, "{told}");
        for (row, expected) in &self.rows {
            let found = &states[row * WIDTH..(row + 1) * WIDTH];
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() < tolerance,
                    "{told}, row {row}: {found}, not {expected}"
                );
            }
        }
        let mean = Pooling::Mean.of(states, WIDTH);
        for (found, expected) in mean.iter().zip(&self.mean) {
            let apart = (f64::from(*found) - expected).abs();
            assert!(apart < f64::from(tolerance) / 10.0, "{told}, mean: {found}, not {expected}");
        }
        assert_eq!(Pooling::First.of(states, WIDTH), states[..WIDTH], "{told}");
    }
}

fn encoder(name: &str, storage: Storage) -> Encoder {
    let files = EncoderFiles::in_folder(&fixture(name)).unwrap();
    Encoder::read(&files.config, &files.weights, storage, name == "longformer").unwrap()
}

#[test]
fn hidden_states_are_those_of_the_originals_at_every_length() {
    for name in ["longformer", "bert"] {
        let kept: Kept = json(&format!("{name}.json"));
        let encoder = encoder(name, Storage::F32);
        for case in &kept.cases {
            let states = encoder.hidden_states(&[case.sequence(kept.vocabulary)]).unwrap();
            case.compare(&states[0], 1e-4);
        }
        assert!(kept.cases.iter().any(|case| case.length == encoder.config().longest()));
    }
}

#[test]
fn several_texts_at_once_are_what_they_are_in_a_padded_batch() {
    for name in ["longformer", "bert"] {
        let kept: Kept = json(&format!("{name}.json"));
        let texts: Vec<Sequence> =
            kept.batch.iter().map(|case| case.sequence(kept.vocabulary)).collect();
        let all = encoder(name, Storage::F32).hidden_states(&texts).unwrap();
        assert_eq!(all.len(), kept.batch.len());
        for (case, states) in kept.batch.iter().zip(&all) {
            case.compare(states, 1e-4);
        }
    }
}

#[test]
fn half_the_memory_gives_nearly_the_same_states() {
    // The fixtures' weights were rounded to bf16, so that they survive it; f16 rounds the smallest of them again.
    for (storage, tolerance) in [(Storage::Bf16, 1e-4), (Storage::F16, 2e-3)] {
        for name in ["longformer", "bert"] {
            let kept: Kept = json(&format!("{name}.json"));
            let encoder = encoder(name, storage);
            for case in kept.cases.iter().filter(|case| case.length < 100) {
                let states = encoder.hidden_states(&[case.sequence(kept.vocabulary)]).unwrap();
                case.compare(&states[0], tolerance);
            }
        }
    }
}

#[test]
fn a_pytorch_file_holds_the_same_model() {
    for name in ["longformer", "bert"] {
        let safe = encoder(name, Storage::F32);
        let files = EncoderFiles::in_folder(&fixture(name)).unwrap();
        let pickle = WeightsFile::Pickle(fixture(name).join("pytorch_model.bin"));
        let with_global = name == "longformer";
        let pickled = Encoder::read(&files.config, &pickle, Storage::F32, with_global).unwrap();
        assert_eq!(safe.digest(), pickled.digest());
        let text = Sequence::from(ids_of(33, 600, 1));
        assert_eq!(
            safe.hidden_states(std::slice::from_ref(&text)).unwrap(),
            pickled.hidden_states(&[text]).unwrap()
        );
    }
}

#[test]
fn texts_that_no_encoder_takes_are_refused() {
    let encoder = encoder("bert", Storage::F32);
    let refused = |text: Sequence| encoder.hidden_states(&[text]).unwrap_err().to_string();
    assert!(refused(Sequence::from(vec![])).contains("has 0 tokens; the encoder takes 1 to 512"));
    assert!(refused(Sequence::from(vec![5; 513])).contains("has 513 tokens"));
    assert!(refused(Sequence::from(vec![60_000])).contains("token id 60000"));
    let global = Sequence { ids: vec![5, 6], global: vec![0] };
    assert!(refused(global).contains("global attention"));
    assert_eq!(encoder.hidden_states(&[]).unwrap(), Vec::<Vec<f32>>::new());

    let longformer = self::encoder("longformer", Storage::F32);
    for global in [vec![2], vec![1, 0], vec![1, 1]] {
        let text = Sequence { ids: vec![5, 6], global };
        let refused = longformer.hidden_states(&[text]).unwrap_err().to_string();
        assert!(refused.contains("expected ascending places below 2"), "{refused}");
    }
}
