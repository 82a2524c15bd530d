"""What schemathesis needs to know of PointGrid: whose requests these are, and two laws
of the documents that are not OpenAPI's own."""

import json
import os
import re

import schemathesis

# A file that always holds a fresh access token; without it requests carry none.
TOKEN_FILE = os.environ.get("POINTGRID_TOKEN_FILE")

# Codes of fields with which a request is refused that does not have the form of the
# document. Those of a date before 1970, or of a cursor that is nobody's, are others.
MALFORMED = {
    "body_missing", "duplicate_field", "duplicate_parameter", "field_count", "integer_form", "item_count", "json_nesting",
    "json_syntax", "length", "not_accepted", "not_allowed", "not_utf8", "null", "pattern", "required", "schema", "type",
    "unknown_field", "unknown_parameter",
}

# What depends on who asks or on what else was said, or has a form that no pattern can say.
MALFORMED_FOR_SOME = {
    ("/networks", "pattern"), ("/digest", "required"), ("/reason", "required"),
    ("date", "required"), ("partner", "required"), ("partner", "not_allowed"),
}

# Companies' own clients: a request that changed or retired them would lock out the rest.
OURS = {"utility", "utility-maker", "utility-checker", "sky", "mart", "tel"}


@schemathesis.hook
def filter_case(context, case):
    """Leaves alone what the other requests stand on, and headers that a signer replaces."""
    if not TOKEN_FILE and case.meta is not None:
        return not any("header" in str(where).lower() and part.mode.is_negative for where, part in case.meta.components.items())
    return case.method == "GET" or case.path_parameters.get("client_id") not in OURS


@schemathesis.hook
def map_body(context, body):
    """Lets the clock move by hours: each day closes a night, and a year of them takes minutes."""
    if context.operation.definition.raw.get("operationId") == "moveClock" and isinstance(body, dict):
        hours = re.fullmatch("([0-9]+)h", str(body.get("advance")))
        if hours:
            return {**body, "advance": f"{int(hours[1]) % 30}h"}
    return body


if TOKEN_FILE:

    @schemathesis.auth(refresh_interval=5)
    class Token:
        """Sends the token that the file holds."""

        def get(self, case, context):
            with open(TOKEN_FILE, encoding="ascii") as file:
                return file.read().strip()

        def set(self, case, data, context):
            case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.serializer("application/partial-upload", "application/x-ndjson", "application/xml", "text/csv")
def as_it_is(context, value):
    """Sends files as they were made."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def problem(response):
    """Returns the problem that a response is, or None."""
    media = response.headers.get("content-type", [""])[0]
    if not response.content or not media.startswith("application/problem+json"):
        return None
    return json.loads(response.content)


@schemathesis.check
def codes_of_problems_are_documented(ctx, response, case):
    """A response that lists its codes in x-codes has no other."""
    found = problem(response)
    described = case.operation.responses.find_by_status_code(response.status_code)
    if found is None or described is None or "x-codes" not in described.definition:
        return None
    codes = described.definition["x-codes"]
    if found["code"] not in codes:
        raise AssertionError(f"the code {found['code']} is not among {codes}, which the document has for {response.status_code}")
    return None


@schemathesis.check
def what_the_document_accepts_is_well_formed(ctx, response, case):
    """A request that has the form of the document is not refused for its form."""
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return None
    for field in (problem(response) or {}).get("errors", []):
        place = field.get("pointer", field.get("parameter"))
        if field["code"] in MALFORMED and (place, field["code"]) not in MALFORMED_FOR_SOME:
            raise AssertionError(f"refused for its form, which the document allows: {field}")
    return None
