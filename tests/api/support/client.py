"""A client that checks every answer against the contract."""

import json as json_module
import urllib.parse

import requests

from . import contract as contract_module

minted = set()  # every secret that this session has seen being made

_contract = None


def the_contract():
    global _contract
    if _contract is None:
        _contract = contract_module.Contract()
    return _contract


class Client:
    def __init__(self, url, secret=None, prefix=""):
        self.url, self.secret, self.prefix = url, secret, prefix
        self.session = requests.Session()
        self.session.trust_env = False
        if secret:
            self.session.headers["Authorization"] = f"Bearer {secret}"

    def at(self, url):
        """The same caller at another daemon."""
        return Client(url, self.secret, self.prefix)

    def request(self, method, path, expect=None, json=None, data=None, headers=None, params=None, timeout=20, **kwargs):
        """
        The answer, checked against the contract. expect: a status or several, else the test fails with the body.
        json is sent as application/json (requests would send it the same, but refuses NaN and friends).
        """
        headers = dict(headers or {})
        if json is not None:
            data = json_module.dumps(json).encode()
            headers.setdefault("Content-Type", "application/json")
        elif data is not None and not isinstance(data, (bytes, str)):
            data = iter(data)  # chunked
        path = self.prefix + path
        response = self.session.request(
            method,
            self.url + path,
            data=data,
            headers=headers,
            params=params,
            timeout=timeout,
            allow_redirects=False,
            stream=True,
            **kwargs,
        )
        if method == "GET" and response.headers.get("Content-Type") == "text/event-stream":
            end_stream(response)
        note_secret(response)
        the_contract().check(method, urllib.parse.unquote(path.split("?")[0]), response)
        if expect is not None:
            wanted = expect if isinstance(expect, (tuple, list, set)) else (expect,)
            assert (
                response.status_code in wanted
            ), f"{method} {path}: {response.status_code}, not {expect}: {response.text[:2000]}"
        return response

    def get(self, path, expect=200, **kwargs):
        return self.request("GET", path, expect, **kwargs)

    def head(self, path, expect=200, **kwargs):
        return self.request("HEAD", path, expect, **kwargs)

    def post(self, path, expect=(200, 201), **kwargs):
        return self.request("POST", path, expect, **kwargs)

    def put(self, path, expect=(200, 201), **kwargs):
        return self.request("PUT", path, expect, **kwargs)

    def patch(self, path, expect=200, **kwargs):
        headers = {"Content-Type": "application/merge-patch+json", **kwargs.pop("headers", {})}
        return self.request("PATCH", path, expect, headers=headers, **kwargs)

    def delete(self, path, expect=(200, 204), **kwargs):
        return self.request("DELETE", path, expect, **kwargs)

    def pages(self, path, plural, params=None, limit=None, check=None):
        """All elements of a list, page by page."""
        params = dict(params or {})
        if limit:
            params["limit"] = limit
        while True:
            page = self.get(path, params=params).json()
            if check:
                check(page)
            yield from page[plural]
            if "next" not in page:
                return
            params["cursor"] = page["next"]


def end_stream(response):
    """Of a stream without an end only its beginning is looked at here; support/events.py reads them."""
    response.raw.close()
    response._content, response._content_consumed = b"", True


def note_secret(response):
    if response.status_code == 201 and b'"secret"' in response.content:
        secret = response.json().get("secret")
        if secret:
            minted.add(secret)


def problem_pointers(response_or_problem):
    """Pointers of all faults, without the "#", sorted."""
    problem = response_or_problem.json() if hasattr(response_or_problem, "json") else response_or_problem
    return sorted(fault["pointer"][1:] for fault in problem.get("errors", []))


def problem_type(response_or_problem):
    problem = response_or_problem.json() if hasattr(response_or_problem, "json") else response_or_problem
    return problem["type"].rsplit("/", 1)[1]
