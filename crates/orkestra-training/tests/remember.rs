//! Vectors that are kept for the next time.

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

use std::{fs, sync::Mutex};

use orkestra::{
    Result,
    features::{Embedder, Embedding},
};
use orkestra_training::{Progress, Silent, remember::Remembering};

/// Embeds a text as its length, and notes what it was asked.
#[derive(Debug, Default)]
struct Length {
    id: &'static str,
    asked: Mutex<Vec<String>>,
}

impl Embedder for Length {
    fn id(&self) -> &str {
        self.id
    }
    fn dimensions(&self) -> usize {
        2
    }
    fn embed(&self, text: &str) -> Result<Embedding> {
        self.asked.lock().unwrap().push(text.to_owned());
        Ok(Embedding { vector: vec![text.len() as f32, 1.0], tokens: Vec::new() })
    }
}

#[derive(Default)]
struct Steps(Mutex<Vec<(usize, usize)>>);

impl Progress for Steps {
    fn step(&self, done: usize, total: usize) {
        self.0.lock().unwrap().push((done, total));
    }
}

#[test]
fn what_was_embedded_is_not_embedded_again_wherever_the_file_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors");
    let texts = ["a", "bb", "ccc", "a"];
    let embedder = Length { id: "one", ..Length::default() };
    let steps = Steps::default();
    let first = Remembering::open(&embedder, &file, &steps, 4).unwrap();
    let expected = first.embed_all(&texts).unwrap();
    assert_eq!(
        expected.iter().map(|found| found.vector[0]).collect::<Vec<_>>(),
        [1.0, 2.0, 3.0, 1.0]
    );
    assert_eq!(*steps.0.lock().unwrap(), [(4, 4)]);
    drop(first);
    let whole = fs::read(&file).unwrap();
    for length in (0..=whole.len()).rev() {
        fs::write(&file, &whole[..length]).unwrap();
        let again = Length { id: "one", ..Length::default() };
        let remembering = Remembering::open(&again, &file, &Silent, 4).unwrap();
        let known = remembering.known();
        assert_eq!(remembering.embed_all(&texts).unwrap(), expected, "{length} bytes");
        let asked = again.asked.lock().unwrap().len();
        assert!(known < 3 || asked == 0, "{length} bytes: {asked} asked, {known} known");
        drop(remembering);
        let after = Length { id: "one", ..Length::default() };
        assert_eq!(Remembering::open(&after, &file, &Silent, 4).unwrap().known(), 3);
    }
}

#[test]
fn a_changed_byte_costs_its_vector_and_those_behind_it_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors");
    let embedder = Length { id: "one", ..Length::default() };
    let texts = ["a", "bb", "ccc"];
    let expected =
        Remembering::open(&embedder, &file, &Silent, 3).unwrap().embed_all(&texts).unwrap();
    let whole = fs::read(&file).unwrap();
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x40;
        fs::write(&file, &damaged).unwrap();
        let remembering = Remembering::open(&embedder, &file, &Silent, 3).unwrap();
        assert!(remembering.known() < 3, "byte {place}");
        assert_eq!(remembering.embed_all(&texts).unwrap(), expected, "byte {place}");
    }
}

#[test]
fn vectors_of_another_embedder_are_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors");
    let one = Length { id: "one", ..Length::default() };
    Remembering::open(&one, &file, &Silent, 1).unwrap().embed("a").unwrap();
    let other = Length { id: "other", ..Length::default() };
    let remembering = Remembering::open(&other, &file, &Silent, 1).unwrap();
    assert_eq!(remembering.known(), 0);
    remembering.embed("a").unwrap();
    assert_eq!(*other.asked.lock().unwrap(), ["a"]);
}
