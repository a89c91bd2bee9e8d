//! Where an encoder's files are.
//!
//! This is the seam to whatever fetches them: a hub that fills a folder, or hands over single paths of its cache.

use std::path::{Path, PathBuf};

use orkestra::{Error, ErrorKind, Result};

/// The files of one encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncoderFiles {
    /// What messages call it: the folder's name, or a hub's name for it.
    pub name: String,
    /// `config.json`.
    pub config: PathBuf,
    /// What splits texts.
    pub tokenizer: TokenizerFiles,
    /// `tokenizer_config.json`, which says whether a `vocab.txt` is in lower case.
    pub tokenizer_config: Option<PathBuf>,
    /// The weights.
    pub weights: WeightsFile,
    /// `sentence_bert_config.json`, which limits the length of texts.
    pub limits: Option<PathBuf>,
    /// `modules.json`, which says whether vectors are normalised.
    pub modules: Option<PathBuf>,
    /// `1_Pooling/config.json`, which says how vectors are pooled.
    pub pooling: Option<PathBuf>,
}

/// A tokeniser in one of its three forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenizerFiles {
    /// `tokenizer.json`, which says everything.
    Whole(PathBuf),
    /// `vocab.json` and `merges.txt` of a byte-level BPE, as RoBERTa has them.
    BytePairs {
        /// Token → id.
        vocabulary: PathBuf,
        /// What is joined, the most frequent first.
        merges: PathBuf,
    },
    /// `vocab.txt` of a WordPiece, as BERT has it.
    WordPieces(PathBuf),
}

/// Weights in one of their two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightsFile {
    /// `model.safetensors`.
    Safetensors(PathBuf),
    /// `pytorch_model.bin`.
    Pickle(PathBuf),
}

impl EncoderFiles {
    /// The files in `folder`, laid out as on the Hugging Face hub. `model.safetensors` comes before
    /// `pytorch_model.bin`, and `tokenizer.json` before vocabularies.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config), naming the file, when one that is needed is not there.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        let there = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        let missing = |what: &str| {
            let message = format!("the encoder folder {} has no {what}", folder.display());
            Error::new(ErrorKind::Config, message)
        };
        if !folder.is_dir() {
            let message = format!("the encoder folder {} is not there", folder.display());
            return Err(Error::new(ErrorKind::Config, message));
        }
        let tokenizer = if let Some(whole) = there("tokenizer.json") {
            TokenizerFiles::Whole(whole)
        } else if let (Some(vocabulary), Some(merges)) = (there("vocab.json"), there("merges.txt"))
        {
            TokenizerFiles::BytePairs { vocabulary, merges }
        } else if let Some(vocabulary) = there("vocab.txt") {
            TokenizerFiles::WordPieces(vocabulary)
        } else {
            return Err(missing("tokenizer.json, vocab.json with merges.txt, or vocab.txt"));
        };
        let weights = there("model.safetensors")
            .map(WeightsFile::Safetensors)
            .or_else(|| there("pytorch_model.bin").map(WeightsFile::Pickle))
            .ok_or_else(|| missing("model.safetensors or pytorch_model.bin"))?;
        let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let name = whole
            .file_name()
            .map_or_else(|| "encoder".to_owned(), |name| name.to_string_lossy().into_owned());
        Ok(Self {
            name,
            config: there("config.json").ok_or_else(|| missing("config.json"))?,
            tokenizer,
            tokenizer_config: there("tokenizer_config.json"),
            weights,
            limits: there("sentence_bert_config.json"),
            modules: there("modules.json"),
            pooling: there("1_Pooling/config.json"),
        })
    }
}
