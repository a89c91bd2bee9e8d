//! Texts → token ids, exactly as the original tokenisers split them.

use std::{fs, path::Path};

use ahash::AHashMap;
use orkestra::{Error, ErrorKind, Result};
use serde::Deserialize;
use tokenizers::{
    AddedToken, Tokenizer, TruncationParams,
    models::{bpe::BPE, wordpiece::WordPiece},
    normalizers::BertNormalizer,
    pre_tokenizers::{bert::BertPreTokenizer, byte_level::ByteLevel},
    processors::{bert::BertProcessing, roberta::RobertaProcessing},
};

use crate::files::{EncoderFiles, TokenizerFiles};

/// Splits texts and cuts them to the encoder's length.
#[derive(Debug)]
pub struct TextTokenizer(Tokenizer);

/// The fields of `tokenizer_config.json` that a `vocab.txt` does not say.
#[derive(Clone, Copy, Deserialize)]
struct BertCase {
    #[serde(default = "yes")]
    do_lower_case: bool,
    #[serde(default)]
    strip_accents: Option<bool>,
    #[serde(default = "yes")]
    tokenize_chinese_chars: bool,
}

fn yes() -> bool {
    true
}

impl TextTokenizer {
    /// Loads the tokeniser of `files`; texts are cut to `longest` tokens, special ones included.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config), naming the file, when it is damaged or lacks a special token.
    pub fn read(files: &EncoderFiles, longest: usize) -> Result<Self> {
        let mut tokenizer = match &files.tokenizer {
            TokenizerFiles::Whole(path) => {
                Tokenizer::from_file(path).map_err(|cause| damaged(path, &cause.to_string()))?
            }
            TokenizerFiles::BytePairs { vocabulary, merges } => byte_pairs(vocabulary, merges)?,
            TokenizerFiles::WordPieces(path) => word_pieces(path, bert_case(files)?)?,
        };
        let cut = TruncationParams { max_length: longest, ..TruncationParams::default() };
        // Files often carry the padding of some training run; here no text is padded.
        tokenizer.with_padding(None).with_truncation(Some(cut)).map_err(|cause| {
            Error::new(
                ErrorKind::Config,
                format!("{}: no text of {longest} tokens: {cause}", files.name),
            )
        })?;
        Ok(Self(tokenizer))
    }

    /// The ids of `text`, special ones included.
    ///
    /// # Errors
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) when the tokeniser does not know what to do with it.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>> {
        let split = self.0.encode_fast(text, true);
        let split =
            split.map_err(|cause| Error::invalid(format!("the text cannot be split: {cause}")))?;
        Ok(split.get_ids().to_vec())
    }
}

fn bert_case(files: &EncoderFiles) -> Result<BertCase> {
    let Some(path) = &files.tokenizer_config else {
        return Ok(BertCase {
            do_lower_case: true,
            strip_accents: None,
            tokenize_chinese_chars: true,
        });
    };
    let text = fs::read_to_string(path).map_err(|cause| damaged(path, &cause.to_string()))?;
    serde_json::from_str(&text).map_err(|cause| damaged(path, &cause.to_string()))
}

/// RoBERTa's tokeniser, from its vocabulary and its merges.
fn byte_pairs(vocabulary: &Path, merges: &Path) -> Result<Tokenizer> {
    let [words, joins] = [vocabulary, merges].map(|path| path.to_string_lossy().into_owned());
    let model = BPE::from_file(&words, &joins).build();
    let model = model.map_err(|cause| damaged(vocabulary, &format!("with its merges: {cause}")))?;
    let mut tokenizer = Tokenizer::new(model);
    let id = |tokenizer: &Tokenizer, token: &str| {
        let id = tokenizer.token_to_id(token);
        id.ok_or_else(|| damaged(vocabulary, &format!("lacks the token {token}")))
    };
    let special = ["<s>", "<pad>", "</s>", "<unk>"];
    let ends =
        [(special[2], id(&tokenizer, special[2])?), (special[0], id(&tokenizer, special[0])?)];
    id(&tokenizer, special[1])?;
    let known =
        special.iter().chain(&["<mask>"]).filter(|token| tokenizer.token_to_id(token).is_some());
    let added: Vec<AddedToken> = known.map(|token| AddedToken::from(*token, true)).collect();
    add(&mut tokenizer, added, vocabulary)?;
    let [end, start] = ends.map(|(token, id)| (token.to_owned(), id));
    tokenizer
        .with_pre_tokenizer(Some(ByteLevel::default().add_prefix_space(false)))
        .with_post_processor(Some(
            RobertaProcessing::new(end, start).trim_offsets(true).add_prefix_space(false),
        ));
    Ok(tokenizer)
}

/// BERT's tokeniser, from its vocabulary.
fn word_pieces(path: &Path, casing: BertCase) -> Result<Tokenizer> {
    let text = fs::read_to_string(path)
        .map_err(|cause| damaged(path, &format!("cannot be read: {cause}")))?;
    let vocabulary: AHashMap<String, u32> =
        text.lines().zip(0..).map(|(token, id)| (token.trim_end().to_owned(), id)).collect();
    let id = |token: &str| {
        let id = vocabulary.get(token).copied();
        let id = id.ok_or_else(|| damaged(path, &format!("lacks the token {token}")))?;
        Ok::<_, Error>((token.to_owned(), id))
    };
    let (separator, class) = (id("[SEP]")?, id("[CLS]")?);
    id("[UNK]")?;
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    let known = special.iter().filter(|token| vocabulary.contains_key(**token));
    let added: Vec<AddedToken> = known.map(|token| AddedToken::from(*token, true)).collect();
    let model = WordPiece::builder().vocab(vocabulary).unk_token("[UNK]".to_owned());
    let model = model.build().map_err(|cause| damaged(path, &cause.to_string()))?;
    let mut tokenizer = Tokenizer::new(model);
    add(&mut tokenizer, added, path)?;
    let BertCase { tokenize_chinese_chars: chinese, strip_accents, do_lower_case: lower } = casing;
    let normalizer = BertNormalizer::new(true, chinese, strip_accents, lower);
    tokenizer
        .with_normalizer(Some(normalizer))
        .map_err(|cause| damaged(path, &cause.to_string()))?
        .with_pre_tokenizer(Some(BertPreTokenizer))
        .with_post_processor(Some(BertProcessing::new(separator, class)));
    Ok(tokenizer)
}

fn add(tokenizer: &mut Tokenizer, tokens: Vec<AddedToken>, path: &Path) -> Result<()> {
    let added = tokenizer.add_special_tokens(tokens);
    added.map(|_| ()).map_err(|cause| damaged(path, &format!("with its special tokens: {cause}")))
}

fn damaged(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{}: {why}", path.display()))
}
