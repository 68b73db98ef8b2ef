//! What a capture holds, known because it was made so.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

/// What must be found: each block, once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    /// The contract's word for the kind.
    pub kind: &'static str,
    pub client: IpAddr,
    pub server: IpAddr,
    /// Of the server; for media, where the receiver was promised to listen.
    pub port: u16,
    pub transport: &'static str,
}

/// All that must be found; nothing else may be called blocked or altered.
#[derive(Debug, Default)]
pub struct Truth {
    /// Attempts by what becomes of them.
    pub blocks: BTreeMap<Block, u64>,
    /// Conversations, the blocked ones among them.
    pub flows: u64,
}

impl Truth {
    /// One more attempt that is blocked.
    pub fn add(&mut self, kind: &'static str, client: IpAddr, server: IpAddr, port: u16, transport: &'static str) {
        *self.blocks.entry(Block { kind, client, server, port, transport }).or_default() += 1;
    }

    /// As a document.
    pub fn document(&self, profile: &str, seed: u64, packets: u64, octets: u64) -> Value {
        let blocks = self.blocks.iter().map(|(block, attempts)| {
            json!({
                "kind": block.kind,
                "client": block.client,
                "server": block.server,
                "port": block.port,
                "transport": block.transport,
                "attempts": attempts,
            })
        });
        json!({
            "profile": profile,
            "seed": seed,
            "packets": packets,
            "octets": octets,
            "flows": self.flows,
            "findings": blocks.collect::<Vec<_>>(),
            "anything_else_blocked_or_altered": false,
        })
    }
}
