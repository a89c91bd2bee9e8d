//! Folders that are incomplete, damaged or hostile.

use std::{fs, io::Write as _, path::Path};

use orkestra::ErrorKind;
use orkestra_encoders::{EncoderEmbedder, EncoderFiles, EncoderSettings};

use crate::support::fixture;

fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(fixture(name)).unwrap() {
        let file = file.unwrap();
        if file.file_name() != "pytorch_model.bin" {
            fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
    }
    folder
}

fn refused(folder: &Path) -> String {
    let files = EncoderFiles::in_folder(folder);
    let loaded = files.and_then(|files| EncoderEmbedder::load(&files, &EncoderSettings::default()));
    let error = loaded.map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Config, "{error}");
    error.to_string()
}

#[test]
fn a_missing_file_is_named() {
    for (file, told) in [
        ("config.json", "has no config.json"),
        ("model.safetensors", "has no model.safetensors or pytorch_model.bin"),
    ] {
        let folder = copy("bert");
        fs::remove_file(folder.path().join(file)).unwrap();
        assert!(refused(folder.path()).contains(told));
    }
    let folder = copy("bert");
    fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
    fs::remove_file(folder.path().join("vocab.txt")).unwrap();
    assert!(
        refused(folder.path())
            .contains("has no tokenizer.json, vocab.json with merges.txt, or vocab.txt")
    );
    assert!(refused(&folder.path().join("nowhere")).contains("is not there"));
}

#[test]
fn a_config_that_cannot_be_run_is_refused_by_its_field() {
    let cases = [
        (r#""model_type": "bert""#, r#""model_type": "gpt2""#, "model_type is \"gpt2\""),
        (r#""num_attention_heads": 3"#, r#""num_attention_heads": 5"#, "num_attention_heads is 5"),
        (r#""hidden_act": "gelu""#, r#""hidden_act": "relu""#, "hidden_act is \"relu\""),
        (r#""hidden_size": 24"#, r#""hidden_size": 0"#, "hidden_size is 0"),
        (r#""hidden_size": 24"#, r#""hidden_size": 48"#, "of shape"),
        (
            r#""num_hidden_layers": 2"#,
            r#""num_hidden_layers": 3"#,
            "has no tensor bert.encoder.layer.2.",
        ),
    ];
    for (old, new, told) in cases {
        let folder = copy("bert");
        let path = folder.path().join("config.json");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{old}");
        fs::write(&path, text.replace(old, new)).unwrap();
        let found = refused(folder.path());
        assert!(found.contains(told), "{found:?} does not say {told:?}");
    }
}

#[test]
fn damaged_weights_are_refused() {
    let whole = fs::read(fixture("bert").join("model.safetensors")).unwrap();
    let damages: [(&str, Vec<u8>); 5] = [
        ("cut", whole[..whole.len() - 7].to_vec()),
        ("longer", [&whole[..], b"more"].concat()),
        ("header's length", [&[0xff; 8][..], &whole[8..]].concat()),
        ("empty", Vec::new()),
        ("header", [&whole[..8], &vec![b'x'; whole.len() - 8]].concat()),
    ];
    for (what, bytes) in damages {
        let folder = copy("bert");
        fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
        let found = refused(folder.path());
        assert!(found.contains("model.safetensors"), "{what}: {found}");
    }
    let folder = copy("bert");
    let mut odd = whole;
    let end = odd.len();
    // Every exponent bit set: no finite number in bf16.
    odd[end - 2..].copy_from_slice(&[0x80, 0x7f]);
    fs::write(folder.path().join("model.safetensors"), odd).unwrap();
    assert!(refused(folder.path()).contains("no finite number"));
}

#[test]
fn a_damaged_tokeniser_is_refused() {
    for (name, file) in [("bert", "tokenizer.json"), ("longformer", "tokenizer.json")] {
        let folder = copy(name);
        fs::write(folder.path().join(file), "{}").unwrap();
        assert!(refused(folder.path()).contains(file));
    }
    let folder = copy("bert");
    fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
    fs::write(folder.path().join("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n").unwrap();
    assert!(refused(folder.path()).contains("lacks the token [SEP]"));
}

/// The bytes of a pickle that runs a command when Python reads it, in the zip that PyTorch writes.
fn hostile(command: &str) -> Vec<u8> {
    let mut pickle = b"\x80\x02cposix\nsystem\nX".to_vec();
    pickle.extend((command.len() as u32).to_le_bytes());
    pickle.extend(command.as_bytes());
    pickle.extend(b"\x85R.");
    stored_zip("archive/data.pkl", &pickle)
}

/// A zip with one file that is not compressed.
fn stored_zip(name: &str, content: &[u8]) -> Vec<u8> {
    let checksum = content.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    });
    let mut fields = Vec::new();
    fields.extend([20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]);
    fields.extend((!checksum).to_le_bytes());
    fields.extend([(content.len() as u32).to_le_bytes(); 2].concat());
    fields.extend((name.len() as u16).to_le_bytes());
    fields.extend([0, 0]);
    let mut zip = [b"PK\x03\x04", &fields[..], name.as_bytes(), content].concat();
    let directory = zip.len() as u32;
    zip.extend([b"PK\x01\x02\x14\x00", &fields[..], &[0; 14], name.as_bytes()].concat());
    let length = zip.len() as u32 - directory;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend([length.to_le_bytes(), directory.to_le_bytes()].concat());
    zip.extend([0, 0]);
    zip
}

#[test]
fn a_hostile_pickle_is_refused_and_runs_nothing() {
    let folder = copy("bert");
    fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    let mark = folder.path().join("executed");
    let command = format!("touch {}", mark.display());
    let path = folder.path().join("pytorch_model.bin");
    fs::File::create(&path).unwrap().write_all(&hostile(&command)).unwrap();
    let found = refused(folder.path());
    assert!(found.contains("pytorch_model.bin"), "{found}");
    assert!(!mark.exists());
}
