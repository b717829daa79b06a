"""Data that is staged at one node, imported and deleted through another that cannot read it."""

import hashlib
import json
import os
from functools import partial

import pytest

from harness import backends, http, keystone
from harness.backends import Bucket, wait_until
from harness.nodes import Node, files, running
from harness.python_glance import PythonGlance

DATA = http.CHUNK * 3
# Seconds until a node that is back has found what others left to it.
SCRUBBED = 90

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="starts two servers of its own"
)


def new_nodes(database, folder, **kind):
    """Two nodes on one database, with a staging area each; they are not started yet."""
    stores = {
        "near": files(folder / "near"), "far": files(folder / "far"),
        "bucket": Bucket("GLANCE_TEST_S3_S3S").store(),
    }  # fmt: skip
    make = partial(Node, database=database, stores=stores, web=[1], **kind)
    pair = [make(folder / name) for name in ("one", "two")]
    pair[0].sync()
    return pair


@pytest.fixture(params=("postgres", "mariadb"))
def nodes(request, tmp_path):
    with getattr(backends, request.param)() as database:
        pair = new_nodes(database, tmp_path)
        with running(pair[0]), running(pair[1]):
            yield pair


def stage(service, image):
    path = f"/v2/images/{image}/stage"
    status, answer = service.request("PUT", path, DATA, http.OCTETS)
    assert status == 204, answer


def staged(service):
    image = service.create()
    stage(service, image)
    return image


def begin(service, image, **headers):
    body = json.dumps({"method": {"name": "glance-direct"}})
    headers = {"Content-Type": "application/json", **headers}
    return service.request("POST", f"/v2/images/{image}/import", body, headers)


def is_imported(service, image, store="near"):
    def ended():
        shown = service.show(image)
        return shown["status"] != "importing" and not shown["os_glance_importing_to_stores"]

    assert wait_until(ended, 60), service.show(image)
    shown = service.show(image)
    assert (shown["status"], shown["stores"]) == ("active", store), shown
    assert shown["os_hash_value"] == hashlib.sha512(DATA).hexdigest()
    assert service.download(image) == len(DATA)


def test_an_import_through_another_node_is_the_owners(nodes):
    one, two = nodes
    owner, other = http.Service(one.url), http.Service(two.url)
    image = staged(owner)
    assert (one.staged(), two.staged()) == ({image}, set())

    status, answer = begin(other, image, **{"X-Image-Meta-Store": "far"})

    assert (status, answer) == (202, b"")
    is_imported(other, image, "far")
    assert wait_until(lambda: not one.staged(), 10)
    for node in nodes:
        code, said = node.run("fsck")
        assert code == 0, said


def test_a_delete_through_another_node_leaves_nothing(nodes):
    one, two = nodes
    owner, other = http.Service(one.url), http.Service(two.url)
    image = staged(owner)

    other.delete(image)

    assert owner.request("GET", f"/v2/images/{image}")[0] == 404
    assert (one.staged(), two.staged()) == (set(), set())


def test_where_the_owner_is_dead_nothing_changes_and_a_delete_works(nodes):
    one, two = nodes
    owner, other = http.Service(one.url), http.Service(two.url)
    images = [staged(owner), staged(owner)]
    before = [other.show(image) for image in images]
    one.kill()

    refused = [begin(other, image) for image in images]

    assert [status for status, _ in refused] == [504, 504]
    assert b"does not answer" in refused[0][1]
    assert [other.show(image) for image in images] == before
    other.delete(images[0])
    assert one.staged() == set(images)
    one.start()
    assert begin(other, images[1])[0] == 202
    is_imported(other, images[1])
    # What was deleted without it goes, too.
    assert wait_until(lambda: not one.staged(), SCRUBBED)


def test_what_the_owner_has_lost_fails_there_and_is_staged_anew(nodes):
    one, two = nodes
    owner, other = http.Service(one.url), http.Service(two.url)
    image = staged(owner)
    for file in one.staging.iterdir():
        file.unlink()

    assert begin(other, image)[0] == 202

    assert wait_until(lambda: other.show(image)["status"] == "queued", 60)
    stage(owner, image)
    assert begin(other, image)[0] == 202
    is_imported(other, image)


class Mixed:
    """A node of ours, and a Python one where the second would be; ours takes its place later. They
    pass requests on with the token of whoever asks."""

    def __init__(self, folder, database):
        kind = {"flavor": "keystone", "more": keystone.authtoken()}
        self.ours, self.successor = new_nodes(database, folder, **kind)
        self.python = PythonGlance(folder / "two", self.successor.url)
        self._headers = {"X-Auth-Token": keystone.token_of("admin", "admin")}

    def service(self, node):
        return http.Service(node.url, self._headers)

    def staged(self):
        """What the two staging areas hold."""
        return self.ours.staged(), self.successor.staged()


@pytest.fixture
def mixed(tmp_path):
    with backends.mariadb() as database:
        mixed = Mixed(tmp_path, database)
        with running(mixed.ours), running(mixed.python):
            yield mixed


def test_what_a_python_node_has_staged_it_imports_and_deletes_for_ours(mixed):
    owner, other = mixed.service(mixed.python), mixed.service(mixed.ours)
    imported, deleted = staged(owner), staged(owner)
    assert mixed.staged() == (set(), {imported, deleted})

    assert begin(other, imported)[0] == 202
    other.delete(deleted)

    is_imported(other, imported)
    assert wait_until(lambda: mixed.staged() == (set(), set()), 30)
    assert owner.request("GET", f"/v2/images/{deleted}")[0] == 404
    mixed.python.stop()


def test_what_ours_has_staged_it_imports_and_deletes_for_a_python_node(mixed):
    owner, other = mixed.service(mixed.ours), mixed.service(mixed.python)
    imported, deleted = staged(owner), staged(owner)
    assert mixed.staged() == ({imported, deleted}, set())

    assert begin(other, imported)[0] == 202
    other.delete(deleted)

    is_imported(other, imported)
    assert wait_until(lambda: mixed.staged() == (set(), set()), 30)
    assert owner.request("GET", f"/v2/images/{deleted}")[0] == 404
    mixed.python.stop()
    code, said = mixed.ours.run("fsck")
    assert code == 0, said


def test_what_a_python_node_has_staged_its_successor_of_ours_takes_up(mixed):
    images = [staged(mixed.service(mixed.python)) for _ in range(3)]
    mixed.python.stop()
    other = mixed.service(mixed.ours)
    assert begin(other, images[0])[0] == 504
    with running(mixed.successor):
        assert begin(mixed.service(mixed.successor), images[0])[0] == 202
        assert begin(other, images[1])[0] == 202
        other.delete(images[2])

        for image in images[:2]:
            is_imported(other, image)
        assert wait_until(lambda: not mixed.successor.staged(), 30)
        code, said = mixed.successor.run("fsck")
        assert code == 0, said
