"""Puts people into the Keystone at GLANCE_TEST_KEYSTONE; prints an application credential.

With two arguments, it puts a service into the catalog instead: keystone_people.py image URL. An image
service gets a registered limit for each thing that Glance limits.

    glance, nova   role service in the project services; glance is also reader of the system
    alice, bob     role member in the projects alpha and beta; alice is also reader of the domain
    rita           role reader in the project alpha
    admin          role admin in the project admin and of the system, as Keystone makes it
"""

import json
import os
import sys
import urllib.request

V3 = os.environ["GLANCE_TEST_KEYSTONE"] + "/v3"
DOMAIN = "default"
# In MiB, or images. Tempest gives its own projects less.
LIMITS = {
    "image_size_total": 1000,
    "image_stage_total": 1000,
    "image_count_total": 100,
    "image_count_uploading": 100,
}


def call(method, path, body=None, token=None):
    headers = {"Content-Type": "application/json", "X-Auth-Token": token or ""}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(V3 + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
        return answer.headers.get("X-Subject-Token"), json.loads(text) if text else None


def login(user, project):
    domain = {"id": DOMAIN}
    person = {"name": user, "domain": domain, "password": "secret"}
    identity = {"methods": ["password"], "password": {"user": person}}
    scope = {"project": {"name": project, "domain": domain}}
    return call("POST", "/auth/tokens", {"auth": {"identity": identity, "scope": scope}})


def maker():
    """What makes users, projects, ... as the administrator; and the administrator's token."""
    admin, _ = login("admin", "admin")

    def made(kind, **fields):
        return call("POST", f"/{kind}s", {kind: fields}, admin)[1][kind]["id"]

    return made, admin


def add_service(kind, url):
    made, admin = maker()
    # Tempest knows the image service by its name.
    service = made("service", type=kind, name={"image": "glance"}.get(kind, kind))
    for interface in ("public", "internal", "admin"):
        made("endpoint", service_id=service, interface=interface, region="RegionOne", url=url)
    if kind == "image":
        limit = {"service_id": service, "region_id": "RegionOne"}
        limits = [{**limit, "resource_name": name, "default_limit": n} for name, n in LIMITS.items()]
        call("POST", "/registered_limits", {"registered_limits": limits}, admin)


def add_people():
    made, admin = maker()
    roles = {role["name"]: role["id"] for role in call("GET", "/roles", token=admin)[1]["roles"]}
    people = {}
    for project, members in {
        "services": {"glance": "service", "nova": "service"},
        "alpha": {"alice": "member", "rita": "reader"},
        "beta": {"bob": "member"},
    }.items():
        project_id = made("project", name=project, domain_id=DOMAIN)
        for name, role in members.items():
            people[name] = made("user", name=name, domain_id=DOMAIN, password="secret")
            path = f"/projects/{project_id}/users/{people[name]}/roles/{roles[role]}"
            call("PUT", path, token=admin)
    path = f"/domains/{DOMAIN}/users/{people['alice']}/roles/{roles['reader']}"
    call("PUT", path, token=admin)

    call("PUT", f"/system/users/{people['glance']}/roles/{roles['reader']}", token=admin)

    token, _ = login("glance", "services")
    path = f"/users/{people['glance']}/application_credentials"
    made_one = call("POST", path, {"application_credential": {"name": "image service"}}, token)[1]
    credential = made_one["application_credential"]
    print(f"{credential['id']}:{credential['secret']}")


if len(sys.argv) == 3:
    add_service(*sys.argv[1:])
else:
    add_people()
