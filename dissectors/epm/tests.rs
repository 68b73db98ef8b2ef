use proptest::prelude::*;

use super::*;
use crate::dcerpc::samples::{
    LOOKUP, LOOKUP_ANSWER, MAP, MAP_64, MAP_ANSWER, MAP_ANSWER_64, MAP_BIG_ENDIAN, NOT_REGISTERED_64,
};

const NSPI: Uuid = Uuid::from_u128(0xf5cc5a18_4264_101a_8c59_08002b2f8426);
const REPLICATION: Uuid = Uuid::from_u128(0xe3514235_4b06_11d1_ab04_00c04fc2dcd2);
const NDR: Uuid = Uuid::from_u128(0x8a885d04_1ceb_11c9_9fe8_08002b104860);

/// Where the stub of a request without object UUID, or of a response, begins.
const STUB: usize = 24;
/// Where in [`MAP_ANSWER`] the tower begins and ends.
const TOWER: std::ops::Range<usize> = 72..147;

fn ndr(stub: &[u8], syntax: Syntax) -> Ndr<'_> {
    Ndr::new(Reader::bounded(stub), Order::LittleEndian, syntax)
}

fn told(answer: &Answer, question: Option<&Question>) -> Vec<Fact> {
    let mut facts = Vec::new();
    answer.tell(7, question, &mut |fact| facts.push(fact));
    facts
}

fn replied(answer: &Answer, question: Option<&Question>) -> (ReplyClass, String) {
    match told(answer, question).pop() {
        Some(Fact::Reply { id: 7, class, what }) => (class, what.to_string()),
        other => panic!("the reply comes last: {other:?}"),
    }
}

fn question(operation: Operation) -> Question {
    Question { operation, interface: Some(NSPI), continues: false }
}

/// A tower of an interface floor and one more.
fn tower_with(protocol: u8, address: &[u8]) -> Vec<u8> {
    let mut octets = MAP_ANSWER[TOWER][..2 + 2 + 19 + 2 + 2].to_vec();
    octets[0] = 2;
    octets.extend([1, 0, protocol]);
    octets.extend(u16::try_from(address.len()).unwrap().to_le_bytes());
    octets.extend(address);
    octets
}

#[test]
fn a_tower_names_interface_version_syntax_port_and_address() {
    let tower = Tower::read(&mut Reader::new(&MAP_ANSWER[TOWER])).unwrap();
    let binding = Binding::Tcp { port: 4997, address: Some([192, 0, 2, 2].into()) };
    assert_eq!(tower, Tower { interface: NSPI, version: (56, 0), transfer: Some(NDR), binding });
}

#[test]
fn every_shorter_tower_is_incomplete_never_malformed() {
    let tower = &MAP_ANSWER[TOWER];
    for count in 0..tower.len() {
        let stop = Tower::read(&mut Reader::new(&tower[..count])).unwrap_err();
        assert!(stop.is_incomplete(), "{count} octets: {stop}");
    }
}

#[test]
fn the_floor_above_the_interface_says_how_to_get_there() {
    for (protocol, address, binding) in [
        (0x08, &[0, 135][..], Binding::Udp { port: 135 }),
        (0x1f, &[0x17, 0x74], Binding::Http { port: 6004 }),
        (0x0f, b"\\pipe\\lsass\0", Binding::NamedPipe("\\pipe\\lsass".into())),
        (0x10, b"LRPC-1\0", Binding::NamedPipe("LRPC-1".into())),
        (0x0c, &[0, 0], Binding::Other),
    ] {
        let octets = tower_with(protocol, address);
        assert_eq!(Tower::read(&mut Reader::new(&octets)).unwrap().binding, binding);
    }
}

#[test]
fn a_tower_without_an_interface_is_malformed() {
    let stop = Tower::read(&mut Reader::new(&[1, 0, 1, 0, 7, 2, 0, 0, 135])).unwrap_err();
    assert!(!stop.is_incomplete(), "{stop}");
}

#[test]
fn a_question_names_the_interface_in_ndr_and_in_ndr64() {
    let asked = |stub, syntax, operation| Question::read(operation, &mut ndr(stub, syntax)).unwrap();
    assert_eq!(asked(&MAP[STUB..], Syntax::Ndr, Operation::Map), question(Operation::Map));
    assert_eq!(asked(&LOOKUP[STUB..], Syntax::Ndr, Operation::Lookup), question(Operation::Lookup));
    assert_eq!(asked(&MAP_64[STUB..], Syntax::Ndr64, Operation::Map).interface, Some(REPLICATION));
}

#[test]
fn the_tower_stays_little_endian_inside_a_big_endian_question() {
    let mut stub = Ndr::new(Reader::bounded(&MAP_BIG_ENDIAN[STUB..]), Order::BigEndian, Syntax::Ndr);
    assert_eq!(Question::read(Operation::Map, &mut stub), Ok(question(Operation::Map)));
}

#[test]
fn a_map_answer_tells_each_port_and_words_them() {
    let answer = Answer::read(Operation::Map, &mut ndr(&MAP_ANSWER_64[STUB..], Syntax::Ndr64)).unwrap();
    let address = Some([192, 0, 2, 2].into());
    let facts = told(&answer, None);
    for port in [49668, 49664] {
        let mapped = Fact::Endpoint(Endpoint::Mapped { interface: REPLICATION, address, port });
        assert!(facts.contains(&mapped), "{facts:?}");
        let member = Fact::Member { key: "mapped", value: format!("{REPLICATION} {port}").into() };
        assert!(facts.contains(&member), "{facts:?}");
    }
    assert_eq!(replied(&answer, None), (ReplyClass::Success, "ok, ports 49668, 49664".into()));
}

