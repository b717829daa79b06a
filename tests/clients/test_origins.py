"""Pages of other origins: each question of a browser is answered as oslo.middleware answers it."""

import http.client
import itertools

import pytest
import webob
import webob.dec
from glance.common.config import set_cors_middleware_defaults
from oslo_config import cfg
from oslo_middleware.cors import CORS

from harness.server import OwnServer

GROUP = """
[cors]
allowed_origin = https://a.example, https://b.example:8443
max_age = 11
allow_headers = X-Auth-Token,X-Thing
"""
ORIGINS = (
    None, "", "null", "https://a.example", "HTTPS://A.EXAMPLE", "https://b.example:8443",
    "https://b.example",
)  # fmt: skip
METHODS = (None, "PUT", "put", "GET", "HEAD", "TRACE")
NAMES = (None, "", "x-auth-token", "X-Thing, content-type ,accept", "x-nope", " , ,", "EXPIRES")


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("origins")
    server = OwnServer(folder)
    server.stop()
    config = folder / "glance-api.conf"
    config.write_text(config.read_text() + GROUP)
    server.start()

    def ask(method, headers):
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
        connection.request(method, "/", headers=headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.getheaders()

    yield ask
    server.stop()


@pytest.fixture(scope="module")
def pythons(tmp_path_factory):
    config = tmp_path_factory.mktemp("python") / "cors.conf"
    config.write_text(GROUP)
    set_cors_middleware_defaults()
    options = cfg.ConfigOpts()
    options(args=["--config-file", str(config)], project="glance")

    @webob.dec.wsgify
    def application(request):
        return webob.Response(status=200 if request.method == "OPTIONS" else 300)

    middleware = CORS(application, options)

    def ask(method, headers):
        request = webob.Request.blank("/", method=method, headers=headers)
        return request.get_response(middleware).headers.items()

    return ask


@pytest.mark.parametrize("verb", ["OPTIONS", "GET"])
def test_every_question_is_answered_as_upstream_answers_it(ours, pythons, verb):
    for origin, method, names in itertools.product(ORIGINS, METHODS, NAMES):
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": names,
        }
        headers = {name: value for name, value in asked.items() if value is not None}

        answers = [told(ask(verb, headers)) for ask in (pythons, ours)]

        assert answers[0] == answers[1], headers


def told(headers):
    """What an answer says of origins."""
    of_origins = ("access-control-", "vary")
    lower = {name.lower(): value for name, value in headers}
    return {name: value for name, value in lower.items() if name.startswith(of_origins)}
