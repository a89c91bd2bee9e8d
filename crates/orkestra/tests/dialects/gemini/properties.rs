//! What holds of everything.

use orkestra::{
    chat::{Assembly, Chunk, Reply},
    dialect::{Call, Dialect, Failure, Gemini},
};
use proptest::prelude::*;

use crate::gemini::{
    generators::{any_json, any_reply, any_request, joined, spoilt},
    support::{
        caption, decode, encode, events, model, newer, older, own, pieces, read, read_pieces,
        read_stream, tool, tool_loop, write_stream,
    },
};

proptest! {
    #[test]
    fn a_request_that_is_written_and_read_is_the_same(request in any_request()) {
        let encoded = encode(&request, newer());
        prop_assert_eq!(&encoded.warnings, &Vec::<String>::new());
        let asked = read(&encoded.path, "", &encoded.body).unwrap();
        prop_assert_eq!(asked.request, request);
    }

    #[test]
    fn an_answer_that_is_written_and_read_is_the_same(reply in any_reply()) {
        prop_assert_eq!(decode(&Gemini.write_reply(&reply, &caption())).unwrap(), reply);
    }

    #[test]
    fn a_stream_that_is_written_and_read_is_the_same(reply in any_reply()) {
        let written = write_stream(&reply.chunks());
        let mut assembly = Assembly::default();
        let mut whole = None;
        for chunk in read_stream(events(&written).as_bytes()).unwrap() {
            match chunk {
                Chunk::End(end) => whole = Some(end),
                other => assembly.add(&other),
            }
        }
        let again = assembly.finish(whole.unwrap());
        prop_assert_eq!(again, Reply { content: joined(reply.content.clone()), ..reply });
    }

    #[test]
    fn any_split_of_a_stream_gives_the_same_chunks(cuts in prop::collection::vec(0..2000_usize, 0..12), array in any::<bool>()) {
        let text = if array { serde_json::to_string_pretty(&pieces()).unwrap() } else { events(&pieces()) };
        let bytes = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let split: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read_pieces(&split).unwrap(), read_stream(bytes).unwrap());
    }

    #[test]
    fn no_json_breaks_it(odd in any_json(), place in 0..60_usize, status in 200_u16..600) {
        let request = encode(&own(tool_loop(Some("c2ln"))).tools([tool("f")]), newer()).body;
        let bodies = [odd.clone(), spoilt(&request, &odd, place), spoilt(&pieces()[4], &odd, place), spoilt(&pieces()[5], &odd, place)];
        for body in bodies {
            let text = body.to_string();
            if let Ok(asked) = read("models/m:generateContent", "", &body) {
                let _ = asked.request.validate();
                for model in [newer(), older(), model("gpt-4o")] {
                    let _ = encode(&asked.request, model);
                }
            }
            if let Ok(reply) = decode(&body) {
                let _ = Gemini.write_reply(&reply, &caption());
                let _ = write_stream(&reply.chunks());
            }
            let _ = Gemini.error(&Failure { status, request_id: None, retry_after: None, body: text.as_bytes() });
            if let Ok(chunks) = read_stream(format!("data: {text}\n\n").as_bytes()) {
                let _ = write_stream(&chunks);
            }
        }
    }

    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..200), path in "[a-z/:%é]{0,20}") {
        let _ = Gemini.decode(&bytes);
        let _ = read_stream(&bytes);
        let _ = Gemini.read_request(&Call { path: &path, query: "", headers: &[], body: &bytes });
        let path = format!("models/{path}:generateContent");
        let _ = Gemini.read_request(&Call { path: &path, query: "", headers: &[], body: b"{}" });
    }
}
