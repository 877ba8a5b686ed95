"""Another team's subgraph, in Python and with nothing but its standard library: it extends `Session`.

    LATCHKEY_JWKS_URL=http://localhost:4000/.well-known/principal-jwks.json python3 examples/places/places.py

`PORT` is 4006 and `HOST` 127.0.0.1 unless set.
"""
import json
import os
import re
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from principal import HEADER, Keys, Refused, Unavailable, open_envelope

NAME = "places"
BODY_MAX = 1_000_000
SCHEMA = (Path(__file__).parent / "schema.graphql").read_text()
TOWNS = ("Lisbon", "Vienna", "Oslo", "Ghent", "Tartu")


class Problem(Exception):
    """A refusal that the caller is told, by its code."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def may_see_places(principal):
    if principal["kind"] == "anonymous":
        raise Problem("UNAUTHENTICATED", "Sign in to ask this.")
    if "sessions:read" not in principal.get("scopes", ()):
        raise Problem("FORBIDDEN", "You may not ask this.")


def town_of(session_id):
    return TOWNS[sum(session_id.encode()) % len(TOWNS)]


# What a gateway asks is small: fields with aliases and one argument, and inline fragments. A real subgraph uses a library.
TOKEN = re.compile(r'[\s,]+|(\.\.\.|[{}():!=\[\]]|\$?\w+|"(?:[^"\\]|\\.)*")')


def parse(text):
    tokens = [found for found in TOKEN.findall(text) if found]
    at = tokens.index("{")
    selections, end = _selections(tokens, at + 1)
    if end != len(tokens):
        raise Problem("GRAPHQL_VALIDATION_FAILED", "One operation is understood, and inline fragments.")
    return selections


def _selections(tokens, at):
    found = []
    while tokens[at] != "}":
        if tokens[at] == "...":
            condition = tokens[at + 2] if tokens[at + 1] == "on" else None
            inner, at = _selections(tokens, tokens.index("{", at) + 1)
            found.append({"on": condition, "selections": inner})
            continue
        key = name = tokens[at]
        at += 1
        if tokens[at] == ":":
            name, at = tokens[at + 1], at + 2
        argument = None
        if tokens[at] == "(":
            argument, at = tokens[at + 3], tokens.index(")", at) + 1
        inner = None
        if tokens[at] == "{":
            inner, at = _selections(tokens, at + 1)
        found.append({"key": key, "name": name, "argument": argument, "selections": inner})
    return found, at + 1


class Execution:
    def __init__(self, caller, variables):
        (self.principal, on_behalf), self.variables, self.errors = caller, variables, []
        # Nobody was granted anything but the id: what others need and the client did not ask for is refused.
        self.withheld = {coordinate for names in on_behalf.values() for coordinate in names}

    def fields(self, selections, parent, resolve, path):
        answer = {}
        for selection in selections:
            if "on" in selection:
                if selection["on"] in (None, parent):
                    answer.update(self.fields(selection["selections"], parent, resolve, path))
                continue
            key = selection["key"]
            try:
                answer[key] = parent if selection["name"] == "__typename" else resolve(selection, path + [key])
            except Problem as problem:
                answer[key] = None
                self.errors.append(
                    {"message": str(problem), "path": path + [key], "extensions": {"code": problem.code}}
                )
        return answer

    def query(self, selection, path):
        if selection["name"] == "_service":
            return self.fields(selection["selections"], "_Service", lambda *_: SCHEMA, path)
        if selection["name"] != "_entities":
            raise Problem("GRAPHQL_VALIDATION_FAILED", f"There is no field {selection['name']}.")
        them = self.variables.get((selection["argument"] or "").lstrip("$"), [])
        return [self.entity(selection["selections"], one, path + [at]) for at, one in enumerate(them)]

    def entity(self, selections, reference, path):
        if reference.get("__typename") != "Session":
            return None
        return self.fields(selections, "Session", lambda field, _: self.session(reference["id"], field["name"]), path)

    def session(self, session_id, field):
        if field == "id":
            return session_id
        if f"Session.{field}" in self.withheld:
            raise Problem("FORBIDDEN", "You may not ask this.")
        may_see_places(self.principal)
        return town_of(session_id)


def execute(request, caller):
    execution = Execution(caller, request.get("variables") or {})
    try:
        data = execution.fields(parse(request["query"]), "Query", execution.query, [])
    except Problem as problem:
        return {"errors": [{"message": str(problem), "extensions": {"code": problem.code}}]}
    return {"data": data, **({"errors": execution.errors} if execution.errors else {})}


def handler(keys):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            # Before the body is looked at: a stranger learns nothing and costs nothing.
            try:
                caller = open_envelope(self.headers.get(HEADER, ""), NAME, keys.find, time.time())
            except (Refused, Unavailable):
                return self.refuse(401)
            length = self.headers.get("content-length", "")
            if not length.isdigit() or int(length) > BODY_MAX:
                return self.refuse(413)
            try:
                request = json.loads(self.rfile.read(int(length)))
                self.answer(execute(request, caller))
            except (ValueError, KeyError, TypeError, IndexError, AttributeError):
                self.refuse(400)

        def do_GET(self):
            if self.path.startswith("/health/"):
                return self.answer({"status": "live"})
            self.refuse(401)

        def answer(self, content):
            text = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def refuse(self, status):
            self.close_connection = True
            self.send_response(status)
            self.send_header("content-length", "0")
            self.send_header("connection", "close")
            self.end_headers()

        def log_message(self, *_):
            pass

    return Handler


if __name__ == "__main__":
    url = os.environ.get("LATCHKEY_JWKS_URL")
    if not url:
        sys.exit("places cannot start: LATCHKEY_JWKS_URL is missing")
    address = (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "4006")))
    server = ThreadingHTTPServer(address, handler(Keys(url)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"places is serving at http://{address[0]}:{server.server_port}", file=sys.stderr, flush=True)
    server.serve_forever()
