"""What schemathesis is to know of this API: one check that leaves out what OGC API - Features asks for."""

import re

import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection


def _one_thing_is_wrong(case) -> bool:
    """Tell whether exactly one part was spoilt; of several that fuzzing spoils, all may be lost in the URL."""
    return case.meta is not None and case.meta.phase.name.value == "coverage"


def _spoilt_value_was_replaced(case) -> bool:
    """Tell whether the wrong value is an id in the path for which the configuration has one: the good one was sent in its place."""
    data = case.meta.phase.data
    if getattr(data.parameter_location, "value", None) != "path":
        return False
    parameter = next((p for p in case.operation.path_parameters if p.name == data.parameter), None)
    pattern = None if parameter is None else parameter.definition["schema"].get("pattern")
    return pattern is not None and re.search(pattern, str(case.path_parameters.get(data.parameter))) is not None


def _only_limit_is_too_large(case) -> bool:
    """Tell whether `limit` is above the maximum that the document gives."""
    limit = (case.query or {}).get("limit")
    maximum = next(
        (p.definition["schema"].get("maximum") for p in case.operation.query if p.name == "limit"),
        None,
    )
    try:
        return maximum is not None and int(str(limit)) > maximum
    except ValueError:
        return False


@schemathesis.check
def refuses_what_is_wrong(ctx, response, case) -> None:
    """Refuse negative data, but a `limit` above the maximum, which is no error (/req/core/fc-limit-response-1).

    A precondition that fails is told before the content is looked at (RFC 9110 section 13.2.1).
    """
    if not _one_thing_is_wrong(case) or (response.status_code == 200 and _only_limit_is_too_large(case)):
        return None
    if response.status_code == 412 or _spoilt_value_was_replaced(case):
        return None
    return negative_data_rejection(ctx, response, case)
