//! Inner loops, compiled a second time for wider vectors where the processor has them.
//!
//! Whole-number products give the same result either way. Sums of floats are taken in the same order by both
//! builds (no fused multiply-add), so they do too.

#![expect(
    unsafe_code,
    reason = "a function compiled for AVX2 may only be called where the processor has it, which is asked before each call"
)]

use super::ngrams::{bucket_of, step};

/// How many codes are multiplied at once: twice or half as many take twice the time.
const BLOCK: usize = 32;
/// How many float sums run side by side.
const SUMS: usize = 8;
/// How many columns of rows are added up at once.
const COLUMNS: usize = 32;

/// Declares a function that runs its body as it is, or compiled for AVX2.
macro_rules! widened {
    ($(#[$doc:meta])* $name:ident, $wide:ident, $plain:ident, ($($argument:ident: $kind:ty),*) $(-> $result:ty)?) => {
        $(#[$doc])*
        pub(crate) fn $name($($argument: $kind),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            if std::is_x86_feature_detected!("avx2") {
                return unsafe { $wide($($argument),*) };
            }
            $plain($($argument),*)
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn $wide($($argument: $kind),*) $(-> $result)? {
            $plain($($argument),*)
        }
    };
}

widened!(
    /// The scalar product of each row of `query`'s length and `query`: whole numbers, so the same on every machine.
    dots_of_codes, dots_of_codes_wide, dots_of_codes_plain,
    (rows: &[i8], query: &[i16], products: &mut Vec<i32>)
);
widened!(
    /// As [`dots_of_codes`], of the rows whose positions are `picked`; a row that is not there gives 0.
    dots_of_picked, dots_of_picked_wide, dots_of_picked_plain,
    (rows: &[i8], picked: &[u32], query: &[i16], products: &mut Vec<i32>)
);
widened!(
    /// The scalar product of two rows of floats.
    dot, dot_wide, dot_plain, (a: &[f32], b: &[f32]) -> f32
);
widened!(
    /// The scalar product of each row of `vector`'s length and `vector`.
    dots, dots_wide, dots_plain, (rows: &[f32], vector: &[f32], products: &mut Vec<f32>)
);
widened!(
    /// Adds the rows of codes (as long as `sums`) at the positions of `picked`, each times its factor, to `sums`.
    add_rows, add_rows_wide, add_rows_plain, (sums: &mut [f32], codes: &[i8], picked: &[(u16, f32)])
);
widened!(
    /// Adds `factor` times a row of four-bit codes to `sums`: code `j` low, `j + half` high, each less `offset`.
    add_nibbles, add_nibbles_wide, add_nibbles_plain, (sums: &mut [f32], row: &[u8], factor: f32, offset: f32)
);

widened!(
    /// Takes each hash one letter on.
    hash_on, hash_on_wide, hash_on_plain, (hashes: &mut [u32], letters: &[char])
);
widened!(
    /// The buckets of finished hashes.
    buckets_of, buckets_of_wide, buckets_of_plain, (hashes: &[u32], buckets: &mut [u16])
);

#[inline(always)]
fn hash_on_plain(hashes: &mut [u32], letters: &[char]) {
    for (hash, letter) in hashes.iter_mut().zip(letters) {
        *hash = step(*hash, *letter);
    }
}

#[inline(always)]
fn buckets_of_plain(hashes: &[u32], buckets: &mut [u16]) {
    for (hash, bucket) in hashes.iter().zip(buckets) {
        *bucket = bucket_of(*hash);
    }
}

#[inline(always)]
fn dots_of_codes_plain(rows: &[i8], query: &[i16], products: &mut Vec<i32>) {
    for row in rows.chunks_exact(query.len().max(1)) {
        products.push(dot_of_codes(row, query));
    }
}

#[inline(always)]
fn dots_of_picked_plain(rows: &[i8], picked: &[u32], query: &[i16], products: &mut Vec<i32>) {
    for position in picked {
        let start = *position as usize * query.len();
        // No closure here either: it would be compiled apart.
        let product = match rows.get(start..start + query.len()) {
            Some(row) => dot_of_codes(row, query),
            None => 0,
        };
        products.push(product);
    }
}

// Plain loops: an iterator's `sum` may be compiled apart from its caller, and then without its instructions.
#[inline(always)]
fn dot_of_codes(row: &[i8], query: &[i16]) -> i32 {
    let (rows, row_rest) = row.as_chunks::<BLOCK>();
    let (queries, query_rest) = query.as_chunks::<BLOCK>();
    let mut sums = [0; BLOCK];
    for (row, query) in rows.iter().zip(queries) {
        for ((sum, a), b) in sums.iter_mut().zip(row).zip(query) {
            *sum += i32::from(*a) * i32::from(*b);
        }
    }
    let mut total = 0;
    for sum in sums {
        total += sum;
    }
    for (a, b) in row_rest.iter().zip(query_rest) {
        total += i32::from(*a) * i32::from(*b);
    }
    total
}

#[inline(always)]
fn dot_plain(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; SUMS];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<SUMS>(), b.as_chunks::<SUMS>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let mut total = 0.0;
    for sum in sums {
        total += sum;
    }
    for (a, b) in a_rest.iter().zip(b_rest) {
        total += a * b;
    }
    total
}

#[inline(always)]
fn dots_plain(rows: &[f32], vector: &[f32], products: &mut Vec<f32>) {
    for row in rows.chunks_exact(vector.len().max(1)) {
        products.push(dot_plain(row, vector));
    }
}

// A block of sums stays in registers while all rows pass. The last block reads on into the row that follows;
// what it adds there is dropped.
#[inline(always)]
fn add_rows_plain(sums: &mut [f32], codes: &[i8], picked: &[(u16, f32)]) {
    let width = sums.len();
    for (number, part) in sums.chunks_mut(COLUMNS).enumerate() {
        let mut held = [0.0_f32; COLUMNS];
        held[..part.len()].copy_from_slice(part);
        for (row, factor) in picked {
            let start = usize::from(*row) * width + number * COLUMNS;
            let Some(rest) = codes.get(start..) else { continue };
            match rest.first_chunk() {
                Some(codes) => add_block(&mut held, codes, *factor),
                None => {
                    let mut last = [0_i8; COLUMNS];
                    last[..rest.len()].copy_from_slice(rest);
                    add_block(&mut held, &last, *factor);
                }
            }
        }
        part.copy_from_slice(&held[..part.len()]);
    }
}

#[inline(always)]
fn add_block(sums: &mut [f32; COLUMNS], codes: &[i8; COLUMNS], factor: f32) {
    for (sum, code) in sums.iter_mut().zip(codes) {
        *sum += factor * f32::from(*code);
    }
}

#[inline(always)]
fn add_nibbles_plain(sums: &mut [f32], row: &[u8], factor: f32, offset: f32) {
    let (low, high) = sums.split_at_mut(row.len().min(sums.len()));
    for ((low, high), code) in low.iter_mut().zip(high).zip(row) {
        *low += factor * (f32::from(code & 15) - offset);
        *high += factor * (f32::from(code >> 4) - offset);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_way_to_multiply_gives_the_same(codes in prop::collection::vec(any::<(i8, i8)>(), 1..300)) {
            let row: Vec<i8> = codes.iter().map(|pair| pair.0).collect();
            let query: Vec<i16> = codes.iter().map(|pair| i16::from(pair.1)).collect();
            let expected: i32 = codes.iter().map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            let (mut wide, mut plain, mut picked) = (Vec::new(), Vec::new(), Vec::new());
            let rows = [&row[..], &row[..], &[1]].concat();
            dots_of_codes(&rows, &query, &mut wide);
            dots_of_codes_plain(&rows, &query, &mut plain);
            dots_of_picked(&rows, &[1, 900], &query, &mut picked);
            prop_assert_eq!(&wide[..2], &[expected; 2]);
            prop_assert_eq!(wide, plain);
            prop_assert_eq!(picked, [expected, 0]);
            let (a, b): (Vec<f32>, Vec<f32>) =
                codes.iter().map(|(a, b)| (f32::from(*a) / 7.0, f32::from(*b) / 3.0)).unzip();
            prop_assert_eq!(dot(&a, &b).to_bits(), dot_plain(&a, &b).to_bits());
            let mut products = Vec::new();
            dots(&[&a[..], &a[..]].concat(), &b, &mut products);
            prop_assert_eq!(products, [dot_plain(&a, &b); 2]);
        }

        #[test]
        fn every_way_to_add_rows_gives_the_same(
            codes in prop::collection::vec(any::<i8>(), 0..900),
            width in 1_usize..100,
            picked in prop::collection::vec((0_u16..20, -2.0_f32..2.0), 0..30),
        ) {
            let (mut wide, mut plain) = (vec![0.5_f32; width], vec![0.5_f32; width]);
            add_rows(&mut wide, &codes, &picked);
            add_rows_plain(&mut plain, &codes, &picked);
            prop_assert_eq!(&wide, &plain);
            // One number at a time, row by row.
            let mut expected = vec![0.5_f32; width];
            for (row, factor) in picked {
                let row = codes.chunks(width).nth(usize::from(row)).unwrap_or(&[]);
                for (sum, code) in expected.iter_mut().zip(row) {
                    *sum += factor * f32::from(*code);
                }
            }
            prop_assert_eq!(wide, expected);
        }

        #[test]
        fn every_way_to_add_nibbles_gives_the_same(row in prop::collection::vec(any::<u8>(), 0..100)) {
            let (mut wide, mut plain) = (vec![0.5_f32; row.len() * 2], vec![0.5_f32; row.len() * 2]);
            add_nibbles(&mut wide, &row, 0.3, 8.0);
            add_nibbles_plain(&mut plain, &row, 0.3, 8.0);
            prop_assert_eq!(wide, plain);
        }
    }
}
