"""Mail servers of many makes, as far as their first words tell them apart.

    smtp_server.py MAKE [SECONDS]     one of MAKES on TCP 25; EHLO is answered that much later

Accepts mail and forgets it. No TLS: whoever asks for STARTTLS is told that it is not there now (454).
"""

import socket
import sys
import threading
import time

EXCHANGE_2003 = (
    "TURN SIZE ETRN PIPELINING DSN ENHANCEDSTATUSCODES 8bitmime BINARYMIME CHUNKING VRFY X-EXPS=LOGIN AUTH=LOGIN"
    " X-LINK2STATE XEXCH50 OK"
)
EXCHANGE_2010 = (
    "SIZE PIPELINING DSN ENHANCEDSTATUSCODES STARTTLS X-ANONYMOUSTLS AUTH=NTLM X-EXPS=GSSAPI=NTLM 8BITMIME BINARYMIME"
    " CHUNKING XEXCH50 XRDST XSHADOW"
)
SENDMAIL = "ENHANCEDSTATUSCODES PIPELINING EXPN VERB 8BITMIME SIZE DSN ETRN AUTH=DIGEST-MD5=CRAM-MD5 DELIVERBY HELP"
# Lines of the banner, and keywords offered to EHLO; without any, EHLO is not known.
MAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "exchange-2003": (("cas1.exlab.test Microsoft ESMTP MAIL Service, Version: 6.0.3790.3959 ready at  Mon",), EXCHANGE_2003),
    "exchange-2010": (("cas1.exlab.test Microsoft ESMTP MAIL Service ready at Mon, 18 Feb 2013 07:00:00 +0100",), EXCHANGE_2010),
    # SuppressXAnonymousTls, and no certificate for STARTTLS: for the sake of a WAN optimizer.
    "suppressed": (
        ("cas1.exlab.test Microsoft ESMTP MAIL Service ready",), EXCHANGE_2010.replace(" STARTTLS X-ANONYMOUSTLS", ""),
    ),
    "sparse": (("mx",), "SIZE 8BITMIME"),
    "none": (("cas1 SMTP",), ""),
    "domino": (("cas1.exlab.test ESMTP Service (Lotus Domino Release 8.5.3FP1) ready",), "SIZE PIPELINING"),
    "sendmail": (("cas1.exlab.test ESMTP Sendmail 8.14.4/8.14.4; Mon, 18 Feb 2013 07:00:00 +0100",), SENDMAIL),
    "appliance": (("cas1.exlab.test ESMTP IronPort",), "8BITMIME SIZE=33554432 STARTTLS"),
    "antivirus": (("SMTP Proxy Server Ready",), "SIZE PIPELINING 8BITMIME XXSAVE"),
    "forbidding": (("*** cas1.exlab.test ESMTP *** NO UCE *** authorized use only ***",), "SIZE PIPELINING 8BITMIME"),
    "framed": (("*" * 60, "*  cas1.exlab.test: a private system  *", "*" * 60, "cas1.exlab.test ESMTP"), "SIZE PIPELINING"),
    "ruled": (("*" * 60, "cas1.exlab.test ESMTP", "*" * 60), "SIZE PIPELINING"),
    "starred": (("**** ESMTP ****",), "SIZE HELP"),
    "redacted": (("cas1 ******** ********",), "SIZE"),
    "many-x": (("cas1.exlab.test ESMTP",), "SIZE XCLIENT XFORWARD X-RCPTLIMIT=500 XXX X-EXPS XADR XSTA XCIR XGEN"),
}  # fmt: skip


def serve(connection: socket.socket, make: str, seconds: float) -> None:
    banner, keywords = MAKES[make]
    offered = [word.replace("=", " ") for word in keywords.split()]
    with connection, connection.makefile("rwb") as lines:
        try:
            _say(lines, 220, banner)
            while line := lines.readline(2048):
                verb = line.split()[:1]
                match verb[0].upper().decode("latin-1") if verb else "":
                    case "EHLO" if offered:
                        time.sleep(seconds)
                        _say(lines, 250, ("cas1.exlab.test Hello", *offered))
                    case "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP":
                        _say(lines, 250, ("2.0.0 OK",))
                    case "DATA":
                        _say(lines, 354, ("Start mail input; end with <CRLF>.<CRLF>",))
                        while lines.readline(2048) not in (b".\r\n", b""):
                            pass
                        _say(lines, 250, ("2.6.0 Queued mail for delivery",))
                    case "STARTTLS":
                        _say(lines, 454, ("4.7.0 TLS not available",))
                    case "QUIT":
                        _say(lines, 221, ("2.0.0 Service closing transmission channel",))
                        return
                    case _:
                        _say(lines, 500, ("5.3.3 Unrecognized command",))
        except OSError:
            pass  # the client went away


def _say(lines, code: int, said: tuple[str, ...]) -> None:
    for number, line in enumerate(said):
        lines.write(f"{code}{' ' if number + 1 == len(said) else '-'}{line}\r\n".encode())
    lines.flush()


def main() -> None:
    make, seconds = sys.argv[1], float((*sys.argv, "0")[2])
    with socket.create_server(("", 25)) as listener:
        print("serving", flush=True)
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection, make, seconds), daemon=True).start()


if __name__ == "__main__":
    main()
