//! What devices do to SMTP.

use super::*;

pub const STORIES: &[Story] = &[
    Story {
        claim: "the banner is of asterisks and keywords are of X",
        expected: Finds(Kind::SmtpInspection),
        told: || vec![mail("220 ****2***0*******\r\n", "EHLO cas", "250-mbx\r\n250-XXXXXXXA\r\n250 SIZE 10\r\n")],
    },
    Story {
        claim: "only keywords are of X",
        expected: Finds(Kind::SmtpInspection),
        told: || vec![mail(BANNER, "EHLO cas", "250-mbx\r\n250-SIZE 10\r\n250-XXXXXXXXXXXXXX\r\n250 DSN\r\n")],
    },
    Story {
        claim: "the server gets a verb of X and does not understand it",
        expected: Finds(Kind::SmtpInspection),
        told: || vec![mail(BANNER, "XXXX cas", "500 5.3.3 Unrecognized command\r\n")],
    },
    Story {
        claim: "the banner is that of an older PIX",
        expected: Finds(Kind::SmtpInspection),
        told: || vec![mail("220 SMTP/cmap______________________read\r\n", "HELO cas", "250 mbx\r\n")],
    },
    Story {
        claim: "a frame of asterisks around the banner",
        expected: Spares(Kind::SmtpInspection),
        told: || {
            let banner = "220-**********************\r\n220-mbx: private\r\n220 **********************\r\n";
            vec![mail(banner, "EHLO cas", "250-mbx\r\n250 SIZE 10\r\n")]
        },
    },
    Story {
        claim: "an ordinary server",
        expected: Spares(Kind::SmtpInspection),
        told: || vec![mail(BANNER, "EHLO cas", "250-mbx\r\n250-STARTTLS\r\n250-X-ANONYMOUSTLS\r\n250 XRDST\r\n")],
    },
    Story {
        claim: "STARTTLS is switched off on the server: absent, and nothing masked",
        expected: Spares(Kind::SmtpInspection),
        told: || vec![mail(BANNER, "EHLO cas", "250-mbx\r\n250-SIZE 10\r\n250-X-EXPS GSSAPI\r\n250 XEXCH50\r\n")],
    },
    Story {
        claim: "a banner with a few asterisks for ornament",
        expected: Spares(Kind::SmtpInspection),
        told: || vec![mail("220 *** welcome to smtp ***\r\n", "EHLO cas", "250-mbx\r\n250 SIZE 10\r\n")],
    },
    Story {
        claim: "a verb that the server does not know",
        expected: Spares(Kind::SmtpInspection),
        told: || vec![mail(BANNER, "XTRC cas", "500 5.3.3 Unrecognized command\r\n")],
    },
];

#[test]
fn a_mask_as_long_as_starttls_is_explained_as_its_loss() {
    let lines = [mail(BANNER, "EHLO cas", "250-mbx\r\n250-XXXXXXXA\r\n250 SIZE 10\r\n")];
    let finding = the(Kind::SmtpInspection, &lines);
    assert_eq!(finding.judgement.kind.verdict(), Verdict::Altered);
    assert_eq!(finding.judgement.attribution, Attribution::Network);
    assert!(finding.judgement.because.iter().any(|because| because.contains("STARTTLS")));
    assert_eq!(finding.last_success, None);
}

fn mail(banner: &str, hello: &str, reply: &str) -> Line {
    let mut line = to(25);
    line.opens(0);
    line.says(10 * MS, Responder, banner.as_bytes()).ack(11 * MS, Initiator);
    line.says(20 * MS, Initiator, format!("{hello}\r\n").as_bytes()).says(30 * MS, Responder, reply.as_bytes());
    line.says(40 * MS, Initiator, b"QUIT\r\n").says(50 * MS, Responder, b"221 2.0.0 bye\r\n").closes(60 * MS);
    line
}

const BANNER: &str = "220 mbx.contoso.test Microsoft ESMTP MAIL Service ready\r\n";
