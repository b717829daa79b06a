"""HTTP to the letter: what Python Glance answers, row by row, and what is answered here.

`letter.txt` has a request a line: who, method, path, then headers and a body after bars. `json`,
`data`, `v21` and `v20` stand for a content type. Where a line begins with two codes, as `500>400`,
the first is Python's and the second ours: docs/differences.md says why.
"""

import http.client
import json
import re
from pathlib import Path

import pytest

from harness.proxy import Identity
from harness.python_glance import PythonGlance, manage_database
from harness.server import OwnServer

CALLERS = {
    "alice": Identity("alice").headers(),
    "bob": Identity("bob").headers(),
    "admin": Identity("operator", ("admin", "member", "reader")).headers(),
    "nobody": {},
}
PATCH = "application/openstack-images-v2.{}-json-patch"
KINDS = {
    "json": "application/json",
    "data": "application/octet-stream",
    "v20": PATCH.format(0),
    "v21": PATCH.format(1),
}
HEADERS = (
    "accept-patch", "allow", "content-md5", "content-range", "content-type", "location",
    "openstack-image-store-ids", "www-authenticate",
)  # fmt: skip
# RFC 9110 has it with a 416; RFC 9110 has no content type with a 204.
OURS_ALONE = {416: "content-range", 204: "content-type", 302: "content-type"}
LINE = re.compile(r"(?:(\d+)>(\d+) )?(\w+) (\S+) (\S+)(?: \| ([^|]*?))?(?: \|(?: (.*))?)?")
UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Site:
    """A server with images of alice in every state, by the letters that stand for them."""

    def __init__(self, url):
        self._url = url
        full = b"0123456789abcdef"
        self._images = {
            "NF": self._created({}),
            "Q": self._made(None),
            "A": self._made(full),
            "P": self._made(full, visibility="private"),
            "PR": self._made(full, protected=True),
            "D": self._made(full),
            "S": self._made(full),
            "PUB": self._made(full, who="admin", visibility="public"),
            "X": "00000000-0000-4000-8000-00000000dead",
        }
        self._do("admin", "POST", f"/v2/images/{self._images['D']}/actions/deactivate")
        member = json.dumps({"member": "bob"})
        self._do("alice", "POST", f"/v2/images/{self._images['S']}/members", "json", member)

    def answer(self, who, method, path, headers="", body=None):
        """The code, and those headers that clients look at, without what differs by chance."""
        for letter, image in self._images.items():
            path = path.replace(f"{{{letter}}}", image)
            body = body and body.replace(f"{{{letter}}}", image)
        long = "n" * 256
        path, body = path.replace("LONG", long), body and body.replace("LONG", long)
        code, found, _ = self._ask(who, method, path, headers, body)
        kept = {name: found[name] for name in HEADERS if name in found}
        kept.pop(OURS_ALONE.get(code), None)
        location = kept.get("location", "").replace(self._url, "")
        if location:
            kept["location"] = UUID.sub("UUID", location)
        return code, kept

    def _made(self, data, who="alice", **fields):
        formats = {"disk_format": "raw", "container_format": "bare"}
        image = self._created({**formats, **fields}, who)
        if data:
            self._do(who, "PUT", f"/v2/images/{image}/file", "data", data)
        return image

    def _created(self, draft, who="alice"):
        return json.loads(self._do(who, "POST", "/v2/images", "json", json.dumps(draft)))["id"]

    def _do(self, *request):
        code, _, answer = self._ask(*request)
        assert code < 300, (request[:3], code, answer)
        return answer

    def _ask(self, who, method, path, headers="", body=None):
        asked = dict(CALLERS[who])
        for word in filter(None, headers.split("; ")):
            name, _, value = word.partition(": ")
            asked |= {name: value} if value else {"Content-Type": KINDS.get(name, name)}
        connection = http.client.HTTPConnection(self._url.removeprefix("http://"), timeout=30)
        connection.request(method, path, body, asked)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        content = answer.read()
        connection.close()
        return answer.status, found, content


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    folders = [tmp_path_factory.mktemp(name) for name in ("python", "ours")]
    manage_database(folders[0], "sync")
    # The configuration of Python Glance is one of ours.
    configured = OwnServer(folders[0])
    configured.stop()
    servers = [PythonGlance(folders[0], configured.url), OwnServer(folders[1])]
    servers[0].start()
    yield [Site(server.url) for server in servers]
    servers[1].stop()
    # It logs what it answers 500 to as an error.
    servers[0].kill()


def test_every_row_is_answered_as_python_glance_answers_it(sites):
    rows = Path(__file__).with_name("letter.txt").read_text().splitlines()
    differences = []
    for row in rows:
        pythons, ours, *request = LINE.fullmatch(row).groups()
        request = [part for part in (*request[:3], request[3] or "", request[4])]
        python, own = (site.answer(*request) for site in sites)
        if ours:
            met = (python[0], own[0]) == (int(pythons), int(ours))
        else:
            met = python == own
        if not met:
            differences.append((row, python, own))

    assert differences == []
    assert len(rows) > 200
