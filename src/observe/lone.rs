//! Lone SYNs, where there are too many of them to make a conversation of each.
//!
//! A flood of single SYNs from invented addresses makes a flow of each. Below [`FEW_LONE`] all of them become
//! conversations. From there on those do of which more may be told: SYNs of hosts that took part in any other
//! conversation, were called or named by anybody, or call a port of the endpoint book; and of the rest all of the
//! [`MOST_TRIED`] paths that were tried most, as many as findings are told of. What then is left is kept as it came,
//! and is counted wherever conversations are: nobody is told more of it than how much of it there was.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use anyany_dissectors::Transport as Framing;
use hashbrown::{HashMap, HashSet};

use crate::classify::by_port;
use crate::flow::{Endpoint, Outcome, Single, Syn};
use crate::observe::{Conversation, Learnt, Said};
use crate::time::Time;

/// Addresses of which something is known.
pub type Known = HashSet<IpAddr, foldhash::fast::RandomState>;

/// Lone SYNs of hosts of which nothing else is known.
#[derive(Debug, Clone, Default)]
pub struct Lone {
    /// In the order of conversations.
    syns: Vec<Syn>,
    /// Their places by source, those of one source in order of time: of IPv4 with the address in front, so that
    /// the SYN itself need not be looked at.
    v4: Vec<u64>,
    v6: Vec<u32>,
    servers: Vec<Tried>,
}

/// A server's port that lone SYNs came to.
#[derive(Debug, Clone, Copy)]
pub struct Tried {
    /// The port.
    pub at: Endpoint,
    /// What usually listens there; a word of the contract.
    pub service: &'static str,
    /// How many.
    pub count: u64,
    /// The place of the first one.
    first: usize,
}

/// A path with how often it was tried: the most tried one first.
type Ranked = (Reverse<u64>, IpAddr, Endpoint);

impl Lone {
    /// What becomes conversations of lone SYNs, and what stays as it is.
    pub(super) fn choose(
        mut syns: Vec<Syn>,
        mut known: Known,
        book: &BTreeMap<Endpoint, Vec<Learnt>>,
    ) -> (Vec<Syn>, Self) {
        let mut last = None;
        for syn in &syns {
            let server = syn.destination().address;
            if last.replace(server) != Some(server) {
                known.insert(server);
            }
        }
        let telling = |syn: &mut Syn| known.contains(&syn.source().address) || book.contains_key(&syn.destination());
        let mut told: Vec<Syn> = syns.extract_if(.., telling).collect();
        let mut lone = Self { syns, ..Self::default() };
        lone.sort_by_source();
        let chosen = lone.most_tried();
        told.extend(lone.give_up(&chosen));
        lone.list_servers();
        (told, lone)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.syns.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.syns.is_empty()
    }

    /// All of them, in the order of conversations.
    pub fn syns(&self) -> impl Iterator<Item = &Single> {
        self.syns.iter().map(|syn| &**syn)
    }

    /// Takes all of them.
    pub(super) fn take(&mut self) -> Vec<Syn> {
        std::mem::take(self).syns
    }

    /// Every server's port that they came to, in order.
    pub fn servers(&self) -> &[Tried] {
        &self.servers
    }

    /// The first one to a server's port.
    pub fn first(&self, tried: &Tried) -> Option<&Single> {
        self.at(tried.first)
    }

    /// Every source, in order, and how many are of it.
    pub fn sources(&self) -> impl Iterator<Item = (IpAddr, u64)> {
        let v4 = self.v4.chunk_by(|one, other| one >> 32 == other >> 32);
        let v4 = v4.filter_map(|run| Some((v4_of(*run.first()?), run.len() as u64)));
        let v6 = self.v6.chunk_by(|one, other| self.source(*one) == self.source(*other));
        let v6 = v6.filter_map(|run| Some((self.source(*run.first()?)?, run.len() as u64)));
        v4.chain(v6)
    }

    /// Those of one source, in order of time.
    pub fn of(&self, source: IpAddr) -> impl Iterator<Item = &Single> {
        let (v4, v6) = self.places(source);
        v4.iter().map(|key| place(*key)).chain(v6.iter().copied().map(wide)).filter_map(|at| self.at(at))
    }

    /// Whether one came from the host between `from` and `to`.
    pub fn between(&self, source: IpAddr, from: Time, to: Time) -> bool {
        let (v4, v6) = self.places(source);
        let before = |at: usize| self.at(at).is_some_and(|syn| syn.moment.time < from);
        let next = match source {
            IpAddr::V4(_) => v4.get(v4.partition_point(|key| before(place(*key)))).map(|key| place(*key)),
            IpAddr::V6(_) => v6.get(v6.partition_point(|at| before(wide(*at)))).copied().map(wide),
        };
        next.and_then(|at| self.at(at)).is_some_and(|syn| syn.moment.time <= to)
    }

    /// Whether any came from the host.
    pub fn ever(&self, source: IpAddr) -> bool {
        let (v4, v6) = self.places(source);
        !(v4.is_empty() && v6.is_empty())
    }

    fn at(&self, at: usize) -> Option<&Single> {
        self.syns.get(at).map(|syn| &**syn)
    }

    fn source(&self, at: u32) -> Option<IpAddr> {
        self.at(wide(at)).map(|syn| syn.source().address)
    }

