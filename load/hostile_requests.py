"""Single requests that are wrong, odd or meant to harm, and what each may get. The table of `hostile.py`; no script itself.

What may come back is a set of statuses; `CLOSED` is a connection closed without an answer. Of a request that hides another one behind its
body only one answer may come.
"""

import dataclasses
import json

CLOSED = "closed"
HIDDEN = b"GET /health HTTP/1.1\r\nhost: shop\r\n\r\n"
GOOD = json.dumps({"text": "到新疆运费多少"}, ensure_ascii=False).encode()


@dataclasses.dataclass
class Shot:
    name: str
    payload: bytes
    allowed: set
    ends: bool = False         # whether the caller says that nothing more comes, because it is not whole
    answers: int = 1           # at most


def post(body, *headers, length=None, path=b"/v1/triage", kind=b"application/json", keep=False):
    lines = [b"POST " + path + b" HTTP/1.1", b"host: shop"]
    lines += [b"content-type: " + kind] if kind else []
    lines += [b"content-length: " + str(len(body)).encode()] if length is None else [b"content-length: " + length] if length else []
    lines += [] if keep else [b"connection: close"]
    return b"\r\n".join([*lines, *headers]) + b"\r\n\r\n" + body


def head(first, *headers):
    return b"\r\n".join([first, b"host: shop", b"connection: close", *headers]) + b"\r\n\r\n"


def message(text, **fields):
    return post(json.dumps({"text": text, **fields}, ensure_ascii=False).encode())


def raw(body):
    return post(body)


def chunked(body, *headers):
    return post(body, b"transfer-encoding: chunked", *headers, length=b"")


def texts():
    yield Shot("8,000 characters", message("退货运费谁出" * 1333 + "吗吗"), {200})
    yield Shot("8,001 characters", message("字" * 8001), {422})
    yield Shot("8,000 emoji", message("😡" * 8000), {200})
    yield Shot("8,000 marks over one letter", message("a" + "\u0301" * 7999), {200})
    yield Shot("8,000 invisible characters", message("\u200b" * 8000), {200, 422})
    yield Shot("8,000 digits", message("1" * 8000), {200})
    yield Shot("8,000 brackets", message("(" * 8000), {200})
    yield Shot("written from right to left", message("\u202e到新疆运费多少\u202c"), {200})
    yield Shot("a template in the text", message("{{ order.number }} ${jndi:ldap://x} %s %n '; DROP TABLE turns;--"), {200})
    yield Shot("NUL as \\u0000 in the text", message("到新疆\u0000运费多少"), {200})
    yield Shot("NUL as \\u0000 in ids", message("在吗", conversation_id="a\u0000b", message_id="\u0000"), {200, 422})
    yield Shot("no text", message(""), {422})


