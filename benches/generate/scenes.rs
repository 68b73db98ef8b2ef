//! What happens in the organization when nothing is in the way.

use std::rc::Rc;

use super::library::Remote;
use super::play::Play;
use super::protocols::{rpc, sip};
use super::script::{Carrier, MILLIS, Micros, SECOND, Script};
use super::site::{Family, HostId};
use super::talk::{Fault, Talk};

/// One thing that happens; begins one conversation or a few.
pub type Scene = fn(&mut Play);

/// A name is looked up; now and then the question is lost and asked again.
pub fn lookup(play: &mut Play) {
    let script = play.one(|library| &library.lookups);
    let client = play.anyone();
    let server = play.of(|site| &site.controllers);
    let lost = play.stage.random.once_in(400);
    play.between(client, server, &script, 0, |talk| talk.fault = if lost { Fault::FirstLost } else { Fault::None });
}

/// A logon over UDP.
pub fn logon(play: &mut Play) {
    let script = play.one(|library| &library.logons);
    to_controller(play, &script, 0);
}

/// A ticket over TCP.
pub fn ticket(play: &mut Play) {
    let script = play.one(|library| &library.tickets);
    to_controller(play, &script, 0);
}

/// The locator's ping.
pub fn ping(play: &mut Play) {
    let script = play.one(|library| &library.pings);
    to_controller(play, &script, 0);
}

/// Searches in the directory.
pub fn directory(play: &mut Play) {
    let script = play.one(|library| &library.directory);
    let rounds = play.stage.random.between(4, 44);
    to_controller(play, &script, rounds);
}

/// One or a few searches.
pub fn short_directory(play: &mut Play) {
    let script = play.one(|library| &library.directory);
    let rounds = play.stage.random.between(1, 3);
    to_controller(play, &script, rounds);
}

/// Searches in the global catalog.
pub fn catalog(play: &mut Play) {
    let script = play.one(|library| &library.catalog);
    let rounds = play.stage.random.between(2, 24);
    to_controller(play, &script, rounds);
}

/// RPC to a domain controller: the port from the endpoint mapper, then calls.
pub fn domain(play: &mut Play) {
    let remote = play.one(|library| &library.domain);
    let (client, server) = (play.anyone(), play.of(|site| &site.controllers));
    let rounds = play.stage.random.between(1, 4);
    remote_calls(play, client, server, &remote, rounds);
}

/// RPC to a mailbox server.
pub fn store(play: &mut Play) {
    let remote = play.one(|library| &library.store);
    let client = play.mail_client();
    let server = play.of(|site| &site.mailboxes);
    let rounds = play.stage.random.between(10, 110);
    remote_calls(play, client, server, &remote, rounds);
}

fn remote_calls(play: &mut Play, client: HostId, server: HostId, remote: &Remote, rounds: u64) {
    let family = play.family(client, server, remote.calls.port);
    let Some(family) = family else { return };
    mapped(play, client, server, family, remote);
    play.at(30 * MILLIS, client, server, family, &remote.calls, rounds, |_| {});
}

/// The question to the endpoint mapper.
pub fn mapped(play: &mut Play, client: HostId, server: HostId, family: Family, remote: &Remote) {
    let address = if family == Family::V4 { u64::from(u32::from(play.stage.site.hosts[server].v4)) } else { 0 };
    let port = u64::from(remote.calls.port);
    play.at(0, client, server, family, &remote.mapper, 0, |talk| {
        talk.trouble = 0;
        talk.own[rpc::PORT] = port;
        talk.own[rpc::ADDRESS] = address;
    });
}

/// Files of a mailbox server.
pub fn files(play: &mut Play) {
    let script = play.one(|library| &library.files);
    let (client, server) = (play.anyone(), play.of(|site| &site.mailboxes));
    let rounds = play.stage.random.between(5, 60);
    play.between(client, server, &script, rounds, |_| {});
}

/// Mail between hubs, and out.
pub fn mail(play: &mut Play) {
    let script = play.one(|library| &library.mails);
    let out = play.stage.random.once_in(4);
    let client = play.of(|site| &site.hubs);
    let server = if out { play.of(|site| &site.outside) } else { play.of(|site| &site.hubs) };
    let rounds = play.stage.random.between(1, 6);
    play.between(client, server, &script, rounds, |_| {});
}

/// Outlook, or a browser.
pub fn web(play: &mut Play) {
    let script = play.one(|library| &library.web);
    let (client, server) = (play.of(|site| &site.clients), play.of(|site| &site.access));
    let rounds = play.stage.random.between(5, 60);
    play.between(client, server, &script, rounds, |_| {});
}

/// What a front end hands on.
pub fn backend(play: &mut Play) {
    let script = play.one(|library| &library.backend);
    let (client, server) = (play.of(|site| &site.access), play.of(|site| &site.mailboxes));
    let rounds = play.stage.random.between(5, 60);
    play.between(client, server, &script, rounds, |_| {});
}

/// Logs go from one member of the cluster to another.
pub fn shipping(play: &mut Play) {
    let script = Rc::clone(&play.library.logs);
    let (client, server) = (play.of(|site| &site.mailboxes), play.of(|site| &site.mailboxes));
    let rounds = play.stage.random.between(10, 60);
    play.between(client, server, &script, rounds, |_| {});
}

/// What time is it?
pub fn time(play: &mut Play) {
    let script = Rc::clone(&play.library.time);
    to_controller(play, &script, 0);
}

