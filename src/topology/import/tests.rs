//! Lists as the tools write them: their shapes are theirs, the names are ours.

use std::net::IpAddr;

use super::*;
use crate::topology::{Declared, File, gathered_to_toml};

const SERVERS_CSV: &str = "#TYPE Microsoft.Exchange.Data.Directory.Management.ExchangeServer\r\n\
    \"Name\",\"Fqdn\",\"Site\",\"ServerRole\",\"AdminDisplayVersion\"\r\n\
    \"MBX1\",\"MBX1.contoso.com\",\"contoso.com/Configuration/Sites/Paris\",\"Mailbox, ClientAccess, HubTransport\",\"Version 14.3 (Build 123.4)\"\r\n\
    \"EDGE1\",\"edge1.contoso.com\",\"\",\"Edge\",\"Version 14.3 (Build 123.4)\"\r\n\
    \"OLD1\",\"old1.contoso.com\",\"contoso.com/Configuration/Sites/London\",\"ClientAccess\",\"Version 8.3 (Build 83.6)\"\r\n";

const SERVERS_CLIXML: &str = r#"<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">
  <Obj RefId="0">
    <TN RefId="0"><T>Deserialized.Microsoft.Exchange.Data.Directory.Management.ExchangeServer</T><T>System.Object</T></TN>
    <ToString>MBX1</ToString>
    <Props>
      <Obj N="AdminDisplayVersion" RefId="1"><TN RefId="1"><T>Microsoft.Exchange.Data.ServerVersion</T></TN><ToString>Version 15.2 (Build 1544.4)</ToString></Obj>
      <S N="Fqdn">MBX1.contoso.com</S>
      <Obj N="ServerRole" RefId="2"><TN RefId="2"><T>System.Enum</T></TN><ToString>Mailbox, ClientAccess</ToString><I32>54</I32></Obj>
      <Obj N="Site" RefId="3"><TN RefId="3"><T>Microsoft.Exchange.Data.Directory.ADObjectId</T></TN><ToString>contoso.com/Configuration/Sites/Paris_x0020_2</ToString></Obj>
      <S N="Name">MBX1</S>
    </Props>
  </Obj>
  <Obj RefId="4">
    <TNRef RefId="0" />
    <ToString>MBX2</ToString>
    <Props>
      <Ref N="AdminDisplayVersion" RefId="1" />
      <S N="Fqdn">MBX2.contoso.com</S>
      <Ref N="ServerRole" RefId="2" />
      <Ref N="Site" RefId="3" />
      <S N="Name">MBX2</S>
    </Props>
  </Obj>
</Objs>"#;

const GROUP_CLIXML: &str = r#"<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj RefId="0">
    <ToString>DAG1</ToString>
    <Props><S N="Name">DAG1</S>
      <Obj N="Servers" RefId="1"><TN RefId="0"><T>System.Collections.ArrayList</T></TN><LST><S>MBX1</S><Obj RefId="2"><ToString>contoso.com/Configuration/MBX2</ToString></Obj></LST></Obj>
      <S N="WitnessServer">fs1.contoso.com</S><U16 N="ReplicationPort">64327</U16><Nil N="AlternateWitnessServer" /></Props>
    </Obj></Objs>"#;

const CONTROLLERS_JSON: &str = r#"[
  {"HostName": "dc1.contoso.com", "Name": "DC1", "IPv4Address": "10.0.0.10", "IPv6Address": null, "IsGlobalCatalog": true, "Site": "Paris", "Domain": "contoso.com"},
  {"HostName": "dc2.contoso.com", "Name": "DC2", "IPv4Address": "10.0.0.11", "IPv6Address": "fd00::11", "IsGlobalCatalog": false, "Site": "London", "Domain": "contoso.com"}]"#;

const NLTEST: &str = "Get list of DCs in domain 'contoso.com' from '\\\\DC1.contoso.com'.\r\n\
    \x20   DC1.contoso.com [PDC]  [DS] Site: Paris\r\n\
    \x20   dc3.contoso.com        [DS] Standort: Köln\r\n\
    The command completed successfully\r\n";

