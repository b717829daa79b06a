"""What imports come to where a store is gone, hangs or is full: as the core has it in its golden
table, and nothing is left of them once the store is back."""

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial

import pytest

from harness import http, mounts
from harness.backends import Bucket, wait_until
from harness.importing import last_task, request
from harness.nodes import Node, files
from harness.s3 import Line, OwnS3
from harness.server import REPOSITORY
from harness.web import Web

GOLDEN = REPOSITORY / "glance-core/tests/golden/import_ends.txt"
METHODS = ("glance-direct", "web-download", "copy-image")
# More than a writer has on its way to a bucket.
MEBIBYTES = 64
SMALL = 3
# MiB a second of all imports together, so that a store breaks while all are at it.
RATE = 24
# Seconds: a lease; until all have given up a store that is gone, or have ended what waited for it;
# until what they left is gone.
LEASE, GIVEN_UP, CLEARED = 30, 120, 75

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="breaks what a server of its own works on"
)


def send(request):
    """As many MiB as the path says, without telling how much that is."""
    request.send_response(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    for _ in range(int(request.path[1:])):
        request.wfile.write(b"100000\r\n%s\r\n" % http.CHUNK)
    request.wfile.write(b"0\r\n\r\n")


@pytest.fixture(scope="module")
def web():
    with closing(Web(send)) as server:
        yield server


class Site:
    """A server with three stores, of which one is the default and others are about to fail."""

    def __init__(self, folder):
        self.folder = folder
        self.stores = {"first": files(folder / "first"), "cheap": files(folder / "cheap")}
        self._buckets, self._ends = {}, ExitStack()

    def s3(self, folder):
        """An S3 server, and a line to it that is slow at first."""
        own = OwnS3(folder)
        self._ends.callback(own.kill)
        line = Line(own.port, RATE)
        self._ends.callback(line.close)
        return own, line

    def add_bucket(self, store, own, line):
        self._buckets[store] = Bucket(url=own.url, line=line.url, large=5, chunk=5)
        self.stores[store] = self._buckets[store].store()

    def until_the_end(self, undo):
        self._ends.callback(undo)

    def start(self, web):
        database = f"sqlite:///{self.folder}/glance.sqlite"
        self.node = Node(self.folder, database=database, stores=self.stores, web=[web.port])
        self.node.sync()
        self.node.start()
        self._ends.callback(self.node.kill)
        self.service = http.Service(self.node.url)
        self.web = web

    def blobs(self, store):
        """What a store holds, with all that is unfinished where that can be seen."""
        if store in self._buckets:
            return self._buckets[store].objects()
        return {path.name for path in (self.folder / store).rglob("*") if path.is_file()}

    def end(self):
        self._ends.close()


class Import:
    """An import into `cheap` and `fast`."""

    def __init__(self, site, method, all_must_succeed, mebibytes):
        self.method, self.all_must_succeed, self._site = method, all_must_succeed, site
        self._mebibytes = mebibytes
        self.image = site.service.create()
        if method == "copy-image":
            assert site.service.upload(self.image, mebibytes, store="first") == 204
        else:
            self._stage()

    def _data(self):
        return http.CHUNK * self._mebibytes

    def _stage(self):
        if self.method == "glance-direct":
            path = f"/v2/images/{self.image}/stage"
            status, said = self._site.service.request("PUT", path, self._data(), http.OCTETS)
            assert status == 204, said

    def begin(self):
        status, said = self._ask(self.method, ["cheap", "fast"], self.all_must_succeed)
        assert status == 202, said

    def _ask(self, method, stores, all_must_succeed):
        is_of_the_web = method == "web-download"
        uri = f"{self._site.web.url}/{self._mebibytes}" if is_of_the_web else None
        return request(
            self._site.service, self.image, method, uri=uri, stores=stores,
            all_stores_must_succeed=all_must_succeed,
        )  # fmt: skip

    def shown(self):
        return self._site.service.show(self.image)

    def task(self):
        return last_task(self._site.service, self.image)

    def is_over(self):
        return self.task()["status"] != "processing"

    def end(self, failing):
        """As a line of the golden table."""
        shown, task = self.shown(), self.task()
        message = task["message"] or ""
        held = ",".join(sorted(shown.get("stores", "").split(",")))
        return (
            f"{self.method}, all must succeed: {str(self.all_must_succeed).lower()}, "
            f"failing: [{failing}]",
            f"  {shown['status']}, data in [{held}], "
            f"importing [{shown['os_glance_importing_to_stores']}], "
            f"failed [{shown['os_glance_failed_import']}], task {task['status']}: {message}",
        )

    def is_begun_once_more(self):
        """Asks again for what failed: refused where what was left is still being removed."""
        shown = self.shown()
        if shown["status"] == "queued":
            self._stage()
        if shown["status"] in ("queued", "uploading"):
            return self._is_taken(self.method, ["cheap", "fast"])
        missing = {"cheap", "fast"} - set(shown["stores"].split(","))
        return not missing or self._is_taken("copy-image", sorted(missing))

    def _is_taken(self, method, stores):
        status, said = self._ask(method, stores, True)
        assert status == 202 or "still being removed" in said.decode(), said
        return status == 202

    def is_everywhere(self):
        """Whether all stores have the whole."""
        shown = self.shown()
        first = {"first"} if self.method == "copy-image" else set()
        return (
            set(shown.get("stores", "").split(",")) == {"cheap", "fast"} | first
            and shown["os_hash_value"] == hashlib.sha512(self._data()).hexdigest()
        )


def killed(site):
    own, line = site.s3(site.folder / "s3")
    site.add_bucket("fast", own, line)
    return line, own.kill, own.start


def both_killed(site):
    own, line = site.s3(site.folder / "s3")
    site.add_bucket("cheap", own, line)
    site.add_bucket("fast", own, line)
    return line, own.kill, own.start


def cut_off(site):
    own, line = site.s3(site.folder / "s3")
    site.add_bucket("fast", own, line)
    return line, line.cut, line.mend


def frozen(site):
    own, line = site.s3(site.folder / "s3")
    site.add_bucket("fast", own, line)
    site.until_the_end(own.thaw)
    return line, own.freeze, own.thaw


def hanging(site):
    """A filesystem, as one on a network may; the other store is slow, and so all are at it."""
    disk = mounts.Freezing(site.folder / "fast", 1024)
    site.until_the_end(disk.remove)
    site.stores["fast"] = files(site.folder / "fast")
    own, line = site.s3(site.folder / "s3")
    site.add_bucket("cheap", own, line)
    return line, disk.freeze, disk.thaw


# What fails, in the words of the golden table: that a store is away, or is full.
FAST, BOTH = '("fast", {})', '("cheap", {0}), ("fast", {0})'
AWAY, FULL = "ToAnswer", "ToWrite"


def while_it_is(make, site, web, failing=FAST, modes=(True, False)):
    """A store breaks while data is on its way to it, and all end before it is back."""
    line, breaks, heals = make(site)
    site.start(web)
    imports = all_imports(site, MEBIBYTES, modes)

    begin(imports)
    assert wait_until(lambda: line.seen == {begun.image for begun in imports}, 60)
    breaks()
    assert not any(begun.is_over() for begun in imports)
    line.rate = None

    end_as_in_the_golden_table(imports, failing.format(AWAY))
    heals()
    leave_nothing(site, imports)


def killed_at_the_end(site, web):
    """It is away when all of the data is to become readable: whether it did, nobody knows, and so
    all end when it is back, a lease later."""
    line, breaks, heals = killed(site)
    line.rate = None
    site.start(web)
    imports = all_imports(site, SMALL)

    # So little is sent as a whole, in the end.
    breaks()
    begin(imports)
    time.sleep(LEASE / 3)
    assert not any(begun.is_over() for begun in imports)

    heals()
    end_as_in_the_golden_table(imports, FAST.format(AWAY))
    leave_nothing(site, imports)


def full_files(site, web):
    site.until_the_end(mounts.small(site.folder / "fast", 16))
    site.stores["fast"] = files(site.folder / "fast")
    fill(site, web, "fast", FULL)


def full_bucket(site, web):
    """Its server says that something is wrong with it, and not what."""
    site.until_the_end(mounts.small(site.folder / "s3", 16))
    site.add_bucket("fast", *site.s3(site.folder / "s3"))
    fill(site, web, "s3", AWAY)


def fill(site, web, folder, how):
    site.start(web)
    imports = all_imports(site, MEBIBYTES)

    begin(imports)

    end_as_in_the_golden_table(imports, FAST.format(how))
    mounts.enlarge(site.folder / folder, 1024)
    leave_nothing(site, imports)


# Those that take longest are the first.
FAULTS = {
    "frozen": partial(while_it_is, frozen),
    "hanging": partial(while_it_is, hanging),
    "killed at the end": killed_at_the_end,
    "killed": partial(while_it_is, killed),
    # Where all must succeed, the first store that fails ends it for the other.
    "both killed": partial(while_it_is, both_killed, failing=BOTH, modes=(False,)),
    "cut off": partial(while_it_is, cut_off),
    "full bucket": full_bucket,
    "full files": full_files,
}
AT_ONCE = 3


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory, web):
    """What comes of each fault. They wait more than they work: some run at a time."""

    def run(fault, folder):
        site = Site(folder)
        try:
            FAULTS[fault](site, web)
        finally:
            site.end()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            fault: pool.submit(run, fault, tmp_path_factory.mktemp("fault")) for fault in FAULTS
        }


