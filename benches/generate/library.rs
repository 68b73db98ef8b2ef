//! All scripts of a run, made once.

use std::rc::Rc;

use super::protocols::dns::Question;
use super::protocols::rpc::{self, Interface};
use super::protocols::{dns, kerberos, ldap, sip, small, smb, smtp, tls};
use super::random::Random;
use super::script::{CLIENT, Ending, SECOND, SERVER, Script};
use super::site::Site;

/// Scripts by what they are for; of most there are several.
#[derive(Debug)]
pub struct Library {
    pub logons: Vec<Rc<Script>>,
    pub tickets: Vec<Rc<Script>>,
    pub lookups: Vec<Rc<Script>>,
    pub pings: Vec<Rc<Script>>,
    pub directory: Vec<Rc<Script>>,
    pub catalog: Vec<Rc<Script>>,
    /// Of domain controllers: question to the endpoint mapper, and the calls that follow.
    pub domain: Vec<Remote>,
    /// Of mailbox servers.
    pub store: Vec<Remote>,
    pub files: Vec<Rc<Script>>,
    pub mails: Vec<Rc<Script>>,
    pub inspected: Rc<Script>,
    pub web: Vec<Rc<Script>>,
    /// Searches that the server thinks about for long, or cuts off.
    pub odd: [Rc<Script>; 2],
    pub backend: Vec<Rc<Script>>,
    pub logs: Rc<Script>,
    pub bulk: Vec<Rc<Script>>,
    pub time: Rc<Script>,
    pub names: Vec<Rc<Script>>,
    pub echo: Rc<Script>,
    /// Words of a few octets.
    pub words: Rc<Script>,
    /// Media of both sides, of the caller only, of the called only; large and small packets.
    pub media: [Rc<Script>; 3],
    pub narrow: Rc<Script>,
    pub reports: [Rc<Script>; 3],
    pub beats: [Rc<Script>; 2],
}

/// An interface whose port the endpoint mapper names.
#[derive(Debug, Clone)]
pub struct Remote {
    pub mapper: Rc<Script>,
    pub calls: Rc<Script>,
}

impl Library {
    /// Makes them for the hosts of a site.
    pub fn new(site: &Site, random: &mut Random) -> Self {
        let remote = |interface: Interface, port, question, answer, random: &mut Random| Remote {
            mapper: Rc::new(rpc::mapper(interface)),
            calls: Rc::new(rpc::calls(interface, port, question, answer, random)),
        };
        let many = |count: usize, random: &mut Random, make: &dyn Fn(&mut Random) -> Script| -> Vec<Rc<Script>> {
            (0..count).map(|_| Rc::new(make(random))).collect()
        };
        let both = [CLIENT, SERVER];
        let mut library = Self {
            logons: many(4, random, &kerberos::logon),
            tickets: many(6, random, &kerberos::ticket),
            lookups: lookups(site),
            pings: many(2, random, &ldap::ping),
            directory: many(6, random, &|random| ldap::searches(389, random.between(300, 900) as usize, random)),
            catalog: many(4, random, &|random| ldap::searches(3268, random.between(300, 700) as usize, random)),
            domain: vec![
                remote(rpc::NETLOGON, 49_664, 240, 300, random),
                remote(rpc::DRSUAPI, 49_666, 300, 500, random),
                remote(rpc::NSPI, 49_668, 180, 900, random),
            ],
            store: vec![
                remote(rpc::EMSMDB, 59_531, 260, 700, random),
                remote(rpc::EMSMDB, 59_531, 200, 1_900, random),
                remote(rpc::RFR, 59_532, 150, 200, random),
            ],
            files: vec![
                Rc::new(smb::reads("\\\\mbx01\\logs$", 512, random)),
                Rc::new(smb::writes("\\\\witness\\share$", 256, random)),
            ],
            mails: vec![
                Rc::new(smtp::mail("hub01", 2_500, random)),
                Rc::new(smtp::mail("hub02", 9_000, random)),
                Rc::new(smtp::sealed("hub03", 6_000, random)),
            ],
            inspected: Rc::new(smtp::inspected(2_000, random)),
            web: many(4, random, &|random| tls::exchange(443, "mail.contoso.com", 700, 1_300, random)),
            odd: [
                Rc::new(thoughtful(ldap::searches(389, 400, random))),
                Rc::new(ldap::searches(389, 400, random).ending(Ending::Cut(SERVER))),
            ],
            backend: many(3, random, &|random| tls::exchange(444, "mbx01.contoso.com", 600, 1_800, random)),
            logs: Rc::new(small::logs(8_000, random)),
            bulk: vec![
                Rc::new(small::logs(60_000, random)),
                Rc::new(smb::reads("\\\\mbx01\\seed$", 65_536, random)),
                Rc::new(tls::exchange(443, "mail.contoso.com", 300, 120_000, random)),
            ],
            time: Rc::new(small::time()),
            names: site
                .mailboxes
                .iter()
                .map(|&at| &site.hosts[at])
                .map(|host| small::name(&host.name, host.v4.octets()))
                .map(Rc::new)
                .collect(),
            echo: Rc::new(small::echo()),
            words: Rc::new(small::words(64_327, 24, 32, random)),
            media: [&both[..], &[CLIENT], &[SERVER]].map(|sides| Rc::new(sip::media(sides, 160, random))),
            narrow: Rc::new(sip::media(&both, 20, random)),
            reports: [&both[..], &[CLIENT], &[SERVER]].map(|sides| Rc::new(sip::control(sides))),
            beats: [&both[..], &[CLIENT]].map(|sides| Rc::new(small::heartbeats(sides, random))),
        };
        // Some programs cut what they are done with.
        library.directory[0] = Rc::new(ldap::searches(389, 500, random).ending(Ending::Cut(CLIENT)));
        library.web[0] = Rc::new(tls::exchange(443, "mail.contoso.com", 500, 900, random).ending(Ending::Cut(CLIENT)));
        library
    }
}

/// A script in which the server thinks for many seconds before each answer.
fn thoughtful(mut script: Script) -> Script {
    script.middle.iter_mut().filter(|say| say.from == SERVER).for_each(|say| say.after = 14 * SECOND);
    script
}

/// What is looked up: servers by name, services, and some names that are not there.
fn lookups(site: &Site) -> Vec<Rc<Script>> {
    let mut questions = Vec::new();
    for host in [&site.controllers, &site.access, &site.hubs, &site.mailboxes].into_iter().flatten() {
        let host = &site.hosts[*host];
        questions.push(Question::Address(format!("{}.contoso.com", host.name), host.v4));
        questions.push(Question::Address6(format!("{}.contoso.com", host.name), host.v6));
    }
    let names =
        |ids: &[usize]| ids.iter().map(|&at| format!("{}.contoso.com", site.hosts[at].name)).collect::<Vec<_>>();
    questions.push(Question::Service("_ldap._tcp.dc._msdcs.contoso.com".into(), names(&site.controllers), 389));
    questions.push(Question::Service("_gc._tcp.contoso.com".into(), names(&site.controllers[..2]), 3268));
    questions.push(Question::Service("_kerberos._tcp.contoso.com".into(), names(&site.controllers), 88));
    questions.push(Question::Missing("wpad.contoso.com".into()));
    questions.iter().map(|question| Rc::new(dns::lookup(question))).collect()
}