const LDIF: &str = "dn: CN=MBX1,CN=Servers,CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrat\n \
    ive Groups,CN=Contoso,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=contoso,DC=com\n\
    changetype: add\nobjectClass: top\nobjectClass: server\nobjectClass: msExchExchangeServer\ncn: MBX1\n\
    serialNumber: Version 15.1 (Build 32507.6)\nmsExchCurrentServerRoles: 54\n\
    networkAddress: ncacn_vns_spp:MBX1\nnetworkAddress: netbios:MBX1\nnetworkAddress: ncacn_ip_tcp:MBX1.contoso.com\n\
    msExchServerSite: CN=Paris,CN=Sites,CN=Configuration,DC=contoso,DC=com\n\n\
    # a comment\n\
    dn:: Q049REMxLENOPVNlcnZlcnMsQ049S8O2bG4sQ049U2l0ZXMsQ049Q29uZmlndXJhdGlvbixEQz1jb250b3NvLERDPWNvbQ==\n\
    objectClass: server\ndNSHostName: DC1.contoso.com\n\n\
    dn: CN=NTDS Settings,CN=DC1,CN=Servers,CN=Köln,CN=Sites,CN=Configuration,DC=contoso,DC=com\n\
    objectClass: nTDSDSA\noptions: 1\n\n\
    dn: CN=FILER,CN=Servers,CN=Paris,CN=Sites,CN=Configuration,DC=contoso,DC=com\n\
    objectClass: server\ndNSHostName: filer.contoso.com\n\n\
    dn: CN=10.0.7.0/24,CN=Subnets,CN=Sites,CN=Configuration,DC=contoso,DC=com\n\
    objectClass: subnet\ncn: 10.0.7.0/24\nsiteObject: CN=Paris,CN=Sites,CN=Configuration,DC=contoso,DC=com\n\n\
    dn: CN=DAG1,CN=Database Availability Groups,DC=contoso,DC=com\nobjectClass: msExchMDBAvailabilityGroup\n\
    msExchFileShareWitness: \\\\fs1.contoso.com\\DAG1.contoso.com\n";

const HOSTS: &str = "# of the perimeter\n10.0.0.21 mbx1.contoso.com MBX1\n10.0.0.31\tedge1.contoso.com\n127.0.0.1 localhost\n\
    10.0.0.22 mbx2.contoso.com # second\n10.0.0.41 fs1.contoso.com\n10.0.7.5 old1.contoso.com\n";

fn gathered(sources: &[(&str, &[u8])]) -> Gathered {
    let mut all = Sources::default();
    for (name, octets) in sources {
        all.add(name, octets).unwrap();
    }
    all.merge(&[])
}

fn wide(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(unit).collect()
}

#[track_caller]
fn roles<'a>(gathered: &'a Gathered, name: &str) -> Vec<&'a str> {
    let host = gathered.hosts.iter().find(|host| host.names.iter().any(|one| one == name));
    host.unwrap_or_else(|| panic!("{name} among {:?}", gathered.hosts))
        .roles
        .iter()
        .map(|claim| claim.role.as_str())
        .collect()
}

#[test]
fn exchange_servers_of_a_csv_get_their_addresses_from_a_hosts_file() {
    let gathered = gathered(&[("servers.csv", SERVERS_CSV.as_bytes()), ("hosts", HOSTS.as_bytes())]);
    assert_eq!(roles(&gathered, "mbx1.contoso.com"), ["mailbox", "cas", "hub"]);
    assert_eq!(roles(&gathered, "edge1.contoso.com"), ["edge"]);
    assert_eq!(gathered.version, Some(Version::V2010));
    let old = gathered.hosts.iter().find(|host| host.names[0] == "old1.contoso.com").unwrap();
    assert_eq!((old.version.as_deref(), old.site.as_deref()), (Some("2007"), Some("London")));
    assert_eq!(old.roles[0].because, "servers.csv line 5");
    assert!(gathered.contradictions.is_empty() && gathered.nowhere.is_empty(), "{gathered:?}");
}

#[test]
fn every_encoding_of_powershell_says_the_same() {
    let plain = gathered(&[("s", SERVERS_CSV.as_bytes()), ("h", HOSTS.as_bytes())]);
    let marked = [b"\xef\xbb\xbf", SERVERS_CSV.as_bytes()].concat();
    let unmarked: Vec<u8> = SERVERS_CSV.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for octets in [wide(SERVERS_CSV, u16::to_le_bytes), wide(SERVERS_CSV, u16::to_be_bytes), marked, unmarked] {
        assert_eq!(gathered(&[("s", &octets), ("h", HOSTS.as_bytes())]), plain);
    }
}