@pytest.mark.parametrize("fault", FAULTS)
def test_imports_end_as_the_golden_table_has_it_where_a_store_is(outcomes, fault):
    outcomes[fault].result()


def all_imports(site, mebibytes, modes=(True, False)):
    return [Import(site, method, must, mebibytes) for method in METHODS for must in modes]


def begin(imports):
    for one in imports:
        one.begin()


def end_as_in_the_golden_table(imports, failing):
    assert wait_until(lambda: all(begun.is_over() for begun in imports), GIVEN_UP)
    ends = dict(begun.end(failing) for begun in imports)
    assert ends == {what: golden()[what] for what in ends}


def golden():
    """What comes of an import, by what fails."""
    lines = GOLDEN.read_text().splitlines()
    return dict(zip(lines[::2], lines[1::2], strict=True))


def leave_nothing(site, imports):
    """What imports left is what the catalog tells of, and more can be imported."""
    shown = {begun.image: set(begun.shown().get("stores", "").split(",")) for begun in imports}
    for store in site.stores:
        held = {image for image, stores in shown.items() if store in stores}
        assert wait_until(lambda held=held, store=store: site.blobs(store) == held, CLEARED), (
            store, held, site.blobs(store)
        )  # fmt: skip
    is_sound(site)

    for begun in imports:
        assert wait_until(begun.is_begun_once_more, CLEARED)
    assert wait_until(lambda: all(begun.is_everywhere() for begun in imports), 60)
    is_sound(site)


def is_sound(site):
    assert wait_until(lambda: site.node.staged() == set(), CLEARED)
    code, said = site.node.run("fsck")
    assert code == 0, said
