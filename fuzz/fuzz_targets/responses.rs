#![no_main]

mod dialect;

use libfuzzer_sys::fuzz_target;
use orkestra::chat::DialectName;

fuzz_target!(|input: (u8, &[u8])| dialect::fuzz(DialectName::Responses, input.0, input.1));
