"""What disks by real tools are found to be: beside QEMU, and beside oslo.utils, which Glance asks."""

import json
import os
import subprocess
import urllib.error
import urllib.request

import pytest
from oslo_utils.imageutils import format_inspector

from harness import made
from harness.server import OwnServer, program

HERE = "GLANCE_PEER_URL" in os.environ

pytestmark = pytest.mark.skipif(HERE, reason="asks the program, and a server of its own")

# What QEMU calls the formats.
QEMU = {"vhd": "vpc", "iso": "raw"}
# Formats that no `disk_format` is named after: what is of one is uploaded as raw.
NAMELESS = {"gpt", "luks", "qed"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    made.make(folder)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = OwnServer(tmp_path_factory.mktemp("inspecting"))
    yield server
    server.stop()


@pytest.fixture(params=made.DISKS, ids=lambda disk: disk.name)
def disk(request):
    return request.param


def inspected(path, *arguments):
    command = [*program(), "inspect", str(path), "--json", *arguments]
    done = subprocess.run(command, capture_output=True, check=False)
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["accepted"] else 1), done.stderr
    return report


def found_by_peer(path):
    """The format, and whether it is safe, by oslo.utils."""
    with path.open("rb") as file:
        wrapper = format_inspector.InspectWrapper(file)
        while wrapper.read(65536):
            pass
        wrapper.close()
    try:
        found = wrapper.format
    except format_inspector.ImageFormatError:
        return ",".join(sorted(str(each) for each in wrapper.formats)), False
    try:
        found.safety_check()
    except format_inspector.SafetyCheckFailed:
        return str(found), False
    return str(found), True


def claim(disk):
    return "raw" if disk.format in NAMELESS else disk.format


def test_it_is_found_to_be_what_it_was_made_as(folder, disk):
    report = inspected(folder / disk.name)

    found = {finding["format"] for finding in report["findings"]}
    assert disk.format in found or (disk.format, found) == ("raw", set()), report
    assert (report["disk_format"], report["accepted"]) == (claim(disk), disk.accepted), report
    assert report["size"] == (folder / disk.name).stat().st_size


@pytest.mark.parametrize(
    "disk", [disk for disk in made.DISKS if disk.sized], ids=lambda disk: disk.name
)
def test_qemu_tells_the_same_size_of_it(folder, disk):
    driver = "qcow" if disk.name == "first.qcow" else QEMU.get(claim(disk), claim(disk))
    info = ["qemu-img", "info", "-f", driver, "--output", "json", disk.name]
    told = json.loads(subprocess.run(info, cwd=folder, capture_output=True, check=True).stdout)

    assert inspected(folder / disk.name)["virtual_size"] == told["virtual-size"]


def test_oslo_utils_finds_the_same_or_less(folder, disk):
    expected = disk.peer or (disk.format, disk.accepted)

    assert found_by_peer(folder / disk.name) == expected


def test_a_server_takes_it_or_refuses_it_by_the_same_verdict(folder, server, disk):
    for said in {claim(disk), "raw"}:
        path = folder / disk.name
        report = inspected(path, "--disk-format", said)
        image = request(server, "POST", "/v2/images", "application/json", json.dumps({
            "disk_format": said, "container_format": "bare",
        }).encode())[1]  # fmt: skip
        data = path.read_bytes()
        place = f"/v2/images/{image['id']}"

        status, _ = request(server, "PUT", f"{place}/file", "application/octet-stream", data)
        shown = request(server, "GET", place)[1]

        assert status == (204 if report["accepted"] else 415), (said, report)
        assert shown["status"] == ("active" if report["accepted"] else "queued")
        assert shown["virtual_size"] == (report["virtual_size"] if report["accepted"] else None)


def request(server, method, path, kind=None, body=None):
    headers = {
        "X-Identity-Status": "Confirmed", "X-Roles": "member,reader", "X-Project-Id": "p",
        "X-User-Id": "u", **({"Content-Type": kind} if kind else {}),
    }  # fmt: skip
    asked = urllib.request.Request(server.url + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as refused:
        return refused.code, None
