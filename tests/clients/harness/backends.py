"""The real databases and object stores that a server of the tests works on."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import botocore.config

from harness.server import free_port

KEYS = {"aws_access_key_id": "access", "aws_secret_access_key": "secret"}


class Bucket:
    """A new bucket of the S3 server whose address is in the environment variable `server`, or of
    the one at `url`. Stores reach it by the URL `line`, if one is given.

    `chunk` is the size of its parts in MiB; what is larger than `large` MiB is sent in parts.
    """

    def __init__(self, server=None, *, url=None, line=None, large=100, chunk=10):
        self.url, self.name = url or os.environ[server], f"b{uuid.uuid4().hex[:12]}"
        self._line = line or self.url
        self._parts = {"size": large, "chunk_size": chunk}
        config = botocore.config.Config(
            s3={"addressing_style": "path"}, read_timeout=30, retries={"max_attempts": 1}
        )
        self._client = boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1", config=config, **KEYS
        )
        self._client.create_bucket(Bucket=self.name)

    def options(self):
        """The store in this bucket, for the group of a configuration file."""
        parts = (f"s3_store_large_object_{name} = {mib}" for name, mib in self._parts.items())
        return "\n".join([
            f"s3_store_host = {self._line}",
            "s3_store_access_key = access",
            "s3_store_secret_key = secret",
            f"s3_store_bucket = {self.name}",
            "s3_store_bucket_url_format = path",
            *parts,
        ])  # fmt: skip

    def store(self):
        """The store in this bucket, with its kind."""
        return "s3", self.options()

    def objects(self):
        listed = self._client.list_objects_v2(Bucket=self.name)
        return {item["Key"] for item in listed.get("Contents", ())}

    def read(self, key):
        return self._client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def uploads(self):
        """The objects that are being sent in parts."""
        listed = self._client.list_multipart_uploads(Bucket=self.name)
        return [item["Key"] for item in listed.get("Uploads", ())]

    def parts(self, key):
        """How many parts of an object that is being sent have come."""
        listed = self._client.list_multipart_uploads(Bucket=self.name).get("Uploads", ())
        ids = [item["UploadId"] for item in listed if item["Key"] == key]
        listed = (self._client.list_parts(Bucket=self.name, Key=key, UploadId=id) for id in ids)
        return sum(len(upload.get("Parts", ())) for upload in listed)


@contextmanager
def frozen(pid_variable):
    """A server of tests/servers/run.sh that takes connections and answers nothing."""
    pid = int(os.environ[pid_variable])
    os.kill(pid, signal.SIGSTOP)
    try:
        assert wait_until(lambda: is_stopped(pid), 5)  # its threads run on for a moment
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def postgres():
    """The URL of a new database on the PostgreSQL of tests/servers/run.sh."""
    name, url = f"glance_{uuid.uuid4().hex[:12]}", urlsplit(os.environ["GLANCE_TEST_POSTGRES"])
    psql = ["psql", "-q", "-d", url.geturl(), "-c"]
    _run(*psql, f"CREATE DATABASE {name}")
    try:
        yield f"postgresql+psycopg2://{url.netloc}/{name}"
    finally:
        _run(*psql, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def mariadb():
    """The URL of a new database on the MariaDB of tests/servers/run.sh."""
    name, url = f"glance_{uuid.uuid4().hex[:12]}", urlsplit(os.environ["GLANCE_TEST_MYSQL"])
    place = ["-h", url.hostname, "-P", str(url.port), "-u", url.username]
    client = ["mariadb", *place, "-e"]
    _run(*client, f"CREATE DATABASE {name} CHARACTER SET utf8mb3")
    try:
        yield f"mysql+pymysql://{url.netloc}/{name}?charset=utf8"
    finally:
        _run(*client, f"DROP DATABASE {name}")


class OwnPostgres:
    """A PostgreSQL server of our own, with one empty database, to be stopped at will."""

    def __init__(self):
        self._folder = Path(tempfile.mkdtemp(prefix="glance-postgres-"))
        shutil.chown(self._folder, "postgres")
        port = free_port()
        self.url = f"postgresql+psycopg2://postgres@127.0.0.1:{port}/postgres"
        self._listen = f"-p {port} -k {self._folder} -c listen_addresses=127.0.0.1"
        self._as_postgres(f"initdb -D {self._folder}/data -A trust -U postgres")
        self.start()

    def start(self):
        self._control(f'-o "{self._listen}" -l {self._folder}/log -w start')

    def stop(self):
        """Ends it as a crash does; what it acknowledged is on its disk."""
        self._control("-m immediate -w stop")

    def remove(self):
        if (self._folder / "data/postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self._folder)

    def _control(self, words):
        self._as_postgres(f"pg_ctl -D {self._folder}/data {words}")

    def _as_postgres(self, command):
        paths = [os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
        _run("su", "postgres", "-c", f"export PATH={':'.join(paths)}; {command}", cwd="/")


def wait_until(true, seconds):
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def is_stopped(pid):
    states = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(state.read_text().rpartition(")")[2].split()[0] == "T" for state in states)


def _run(*command, cwd=None):
    done = subprocess.run(
        command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert done.returncode == 0, f"{command[0]}: {done.stderr}"
