"""Who is asking: opens the envelope that a Latchkey gateway seals for this subgraph. It is a JWT, and its keys are a JWKS."""
import base64
import json
import threading
import time
import urllib.request

import ed25519

HEADER = "latchkey-principal"
TYPE = "latchkey-principal+jwt"
LENGTH_MAX = 16_384
LIFETIME_S = 60
LEEWAY_S = 2
FRESH_S = 60
COOL_DOWN_S = 30
KINDS = ("anonymous", "user", "apiKey", "service")
GATEWAY = "gateway"


class Refused(Exception):
    """The envelope is not good for this subgraph: 401, and nothing else is told."""


class Unavailable(Exception):
    """The gateway's keys cannot be had: nobody is let in."""


class Keys:
    """The gateway's public keys by their ids: kept for a minute, and asked for again when an id is new, but not all the time."""

    def __init__(self, url):
        self._url, self._lock = url, threading.Lock()
        self._known, self._fetched_at, self._ask_again_at = None, 0.0, 0.0

    def find(self, key_id):
        with self._lock:
            now = time.monotonic()
            fresh = self._known is not None and now - self._fetched_at < FRESH_S
            if not (fresh and key_id in self._known) and now >= self._ask_again_at:
                self._fetch(now)
            if self._known is None:
                raise Unavailable()
            return self._known.get(key_id)

    def _fetch(self, now):
        self._ask_again_at = now + 1
        try:
            with urllib.request.urlopen(self._url, timeout=2) as answer:
                self._known = keys_in(json.load(answer))
        except (OSError, ValueError):
            return
        self._fetched_at, self._ask_again_at = now, now + COOL_DOWN_S


def keys_in(jwks):
    return {
        key["kid"]: _bytes(key["x"])
        for key in jwks["keys"]
        if key.get("kty") == "OKP" and key.get("crv") == "Ed25519" and "kid" in key
    }


def _bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _object(text):
    found = json.loads(_bytes(text))
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def open_envelope(envelope, audience, find_key, now):
    """Who asks, and what of it only for other subgraphs (coordinates by their names). Raises Refused."""
    try:
        if len(envelope) > LENGTH_MAX:
            raise Refused("too long")
        head, body, signature = envelope.split(".")
        header = _object(head)
        if header.get("alg") != "EdDSA" or header.get("typ") != TYPE or "crit" in header:
            raise Refused("another kind of token")
        key = find_key(header.get("kid")) if isinstance(header.get("kid"), str) else None
        if key is None or not ed25519.verify(key, f"{head}.{body}".encode("ascii"), _bytes(signature)):
            raise Refused("not sealed by the gateway")
        claims = _object(body)
    except (ValueError, UnicodeError) as fault:
        raise Refused("not a token") from fault
    return _judged(claims, audience, now)


def _judged(claims, audience, now):
    issued, expires, not_before = (claims.get(name) for name in ("iat", "exp", "nbf"))
    if claims.get("iss") != GATEWAY or claims.get("aud") != audience:
        raise Refused("from another, or for another")
    if not _is_number(issued) or not _is_number(expires) or (not_before is not None and not _is_number(not_before)):
        raise Refused("without its times")
    if now >= expires + LEEWAY_S or now > issued + LIFETIME_S + LEEWAY_S:
        raise Refused("over")
    if issued > now + LEEWAY_S or (not_before or 0) > now + LEEWAY_S:
        raise Refused("not yet")
    principal = claims.get("principal")
    if not isinstance(principal, dict) or principal.get("kind") not in KINDS:
        raise Refused("no principal")
    if principal["kind"] == "service" and principal.get("name") != GATEWAY:
        raise Refused("the gateway speaks for no other service")
    return principal, claims.get("onBehalf", {})
