"""The Keystone of tests/servers/run.sh, and the people in it."""

import json
import os
import urllib.error
import urllib.request

# For the configuration of a server whose callers bring tokens.
FLAVOR = """\
[paste_deploy]
flavor = keystone

[keystone_authtoken]
auth_url = {keystone}
auth_type = password
username = glance
password = secret
user_domain_name = Default
project_name = services
project_domain_name = Default
"""


def url():
    return os.environ["GLANCE_TEST_KEYSTONE"]


def flavor():
    return FLAVOR.format(keystone=url())


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
