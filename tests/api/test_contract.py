"""openapi.yaml itself: well-formed, complete, and the same as the router's table."""

import re

import jsonschema
import pytest

from support import daemon as daemons, places
from support.contract import problem_types

ROLES = {"reader", "contributor", "reviewer", "admin", "auditor", "operator"}
SCHEMA_WORDS = {
    "type",
    "const",
    "enum",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "pattern",
    "format",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "uniqueItems",
    "oneOf",
    "allOf",
    "anyOf",
    "default",
    "description",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "$ref",
    "example",
    "examples",
}


@pytest.fixture(scope="module")
def operations(contract):
    return list(contract.operations())


def walk(node, path=""):
    yield path, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, f"{path}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{path}/{index}")


def named(operations, fault):
    """[operationId: fault] for every operation in which fault(operation) finds something."""
    return [f"{operation['operationId']}: {found}" for _, _, operation in operations if (found := fault(operation))]


def schemas(contract):
    """Every schema of the document, also those inside others, as (path, schema)."""
    roots = [
        (f"/components/schemas/{name}", schema) for name, schema in contract.source["components"]["schemas"].items()
    ]
    roots += [
        (path, node["schema"])
        for path, node in walk({key: contract.source[key] for key in ("paths", "components")})
        if isinstance(node, dict) and isinstance(node.get("schema"), dict) and "/example" not in path
    ]
    todo = list(roots)
    while todo:
        path, schema = todo.pop()
        if not isinstance(schema, dict):
            continue
        yield path, schema
        todo += [
            (f"{path}/{word}", schema[word])
            for word in ("items", "additionalProperties", "propertyNames")
            if word in schema
        ]
        todo += [
            (f"{path}/{word}/{i}", each)
            for word in ("oneOf", "allOf", "anyOf")
            for i, each in enumerate(schema.get(word, []))
        ]
        todo += [(f"{path}/properties/{name}", each) for name, each in schema.get("properties", {}).items()]


# ---- the document ----


def test_head(contract):
    source = contract.source
    assert source["openapi"].startswith("3.1.")
    assert source["info"]["license"]["identifier"] == "Apache-2.0"
    header = (places.ROOT / "include" / "winnow" / "version.h").read_text()
    assert source["info"]["version"] == re.search(r'WINNOW_VERSION "([^"]+)"', header).group(1)


def test_references_lead_somewhere_and_all_components_are_used(contract):
    used = set()
    for path, node in walk(contract.source):
        if isinstance(node, dict) and "$ref" in node:
            contract.target(node["$ref"])
            assert set(node) <= {"$ref", "description"}, path
            used.add(node["$ref"])
    for kind, components in contract.source["components"].items():
        if kind != "securitySchemes":
            unused = [name for name in components if f"#/components/{kind}/{name}" not in used]
            assert not unused, f"{kind}: {unused}"


def test_operations_are_complete(contract, operations):
    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(ids) == len(set(ids))
    tags = {tag["name"] for tag in contract.source["tags"]}
    assert not named(operations, lambda o: {"summary", "description", "tags", "x-winnow-roles", "responses"} - set(o))
    assert not named(operations, lambda o: set(o["tags"]) - tags or not o["tags"])
    assert not named(operations, lambda o: o["summary"].endswith(".") or len(o["summary"]) > 80)
    assert not named(operations, lambda o: not o["description"].rstrip().endswith((".", ">")))
    assert not named(operations, lambda o: not re.fullmatch("[a-z][A-Za-z]+", o["operationId"]))


def test_roles_and_security(operations):
    def fault(operation):
        roles = operation["x-winnow-roles"]
        if roles == ["public"]:
            return None if operation.get("security") == [] else "public, but asks for a token"
        if "security" in operation:
            return "security differs from the document's"
        return None if roles == ["any"] or (roles and set(roles) <= ROLES and len(roles) == len(set(roles))) else roles

    assert not named(operations, fault)


def test_every_error_is_a_problem(operations):
    def fault(operation):
        for status, response in operation["responses"].items():
            if int(status) >= 400 and set(response.get("content", {})) != {"application/problem+json"}:
                if not (status == "503" and operation["operationId"].endswith("Readiness")):
                    return status
        return None

    assert not named(operations, fault)


