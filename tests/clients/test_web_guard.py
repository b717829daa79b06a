"""Imports from the web reach what they may reach, and send no byte to anything else."""

import os
import socket
from contextlib import closing, contextmanager

import pytest

from harness import http, web
from harness.backends import wait_until
from harness.importing import ask, last_task, request
from harness.names import Names, asked_by
from harness.nodes import Node, files

NAME = "images.glance.test"
MEBIBYTES = 2

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="sets up a server of its own"
)


class Inside:
    """What must not be reached, at a port of its own or at `port`."""

    def __init__(self, host, port=0):
        self._listener = socket.create_server((host, port))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]

    def is_untouched(self):
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return True
        return False

    def close(self):
        self._listener.close()


@pytest.fixture
def inside():
    with closing(Inside("127.0.0.2")) as inside:
        yield inside


@contextmanager
def serving(folder, ports, *, allowed, more="", before=()):
    """The service with one store, which may read the web at these ports."""
    database, stores = f"sqlite:///{folder}/glance.sqlite", {"only": files(folder / "only")}
    node = Node(
        folder, database=database, stores=stores, web=ports, allowed=allowed, more=more,
        before=before,
    )  # fmt: skip
    node.sync()
    node.start()
    try:
        yield http.Service(node.url)
    finally:
        node.kill()


def imported(service, uri):
    """Status of an image that is imported from there, and what its task says."""
    image = service.create()
    ask(service, image, "web-download", uri=uri)
    assert wait_until(lambda: service.show(image)["status"] != "importing", 60)
    status = service.show(image)["status"]
    return status, last_task(service, image)["message"] or ""


DENIED = "[import_filtering_opts]\ndisallowed_hosts = [denied.test]"


def test_an_address_that_is_not_allowed_is_refused_at_once(tmp_path, inside):
    with serving(tmp_path, [inside.port], allowed="127.0.0.1", more=DENIED) as service:
        for host, why in (
            ("127.0.0.2", "loopback"),
            ("2130706434", "loopback"),
            ("[::ffff:127.0.0.2]", "loopback"),
            ("169.254.169.254", "cloud metadata"),
            ("denied.test", "denied.test"),
        ):
            image = service.create()

            status, said = request(
                service, image, "web-download", uri=f"http://{host}:{inside.port}/"
            )

            assert status == 400 and why in said.decode(), (host, status, said)
            assert service.show(image)["status"] == "queued"
    assert inside.is_untouched()


def test_a_redirect_to_what_is_not_allowed_sends_nothing_there(tmp_path, inside):
    target = []
    with (
        closing(web.Web(lambda request: web.redirect(request, target[0]))) as server,
        closing(Inside("127.0.0.1")) as other,
        serving(
            tmp_path, [server.port, inside.port], allowed="127.0.0.1", more=DENIED
        ) as service,
    ):
        for place, why in (
            (f"http://127.0.0.1:{other.port}/", f"port {other.port} is not allowed"),
            (f"http://127.0.0.2:{inside.port}/", "loopback"),
            (f"http://2130706434:{inside.port}/", "loopback"),
            (f"http://denied.test:{inside.port}/", "denied.test"),
            (f"http://169.254.169.254:{inside.port}/", "cloud metadata"),
            ("file:///etc/passwd", "scheme `file`"),
        ):
            target[:] = [place]

            status, said = imported(service, f"{server.url}/")

            assert status == "queued" and why in said, (place, status, said)
        assert other.is_untouched()
    assert inside.is_untouched()


@pytest.mark.parametrize(
    ("answers", "why"),
    (
        ([["127.0.0.1"], ["127.0.0.2"]], "the data broke off"),
        ([["127.0.0.1", "127.0.0.2"]], "loopback"),
    ),
    ids=("later", "beside the other"),
)
def test_a_name_that_comes_to_mean_another_address_leads_nowhere(tmp_path, answers, why):
    # The first answer breaks off, and for the rest the name is looked up again.
    disk = web.Disk(MEBIBYTES, [web.MEBIBYTE])
    with (
        closing(web.Web(disk)) as server,
        closing(Names(*answers)) as names,
        closing(Inside("127.0.0.2", server.port)) as inside,
        serving(
            tmp_path, [server.port], allowed="127.0.0.1/32", before=asked_by(tmp_path)
        ) as service,
    ):
        status, said = imported(service, f"http://{NAME}:{server.port}/")

        assert (status, names.asked) == ("queued", len(answers)), said
        assert why in said
        assert len(server.asked) == len(answers) - 1
        assert inside.is_untouched()


def test_a_name_that_keeps_its_address_is_read_to_the_end(tmp_path):
    disk = web.Disk(MEBIBYTES, [web.MEBIBYTE])
    with (
        closing(web.Web(disk)) as server,
        closing(Names(["127.0.0.1"])) as names,
        serving(
            tmp_path, [server.port], allowed="127.0.0.1/32", before=asked_by(tmp_path)
        ) as service,
    ):
        assert imported(service, f"http://{NAME}:{server.port}/")[0] == "active"
        assert names.asked == 2
