"""Python Glance, on the configuration file, the database and the images of a server of ours."""

import os
import subprocess
import sys
from pathlib import Path

from harness.server import Process

PROGRAMS = Path(sys.executable).parent

# For the flavor `headers`, who calls comes from headers, as with ours. Glance has no pipeline like
# that: the operator writes it, beside glance-api.conf. That for `keystone` is of the same parts.
PASTE = """\
[composite:glance-api-headers]
use = egg:Paste#urlmap
/v2 = identified
/healthcheck = health

[composite:glance-api-keystone]
use = egg:Paste#urlmap
/v2 = validated
/healthcheck = health

[pipeline:identified]
pipeline = identity images

[pipeline:validated]
pipeline = authtoken identity images

[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
delay_auth_decision = true

[filter:identity]
paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory

[app:images]
paste.app_factory = glance.api.v2.router:API.factory

[app:health]
paste.app_factory = oslo_middleware:Healthcheck.app_factory
"""


class PythonGlance(Process):
    """Under gunicorn, at the address of a server of ours that keeps everything in `folder`."""

    def __init__(self, folder, url):
        (folder / "glance-api-paste.ini").write_text(PASTE)
        command = [str(PROGRAMS / "gunicorn"), "--bind", url.removeprefix("http://")]
        command += ["--threads", "4", "--no-control-socket", "glance.wsgi.api:application"]
        environment = _environment(folder, OS_GLANCE_CONFIG_DIR=folder)
        super().__init__(command, url, folder / "python-glance.log", environment)

    def stop(self):
        """Ends it, and insists that nothing it met was an error to it."""
        super().stop()
        log = self._log_path.read_text(errors="replace").splitlines()
        errors = [line for line in log if " ERROR glance" in line]
        assert not errors, "\n".join(errors)


def manage_database(folder, *words):
    """What `glance-manage db` prints about the database that a server has in `folder`."""
    database = f"sqlite:///{folder}/glance.sqlite"
    done = subprocess.run(
        [str(PROGRAMS / "glance-manage"), "db", *words],
        env=_environment(folder, OS_DATABASE__CONNECTION=database),
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def _environment(home, **options):
    """No option of this shell, and no configuration in the home of a user."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
    return inherited | {"HOME": str(home)} | {key: str(value) for key, value in options.items()}
