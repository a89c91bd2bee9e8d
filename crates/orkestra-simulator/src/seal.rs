//! Signatures of reasoning: opaque text that only the simulator can have made, and that no byte may change in.

use sha2::{Digest as _, Sha256};

use crate::encoding;

const SALT: &[u8] = b"orkestra-simulator";
const VERSION: &[u8; 3] = b"sim";
/// Version, model, prefix, proof: 33 bytes, so that the text needs no padding.
const LENGTH: usize = 33;

/// What a signature says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seal {
    model: [u8; 8],
    /// The hash of the conversation before the reasoning.
    pub(crate) prefix: u64,
}

impl Seal {
    /// Whether it was made for `model`.
    pub(crate) fn is_of(&self, model: &str) -> bool {
        self.model == model_mark(model)
    }
}

/// Signs `content`, which `model` wrote after the conversation `prefix`. `kind` keeps uses apart.
pub(crate) fn seal(kind: &str, model: &str, prefix: u64, content: &str) -> String {
    let model = model_mark(model);
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.extend(VERSION);
    bytes.extend(model);
    bytes.extend(prefix.to_be_bytes());
    bytes.extend(proof(kind, &bytes, content));
    encoding::encode(&bytes)
}

/// What `text` says, if it is a signature of `content`, byte for byte.
pub(crate) fn open(kind: &str, content: &str, text: &str) -> Option<Seal> {
    let bytes = encoding::start_of(text, LENGTH + 1).filter(|bytes| bytes.len() == LENGTH)?;
    let (said, proven) = bytes.split_at(19);
    // A second way to write the same bytes would be a changed byte.
    let genuine = proof(kind, said, content) == *proven && encoding::encode(&bytes) == text;
    let model = said.get(3..11)?.try_into().ok()?;
    let prefix = u64::from_be_bytes(said.get(11..19)?.try_into().ok()?);
    (genuine && said.starts_with(VERSION)).then_some(Seal { model, prefix })
}

fn model_mark(model: &str) -> [u8; 8] {
    let mut mark = [0; 8];
    let hash: [u8; 32] = Sha256::digest(model.as_bytes()).into();
    mark.copy_from_slice(&hash[..8]);
    mark
}

fn proof(kind: &str, said: &[u8], content: &str) -> [u8; 14] {
    let mut hash = Sha256::new();
    for part in [SALT, kind.as_bytes(), said, content.as_bytes()] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let hash: [u8; 32] = hash.finalize().into();
    let mut proof = [0; 14];
    proof.copy_from_slice(&hash[..14]);
    proof
}

#[cfg(test)]
mod tests {
    use super::{open, seal};

    #[test]
    fn a_seal_opens_only_as_it_was_made() {
        let text = seal("thinking", "a-model", 7, "so it goes");
        let opened = open("thinking", "so it goes", &text).unwrap();
        assert!(opened.is_of("a-model") && !opened.is_of("b-model"));
        assert_eq!(opened.prefix, 7);
        assert_eq!(open("thinking", "so it went", &text), None);
        assert_eq!(open("thought", "so it goes", &text), None);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                open("thinking", "so it goes", std::str::from_utf8(&changed).unwrap()),
                None,
                "{at}"
            );
        }
    }
}
