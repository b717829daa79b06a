"""A Barbican of a test's own, which breaks at will."""

import base64
import json
import os
import signal
import subprocess
from contextlib import contextmanager

from harness import keystone
from harness.backends import is_stopped, wait_until
from harness.s3 import listens
from harness.server import free_port


class OwnBarbican:
    """A Barbican on the data of the one of tests/servers/run.sh."""

    def __init__(self):
        port, home = free_port(), os.environ["GLANCE_TEST_BARBICAN_HOME"]
        self.url = f"http://127.0.0.1:{port}"
        self._port, self._environment = port, {**os.environ, "HOME": home}
        self._command = [
            os.environ["GLANCE_TEST_BARBICAN_PROGRAM"], "--chdir", home, "--bind",
            f"127.0.0.1:{port}", "--threads", "1", "--no-control-socket", "application:application",
        ]  # fmt: skip
        self.start()

    def start(self):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(
            self._command, env=self._environment, start_new_session=True, **quiet
        )
        assert wait_until(lambda: listens(self._port), 30)

    def kill(self):
        """Its worker as well, which would end by itself a little later."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @contextmanager
    def away(self):
        self.kill()
        try:
            yield
        finally:
            self.start()

    def freeze(self):
        """From now on, it takes connections and answers nothing."""
        os.killpg(self._process.pid, signal.SIGSTOP)
        assert wait_until(lambda: is_stopped(self._process.pid), 5)

    def keep(self, signer):
        """Keeps the certificate of a signer, as alice's, and lets the image service read it."""
        token = keystone.token_of("alice", "alpha")
        secret = {
            "secret_type": "certificate",
            "payload": base64.b64encode(signer.certificate()).decode(),
            "payload_content_type": "application/octet-stream",
            "payload_content_encoding": "base64",
        }
        status, _, said = keystone.call("POST", f"{self.url}/v1/secrets", token, secret)
        assert status == 201, said
        signer.id = json.loads(said)["secret_ref"].rpartition("/")[2]
        _, service = keystone.login("glance", "services")
        readers = {"read": {"users": [service], "project-access": True}}
        acl = f"{self.url}/v1/secrets/{signer.id}/acl"
        status, _, said = keystone.call("PUT", acl, token, readers)
        assert status == 200, said
