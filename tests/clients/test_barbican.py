"""Signed images whose certificates are in the real Barbican, and what comes of them while it is away."""

import os
import time

import pytest

from harness import http, keystone
from harness.barbican import OwnBarbican
from harness.imports import METHODS, Setup
from harness.signing import Signer

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="sets up a server of its own"
)

DATA = os.urandom(1 << 20)
OTHER = DATA[:-1] + bytes([DATA[-1] ^ 1])
STORES = ["near", "bucket"]
MISMATCH = "the signature of the data did not verify"
AWAY = "cannot be fetched, for the key manager cannot be asked"

KEY_MANAGER = """
[key_manager]
backend = barbican
[barbican]
barbican_endpoint = {url}
"""


class Signing(Setup):
    """A server that reads certificates from a Barbican, as alice uses it."""

    def __init__(self, folder, barbican):
        groups = keystone.authtoken() + KEY_MANAGER.format(url=barbican.url)
        super().__init__(folder, flavor="keystone", groups=groups)
        token = keystone.token_of("alice", "alpha")
        self.service = http.Service(self.server.url, {"X-Auth-Token": token})
        self._barbican = barbican

    def signed(self):
        """The properties of an image with the data, by a signer whose certificate nobody has read."""
        signer = Signer()
        self._barbican.keep(signer)
        return signer.signed(DATA)

    def upload(self, image, data):
        path = f"/v2/images/{image}/file"
        status, said = self.service.request("PUT", path, data, http.OCTETS)
        return status, said.decode()

    def is_queued(self, image):
        """The image is as it was before, and no store has anything of it."""
        shown = self.service.show(image)
        known = (shown["status"], shown["size"], shown["checksum"], shown.get("stores"))
        return known == ("queued", None, None, None) and self.blobs(image) == set()


@pytest.fixture(scope="module")
def barbican():
    barbican = OwnBarbican()
    yield barbican
    barbican.kill()


@pytest.fixture(scope="module")
def signing(tmp_path_factory, barbican):
    setup = Signing(tmp_path_factory.mktemp("barbican"), barbican)
    yield setup
    setup.end()


def test_an_upload_has_to_bear_its_signature(signing):
    image = signing.service.create(**signing.signed())

    status, said = signing.upload(image, OTHER)

    assert status == 400 and MISMATCH.capitalize() in said, said
    assert signing.is_queued(image)
    assert signing.upload(image, DATA) == (204, "")
    assert signing.service.show(image)["status"] == "active"
    assert signing.service.download(image) == len(DATA)


@pytest.mark.parametrize("method", METHODS)
def test_an_import_has_to_bear_its_signature(signing, method):
    signed = signing.signed()

    good = signing.imported(method, DATA, STORES, **signed)
    bad = signing.imported(method, OTHER, STORES, **signed)

    signing.has(good, DATA, STORES)
    signing.has_nothing(bad, STORES, MISMATCH)


def test_nothing_signed_comes_in_while_barbican_is_away(signing, barbican):
    signed = signing.signed()
    uploaded = signing.service.create(**signed)
    imported = {method: signing.service.create(**signed) for method in METHODS}

    with barbican.away():
        for method, image in imported.items():
            signing.begin(method, image, DATA, STORES)
        status, said = signing.upload(uploaded, DATA)

        certificate = signed["img_signature_certificate_uuid"]
        assert status == 503 and f"Certificate {certificate} {AWAY}: try again." in said, said
        assert signing.is_queued(uploaded)
        for image in imported.values():
            signing.ended(image)
            signing.has_nothing(image, STORES, f"certificate {certificate} {AWAY}")
        assert signing.upload(signing.service.create(), DATA) == (204, "")

    assert signing.upload(uploaded, DATA) == (204, "")
    for method, image in imported.items():
        signing.begin(method, image, DATA, STORES)
        signing.ended(image)
        signing.has(image, DATA, STORES)


def test_an_import_fails_that_barbican_leaves_without_an_answer(signing, barbican):
    image = signing.service.create(**signing.signed())
    barbican.freeze()
    signing.begin("web-download", image, DATA, STORES)
    time.sleep(1)
    assert signing.service.show(image)["status"] == "importing"

    with barbican.away():
        signing.ended(image)
        signing.has_nothing(image, STORES, AWAY)

    signing.begin("web-download", image, DATA, STORES)
    signing.ended(image)
    signing.has(image, DATA, STORES)
