"""A server of a test's own, and an administrator's clients of it."""

import openstack.connection
from keystoneauth1.noauth import NoAuth
from keystoneauth1.session import Session

from harness.command import run
from harness.proxy import Identity, IdentityProxy
from harness.server import OwnServer

ADMIN = Identity("operator", ("admin", "member", "reader"))


class Own:
    """`kind` is what `OwnServer` takes."""

    def __init__(self, folder, **kind):
        self.server = OwnServer(folder, **kind)
        self.proxy = IdentityProxy(self.server.url, ADMIN)
        self.home = folder

    def openstack(self, *words):
        options = ["--os-auth-type", "none", "--os-endpoint", self.proxy.url]
        return run(self.home, "openstack", *options, *words)

    def sdk(self):
        session = Session(auth=NoAuth(endpoint=self.proxy.url))
        connection = openstack.connection.Connection(
            session=session, image_endpoint_override=self.proxy.url
        )
        return connection.image

    def end(self):
        self.proxy.close()
        self.server.stop()