    fn places(&self, source: IpAddr) -> (&[u64], &[u32]) {
        match source {
            IpAddr::V4(address) => {
                let bits = u64::from(address.to_bits());
                let from = self.v4.partition_point(|key| key >> 32 < bits);
                let rest = self.v4.get(from..).unwrap_or_default();
                (rest.get(..rest.partition_point(|key| key >> 32 == bits)).unwrap_or_default(), &[])
            }
            IpAddr::V6(_) => {
                let from = self.v6.partition_point(|at| self.source(*at) < Some(source));
                let rest = self.v6.get(from..).unwrap_or_default();
                let to = rest.partition_point(|at| self.source(*at) == Some(source));
                (&[], rest.get(..to).unwrap_or_default())
            }
        }
    }

    fn sort_by_source(&mut self) {
        let (mut v4, mut v6) = (Vec::with_capacity(self.syns.len()), Vec::new());
        for (at, syn) in self.syns.iter().enumerate() {
            let at = narrow(at);
            match syn.source().address {
                IpAddr::V4(address) => v4.push(u64::from(address.to_bits()) << 32 | u64::from(at)),
                IpAddr::V6(_) => v6.push(at),
            }
        }
        v4.sort_unstable();
        let moment = |at: usize| self.at(at).map(|syn| syn.moment);
        for run in v4.chunk_by_mut(|one, other| *one >> 32 == *other >> 32).filter(|run| run.len() > 1) {
            run.sort_by_key(|key| moment(place(*key)));
        }
        v6.sort_by_key(|at| (self.source(*at), moment(wide(*at))));
        (self.v4, self.v6) = (v4, v6);
    }

    /// The paths that were tried most: of as many tries those of the lowest addresses.
    fn most_tried(&self) -> HashSet<(IpAddr, Endpoint), foldhash::fast::RandomState> {
        let mut ranked: Vec<Ranked> = Vec::new();
        // What comes behind this is not among them.
        let mut worst: Option<Ranked> = None;
        for (source, count) in self.sources() {
            if worst.is_some_and(|worst| (Reverse(count), source) > (worst.0, worst.1)) {
                continue;
            }
            let mut servers: Vec<Endpoint> = self.of(source).map(Single::destination).collect();
            servers.sort_unstable();
            let paths = servers.chunk_by(|one, other| one == other);
            ranked.extend(paths.filter_map(|run| Some((Reverse(run.len() as u64), source, *run.first()?))));
            if ranked.len() >= 2 * MOST_TRIED {
                ranked.select_nth_unstable(MOST_TRIED - 1);
                ranked.truncate(MOST_TRIED);
                worst = ranked.last().copied();
            }
        }
        if ranked.len() > MOST_TRIED {
            ranked.select_nth_unstable(MOST_TRIED - 1);
            ranked.truncate(MOST_TRIED);
        }
        ranked.into_iter().map(|(_, client, server)| (client, server)).collect()
    }

    /// Takes out what is on these paths.
    fn give_up(&mut self, chosen: &HashSet<(IpAddr, Endpoint), foldhash::fast::RandomState>) -> Vec<Syn> {
        let clients: HashSet<IpAddr> = chosen.iter().map(|(client, _)| *client).collect();
        let mut gone = vec![false; self.syns.len()];
        for client in clients {
            let (v4, v6) = self.places(client);
            for at in v4.iter().map(|key| place(*key)).chain(v6.iter().copied().map(wide)) {
                if self.at(at).is_some_and(|syn| chosen.contains(&(client, syn.destination())))
                    && let Some(gone) = gone.get_mut(at)
                {
                    *gone = true;
                }
            }
        }
        // Where each of the others stands then.
        let mut left = 0;
        let places: Vec<Option<u32>> = gone
            .iter()
            .map(|gone| {
                let at = (!gone).then_some(left);
                left += u32::from(!gone);
                at
            })
            .collect();
        let new = |at: usize| places.get(at).copied().flatten();
        self.v4.retain(|key| new(place(*key)).is_some());
        for key in &mut self.v4 {
            *key = *key >> 32 << 32 | new(place(*key)).map_or(0, u64::from);
        }
        self.v6 = self.v6.iter().filter_map(|at| new(wide(*at))).collect();
        let mut gone = gone.into_iter();
        let told = self.syns.extract_if(.., |_| gone.next().unwrap_or(false)).collect();
        self.syns.shrink_to_fit();
        told
    }

    fn list_servers(&mut self) {
        let mut found: HashMap<Endpoint, (u64, usize), foldhash::fast::RandomState> = HashMap::default();
        for (at, syn) in self.syns.iter().enumerate() {
            found.entry(syn.destination()).or_insert((0, at)).0 += 1;
        }
        let tried = |(at, (count, first))| Tried { at, service: service(at), count, first };
        self.servers = found.into_iter().map(tried).collect();
        self.servers.sort_unstable_by_key(|tried| tried.at);
    }
}

/// The conversation that a lone SYN is.
pub(super) fn conversation(syn: &Single) -> Conversation {
    let flow = Box::new(syn.flow());
    Conversation {
        flow,
        seen: Said::default(),
        service: service(syn.destination()),
        outcome: Outcome::Unanswered,
        about: None,
    }
}

fn service(at: Endpoint) -> &'static str {
    by_port(Framing::Tcp, at.port).unwrap_or("other")
}

fn v4_of(key: u64) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(key >> 32).unwrap_or(u32::MAX)))
}

fn place(key: u64) -> usize {
    usize::try_from(key & u64::from(u32::MAX)).unwrap_or(usize::MAX)
}

fn wide(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// So many fit in no memory.
fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Below this all lone SYNs of a trace become conversations: as many as are no matter.
pub const FEW_LONE: usize = 1 << 16;
/// Paths of hosts without any other sign that are judged, and so findings that are told.
pub const MOST_TRIED: usize = 10_000;
