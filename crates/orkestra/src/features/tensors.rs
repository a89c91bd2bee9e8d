//! Typed tables inside one block of bytes, read where they lie.
//!
//! The embedded artefact is part of the program's own pages: copying its tables would cost both
//! start-up time and memory. Nothing here knows what the tables mean.

use std::{fmt, marker::PhantomData, ops::Deref, ops::Range, sync::Arc};

use bytemuck::{AnyBitPattern, NoUninit};

/// A block of bytes whose start is aligned for every table type.
#[derive(Clone)]
pub(crate) enum Block {
    /// Part of the program.
    Static(&'static [u8]),
    /// Read from elsewhere: words, so that the start is aligned, and the length in bytes.
    Owned(Arc<[u64]>, usize),
}

impl Block {
    /// Copies `bytes` to an aligned place.
    pub(crate) fn copied(bytes: &[u8]) -> Self {
        let mut words = vec![0_u64; bytes.len().div_ceil(8)];
        bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self::Owned(words.into(), bytes.len())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::Owned(words, length) => &bytemuck::cast_slice(words)[..*length],
        }
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Block({} bytes)", self.bytes().len())
    }
}

/// A table of `T` inside a [`Block`].
#[derive(Clone)]
pub(crate) struct Table<T> {
    block: Block,
    range: Range<usize>,
    element: PhantomData<T>,
}

impl<T: AnyBitPattern + NoUninit> Table<T> {
    /// The table in `range` of `block`; `None` when the range is outside, misaligned or no whole
    /// number of elements.
    pub(crate) fn new(block: &Block, range: Range<usize>) -> Option<Self> {
        let bytes = block.bytes().get(range.clone())?;
        bytemuck::try_cast_slice::<u8, T>(bytes).ok()?;
        Some(Self { block: block.clone(), range, element: PhantomData })
    }
}

impl<T: AnyBitPattern + NoUninit> Deref for Table<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // `new` has checked range and alignment, and neither can change.
        self.block
            .bytes()
            .get(self.range.clone())
            .and_then(|bytes| bytemuck::try_cast_slice(bytes).ok())
            .unwrap_or(&[])
    }
}

impl<T: AnyBitPattern + NoUninit> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} of {})", self.len(), std::any::type_name::<T>())
    }
}
