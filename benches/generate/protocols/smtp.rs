//! Mail between Exchange servers (RFC 5321), in clear and behind X-ANONYMOUSTLS, and as an inspecting
//! firewall passes it.

use super::super::random::Random;
use super::super::script::{CLIENT, Ending, MILLIS, Say, Script, client, server};
use super::tls;

/// Mails of about `size` octets in clear.
pub fn mail(name: &str, size: usize, random: &mut Random) -> Script {
    Script::tcp(25)
        .opening(hello(name))
        .middle(vec![
            client("MAIL FROM:<anna@contoso.com> SIZE=4096\r\nRCPT TO:<boris@fabrikam.com>\r\nDATA\r\n")
                .after(9 * MILLIS),
            server("250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n354 Start mail input; end with <CRLF>.<CRLF>\r\n"),
            client(text(size, random)),
            server("250 2.6.0 <4f1@contoso.com> [InternalId=42] Queued mail for delivery\r\n").after(12 * MILLIS),
        ])
        .closing(goodbye())
        .ending(Ending::Closed(CLIENT))
}

/// Mails of about `size` octets that nobody else reads.
pub fn sealed(name: &str, size: usize, random: &mut Random) -> Script {
    let mut opening = hello(name);
    opening.push(client("X-ANONYMOUSTLS\r\n"));
    opening.push(server("220 2.0.0 SMTP server ready\r\n"));
    opening.extend(tls::handshake(&format!("{name}.contoso.com"), random));
    let mut reply = |size: usize| server(tls::data(size, random));
    let middle = vec![reply(90), reply(120), reply(size), reply(90)];
    let sides = [0, 1, 0, 1];
    let middle = middle.into_iter().zip(sides).map(|(say, from)| Say { from, ..say }.after(4 * MILLIS));
    Script::tcp(25).opening(opening).middle(middle.collect()).closing(vec![client(tls::alert(random))])
}

/// A session through a firewall that masks what it does not know.
pub fn inspected(size: usize, random: &mut Random) -> Script {
    let masked = "220 ***********************************************************0*2******0***********\r\n";
    let offers = "250-mail.fabrikam.com Hello [10.10.4.11]\r\n250-SIZE 37748736\r\n250-PIPELINING\r\n\
        250-DSN\r\n250-XXXXXXXXXXXXXXXXXXX\r\n250-XXXXXXXA\r\n250-8BITMIME\r\n250 XXXXXXXXXXXB\r\n";
    let whole = mail("mail", size, random);
    let opening = vec![server(masked).after(2 * MILLIS), client("EHLO hub01.contoso.com\r\n"), server(offers)];
    Script { opening, ..whole }
}

fn hello(name: &str) -> Vec<Say> {
    let banner =
        format!("220 {name}.contoso.com Microsoft ESMTP MAIL Service ready at Mon, 18 Feb 2013 07:00:00 +0100\r\n");
    let offers = format!(
        "250-{name}.contoso.com Hello [10.10.4.11]\r\n250-SIZE 37748736\r\n250-PIPELINING\r\n250-DSN\r\n\
        250-ENHANCEDSTATUSCODES\r\n250-STARTTLS\r\n250-X-ANONYMOUSTLS\r\n250-AUTH NTLM\r\n\
        250-X-EXPS GSSAPI NTLM\r\n250-8BITMIME\r\n250-BINARYMIME\r\n250-CHUNKING\r\n250-XEXCH50\r\n250-XRDST\r\n250 XSHADOW\r\n"
    );
    vec![server(banner).after(2 * MILLIS), client("EHLO hub01.contoso.com\r\n"), server(offers)]
}

fn goodbye() -> Vec<Say> {
    vec![client("QUIT\r\n"), server("221 2.0.0 Service closing transmission channel\r\n")]
}

fn text(size: usize, random: &mut Random) -> Vec<u8> {
    let mut mail = b"From: Anna <anna@contoso.com>\r\nTo: Boris <boris@fabrikam.com>\r\nSubject: Figures\r\n\
        Message-ID: <4f1@contoso.com>\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    while mail.len() < size {
        mail.extend(random.octets(76).iter().map(|octet| ALPHABET[usize::from(*octet) % ALPHABET.len()]));
        mail.extend(b"\r\n");
    }
    mail.extend(b".\r\n");
    mail
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
