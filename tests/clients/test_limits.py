"""What holds however large, slow or many: memory, start, concurrency, a full disk, kill -9."""

import hashlib
import os
import random
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pytest

from harness import http
from harness.backends import Bucket
from harness.server import OwnServer

MOST_MEMORY = 64 << 20
GIBIBYTES = int(os.environ.get("GLANCE_TRANSFER_GIB", "10"))
# A client that is slower than the server: MiB a second, and GiB, so that it ends within a minute.
RATE, SLOW_GIBIBYTES = 100, min(GIBIBYTES, 5)

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="measures a process of its own"
)


@pytest.fixture
def own(tmp_path):
    server = OwnServer(tmp_path)
    yield server
    server.kill()


def test_memory_stays_small_for_fast_and_slow_transfers_of_a_huge_image(own):
    service = http.Service(own.url)
    image = service.create()

    assert service.upload(image, GIBIBYTES << 10, chunked=True) == 204
    assert service.download(image) == GIBIBYTES << 30
    readers = [threading.Thread(target=service.download, args=(image,), kwargs={"seconds": 8})
               for _ in range(8)]
    slow = service.create()
    writer = threading.Thread(target=service.upload, args=(slow, 80), kwargs={"pause": 0.1})
    for thread in (*readers, writer):
        thread.start()
    for thread in (*readers, writer):
        thread.join()

    assert own.peak_memory() < MOST_MEMORY


def test_memory_stays_small_for_a_slow_upload_and_a_slow_download_of_huge_images(own):
    service = http.Service(own.url)
    read, written = service.create("read"), service.create("written")
    assert service.upload(read, SLOW_GIBIBYTES << 10) == 204

    with ThreadPoolExecutor(2) as pool:
        upload = pool.submit(service.upload, written, SLOW_GIBIBYTES << 10, rate=RATE)
        download = pool.submit(service.download, read, rate=RATE)

    assert (upload.result(), download.result()) == (204, SLOW_GIBIBYTES << 30)
    assert own.peak_memory() < MOST_MEMORY


def test_memory_stays_small_for_a_huge_image_of_unknown_size_in_a_bucket(tmp_path):
    bucket = Bucket("GLANCE_TEST_S3_S3S")
    own = OwnServer(tmp_path, bucket=bucket)
    service = http.Service(own.url)
    image = service.create()

    assert service.upload(image, 6 << 10, chunked=True, store="bucket") == 204
    assert service.download(image) == 6 << 30

    assert own.peak_memory() < MOST_MEMORY
    service.delete(image)
    assert bucket.objects() == set()
    own.stop()


def test_two_hundred_stuck_clients_fit_in_a_quarter_of_a_gibibyte(own):
    service = http.Service(own.url)
    image = service.create()
    assert service.upload(image, 64) == 204

    stuck = [service.begin_download(image) for _ in range(100)]
    stuck += [service.begin_upload(service.create(), 100 << 10, sent=4) for _ in range(100)]

    assert service.show(image)["status"] == "active"
    assert own.peak_memory() < 256 << 20
    for connection in stuck:
        connection.close()


def test_the_first_answer_comes_within_a_tenth_of_a_second(own):
    starts = []
    for _ in range(5):
        own.kill()
        starts.append(own.start())

    assert min(starts) < 0.1


def test_a_thousand_creates_and_eight_uploads_at_once_all_succeed(own):
    service = http.Service(own.url)
    images = [service.create(f"upload {number}") for number in range(8)]

    with ThreadPoolExecutor(64) as pool:
        uploads = [pool.submit(service.upload, image, 32) for image in images]
        creates = [pool.submit(service.create, f"image {number}") for number in range(1000)]
        created = {create.result() for create in creates}
        statuses = [upload.result() for upload in uploads]

    assert len(created) == 1000
    assert statuses == [204] * 8


def test_a_full_disk_is_refused_and_leaves_nothing(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", images], check=True)
    try:
        own = OwnServer(tmp_path)
        service = http.Service(own.url)
        for chunked in (False, True):
            image = service.create()

            assert service.upload(image, 16, chunked=chunked) == 413

            assert service.show(image)["status"] == "queued"
            assert list(images.iterdir()) == []
        assert service.upload(image, 4) == 204
        own.stop()
    finally:
        subprocess.run(["umount", images], check=True)


@pytest.mark.parametrize("seed", range(8))
def test_a_killed_server_keeps_what_it_acknowledged_and_nothing_else(own, seed):
    service = http.Service(own.url)
    kept = service.create("kept")
    assert service.upload(kept, 2) == 204
    image = service.create("killed")
    told = []
    client = threading.Thread(target=lambda: told.append(_status(service, image)))

    client.start()
    client.join(random.Random(seed).random() * 0.3)
    own.kill()
    client.join()
    own.start()

    shown = service.show(image)
    assert shown["status"] in (["active"] if told == [204] else ["active", "queued"])
    files = {path.name for path in own.images.iterdir()}
    if shown["status"] == "active":
        data = (own.images / image).read_bytes()
        assert shown["os_hash_value"] == hashlib.sha512(data).hexdigest()
        assert files == {kept, image}
    else:
        assert files == {kept}
    assert service.download(kept) == 2 << 20


def _status(service, image):
    try:
        return service.upload(image, 48)
    except (OSError, HTTPException):
        return None
