//! The order of judgement (signatures.md, section 0): for one conversation the first rule that fits
//! decides, so that what is normal is never called a block.

mod by_design;
mod established;
mod icmp;
mod one_way;
mod ordinary;
mod refused;
mod reset;
mod rpc;
mod silence;
mod smtp;
mod syn_ack;
mod udp;

#[cfg(test)]
pub(super) mod stories;

use crate::diagnose::{Context, Judgement};
use crate::observe::Conversation;

/// What a rule says of a conversation.
pub(super) enum Ruling {
    /// Nothing: ask the next rule.
    Pass,
    /// It is in order: ask no other.
    Fine,
    /// This.
    Found(Judgement),
}

/// A rule: pure, over one conversation and what surrounds it.
type Rule = fn(&Context<'_>, &Conversation) -> Ruling;

/// All rules, in order.
const ORDER: &[Rule] = &[
    ordinary::judge,  // everyday patterns that look like failures
    by_design::judge, // what is meant to fail
    one_way::judge,   // could the capture have seen an answer?
    rpc::unregistered,
    established::overload::refusing,
    refused::judge,
    icmp::judge,
    syn_ack::judge,
    established::overload::deaf,
    rpc::moved,
    silence::judge,
    udp::judge,
    // Established, then failed: the telling kinds before the plain ones.
    established::overload::unaccepted,
    established::pmtu::judge,
    established::tls::judge,
    established::bind::judge,
    established::idle::judge,
    established::stall::judge,
    reset::judge,
    established::slow::judge,
    established::overload::hesitating,
];

/// What the first fitting rule says; an endpoint mapper's answer may make it more telling.
pub(super) fn judge(context: &Context<'_>, conversation: &Conversation) -> Option<Judgement> {
    for rule in ORDER {
        match rule(context, conversation) {
            Ruling::Pass => {}
            Ruling::Fine => return None,
            Ruling::Found(judgement) => return Some(rpc::join(context, conversation, judgement)),
        }
    }
    None
}

/// What a device did to a conversation on its way, whatever became of the conversation.
pub(super) fn altered(conversation: &Conversation) -> Option<Judgement> {
    smtp::judge(conversation)
}