#[test]
fn clixml_follows_references_and_lists() {
    let gathered = gathered(&[
        ("servers.xml", SERVERS_CLIXML.as_bytes()),
        ("dag.xml", &wide(GROUP_CLIXML, u16::to_le_bytes)),
        ("hosts", HOSTS.as_bytes()),
    ]);
    // Since 2016 a Mailbox server is all of them.
    assert_eq!(roles(&gathered, "mbx1.contoso.com"), ["mailbox"]);
    assert_eq!(roles(&gathered, "mbx2.contoso.com"), ["mailbox"]);
    assert_eq!(roles(&gathered, "fs1.contoso.com"), ["witness"]);
    assert_eq!(gathered.version, Some(Version::V2019));
    assert_eq!(gathered.hosts[0].site.as_deref(), Some("Paris 2"));
}

#[test]
fn controllers_of_two_lists_are_joined_and_their_differences_told() {
    let gathered = gathered(&[("dcs.json", CONTROLLERS_JSON.as_bytes()), ("nltest.txt", NLTEST.as_bytes())]);
    assert_eq!(roles(&gathered, "dc1.contoso.com"), ["dc", "gc"]);
    assert_eq!(roles(&gathered, "dc2.contoso.com"), ["dc"]);
    let two: Vec<IpAddr> = vec!["10.0.0.11".parse().unwrap(), "fd00::11".parse().unwrap()];
    assert_eq!(gathered.hosts.iter().find(|host| host.names[0].starts_with("dc2")).unwrap().addresses, two);
    assert_eq!(gathered.nowhere.len(), 1);
    assert_eq!(
        (gathered.nowhere[0].name.as_str(), gathered.nowhere[0].place.as_str()),
        ("dc3.contoso.com", "nltest.txt line 3")
    );
}

#[test]
fn what_sources_say_against_each_other_is_told_and_the_first_counts() {
    let other_site = CONTROLLERS_JSON.replace("\"Paris\"", "\"Rome\"");
    let moved = "10.0.0.10 mbx1.contoso.com\n";
    let sources: [(&str, &[u8]); 4] = [
        ("dcs.json", CONTROLLERS_JSON.as_bytes()),
        ("again.json", other_site.as_bytes()),
        ("servers.csv", SERVERS_CSV.as_bytes()),
        ("hosts", moved.as_bytes()),
    ];
    let gathered = gathered(&sources);
    assert_eq!(
        gathered.contradictions,
        [
            "dc1.contoso.com is in site Paris (dcs.json object 1) and in site Rome (again.json object 1); the first counts",
            "10.0.0.10 is dc1.contoso.com (dcs.json object 1) and mbx1.contoso.com (hosts line 1); the first counts",
        ]
    );
    assert!(gathered.nowhere.iter().any(|host| host.name == "mbx1.contoso.com"));
}

#[test]
fn a_short_name_that_fits_two_hosts_is_nobodys() {
    let two = "10.0.0.21 mbx1.contoso.com\n10.9.0.21 mbx1.fabrikam.com\n";
    let group =
        r#"{"Name": "DAG1", "Servers": ["MBX1"], "WitnessServer": "fs1.contoso.com", "ReplicationPort": 64327}"#;
    let gathered = gathered(&[("hosts", two.as_bytes()), ("dag.json", group.as_bytes())]);
    assert!(gathered.hosts.is_empty());
    assert!(
        gathered.notes.iter().any(|note| note.contains("mbx1 may be any of several hosts")),
        "{:?}",
        gathered.notes
    );
}

#[test]
fn the_configuration_partition_tells_servers_controllers_witnesses_and_sites() {
    let hosts =
        "10.0.0.21 mbx1.contoso.com\n10.0.0.10 dc1.contoso.com\n10.0.7.5 fs1.contoso.com\n10.0.0.9 filer.contoso.com\n";
    let gathered = gathered(&[("config.ldf", LDIF.as_bytes()), ("hosts", hosts.as_bytes())]);
    assert_eq!(roles(&gathered, "mbx1.contoso.com"), ["mailbox"]);
    assert_eq!(roles(&gathered, "dc1.contoso.com"), ["dc", "gc"]);
    assert_eq!(roles(&gathered, "fs1.contoso.com"), ["witness"]);
    assert_eq!(gathered.hosts.len(), 3, "a server without settings for replication is no controller");
    let site = |name: &str| gathered.hosts.iter().find(|host| host.names[0] == name).unwrap().site.clone();
    assert_eq!(site("dc1.contoso.com").as_deref(), Some("Köln"));
    assert_eq!(site("fs1.contoso.com").as_deref(), Some("Paris"), "by its subnet");
    assert_eq!(gathered.version, Some(Version::V2016));
}

