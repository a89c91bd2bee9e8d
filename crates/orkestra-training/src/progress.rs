//! How long work says how far it is.

/// Told how far a training or evaluation is.
pub trait Progress: Sync {
    /// `done` of `total` steps are done.
    fn step(&self, done: usize, total: usize);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _done: usize, _total: usize) {}
}
