//! Kinds that say: it passes, and a device rewrites it.

use super::Explanation;

pub(super) const SMTP: Explanation = Explanation {
    phrase: "on which a device masks SMTP",
    seen: "The server's banner is made of asterisks, or words of the EHLO reply, or a command, are made of X. Such masks \
           are as long as what they cover.",
    means: "A firewall with SMTP inspection (Cisco: inspect esmtp, formerly fixup protocol smtp and Mailguard) writes \
            over every word that it does not know. Exchange servers need those words: without X-ANONYMOUSTLS, \
            STARTTLS and X-EXPS they cannot encrypt or authenticate to each other, and mail between them stays in the \
            queue or comes back with 5.7.1 or 5.7.3.",
    otherwise: &[
        "A server whose banner was set to asterisks by hand. Then its EHLO reply is whole.",
        "A word that is only absent is never reported: it may be switched off on the server.",
    ],
    advice: &[
        "Switch SMTP inspection off on the path between Exchange servers, and to the Edge server.",
        "Capture on both sides of the firewall, and compare the two EHLO replies: the difference is the proof.",
    ],
};

pub(super) const TLS: Explanation = Explanation {
    phrase: "on which a device reads TLS",
    seen: "Between two known servers a certificate was shown that is not the server's own: it is signed with the name of \
           an interception product, or it was made minutes before for one client, while others see another one of the \
           same name.",
    means: "A device ends TLS and begins it anew, to read what is inside. Exchange servers check each other's \
            certificates and bind their authentication to the encrypted channel, so that what passes in a browser \
            fails between servers. The vendor's documentation says that nothing may change what servers send each other.",
    otherwise: &[
        "A certificate that was just renewed. Then everyone sees the new one from some moment on, and nothing is \
         reported.",
        "Several servers behind one address, each with a certificate of its own.",
    ],
    advice: &[
        "Exempt the addresses of Exchange servers and domain controllers from TLS inspection.",
        "Compare the thumbprint that the client sees with the one that the server has (Get-ExchangeCertificate).",
    ],
};
