//! An embedder that writes down what it embedded, so that hours of embedding can go on where they ended.
//!
//! The file is only ever appended to, a record at a time, each with its own checksum: whatever was going on when the
//! power failed, the records before it count and what comes after the first odd byte is cut off.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use orkestra::{
    Error, ErrorKind, Result,
    features::{Embedder, Embedding},
};
use sha2::{Digest as _, Sha256};

use crate::progress::Progress;

/// Bytes of a text's hash, and of a record's checksum.
const KEY: usize = 16;
const CHECKSUM: usize = 4;
/// What such a file begins with.
const MARK: &str = "orkestra vectors 1";

/// An embedder with a file of what it embedded.
pub struct Remembering<'a> {
    embedder: &'a dyn Embedder,
    path: PathBuf,
    kept: Mutex<Kept>,
    progress: &'a dyn Progress,
    done: AtomicUsize,
    total: usize,
}

struct Kept {
    vectors: HashMap<[u8; KEY], Vec<f32>>,
    file: File,
}

impl<'a> Remembering<'a> {
    /// Opens the file at `path`, or begins it. One of another embedder is begun anew. `progress` hears of every text,
    /// of which there are `total`.
    ///
    /// # Errors
    /// [`Storage`](ErrorKind::Storage) when the file cannot be read or written.
    pub fn open(
        embedder: &'a dyn Embedder,
        path: &Path,
        progress: &'a dyn Progress,
        total: usize,
    ) -> Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|cause| storage(path, cause))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|cause| storage(path, cause))?;
        let header = format!("{MARK}\n{}\n{}\n", embedder.id(), embedder.dimensions());
        let mut vectors = HashMap::new();
        let mut end = 0;
        if bytes.starts_with(header.as_bytes()) {
            end = header.len();
            let record = KEY + embedder.dimensions() * 4 + CHECKSUM;
            for bytes in bytes[end..].chunks_exact(record) {
                let Some((key, vector)) = read(bytes) else { break };
                vectors.insert(key, vector);
                end += record;
            }
        }
        file.set_len(end as u64).map_err(|cause| storage(path, cause))?;
        file.seek(SeekFrom::End(0)).map_err(|cause| storage(path, cause))?;
        if end == 0 {
            file.write_all(header.as_bytes()).map_err(|cause| storage(path, cause))?;
        }
        Ok(Self {
            embedder,
            path: path.to_owned(),
            kept: Mutex::new(Kept { vectors, file }),
            progress,
            done: AtomicUsize::new(0),
            total,
        })
    }

    /// How many texts the file already knows.
    #[must_use]
    pub fn known(&self) -> usize {
        self.kept().vectors.len()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, keys: &[[u8; KEY]], fresh: &[Embedding]) -> Result<()> {
        let mut kept = self.kept();
        let mut records = Vec::new();
        for (key, embedding) in keys.iter().zip(fresh) {
            let start = records.len();
            records.extend(key);
            records.extend(embedding.vector.iter().flat_map(|number| number.to_le_bytes()));
            let checksum = Sha256::digest(&records[start..]);
            records.extend(&checksum[..CHECKSUM]);
            kept.vectors.insert(*key, embedding.vector.clone());
        }
        kept.file.write_all(&records).map_err(|cause| storage(&self.path, cause))
    }
}

impl Embedder for Remembering<'_> {
    fn id(&self) -> &str {
        self.embedder.id()
    }

    fn dimensions(&self) -> usize {
        self.embedder.dimensions()
    }

    fn embed(&self, text: &str) -> Result<Embedding> {
        let mut all = self.embed_all(&[text])?;
        all.pop().ok_or_else(|| Error::invalid("the text has no vector"))
    }

    fn embed_all(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        let keys: Vec<[u8; KEY]> = texts.iter().map(|text| key(text)).collect();
        let unknown: Vec<usize> = {
            let kept = self.kept();
            (0..texts.len()).filter(|place| !kept.vectors.contains_key(&keys[*place])).collect()
        };
        let asked: Vec<&str> = unknown.iter().map(|place| texts[*place]).collect();
        let fresh = if asked.is_empty() { Vec::new() } else { self.embedder.embed_all(&asked)? };
        let fresh_keys: Vec<[u8; KEY]> = unknown.iter().map(|place| keys[*place]).collect();
        self.keep(&fresh_keys, &fresh)?;
        let kept = self.kept();
        let vector = |key: &[u8; KEY]| kept.vectors.get(key).cloned().unwrap_or_default();
        let all = keys.iter().map(|key| Embedding { vector: vector(key), tokens: Vec::new() });
        let all = all.collect();
        let done = self.done.fetch_add(texts.len(), Ordering::Relaxed) + texts.len();
        self.progress.step(done, self.total.max(done));
        Ok(all)
    }

    // Whatever the embedder is: texts shall come many at a time.
    fn is_slow(&self) -> bool {
        true
    }
}

fn key(text: &str) -> [u8; KEY] {
    let mut key = [0; KEY];
    key.copy_from_slice(&Sha256::digest(text)[..KEY]);
    key
}

/// A record's text and vector, unless it is damaged.
fn read(record: &[u8]) -> Option<([u8; KEY], Vec<f32>)> {
    let (said, checksum) = record.split_at(record.len() - CHECKSUM);
    if Sha256::digest(said)[..CHECKSUM] != *checksum {
        return None;
    }
    let (key, numbers) = said.split_first_chunk::<KEY>()?;
    let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    Some((*key, numbers.chunks_exact(4).map(number).collect()))
}

fn storage(path: &Path, cause: std::io::Error) -> Error {
    let message = format!("{} cannot be used to keep vectors: {cause}", path.display());
    Error::new(ErrorKind::Storage, message).because(cause)
}

impl std::fmt::Debug for Remembering<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remembering").field("path", &self.path).finish_non_exhaustive()
    }
}