def test_the_errors_that_each_operation_can_give(contract, operations):
    def fault(operation):
        statuses = {int(status) for status in operation["responses"]}
        wanted = {400, 413, 414, 422, 431}
        if operation["x-winnow-roles"] != ["public"]:
            wanted |= {401, 500, 503}
        if operation["x-winnow-roles"] not in (["public"], ["any"]):
            wanted |= {403}
        if "requestBody" in operation:
            wanted |= {408, 415}
        return sorted(wanted - statuses)

    assert not named(operations, fault)
    for method, path, operation in operations:
        statuses = {int(status) for status in operation["responses"]}
        names = {p["name"] for p in contract.parameters(path, operation)}
        assert ("{" not in path) or 404 in statuses, path
        assert ("If-Match" in names) == (428 in statuses) == (412 in statuses), (method, path)
        assert (304 in statuses) == (method == "GET" and "If-None-Match" in names), (method, path)
        has_etag = "ETag" in operation["responses"].get("200", {}).get("headers", {})
        assert method != "GET" or has_etag == (304 in statuses), (method, path)


# They are posted because they have a body, and change nothing.
READING = {"getItems", "replayRanking", "checkPolicy", "simulate", "scoreItems"}


def test_headers(contract, operations):
    for method, path, operation in operations:
        for status, response in operation["responses"].items():
            headers = response.get("headers", {})
            where = (method, path, status)
            assert "X-Request-Id" in headers or status == "408", where
            if path.startswith("/v1/workspaces/{ws}") and status in ("200", "201", "207"):
                assert "Winnow-Revision" in headers, where
            changes = method in ("POST", "PUT", "PATCH", "DELETE") and operation["operationId"] not in READING
            if status in ("200", "201", "204", "207") and changes:
                assert "Winnow-Head" in headers, where
            keyed = "Idempotency-Key" in {p["name"] for p in contract.parameters(path, operation)}
            assert ("Retry-After" in headers) == (
                (status in ("429", "503") or (status == "409" and keyed))
                and "Ready" not in response["description"]
                and "application/problem+json" in response["content"]
            ), where
            assert ("Idempotent-Replayed" in headers) == (keyed and status in ("200", "201", "207")), where
            assert ("WWW-Authenticate" in headers) == (status == "401"), where
            assert ("Location" in headers) == (
                status == "201"
                and "content" in response
                and operation["operationId"]
                in (
                    "createWorkspace",
                    "createModel",
                    "createOverride",
                    "createPolicy",
                    "weighCriteria",
                    "keepRanking",
                    "createProposal",
                )
            ), where


def test_every_post_that_writes_takes_a_key(contract, operations):
    for method, path, operation in operations:
        keyed = "Idempotency-Key" in {p["name"] for p in contract.parameters(path, operation)}
        assert keyed == (method == "POST" and operation["operationId"] not in READING), (method, path)
        assert not keyed or "409" in operation["responses"], (method, path)


def test_parameters(contract, operations):
    for method, path, operation in operations:
        parameters = contract.parameters(path, operation)
        keys = [(p["in"], p["name"]) for p in parameters]
        assert len(keys) == len(set(keys)), (method, path)
        assert {name for place, name in keys if place == "path"} == set(re.findall(r"\{(\w+)\}", path)), (method, path)
        for parameter in parameters:
            assert parameter.get("description") and "schema" in parameter, (path, parameter)
            if parameter["in"] == "path":
                assert parameter["required"] is True
            if parameter["in"] == "query":
                assert re.fullmatch("[a-z][a-z_]*", parameter["name"])


def test_paths_are_kebab_case(contract):
    for path in contract.paths:
        for segment in path.strip("/").split("/"):
            assert re.fullmatch(r"(\{[a-z]+\}|[a-z0-9.-]+)(:[a-z-]+)?", segment), path


def test_schemas_are_schemas(contract):
    for path, schema in schemas(contract):
        unknown = set(schema) - SCHEMA_WORDS
        assert not unknown, f"{path}: {unknown}"
        if "$ref" not in schema:
            jsonschema.Draft202012Validator.check_schema(contract.resolved(schema))
        for name in schema.get("required", []):
            if "properties" in schema:
                assert name in schema["properties"], f"{path}: {name}"
        for name in schema.get("properties", {}):
            assert re.fullmatch(r"\$?[a-z][a-z0-9_]*", name), f"{path}: {name}"


