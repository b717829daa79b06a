"""What plugins make of imported data in a running server, as QEMU sees it."""

import gzip
import io
import os
import signal
import subprocess
import time
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harness import http, imports
from harness.backends import wait_until
from harness.imports import METHODS, Setup

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="sets up servers of its own"
)

PLUGINS = ("inject_image_metadata", "image_decompression", "image_conversion")
MOST = 96 << 20
OUTPUTS = ("raw", "qcow2", "vmdk")
STORES = ["near", "bucket"]
# Seconds until a server notes that an image is deleted whose data it works on: a lease is 30.
NOTED = 45

GROUPS = """\
[DEFAULT]
image_size_cap = {most}
[image_conversion]
output_format = {output}
[inject_metadata_properties]
inject = origin:imported
ignore_user_roles = nobody
"""

SOURCES = {
    "qcow2": ("qcow2",),
    "packed qcow2": ("qcow2", "-c"),
    "raw": ("raw",),
    "vmdk": ("vmdk",),
    "streamed vmdk": ("vmdk", "-o", "subformat=streamOptimized"),
    "vhd": ("vhd",),
    "vhdx": ("vhdx",),
    "vdi": ("vdi",),
}


@pytest.fixture(scope="module")
def setups(tmp_path_factory):
    """Makes the server whose disks become ones of a format."""
    made = {}

    def setup(output):
        if output not in made:
            folder = tmp_path_factory.mktemp(f"to-{output}")
            groups = GROUPS.format(most=MOST, output=output)
            made[output] = Setup(folder, plugins=PLUGINS, groups=groups)
        return made[output]

    yield setup
    for each in made.values():
        each.end()


@pytest.fixture
def to_raw(setups):
    return setups("raw")


def zipped(*members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"disk-{number}", member)
    return file.getvalue()


PACKED = {"as it is": bytes, "gzip": gzip.compress, "zip": zipped}


def holds(setup, image, raw, output, stores=STORES):
    """The stores have a disk of that format with the same blocks, which is all that is left."""
    place = setup.places["near"] / image
    compare = ["qemu-img", "compare", "-f", "raw", "-F", output, str(raw), str(place)]
    compared = subprocess.run(compare, capture_output=True, text=True)
    assert compared.returncode == 0, compared
    data = place.read_bytes()
    assert "bucket" not in stores or setup.bucket.read(image) == data
    shown = setup.service.show(image)
    assert (shown["disk_format"], shown["container_format"]) == (output, "bare")
    assert shown["origin"] == "imported"
    assert shown["virtual_size"] >= raw.stat().st_size
    setup.has(image, data, stores)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("method", METHODS)
def test_a_disk_has_the_same_blocks_in_another_format(setups, tmp_path, method, source, output):
    format, *options = SOURCES[source]
    raw, disk = imports.disk(tmp_path, format, 8, *options)

    image = setups(output).imported(method, disk.read_bytes(), STORES, format=format)

    holds(setups(output), image, raw, output)


@pytest.mark.parametrize("packing", ("gzip", "zip"))
@pytest.mark.parametrize("method", METHODS)
def test_what_is_packed_is_converted_after_it_is_unpacked(to_raw, tmp_path, method, packing):
    raw, disk = imports.disk(tmp_path, "qcow2", 8)
    packed = PACKED[packing](disk.read_bytes())

    image = to_raw.imported(method, packed, STORES, format="qcow2")

    holds(to_raw, image, raw, "raw")


def by_glance(setup, disk):
    setup.glance(
        "image-create-via-import", "--import-method", "web-download", "--uri", setup.web.url,
        "--disk-format", "qcow2", "--container-format", "bare", "--name", "by-client",
        "--stores", "near",
    )  # fmt: skip
    return setup.sdk().find_image("by-client").id


def by_openstack(setup, disk):
    image = setup.service.create("by-client", disk_format="qcow2")
    setup.openstack("image", "stage", "--file", str(disk), image)
    setup.openstack("image", "import", "--method", "glance-direct", "--store", "near", "--wait", image)
    return image


def by_openstack_from_the_web(setup, disk):
    image = setup.service.create("by-client", disk_format="qcow2")
    method = ("--method", "web-download", "--uri", setup.web.url)
    setup.openstack("image", "import", *method, "--store", "near", "--wait", image)
    return image


def by_the_sdk(setup, disk):
    sdk, image = setup.sdk(), setup.service.create("by-client", disk_format="qcow2")
    found = sdk.get_image(image)
    sdk.import_image(found, method="web-download", uri=setup.web.url, stores=["near"])
    return image


@pytest.mark.parametrize("client", (by_glance, by_openstack, by_openstack_from_the_web, by_the_sdk))
def test_clients_import_what_becomes_another_disk(to_raw, tmp_path, client):
    raw, disk = imports.disk(tmp_path, "qcow2", 8)
    to_raw.web.data = disk.read_bytes()

    image = client(to_raw, disk)

    to_raw.ended(image)
    holds(to_raw, image, raw, "raw", ["near"])
    to_raw.service.delete(image)


def backed(folder):
    imports.disk(folder, "raw")
    return created(folder, "-b", "disk.raw", "-F", "raw")


def large(folder):
    return created(folder, size="1T")


