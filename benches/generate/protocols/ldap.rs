//! LDAP (RFC 4511) as Exchange asks a domain controller, and the locator's ping (MS-ADTS §6.3.3).

use super::super::random::Random;
use super::super::script::{CLIENT, Ending, Fill, MILLIS, Order, Say, Script, client, server};
use super::ber::{ber, integer, sequence, string};

/// A bind and searches that find one entry of about `size` octets each.
pub fn searches(port: u16, size: usize, random: &mut Random) -> Script {
    let user = format!("CN=user{},OU=Staff,DC=contoso,DC=com", random.below(10_000));
    let bind = ber(0x60, &[&integer(3), &string(&user), &ber(0x80, &[b"Pa55word-of-a-lab"])]);
    let rounds = numbered(client, &search("DC=contoso,DC=com", &equals("proxyAddresses", "smtp:anna@contoso.com")));
    let (entry, entry_id) = message(&entry(size, random));
    let (done, done_id) = message(&result(0x65));
    let both = server([entry.clone(), done].concat()).blank(entry_id, 2, Order::Big, IDS).blank(
        entry.len() + done_id,
        2,
        Order::Big,
        IDS,
    );
    Script::tcp(port)
        .opening(vec![
            client(fixed(1, &search("", &ber(0x87, &[b"objectClass"])))),
            server([fixed(1, &root(random)), fixed(1, &result(0x65))].concat()),
            client(fixed(2, &bind)),
            server(fixed(2, &result(0x61))).after(2 * MILLIS),
        ])
        .middle(vec![rounds.after(15 * MILLIS), both])
        .closing(vec![client(fixed(3, &[0x42, 0])).after(5 * MILLIS)])
        .ending(Ending::Closed(CLIENT))
}

/// Is there a domain controller? Yes, and which.
pub fn ping(random: &mut Random) -> Script {
    let filter = ber(
        0xa0,
        &[&equals("DnsDomain", "contoso.com"), &equals("Host", "MBX01"), &equals_octets("NtVer", &[22, 0, 0, 0])],
    );
    let question = ber(
        0x63,
        &[
            &string(""),
            &[10, 1, 0, 10, 1, 0],
            &integer(0),
            &integer(0),
            &[1, 1, 0],
            &filter,
            &sequence(&[&string("Netlogon")]),
        ],
    );
    let mut netlogon = vec![0x17, 0, 0, 0, 0xfd, 0xf1, 0, 0];
    netlogon.extend(random.octets(16));
    for name in ["contoso.com", "contoso.com", "dc01.contoso.com", "CONTOSO", "DC01", "", "Paris", "Paris"] {
        for label in name.split('.').filter(|label| !label.is_empty()) {
            netlogon.push(label.len() as u8);
            netlogon.extend(label.as_bytes());
        }
        netlogon.push(0);
    }
    netlogon.extend([5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    let found = ber(0x64, &[&string(""), &sequence(&[&attribute("Netlogon", &[&netlogon])])]);
    let answer = [fixed(1, &found), fixed(1, &result(0x65))].concat();
    Script::udp(389).opening(vec![client(fixed(1, &question)), server(answer)])
}

fn root(random: &mut Random) -> Vec<u8> {
    let serial = random.below(1 << 40).to_string();
    let attributes = [
        attribute("dnsHostName", &[b"dc01.contoso.com"]),
        attribute("defaultNamingContext", &[b"DC=contoso,DC=com"]),
        attribute("configurationNamingContext", &[b"CN=Configuration,DC=contoso,DC=com"]),
        attribute("highestCommittedUSN", &[serial.as_bytes()]),
        attribute("supportedSASLMechanisms", &[b"GSSAPI", b"GSS-SPNEGO", b"EXTERNAL", b"DIGEST-MD5"]),
        attribute("isGlobalCatalogReady", &[b"TRUE"]),
    ];
    let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
    ber(0x64, &[&string(""), &sequence(&attributes)])
}

fn entry(size: usize, random: &mut Random) -> Vec<u8> {
    let number = random.below(10_000);
    let name = format!("CN=user{number},OU=Staff,DC=contoso,DC=com");
    let server = b"/o=Contoso/ou=Exchange Administrative Group/cn=Configuration/cn=Servers/cn=MBX01";
    let blob = random.octets(size.saturating_sub(260));
    let attributes = [
        attribute("displayName", &[format!("User {number}").as_bytes()]),
        attribute("msExchHomeServerName", &[server]),
        attribute("objectGUID", &[&random.octets(16)]),
        attribute("msExchMailboxSecurityDescriptor", &[&blob]),
    ];
    let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
    ber(0x64, &[&string(name), &sequence(&attributes)])
}

fn search(base: &str, filter: &[u8]) -> Vec<u8> {
    let scope = if base.is_empty() { 0 } else { 2 };
    let attributes = [string("displayName"), string("objectGUID"), string("msExchHomeServerName")].concat();
    let limits = [&integer(0)[..], &integer(120)].concat();
    ber(0x63, &[&string(base), &[10, 1, scope, 10, 1, 0], &limits, &[1, 1, 0], filter, &sequence(&[&attributes])])
}

fn equals(name: &str, value: &str) -> Vec<u8> {
    equals_octets(name, value.as_bytes())
}

fn equals_octets(name: &str, value: &[u8]) -> Vec<u8> {
    ber(0xa3, &[&string(name), &string(value)])
}

fn attribute(name: &str, values: &[&[u8]]) -> Vec<u8> {
    let values: Vec<u8> = values.iter().flat_map(string).collect();
    sequence(&[&string(name), &ber(0x31, &[&values])])
}

/// Success.
fn result(tag: u8) -> Vec<u8> {
    ber(tag, &[&[10, 1, 0, 4, 0, 4, 0]])
}

fn fixed(id: u32, operation: &[u8]) -> Vec<u8> {
    sequence(&[&integer(id), operation])
}

/// A message whose number is counted on, and where that stands.
fn message(operation: &[u8]) -> (Vec<u8>, usize) {
    let message = fixed(0x100, operation);
    let at = message.len() - operation.len() - 2;
    (message, at)
}

fn numbered(who: impl FnOnce(Vec<u8>) -> Say, operation: &[u8]) -> Say {
    let (message, at) = message(operation);
    who(message).blank(at, 2, Order::Big, IDS)
}

/// Two octets long from the first to the last.
const IDS: Fill = Fill::Counted { first: 0x100, step: 1 };
