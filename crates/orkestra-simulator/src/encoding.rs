//! Base64 with the standard alphabet.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// `bytes` as text, padded.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                let index = (group >> (18 - 6 * place)) as usize & 63;
                text.push(char::from(ALPHABET[index]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

fn value_of(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        // The URL-safe alphabet is read as well, as the vendors do.
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// The first bytes of base64 text, at most `most` of them; none if `text` as a whole is no base64.
pub(crate) fn start_of(text: &str, most: usize) -> Option<Vec<u8>> {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    if body.len() % 4 == 1 || padding > 2 || (padding > 0 && !text.len().is_multiple_of(4)) {
        return None;
    }
    let mut bytes = Vec::with_capacity(most.min(64));
    let (mut group, mut bits) = (0_u32, 0);
    for byte in body.bytes() {
        group = group << 6 | value_of(byte)?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            if bytes.len() < most {
                bytes.push((group >> bits & 0xff) as u8);
            }
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{encode, start_of};

    #[test]
    fn what_is_encoded_is_read_back() {
        for (plain, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(start_of(text, 100).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(start_of("Zm9vYmFy", 2).as_deref(), Some(&b"fo"[..]));
        for broken in ["Z", "Zg=", "Zm9v*", "Zg===", "Z g="] {
            assert_eq!(start_of(broken, 100), None, "{broken}");
        }
    }
}
