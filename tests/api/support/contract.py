"""
openapi.yaml as a judge: which operation a request belongs to, and whether an answer is one that the contract
promises (status, media type, headers, body).
"""

import copy
import functools
import re

import jsonschema
import yaml

from . import places

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")

# What no client may ever see in an error.
LEAKS = re.compile(
    r"\bSELECT \b|\bINSERT INTO\b|\bUPDATE \w+ SET\b|\bwinnow\.\w+_|relation \"|violates|constraint \"|SQLSTATE|libpq|"
    r"server closed the connection|connection to server|could not connect|\.s\.PGSQL|/usr/|/tmp/|\bsrc/|\w\.c:\d+|0x[0-9a-f]{6,}"
)


@functools.lru_cache(maxsize=None)
def problem_types():
    """Path of a problem type → (status, title), from the table that the daemon is built from."""
    table = {}
    for status, slug, title in re.findall(
        r'^X\(\w+, (\d+), "([^"]+)", "([^"]+)"\)', places.ERRORS_DEF.read_text(), re.M
    ):
        table[f"/problems/{slug}"] = (int(status), title)
    assert table
    return table


class Contract:
    def __init__(self, text=None):
        self.source = yaml.load(
            text or places.OPENAPI.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
        self.paths = {path: self.resolved(item) for path, item in self.source["paths"].items()}
        self.patterns = [
            (re.compile("^" + re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$"), path)
            for path in sorted(self.paths, key=lambda path: (path.count("{"), path.endswith("}"), path))
        ]
        self.validators = {}

    def resolved(self, node, names=False):
        """
        A copy of a part of the document with every $ref replaced by what it points to. `names`: its keys are
        properties' names, so "examples" is one too.
        """
        if isinstance(node, list):
            return [self.resolved(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return self.resolved(self.target(node["$ref"]))
        return {
            key: copy.deepcopy(value)
            if key in ("example", "examples") and not names
            else self.resolved(value, key == "properties" and not names)
            for key, value in node.items()
        }

    def target(self, ref):
        assert ref.startswith("#/"), ref
        node = self.source
        for part in ref[2:].split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def operations(self):
        """(method, path, operation) of all; parameters of the path are among the operation's."""
        for path, item in self.paths.items():
            for method, operation in item.items():
                if method in METHODS:
                    yield method.upper(), path, operation

    def parameters(self, path, operation):
        return self.paths[path].get("parameters", []) + operation.get("parameters", [])

    def template(self, path):
        for pattern, template in self.patterns:
            if pattern.match(path):
                return template
        return None

    def operation(self, method, path):
        template = self.template(path)
        method = "get" if method == "HEAD" else method.lower()
        return self.paths[template].get(method) if template else None

    def validator(self, schema):
        key = id(schema)
        if key not in self.validators:
            self.validators[key] = jsonschema.Draft202012Validator(schema)
        return self.validators[key]

    def check(self, method, path, response):
        """Raises AssertionError with what is wrong."""
        where = f"{method} {path} → {response.status_code}"
        assert "X-Request-Id" in response.headers, f"{where}: no X-Request-Id"
        operation = self.operation(method, path)
        status = str(response.status_code)
        if operation is None:
            self.check_unknown(method, path, response, where)
            return
        assert status in operation["responses"], f"{where} is not documented: {response.text[:500]}"
        promised = operation["responses"][status]
        self.check_headers(promised, response, where)
        if response.status_code >= 400 and "application/problem+json" in promised.get("content", {}):
            check_problem(response, where)
        if method == "HEAD" or response.status_code in (204, 304):
            assert not response.content, f"{where} has a body"
            return
        self.check_body(promised, response, where)

    def check_unknown(self, method, path, response, where):
        expected = 404 if self.template(path) is None else 405
        assert response.status_code in (expected, 400, 414, 431), f"{where}: not in the contract"
        if method != "HEAD":
            check_problem(response, where)
        if response.status_code == 405:
            allowed = {name.upper() for name in self.paths[self.template(path)] if name in METHODS}
            allowed |= {"HEAD"} if "GET" in allowed else set()
            assert set(re.split(r",\s*", response.headers["Allow"])) == allowed, f"{where}: Allow"

    def check_headers(self, promised, response, where):
        for name, header in promised.get("headers", {}).items():
            value = response.headers.get(name)
            assert value is not None or not header.get("required"), f"{where}: no {name}"
            if value is not None:
                errors = [error.message for error in self.validator(header["schema"]).iter_errors(value)]
                assert not errors, f"{where}: {name}: {errors[0]}"

    def check_body(self, promised, response, where):
        content = promised.get("content", {})
        media_type = response.headers.get("Content-Type", "").split(";")[0].strip()
        if not content:
            assert not response.content, f"{where}: a body that is not in the contract"
            return
        assert media_type in content, f"{where}: media type {media_type!r}, promised {sorted(content)}"
        if not media_type.endswith("json") or media_type.endswith("ndjson"):
            return
        schema = content[media_type]["schema"]
        error = jsonschema.exceptions.best_match(self.validator(schema).iter_errors(response.json()))
        assert error is None, f"{where}: {error.json_path}: {error.message[:400]}"


def check_problem(response, where):
    if response.request.method == "HEAD":
        return
    assert (
        response.headers["Content-Type"].split(";")[0] == "application/problem+json"
    ), f"{where}: {response.text[:300]}"
    problem = response.json()
    check_problem_object(problem, where)
    assert problem["status"] == response.status_code, f"{where}: status {problem['status']}"
    assert problem["instance"].endswith(response.headers["X-Request-Id"]), f"{where}: instance"
    leak = LEAKS.search(response.text)
    assert not leak, f"{where}: the body tells {leak.group()!r}: {response.text[:500]}"


def check_problem_object(problem, where):
    types = problem_types()
    assert problem["type"] in types, f"{where}: unknown type {problem['type']}"
    assert (problem["status"], problem["title"]) == types[problem["type"]], f"{where}: {problem}"
    assert problem.get("detail"), f"{where}: no detail"