def test_requests_are_closed_and_responses_open(contract, operations):
    def objects(schema):
        if schema.get("type") == "object" or "properties" in schema:
            yield schema
        parts = schema.get("oneOf", []) + schema.get("allOf", []) + list(schema.get("properties", {}).values())
        for part in parts + ([schema["items"]] if "items" in schema else []):
            yield from objects(part)

    foreign = {"postSourceItems", "replaceMapping"}  # a tracker's own payload; a format's own keys
    for _, path, operation in operations:
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for schema in objects(content["schema"]):
                if operation["operationId"] not in foreign:
                    assert "additionalProperties" in schema, f"{path}: {sorted(schema.get('properties', {}))}"
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                for schema in objects(content["schema"]):
                    closed = schema.get("additionalProperties") is False
                    assert not closed or set(schema["properties"]) == {"lower", "upper"}, f"{path} {status}"


def test_examples_are_examples(contract, operations):
    for method, path, operation in operations:
        found = 0
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [response.get("content", {}) for response in operation["responses"].values()]
        for content in contents:
            for media_type, media in content.items():
                values = (
                    [media["example"]]
                    if "example" in media
                    else [e["value"] for e in media.get("examples", {}).values()]
                )
                assert values, f"{method} {path}: no example of {media_type}"
                for value in values:
                    found += 1
                    error = jsonschema.exceptions.best_match(contract.validator(media["schema"]).iter_errors(value))
                    assert error is None, f"{method} {path} {media_type}: {error.json_path}: {error.message}"
        assert found, f"{method} {path}"


def test_problem_examples_are_of_the_table(contract):
    for name, response in contract.source["components"]["responses"].items():
        example = response.get("content", {}).get("application/problem+json", {}).get("example")
        if example:
            assert problem_types()[example["type"]] == (example["status"], example["title"]), name


def test_every_error_of_the_table_is_an_answer_somewhere(operations):
    documented = {int(status) for _, _, operation in operations for status in operation["responses"]}
    assert {status for status, _ in problem_types().values()} - documented == {405}


# ---- the document and the router ----


def test_router_and_contract_agree(contract, operations):
    done = daemons.command("routes")
    assert done.returncode == 0, done.stderr
    routed, decisions = {}, set()
    for line in done.stdout.splitlines():
        if not line or line.startswith("#"):
            continue
        method, path, roles = line.split("\t")[:3]
        assert (method, path) not in routed, line
        routed[method, path] = set(filter(None, roles.split(",")))
        if "decides" in line.split("\t")[3].split():
            decisions.add((method, path))
    promised = {(method, path): set(operation["x-winnow-roles"]) for method, path, operation in operations}
    assert decisions == {(m, path) for m, path, operation in operations if operation.get("x-winnow-decides")}
    assert set(routed) - set(promised) == set(), "routes that the contract lacks"
    assert set(promised) - set(routed) == set(), "operations that the router lacks"
    assert {key: (routed[key], promised[key]) for key in promised if routed[key] != promised[key]} == {}


def test_served_as_it_is(operator):
    served = operator.get("/openapi.yaml")
    assert served.text == places.OPENAPI.read_text()


def test_every_problem_type_has_its_page(operator):
    overview = operator.get("/problems").text
    for path, (status, title) in problem_types().items():
        page = operator.get(path)
        assert page.headers["Content-Type"].startswith("text/html")
        for text in (str(status), title.replace("'", "&#39;"), path.rsplit("/", 1)[1]):
            assert text in page.text or text.replace("&#39;", "'") in page.text, path
        assert path in overview
    operator.get("/problems/no-such-problem", 404)


@pytest.mark.parametrize("method", ("get", "put", "post", "delete", "patch"))
def test_methods_that_a_path_does_not_have(contract, operator, method):
    """405 with Allow (checked by the client) on every path, and never a 5xx."""
    values = {
        "ws": "absent",
        "id": "00000000-0000-4000-8000-000000000000",
        "version": "1",
        "ranking": "1.1",
        "a": "1.1",
        "b": "1.1",
        "name": "active",
        "format": "github",
        "kind": "model",
        "slug": "validation",
    }
    for template, item in contract.paths.items():
        if method not in item:
            operator.request(method.upper(), template.format(**values), 405)


def test_item_schema_is_a_schema_and_agrees_with_the_contract(operator, contract):
    schema = operator.get("/v1/schemas/item/1").json()
    jsonschema.Draft202012Validator.check_schema(schema)
    promised = contract.source["components"]["schemas"]["ItemInput"]["properties"]
    assert set(schema["properties"]) == set(promised)
    for name, each in schema["properties"].items():
        target = schema["$defs"][each["$ref"].rsplit("/", 1)[1]] if "$ref" in each else each
        assert {**target, **each}.get("description"), f"the data dictionary says nothing about {name}"
    for version in ("2", "0", "x", "1.0"):
        operator.get(f"/v1/schemas/item/{version}", 404)