#[test]
fn a_lookup_answer_is_read_behind_its_annotations() {
    let answer = Answer::read(Operation::Lookup, &mut ndr(&LOOKUP_ANSWER[STUB..], Syntax::Ndr)).unwrap();
    let bindings: Vec<_> = answer.towers.iter().map(|tower| (tower.interface, &tower.binding)).collect();
    assert_eq!((bindings, answer.status), (vec![(NSPI, &Binding::Http { port: 5000 })], Some(OK)));
    let http = Fact::Member { key: "mapped_http", value: format!("{NSPI} 5000").into() };
    assert_eq!(told(&answer, None).first(), Some(&http));
    assert_eq!(replied(&answer, None), (ReplyClass::Success, "ok, none over TCP".into()));
}

#[test]
fn no_tower_means_not_registered_whatever_the_status_says() {
    let asked = question(Operation::Map);
    for (status, what) in
        [(NOT_REGISTERED, "not registered"), (WIN32_NOT_REGISTERED, "not registered"), (OK, "ok, but none found")]
    {
        let answer = Answer { towers: Vec::new(), status: Some(status) };
        let unregistered = Endpoint::NotRegistered { interface: Some(NSPI), status };
        assert_eq!(told(&answer, Some(&asked)).first(), Some(&Fact::Endpoint(unregistered)));
        assert_eq!(replied(&answer, Some(&asked)), (ReplyClass::Refused, what.into()));
    }
}

#[test]
fn the_end_of_a_list_does_not_mean_not_registered() {
    let answer = Answer { towers: Vec::new(), status: Some(NOT_REGISTERED) };
    for asked in [
        Question { continues: true, ..question(Operation::Lookup) },
        Question { continues: true, ..question(Operation::Map) },
        Question { interface: None, ..question(Operation::Lookup) },
    ] {
        assert_eq!(replied(&answer, Some(&asked)), (ReplyClass::Success, "no more entries".into()));
        assert_eq!(told(&answer, Some(&asked)).len(), 1);
    }
}

#[test]
fn a_mapper_in_trouble_failed_and_says_nothing_about_the_interface() {
    let answer = Answer { towers: Vec::new(), status: Some(0x16c9_a012) };
    assert_eq!(replied(&answer, Some(&question(Operation::Map))), (ReplyClass::Failed, "status 0x16c9a012".into()));
    assert_eq!(told(&answer, Some(&question(Operation::Map))).len(), 1);
}

#[test]
fn of_an_answer_cut_at_the_limit_the_first_towers_are_kept() {
    let stub = &MAP_ANSWER_64[STUB..];
    let mut fields = Ndr::new(Reader::new(&stub[..stub.len() - 30]), Order::LittleEndian, Syntax::Ndr64);
    let answer = Answer::read(Operation::Map, &mut fields).unwrap();
    assert_eq!((answer.towers.len(), answer.status), (1, None));
    assert_eq!(replied(&answer, None), (ReplyClass::Success, "ok, port 49668".into()));
}

#[test]
fn an_answer_out_of_the_blue_is_recognised_in_either_syntax_only_when_it_fits_exactly() {
    for (stub, syntax) in [
        (&MAP_ANSWER[STUB..], Syntax::Ndr),
        (&LOOKUP_ANSWER[STUB..], Syntax::Ndr),
        (&MAP_ANSWER_64[STUB..], Syntax::Ndr64),
        (&NOT_REGISTERED_64[STUB..], Syntax::Ndr64),
    ] {
        assert_eq!(Answer::recognise(stub, Order::LittleEndian).map(|(_, found)| found), Some(syntax));
        assert_eq!(Answer::recognise(&stub[..stub.len() - 1], Order::LittleEndian), None);
        assert_eq!(Answer::recognise(&[stub, &[0]].concat(), Order::LittleEndian), None);
        assert_eq!(Answer::recognise(&vec![0; stub.len()], Order::LittleEndian), None);
    }
    assert_eq!(Question::recognise(Operation::Map, &MAP[STUB..STUB + 100], Order::LittleEndian), None);
}

#[test]
fn counts_from_the_wire_are_walked_not_believed() {
    let mut stub = MAP_ANSWER_64[STUB..].to_vec();
    // Most, and count, of the array of pointers: far more than there are octets.
    stub[24..32].fill(0x7f);
    stub[40..48].fill(0x7f);
    assert!(Answer::read(Operation::Map, &mut ndr(&stub, Syntax::Ndr64)).is_err());
    // More pointers than the array has room for.
    stub[24..32].fill(0);
    assert!(Answer::read(Operation::Map, &mut ndr(&stub, Syntax::Ndr64)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any octets are survived, and what comes out is bounded by what went in.
    #[test]
    fn towers_never_outnumber_their_octets(stub in proptest::collection::vec(any::<u8>(), 0..600), keep in 0_usize..80) {
        // A sound beginning lets the damage reach deeper.
        let mut octets = MAP_ANSWER[STUB..][..keep].to_vec();
        octets.extend(&stub);
        for syntax in [Syntax::Ndr, Syntax::Ndr64] {
            for operation in [Operation::Lookup, Operation::Map] {
                if let Ok(answer) = Answer::read(operation, &mut ndr(&octets, syntax)) {
                    prop_assert!(answer.towers.len() * 27 <= octets.len());
                }
                let _ = Question::read(operation, &mut ndr(&octets, syntax));
            }
        }
    }
}
