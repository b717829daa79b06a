"""Images that are said to be signed: what is imported has to bear the signature, as it is stored."""

import gzip
import os
import subprocess

import pytest

from harness import imports
from harness.imports import METHODS, Setup
from harness.signing import HASHES, KEY_TYPES, Signer

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="sets up a server of its own"
)

DATA = os.urandom(1 << 20)
OTHER = DATA[:-1] + bytes([DATA[-1] ^ 1])
MISMATCH = "the signature of the data did not verify"
STORES = (["near"], ["near", "far", "bucket"])


class Signing(Setup):
    """A server that reads certificates from a folder."""

    def __init__(self, folder, plugins=(), groups=""):
        self.certificates = folder / "certificates"
        self.certificates.mkdir()
        own = f"signature_certificates = {self.certificates}\n"
        super().__init__(folder, own=own, plugins=plugins, groups=groups)

    def signer(self, key_type="RSA-PSS"):
        signer = Signer(key_type)
        self.add(signer)
        return signer

    def add(self, signer):
        (self.certificates / f"{signer.id}.pem").write_bytes(signer.certificate())


CONVERTED = "[image_conversion]\noutput_format = raw\n"
INJECTED = "[inject_metadata_properties]\nignore_user_roles = nobody\ninject = {}\n"


@pytest.fixture(scope="module")
def signing(tmp_path_factory):
    setup = Signing(tmp_path_factory.mktemp("signed"))
    yield setup
    setup.end()


@pytest.fixture(scope="module")
def unpacking(tmp_path_factory):
    plugins = ("image_decompression", "image_conversion")
    setup = Signing(tmp_path_factory.mktemp("unpacked"), plugins, CONVERTED)
    yield setup
    setup.end()


@pytest.fixture(scope="module")
def signers(signing):
    return {key_type: signing.signer(key_type) for key_type in KEY_TYPES}


@pytest.mark.parametrize("stores", STORES, ids=("one store", "three stores"))
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_what_bears_its_signature_is_imported(signing, signers, key_type, method, stores):
    for hash_method in HASHES:
        signed = signers[key_type].signed(DATA, hash_method)

        image = signing.imported(method, DATA, stores, **signed)

        signing.has(image, DATA, stores)


@pytest.mark.parametrize("stores", STORES, ids=("one store", "three stores"))
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_what_does_not_bear_it_leaves_nothing(signing, signers, key_type, method, stores):
    signed = signers[key_type].signed(DATA)

    image = signing.imported(method, OTHER, stores, **signed)

    signing.has_nothing(image, stores, MISMATCH)


@pytest.mark.parametrize("method", METHODS)
def test_a_certificate_that_is_not_there_is_named(signing, method):
    signer = Signer()

    image = signing.imported(method, DATA, ["far", "bucket"], **signer.signed(DATA))

    signing.has_nothing(image, ["far", "bucket"], f"no certificate found with ID {signer.id}")


def test_what_is_wrong_with_the_properties_is_named(signing, signers):
    signed = signers["RSA-PSS"].signed(DATA)
    for wrong, named in (
        ({"img_signature_key_type": "DSA"}, "makes no signatures of type DSA"),
        ({"img_signature_key_type": "ROT13"}, "property img_signature_key_type must be"),
        ({"img_signature_hash_method": "MD5"}, "property img_signature_hash_method must be"),
        ({"img_signature": "?"}, "property img_signature must be"),
    ):
        image = signing.imported("glance-direct", DATA, ["near"], **{**signed, **wrong})

        signing.has_nothing(image, ["near"], named)


def test_an_import_may_be_tried_again_with_the_data_that_was_signed(signing, signers):
    image = signing.imported("glance-direct", OTHER, ["near"], **signers["DSA"].signed(DATA))
    signing.has_nothing(image, ["near"], MISMATCH)

    signing.begin("glance-direct", image, DATA, ["near"])
    signing.ended(image)

    signing.has(image, DATA, ["near"])


@pytest.mark.parametrize("method", METHODS)
def test_the_signature_is_one_of_what_the_plugins_leave(unpacking, tmp_path, method):
    """As upstream's, which verifies what it writes to a store."""
    signer = unpacking.signer()
    raw, disk = imports.disk(tmp_path, "qcow2")
    packed = gzip.compress(disk.read_bytes())
    as_stored = signer.signed(raw.read_bytes())
    as_sent = signer.signed(packed)

    stored = unpacking.imported(method, packed, ["near", "bucket"], format="qcow2", **as_stored)
    sent = unpacking.imported(method, packed, ["near", "bucket"], format="qcow2", **as_sent)

    unpacking.has(stored, raw.read_bytes(), ["near", "bucket"])
    unpacking.has_nothing(sent, ["near", "bucket"], MISMATCH)


def test_a_signature_that_is_injected_has_to_verify(tmp_path):
    signer = Signer()
    injected = signer.signed(DATA)
    pairs = ",".join(f"{name}:{value}" for name, value in injected.items())
    signing = Signing(tmp_path, ["inject_image_metadata"], INJECTED.format(pairs))
    signing.add(signer)

    for method in METHODS:
        good = signing.imported(method, DATA, ["near", "bucket"])
        bad = signing.imported(method, OTHER, ["near", "bucket"])

        signing.has(good, DATA, ["near", "bucket"])
        assert injected.items() <= signing.service.show(good).items()
        signing.has_nothing(bad, ["near", "bucket"], MISMATCH)
        assert not injected.keys() & signing.service.show(bad).keys()
    signing.end()


@pytest.mark.parametrize("curve", ("sect571r1", "sect409k1"))
def test_keys_on_curves_that_no_library_has_are_refused(signing, tmp_path, curve):
    """Upstream takes them."""
    signer = Signer()
    place = signing.certificates / f"{signer.id}.pem"
    key = ("-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-nodes")
    files = ("-keyout", str(tmp_path / "key"), "-out", str(place))
    made = ("openssl", "req", "-x509", *key, *files, "-subj", "/CN=signer")
    subprocess.run(made, check=True, stderr=subprocess.DEVNULL)
    key_type = {"img_signature_key_type": f"ECC_{curve.upper()}"}

    signed = {**signer.signed(DATA), **key_type}
    image = signing.imported("glance-direct", DATA, ["near"], **signed)

    signing.has_nothing(image, ["near"], f"the key of certificate {signer.id} is not supported")
