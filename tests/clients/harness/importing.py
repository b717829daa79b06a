"""Asking for imports over plain HTTP, and what became of them."""

import json


def ask(service, image, method, *, uri=None, **more):
    """Begins an import."""
    status, said = request(service, image, method, uri=uri, **more)
    assert status == 202, said


def request(service, image, method, *, uri=None, **more):
    """Asks for an import; status and body of the answer."""
    named = {"name": method} | ({"uri": uri} if uri else {})
    body = json.dumps({"method": named, **more})
    headers = {"Content-Type": "application/json"}
    return service.request("POST", f"/v2/images/{image}/import", body, headers)


def last_task(service, image):
    """The task of an image that was recorded last."""
    _, said = service.request("GET", f"/v2/images/{image}/tasks")
    return max(json.loads(said)["tasks"], key=lambda task: task["created_at"])