/// A NetBIOS name; IPv4 only.
pub fn name(play: &mut Play) {
    let script = play.one(|library| &library.names);
    let (client, server) = (play.of(|site| &site.clients), play.of(|site| &site.mailboxes));
    play.at(0, client, server, Family::V4, &script, 0, |_| {});
}

/// Four echo requests.
pub fn echo(play: &mut Play) {
    let script = Rc::clone(&play.library.echo);
    let (client, server) = (play.anyone(), play.of(|site| &site.controllers));
    play.between(client, server, &script, 4, |_| {});
}

/// Someone calls a port on which nothing listens, and the host says so.
pub fn closed(play: &mut Play) {
    let script = Rc::clone(&play.library.words);
    let (client, server) = (play.of(|site| &site.clients), play.of(|site| &site.hubs));
    play.between(client, server, &script, 0, |talk| talk.fault = Fault::Closed);
}

/// Someone calls a host that is no longer there.
pub fn retired(play: &mut Play) {
    let script = play.one(|library| &library.directory);
    let (client, server) = (play.of(|site| &site.clients), play.of(|site| &site.retired));
    play.between(client, server, &script, 0, |talk| talk.fault = Fault::Dropped);
}

/// A SYN gets lost, and the next one is answered.
pub fn late(play: &mut Play) {
    let script = play.one(|library| &library.web);
    let (client, server) = (play.of(|site| &site.clients), play.of(|site| &site.access));
    play.between(client, server, &script, 4, |talk| talk.fault = Fault::FirstLost);
}

/// The server takes its time, or hangs up.
pub fn odd(play: &mut Play) {
    let script = Rc::clone(play.stage.random.of(&play.library.odd));
    to_controller(play, &script, 2);
}

/// A connection that is still for more than a minute at a time, where there is time for that.
pub fn idle(play: &mut Play) {
    if play.stage.now + IDLE > play.stage.end {
        return;
    }
    let script = Rc::clone(&play.library.store[0].calls);
    let (client, server) = (play.of(|site| &site.clients), play.of(|site| &site.mailboxes));
    play.between(client, server, &script, 4, |talk| talk.pace = 175_000);
}

/// Many small words.
pub fn words(play: &mut Play) {
    let script = Rc::clone(&play.library.words);
    let (client, server) = (play.of(|site| &site.mailboxes), play.of(|site| &site.mailboxes));
    let rounds = play.stage.random.between(5, 60);
    play.between(client, server, &script, rounds, |_| {});
}

/// Much of anything that is large.
pub fn bulk(play: &mut Play) {
    let script = play.one(|library| &library.bulk);
    let (client, server) = (play.mail_client(), play.of(|site| &site.mailboxes));
    play.between(client, server, &script, 4, |talk| talk.acknowledged_together = 16);
}

/// A call that is heard by both.
pub fn call(play: &mut Play) {
    let (client, server) = (play.stage.site.gateways[0], play.stage.site.mailboxes[0]);
    let lasts = play.stage.random.between(8, 40) * SECOND;
    called(play, (client, server), lasts, [0, 0]);
}

/// The same with a codec of few octets.
pub fn narrow_call(play: &mut Play) {
    let (client, server) = (play.stage.site.gateways[0], play.stage.site.mailboxes[0]);
    let lasts = play.stage.random.between(8, 30) * SECOND;
    let narrow = Rc::clone(&play.library.narrow);
    let kept = std::mem::replace(&mut play.library.media[0], narrow);
    called(play, (client, server), lasts, [0, 0]);
    play.library.media[0] = kept;
}

/// A call with these media and reports of the library; returns the media's ports and the family.
pub fn called(
    play: &mut Play,
    (client, server): (HostId, HostId),
    lasts: Micros,
    [media, reports]: [usize; 2],
) -> ([u16; 2], Family) {
    // A hundred packets a second, and a little more.
    let lasts = lasts.min(play.stage.left() * SECOND / 120).max(SHORTEST);
    let number = play.stage.random.next();
    let family = if play.stage.random.once_in(4) { Family::V6 } else { Family::V4 };
    let carrier = if play.stage.random.once_in(2) { Carrier::Udp } else { Carrier::Tcp };
    let ports = play.media_ports();
    let addresses = [client, server].map(|host| play.stage.site.address(host, family));
    let call = sip::Call { number, addresses, media: ports, carrier, lasts };
    let script = Rc::new(call.signalling());
    let fixed = carrier == Carrier::Udp;
    play.at(0, client, server, family, &script, 0, |talk| {
        if fixed {
            talk.ends[0].port = 5060;
        }
    });
    let after = sip::ANSWERED + 600 * MILLIS;
    let (media, reports) = (Rc::clone(&play.library.media[media]), Rc::clone(&play.library.reports[reports]));
    let own = [play.stage.random.next(), play.stage.random.next(), play.stage.random.next(), play.stage.random.next()];
    let port = |talk: &mut Talk, more: u16| {
        talk.own = own;
        talk.ends[0].port = ports[0] + more;
        talk.ends[1].port = ports[1] + more;
    };
    play.at(after, client, server, family, &media, call.packets(), |talk| port(talk, 0));
    play.at(after + SECOND, client, server, family, &reports, call.reports(), |talk| port(talk, 1));
    (ports, family)
}

fn to_controller(play: &mut Play, script: &Rc<Script>, rounds: u64) {
    let (client, server) = (play.anyone(), play.of(|site| &site.controllers));
    play.between(client, server, script, rounds, |_| {});
}

/// Four pauses of more than a minute.
const IDLE: Micros = 300 * SECOND;
/// A call that nobody would notice to be silent is shorter.
const SHORTEST: Micros = 4 * SECOND;