#[test]
fn versions_are_told_by_their_builds() {
    let told = [
        ("Version 6.5 (Build 7638.2: Service Pack 2)", Some(Version::V2003)),
        ("Version 8.3 (Build 30083.6)", Some(Version::V2007)),
        ("Version 15.0 (Build 1497.2)", Some(Version::V2013)),
        ("Version 15.2 (Build 1544.4)", Some(Version::V2019)),
        ("Version 15.2 (Build 2562.17)", Some(Version::Se)),
        ("Version 15.2 (Build 35330.17)", Some(Version::Se)),
        ("none", None),
    ];
    for (written, version) in told {
        assert_eq!(exchange::version(written), version, "{written}");
    }
    assert_eq!(exchange::roles_of_bits(16_385, Some(Version::V2013)), ["cas"]);
    assert_eq!(exchange::roles_of_bits(54, Some(Version::V2013)), ["mailbox"]);
    assert_eq!(exchange::roles_of_bits(54, Some(Version::V2010)), ["mailbox", "cas", "um", "hub"]);
}

#[test]
fn the_file_that_is_written_can_be_read_and_says_the_same() {
    let hostile = HOSTS.replace("# of the perimeter", "10.0.0.66 \u{1b}[2J\"]x.contoso.com mbx9.contoso.com");
    let servers = SERVERS_CSV.replace("Paris", "Pa\u{1b}]0;ris \"\"quoted\"\"");
    let gathered = gathered(&[("servers\n.csv", servers.as_bytes()), ("hosts", hostile.as_bytes())]);
    let text = gathered_to_toml(&gathered);
    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text}");
    let file =
        File::read("t", &text, crate::reference::Reference::embedded()).unwrap_or_else(|why| panic!("{why}\n{text}"));
    let of = |host: &Declared| (host.addresses.clone(), host.roles.clone());
    let wanted: Vec<_> = gathered
        .hosts
        .iter()
        .map(|host| (host.addresses.clone(), host.roles.iter().map(|claim| claim.role.clone()).collect()))
        .collect();
    assert_eq!(file.hosts.iter().map(of).collect::<Vec<_>>(), wanted);
    assert_eq!(file.version, Some(Version::V2010));
}

#[test]
fn what_is_no_list_is_refused_with_the_cure() {
    for (octets, said) in [
        (&b"\x00\x01\x02\x03binary\x00"[..], "is not text"),
        (b"hello world\n", "understood are Get-ExchangeServer"),
        (b"<html></html>", "understood are"),
        (b"{\"a\": ", "cannot be read as JSON"),
        (b"<Objs", "cannot be read as XML"),
        (b"[{\"Name\": \"x\"}]", "are no Exchange server"),
        (b"", "understood are"),
    ] {
        let why = Sources::default().add("x", octets).unwrap_err().to_string();
        assert!(why.starts_with("x: ") && why.contains(said), "{why}");
    }
}

#[test]
fn a_list_that_only_shows_its_type_is_told() {
    let csv = "\"Name\",\"Servers\",\"WitnessServer\",\"ReplicationPort\"\n\"DAG1\",\"Microsoft.Exchange.Data.MultiValuedProperty`1[ADObjectId]\",\"fs1.contoso.com\",\"64327\"\n";
    let gathered = gathered(&[("dag.csv", csv.as_bytes()), ("hosts", HOSTS.as_bytes())]);
    assert!(gathered.notes.iter().any(|note| note.contains("-join ','")), "{:?}", gathered.notes);
    assert_eq!(roles(&gathered, "fs1.contoso.com"), ["witness"]);
}

#[test]
fn damage_is_survived() {
    for text in [SERVERS_CSV, SERVERS_CLIXML, GROUP_CLIXML, CONTROLLERS_JSON, NLTEST, LDIF, HOSTS] {
        let octets = text.as_bytes();
        for at in 0..octets.len() {
            let _ = Sources::default().add("cut", &octets[..at]);
            let mut flipped = octets.to_vec();
            flipped[at] ^= 1 << (at % 8);
            let mut sources = Sources::default();
            if sources.add("flipped", &flipped).is_ok() {
                let _ = gathered_to_toml(&sources.merge(&[]));
            }
        }
    }
}
