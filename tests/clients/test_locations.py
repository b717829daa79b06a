"""Data that nobody uploads: a real client says where it is, on a real web server."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness import disks
from harness.backends import wait_until
from harness.glance_cli import GlanceCli
from harness.image import Refused
from harness.proxy import Identity, IdentityProxy
from harness.server import OwnServer

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="sets up a server of its own"
)


class Site:
    """A server that reads one web server of this machine, and two callers of it."""

    def __init__(self, folder):
        self.web = os.environ["GLANCE_TEST_NGINX"]
        self.server = OwnServer(folder, web=urlsplit(self.web).port)
        self._proxies = [
            IdentityProxy(self.server.url, Identity("p", roles))
            for roles in (("member", "reader"), ("admin", "member", "reader", "service"))
        ]
        self.member, self.nova = (
            GlanceCli(self.server.url, proxy, folder) for proxy in self._proxies
        )

    def publish(self, disk):
        """The URL of a disk on the web server."""
        path = Path(os.environ["GLANCE_TEST_NGINX_ROOT"]) / disk.path.name
        path.write_bytes(disk.path.read_bytes())
        return f"{self.web}/{path.name}"

    def end(self):
        for proxy in self._proxies:
            proxy.close()
        self.server.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("locations"))
    yield site
    site.end()


@pytest.fixture
def disk(disk_of):
    return disk_of("raw")


def test_an_image_is_read_where_a_client_says_it_is_and_gets_its_hashes(site, disk, tmp_path):
    url = site.publish(disk)
    image = site.member.create("placed")

    site.member.add_location(image.id, url)

    def hashed():
        shown = site.member.show(image.id)
        return (shown.status, shown.checksum, shown.hash_value)

    expected = ("active", disk.digest("md5"), disk.digest("sha512"))
    assert wait_until(lambda: hashed() == expected, 20), hashed()
    site.member.download(image.id, tmp_path / "copy")
    assert disks.digest(tmp_path / "copy", "sha512") == disk.digest("sha512")
    assert list(site.server.images.iterdir()) == []
    site.member.delete(image.id)


def test_data_that_has_another_hash_than_is_expected_makes_no_image(site, disk):
    image = site.nova.create("broken")

    site.nova.add_location(
        image.id, site.publish(disk), os_hash_algo="sha256", os_hash_value="0" * 64
    )

    assert wait_until(lambda: site.nova.show(image.id).status == "queued", 20)
    site.nova.delete(image.id)


@pytest.mark.parametrize("place", (
    "http://127.0.0.2:{port}/x",
    "http://2130706434:{port}/x",
    "http://[::ffff:127.0.0.2]:{port}/x",
    "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1:1/x",
    "{web}/to-metadata",
    "{web}/to-neighbour",
    "{web}/to-number",
    "{web}/to-file",
))  # fmt: skip
def test_what_a_client_may_not_make_the_server_fetch_is_refused(site, place):
    url = place.format(web=site.web, port=urlsplit(site.web).port)
    image = site.nova.create("forbidden")

    with pytest.raises(Refused, match="400"):
        site.nova.add_location(image.id, url)

    assert site.nova.show(image.id).status == "queued"
    site.nova.delete(image.id)


@pytest.mark.parametrize("place", ("file:///etc/passwd", "swift+config://ref/c/o"))
def test_places_that_only_the_service_may_name_are_refused(site, place):
    image = site.nova.create("named")

    with pytest.raises(Refused, match="400"):
        site.nova.add_location(image.id, place)

    assert site.nova.show(image.id).status == "queued"
    site.nova.delete(image.id)
