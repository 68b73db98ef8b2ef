//! Every recorded conversation tells the same facts, however the network cuts it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

use std::path::Path;

use anyany_dissectors::{ALL, Transport};

#[path = "fuzz/src/conversation.rs"]
#[allow(dead_code)] // the form of the fuzzer's seeds
mod conversation;
#[path = "support/conversations.rs"]
mod conversations;
#[path = "fuzz/src/streams.rs"]
mod streams;
mod support;

use conversation::{Conversation, Part};
use streams::streams;

#[test]
fn cut_elsewhere_a_conversation_tells_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let (mut played, mut told) = (0, 0);
    for file in support::files_below(&folder, ".pcap") {
        for said in conversations::conversations(&file) {
            let on_port = ALL.iter().find(|protocol| said.on_port_of(protocol));
            let Some(protocol) = on_port.filter(|_| said.transport == Transport::Tcp) else { continue };
            let about = format!("{}, {} from {}", file.display(), protocol.name, said.initiator.port);
            let part = |(side, octets)| Part { side, after_gap: false, octets };
            let parts = said.parts.into_iter().map(part).collect();
            let conversation = Conversation { transport: Transport::Tcp, parts };
            let whole = streams(protocol, &conversation, usize::MAX);
            for most in [1, 7, 100] {
                let cut = streams(protocol, &conversation, most);
                assert_eq!(cut, whole, "{about}: at most {most} octets at a time, against all at once");
            }
            played += 1;
            told += whole.map_or(0, |facts| facts.len());
        }
    }
    assert!(played > 100 && told > played, "{played} conversations told {told} facts");
}