def created(folder, *options, size=None):
    create = ["qemu-img", "create", "-q", "-f", "qcow2", *options, "hostile.qcow2"]
    subprocess.run([*create, *([size] if size else [])], cwd=folder, check=True)
    return (folder / "hostile.qcow2").read_bytes()


def split(folder):
    data = f"data_file={folder / 'outside'}"
    return created(folder, "-o", data, size="1M")


HOSTILE = {
    "a backing file": (backed, "qcow2", "safety checks"),
    "a data file": (split, "qcow2", "safety checks"),
    "a disk over the limit": (large, "qcow2", f"more than {MOST} bytes"),
    "a bomb in gzip": (lambda _: gzip.compress(bytes(2 * MOST)), "raw", f"more than {MOST} bytes"),
    "a bomb in zip": (lambda _: zipped(bytes(2 * MOST)), "raw", f"more than {MOST} bytes"),
    "two files in zip": (lambda _: zipped(b"one", b"two"), "raw", "one file"),
    "a cut archive": (lambda _: gzip.compress(os.urandom(9999))[:5000], "raw", "image_decompression"),
    "another format": (lambda folder: created(folder, size="1M"), "vdi", "does not match"),
    "a disk in a disk": (lambda folder: gzip.compress(backed(folder)), "qcow2", "safety checks"),
}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("method", METHODS)
def test_what_is_hostile_leaves_nothing_and_the_task_says_why(to_raw, tmp_path, method, hostile):
    make, format, reason = HOSTILE[hostile]

    image = to_raw.imported(method, make(tmp_path), STORES, format=format)

    to_raw.has_nothing(image, STORES, reason)
    shown = to_raw.service.show(image)
    assert (shown["disk_format"], "origin" in shown) == (format, False)
    # It may be tried again.
    raw, disk = imports.disk(tmp_path, format)
    to_raw.begin(method, image, disk.read_bytes(), STORES)
    to_raw.ended(image)
    holds(to_raw, image, raw, "raw")


@contextmanager
def converting(setup, folder):
    """The process that converts the disk of an image, stopped in the middle."""
    _, disk = imports.disk(folder, "raw", 64)
    image = setup.service.create(disk_format="raw")
    setup.begin("glance-direct", image, disk.read_bytes(), STORES)
    pid = caught(setup.server.pid)
    try:
        yield image, Path(f"/proc/{pid}")
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def caught(server):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for pid in descendants(server):
            words = read(f"/proc/{pid}/cmdline").split(b"\0")
            is_it = words[0].endswith(b"/qemu-img") and b"convert" in words
            if is_it and any(name.endswith("/output") for name in opened(pid)):
                os.kill(int(pid), signal.SIGSTOP)
                return int(pid)
    raise AssertionError("nothing is converted")


def descendants(parent):
    """What makes the cage stands between the server and its program."""
    for children in Path(f"/proc/{parent}/task").glob("*/children"):
        for pid in read(children).decode().split():
            yield pid
            yield from descendants(pid)


def read(file):
    """A file of a process or a thread; nothing where that has just ended."""
    try:
        return Path(file).read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def opened(pid):
    """What a process has open; nothing where it has just ended."""
    names = set()
    with suppress(FileNotFoundError):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                names.add(os.readlink(file))
    return names


def is_gone(process):
    """A child that nobody waited for yet is as dead."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_an_image_that_is_deleted_meanwhile_takes_its_conversion_along(setups, tmp_path):
    setup = setups("qcow2")
    with converting(setup, tmp_path) as (image, process):
        assert not is_gone(process) and setup.converting()

        setup.service.delete(image)

        assert wait_until(lambda: is_gone(process), NOTED), (process / "stat").read_text()
    assert setup.is_clean(image) and setup.blobs(image) == set()
    assert setup.service.request("GET", f"/v2/images/{image}")[0] == 404


def test_a_conversion_has_no_network_and_no_file_but_its_own(setups, tmp_path):
    setup = setups("qcow2")
    with converting(setup, tmp_path) as (image, process):
        own = Path(f"/proc/{setup.server.pid}")
        network = os.readlink(process / "ns/net")
        names = opened(process.name)
        limits = (process / "limits").read_text()
        environment = (process / "environ").read_bytes()

    assert network != os.readlink(own / "ns/net")
    files = {Path(name).name for name in names if name.startswith(str(setup.server.staging))}
    assert files == {"input", "output"}
    others = {name for name in names if name.startswith("/")}
    others -= {name for name in others if name.startswith(str(setup.server.staging))}
    assert others <= {"/dev/null"}, names
    assert f"{2 << 30}" in next(line for line in limits.splitlines() if "address space" in line)
    assert b"=" in environment and b"HOME=" not in environment
    setup.ended(image)
    assert setup.service.show(image)["status"] == "active"
    setup.service.delete(image)


def test_a_server_that_is_killed_takes_its_conversion_along(setups, tmp_path):
    setup = setups("qcow2")
    with converting(setup, tmp_path) as (image, process):
        left = set(setup.converting())
        setup.server.kill()
        assert wait_until(lambda: is_gone(process), 10)

    setup.server.start()

    # The import is taken up again, and may be converting anew by now.
    assert left and not left & set(setup.converting())
    setup.ended(image)
    assert wait_until(lambda: not setup.converting(), 10)
    setup.service.delete(image)