def bodies():
    yield Shot("60,000 arrays in each other", raw(b'{"text":' + b"[" * 60_000), {400})
    yield Shot("10,000 objects in each other", raw(b'{"text":"x","context":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001), {400, 422})
    yield Shot("a key twice", raw(b'{"text":"a","text":"b"}'), {422})
    yield Shot("4,000 unknown keys", raw(json.dumps({"text": "x", **{f"k{number}": 1 for number in range(4000)}}).encode()), {422})
    yield Shot("NUL in a string", raw(b'{"text":"a\x00b"}'), {400})
    yield Shot("invalid UTF-8", raw(b'{"text":"\xff\xfe"}'), {400})
    yield Shot("overlong UTF-8", raw(b'{"text":"\xc0\xaf"}'), {400})
    yield Shot("a surrogate in UTF-8", raw(b'{"text":"\xed\xa0\x80"}'), {400})
    yield Shot("half of a pair, escaped", raw(b'{"text":"\\ud83d"}'), {400})
    yield Shot("UTF-16", raw('{"text":"在吗"}'.encode("utf-16")), {400})
    yield Shot("a byte order mark first", raw(b"\xef\xbb\xbf" + GOOD), {400, 422})
    yield Shot("a number of 60,000 digits", raw(b'{"text":"x","deadline_ms":' + b"9" * 60_000 + b"}"), {400, 422})
    yield Shot("1e99999", raw(b'{"text":"x","wait_ms":1e99999}'), {400, 422})
    yield Shot("a negative deadline", raw(b'{"text":"x","deadline_ms":-1}'), {422})
    yield Shot("an array instead of an object", raw(b'["x"]'), {422})
    yield Shot("two objects", raw(GOOD + GOOD), {400})
    yield Shot("nothing", raw(b""), {400, 422})
    yield Shot("history of 3,000", raw(json.dumps({"text": "x", "history": [{"role": "bot", "text": ""}] * 1500}).encode()), {200, 422})
    yield Shot("64 KiB and a byte", raw(b'{"text":"' + b"a" * 65_526 + b'"}'), {413})
    yield Shot("no content-type", post(GOOD, kind=None), {415})
    yield Shot("text/plain", post(GOOD, kind=b"text/plain"), {415})
    yield Shot("a form", post(GOOD, kind=b"multipart/form-data; boundary=x"), {415})
    yield Shot("compressed", post(GOOD, b"content-encoding: gzip"), {415})


def lengths():
    yield Shot("declared: 10 GB", post(b"", length=b"10737418240"), {413})
    yield Shot("declared: too long", post(GOOD, length=b"500"), {400, CLOSED}, ends=True)
    yield Shot("declared: too short", post(GOOD, length=b"10", keep=True), {400}, answers=2)
    yield Shot("declared: negative", post(GOOD, length=b"-5"), {400})
    yield Shot("declared: +36", post(GOOD, length=b"+36"), {400})
    yield Shot("declared: 0x24", post(GOOD, length=b"0x24"), {400})
    yield Shot("declared: more than 64 bits", post(GOOD, length=b"99999999999999999999999"), {400, 413})
    yield Shot("declared: twice, differently", post(GOOD, b"content-length: 3"), {400})
    yield Shot("declared: twice, alike", post(GOOD, b"content-length: " + str(len(GOOD)).encode()), {200, 400})
    yield Shot("chunk: no number", chunked(b"zz\r\nhello\r\n0\r\n\r\n"), {400, CLOSED})
    yield Shot("chunk: negative", chunked(b"-1\r\nhello\r\n0\r\n\r\n"), {400, CLOSED})
    yield Shot("chunk: more than 64 bits", chunked(b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n"), {400, CLOSED})
    yield Shot("chunk: longer than told", chunked(b"2\r\nhello\r\n0\r\n\r\n"), {400, CLOSED})
    yield Shot("chunk: the end is missing", chunked(b"5\r\n{\"tex\r\n"), {400, CLOSED}, ends=True)
    yield Shot("chunk: an extension of 100 KB", chunked(b"1;" + b"a" * 100_000 + b"\r\n{\r\n0\r\n\r\n"), {400, CLOSED})
    yield Shot("chunk: trailers of 1 MB", chunked(b"1\r\n{\r\n0\r\n" + b"x: y\r\n" * 170_000 + b"\r\n"), {400, 431, CLOSED})
    yield Shot("chunk: 1 MB in single bytes", chunked(b"1\r\n \r\n" * 170_000 + b"0\r\n\r\n"), {413})


def smuggled():
    rest = b"0\r\n\r\n" + HIDDEN
    for name, headers in [
        ("length and chunks", [b"transfer-encoding: chunked"]),
        ("chunks twice", [b"transfer-encoding: chunked", b"transfer-encoding: identity"]),
        ("chunks, in other words", [b"transfer-encoding: xchunked"]),
        ("chunks, a space before the colon", [b"transfer-encoding : chunked"]),
        ("chunks, a tab", [b"transfer-encoding:\x0bchunked"]),
        ("chunks, on a folded line", [b"x: y\r\n transfer-encoding: chunked"]),
        ("chunks, behind a bare CR", [b"x: y\rtransfer-encoding: chunked"]),
        ("chunks, not last", [b"transfer-encoding: chunked, identity"]),
    ]:
        yield Shot(f"hidden: {name}", post(rest, *headers, keep=True), {400, 422, 501, CLOSED})
    yield Shot("hidden: a body of GET", b"GET /health HTTP/1.1\r\nhost: shop\r\ncontent-length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN, {200, 400})
    yield Shot("hidden: chunks in HTTP/1.0", post(rest, b"transfer-encoding: chunked", keep=True).replace(b"HTTP/1.1", b"HTTP/1.0", 1), {400, 422, CLOSED})
    yield Shot("two requests in one packet", post(GOOD, keep=True) + post(GOOD), {200}, answers=2)


def heads():
    yield Shot("a header of 1 MB", head(b"GET /health HTTP/1.1", b"x: " + b"a" * 1_000_000), {400, 431, CLOSED})
    yield Shot("10,000 headers", head(b"GET /health HTTP/1.1", *[b"x: y"] * 10_000), {400, 431, CLOSED})
    yield Shot("an address of 100 KB", head(b"GET /" + b"a" * 100_000 + b" HTTP/1.1"), {400, 404, 414, 431, CLOSED})
    yield Shot("NUL in a header", head(b"GET /health HTTP/1.1", b"x: a\x00b"), {400, CLOSED})
    yield Shot("no host", b"GET /health HTTP/1.1\r\nconnection: close\r\n\r\n", {200, 400})
    yield Shot("a method that does not exist", head(b"BREW /v1/triage HTTP/1.1"), {405})
    yield Shot("a method in small letters", head(b"post /v1/triage HTTP/1.1"), {400, 405})
    yield Shot("a method of 10 KB", head(b"A" * 10_000 + b" /v1/triage HTTP/1.1"), {400, 405, CLOSED})
    yield Shot("a method with a slash", head(b"GE/T /health HTTP/1.1"), {400, CLOSED})
    yield Shot("TRACE", head(b"TRACE /v1/triage HTTP/1.1"), {405})
    yield Shot("CONNECT", head(b"CONNECT example.com:443 HTTP/1.1"), {400, 404, 405})
    yield Shot("GET where POST belongs", head(b"GET /v1/triage HTTP/1.1"), {405})
    yield Shot("out of the folder", head(b"GET /../../etc/passwd HTTP/1.1"), {400, 404})
    yield Shot("NUL in the path", head(b"GET /v1/conversations/%00 HTTP/1.1"), {400, 404, 422})
    yield Shot("no UTF-8 in the path", head(b"GET /v1/conversations/%ff%fe HTTP/1.1"), {400})
    yield Shot("a query that is unknown", post(GOOD, path=b"/v1/triage?admin=true"), {422})
    yield Shot("HTTP/0.9", b"GET /health\r\n\r\n", {400, CLOSED})
    yield Shot("HTTP/2 without being asked", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00", {400, 505, CLOSED})
    yield Shot("HTTP/9.9", head(b"GET /health HTTP/9.9"), {400, 505, CLOSED})
    yield Shot("TLS", bytes.fromhex("1603010200010001fc0303") + bytes(range(256)) * 2, {400, CLOSED})
    yield Shot("nothing but line ends", b"\r\n" * 100_000, {400, CLOSED}, ends=True)
    yield Shot("an expectation", post(GOOD, b"expect: 100-continue"), {100, 200}, answers=2)
    yield Shot("an upgrade", post(GOOD, b"upgrade: h2c, websocket", b"http2-settings: AAMAAABk"), {200})


def shots():
    for group in (texts, bodies, lengths, smuggled, heads):
        yield from group()
