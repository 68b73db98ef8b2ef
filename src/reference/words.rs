//! The closed lists of words in the tables.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Declares an enum whose variants are words of the tables, of JSON and of messages.
macro_rules! words {
    ($($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// As it is written.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl FromStr for $name {
            type Err = NotAWord;

            /// The case of letters does not matter: `se` is `SE`.
            fn from_str(text: &str) -> Result<Self, NotAWord> {
                let found = Self::ALL.iter().find(|one| one.word().eq_ignore_ascii_case(text));
                found.copied().ok_or_else(|| NotAWord {
                    given: text.to_owned(),
                    known: Self::ALL.iter().map(|one| one.word()).collect(),
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAWord;

            fn try_from(text: String) -> Result<Self, NotAWord> {
                text.parse()
            }
        }

        impl From<$name> for &'static str {
            fn from(word: $name) -> Self {
                word.word()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    )*};
}

/// A word that is not in its list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{given}\" is none of {}", known.join(", "))]
pub struct NotAWord {
    /// What was written.
    pub given: String,
    /// What could have been.
    pub known: Vec<&'static str>,
}

words! {
    /// A version of Exchange; later ones are greater.
    Version {
        /// Exchange 2000 and 2003.
        V2003 = "2003",
        /// Exchange 2007.
        V2007 = "2007",
        /// Exchange 2010.
        V2010 = "2010",
        /// Exchange 2013.
        V2013 = "2013",
        /// Exchange 2016.
        V2016 = "2016",
        /// Exchange 2019.
        V2019 = "2019",
        /// Subscription Edition.
        Se = "SE",
    }
    /// What the policy thinks of filtering on a path.
    Zone {
        /// Between servers of the organization: unsupported from 2007 on.
        IntraOrg = "intra-org",
        /// With an Edge Transport server: expected.
        Edge = "edge",
        /// From clients: supported when the listed ports are open.
        Client = "client",
        /// Internet, cloud, telephony: supported when the listed ports are open.
        External = "external",
        /// Inside one host; odd on the wire.
        Local = "local",
        /// Microsoft itself asks to block it.
        IntendedBlock = "intended-block",
    }
    /// How the destination port of a path is found.
    Learn {
        /// The listed ports or ranges.
        Fixed = "fixed",
        /// The endpoint mapper names it.
        Epm = "epm",
        /// A session description names it.
        Sip = "sip",
        /// The client chooses it.
        ClientChosen = "client-chosen",
        /// An administrator sets it.
        Config = "config",
    }
    /// Who opens the conversations of a path.
    Direction {
        /// Source to destination only.
        SrcToDst = "src_to_dst",
        /// Either end.
        Both = "both",
    }
    /// Whether Exchange works without a path.
    Need {
        /// No deployment of these roles works without it.
        Always = "always",
        /// Only who uses the feature needs it.
        WhenUsed = "when-used",
        /// Everything goes on without it.
        Optional = "optional",
    }
    /// With whom something is sent so regularly that its absence tells something.
    Among {
        /// Between two hosts of which other traffic shows that they need it.
        Pair = "pair",
        /// With any server of the kind.
        Servers = "servers",
    }
    /// How well a row is founded.
    Confidence {
        /// Read in the named source.
        Verified = "verified",
        /// Read in a copy, a blog or the output of a scan.
        VerifiedSecondary = "verified-secondary",
        /// Known, not read again.
        MemoryHigh = "memory-high",
        /// Probably so.
        MemoryMedium = "memory-medium",
        /// Check before relying on it.
        MemoryLow = "memory-low",
    }
    /// What an inference is worth.
    Weight {
        /// Names the role.
        Strong = "strong",
        /// Names the role, without much to spare.
        Fair = "fair",
        /// Only supports another sign.
        Weak = "weak",
    }
    /// What kind of host a role is.
    Group {
        /// An Exchange server.
        Exchange = "exchange",
        /// A domain controller or global catalog.
        Directory = "directory",
        /// An internal Lync or Skype for Business server.
        Voice = "voice",
        /// A user's program.
        Client = "client",
        /// What publishes Exchange or lies beyond the organization.
        Outside = "outside",
        /// Another server that Exchange uses, or that uses it.
        Helper = "helper",
        /// Nothing is known.
        Unknown = "unknown",
    }
    /// Which two kinds of hosts a rule of the policy is about.
    Pair {
        /// Two Exchange servers, neither of them Edge.
        ExchangeExchange = "exchange-exchange",
        /// An Exchange server and a domain controller.
        ExchangeDirectory = "exchange-directory",
        /// An Exchange server and a Lync server.
        ExchangeVoice = "exchange-voice",
        /// One end is an Edge Transport server.
        Edge = "edge",
        /// One end is a client.
        Client = "client",
        /// One end publishes Exchange or lies beyond the organization.
        Outside = "outside",
    }
    /// What the vendor's stated policy says of blocking on a path; the contract's words.
    Support {
        /// Blocking makes the deployment unsupported.
        Unsupported = "unsupported",
        /// Blocking is supported while the listed ports are open.
        Supported = "supported",
        /// The policy says nothing of it.
        NotApplicable = "not-applicable",
    }
    /// What tells a role; each has its row among `[[inference]]`.
    Sign {
        /// Serves EMSMDB.
        EmsmdbServed = "emsmdb-served",
        /// Serves store administration.
        StoreServed = "store-served",
        /// Serves the referral to the address book.
        RfrServed = "rfr-served",
        /// Serves the address book and nothing else of Exchange.
        NspiAlone = "nspi-alone",
        /// Answers Kerberos.
        KerberosServed = "kerberos-served",
        /// Serves drsuapi or netlogon.
        AdInterfaceServed = "ad-interface-served",
        /// Answers the locator's ping.
        LocatorAnswer = "locator-answer",
        /// Says that it is a global catalog.
        LocatorGcFlag = "locator-gc-flag",
        /// Answers on 3268 or 3269.
        GcPort = "gc-port",
        /// Shares SYSVOL or NETLOGON.
        SysvolShare = "sysvol-share",
        /// Sets up a secure channel.
        SecureChannelClient = "secure-channel-client",
        /// Cluster heartbeats or RPC both ways.
        ClusterNode = "cluster-node",
        /// Ships logs between cluster nodes.
        LogCopy = "log-copy",
        /// Uses the port for it.
        LogCopyAlone = "log-copy-alone",
        /// Is written to by EdgeSync.
        EdgesyncServed = "edgesync-served",
        /// Writes with EdgeSync.
        EdgesyncClient = "edgesync-client",
        /// Offers what Exchange 2007 and later offer.
        Smtp2007 = "smtp-2007",
        /// Uses it.
        Smtp2007Tls = "smtp-2007-tls",
        /// Offers what only Exchange 2000 and 2003 offer.
        Smtp2003 = "smtp-2003",
        /// Greets as Exchange does.
        SmtpBanner = "smtp-banner",
        /// Searches a global catalog while it serves SMTP.
        GcClient = "gc-client",
        /// Serves SMTP while it searches a global catalog.
        MailServer = "mail-server",
        /// Answers on an Exchange path.
        ExchangeHttp = "exchange-http",
        /// Answers on a path that others use too.
        ExchangeHttpOther = "exchange-http-other",
        /// Is called by a name usual for Exchange.
        ExchangeCertificate = "exchange-certificate",
        /// Answers on 444 with its own certificate.
        Backend444 = "backend-444",
        /// Answers on 444.
        Backend444Unproven = "backend-444-unproven",
        /// Calls the one on 444 with its own certificate.
        Backend444Caller = "backend-444-caller",
        /// Answers DNS.
        DnsServed = "dns-served",
        /// Answers SIP on a worker's port.
        UmWorker = "um-worker",
        /// Redirects SIP calls.
        UmRedirect = "um-redirect",
        /// Calls such a server.
        SipCaller = "sip-caller",
        /// Such a caller sends or receives RTP.
        MediaPeer = "media-peer",
        /// Asks for mailboxes and serves nothing.
        MapiClient = "mapi-client",
        /// Asks for web pages and serves nothing.
        WebClientOnly = "web-client-only",
    }
}
