"""The Keystone of tests/servers/run.sh: tokens of the people in it, and its catalog."""

import json
import os
import urllib.error
import urllib.request
import uuid

# How a server finds who calls; Python Glance reads the same.
AUTHTOKEN = """\
[keystone_authtoken]
auth_url = {url}
auth_type = password
username = glance
password = secret
user_domain_name = Default
project_name = services
project_domain_name = Default
"""


def url():
    return os.environ["GLANCE_TEST_KEYSTONE"]


def authtoken():
    """The group of a configuration file that leads to Keystone."""
    return AUTHTOKEN.format(url=url())


def call(method, url, token=None, body=None, media="application/json"):
    """Status, headers and body of one answer."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    headers = {"Content-Type": media, "X-Auth-Token": token or ""}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read()


def login(user, project):
    """A token, and the id of whose it is."""
    domain = {"id": "default"}
    person = {"name": user, "domain": domain, "password": "secret"}
    identity = {"methods": ["password"], "password": {"user": person}}
    auth = {"identity": identity, "scope": {"project": {"name": project, "domain": domain}}}
    status, headers, body = call("POST", f"{url()}/v3/auth/tokens", body={"auth": auth})
    assert status == 201, body
    return headers["X-Subject-Token"], json.loads(body)["token"]["user"]["id"]


def token_of(user, project):
    return login(user, project)[0]


def add_endpoints(regions, kind="image", interface="public"):
    """Puts services of a kind into the catalog: the URL of each region."""
    admin = token_of("admin", "admin")

    def made(kind, **fields):
        status, _, body = call("POST", f"{url()}/v3/{kind}s", admin, {kind: fields})
        assert status == 201, body
        return json.loads(body)[kind]["id"]

    service = made("service", type=kind, name=f"{kind}-{uuid.uuid4().hex[:6]}")
    for region, place in regions.items():
        made("region", id=region)
        made(
            "endpoint", service_id=service, interface=interface, region_id=region, url=place
        )  # fmt: skip
