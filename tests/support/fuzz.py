"""Property tests of a running API against its OpenAPI document.

```
DOCUMENT = kept_document("orders")

@pytest.fixture(scope="module")
def fuzzer(api: Api, running: Running) -> Iterator[Fuzzer]:
    with Fuzzer(DOCUMENT, running.url, api.token(), known={"moduleId": 12}) as fuzzer:
        yield fuzzer

@pytest.mark.parametrize("operation", operations(DOCUMENT))
def test_no_request_breaks_the_contract(fuzzer: Fuzzer, operation: str) -> None:
    fuzzer.fuzz(operation)
```
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Self

import hypothesis
import requests
import schemathesis
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from keyline_ops.openapi.files import path_of

AnyCase = Case[Any]
Operation = APIOperation[Any, Any, Any, Any]

EXAMPLES = int(os.environ.get("KEYLINE_FUZZ_EXAMPLES", "10"))
"""Requests of each kind to an operation. The variable asks for more."""
SEED = os.environ.get("KEYLINE_FUZZ_SEED")
"""What decides the requests. They are the same ones in every run where it is not set."""

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
_METHODS = ("get", "put", "post", "delete", "patch")
_JSON = "application/json"


def kept_document(system: str) -> dict[str, Any]:
    """Return a system's document as it is kept in the repository."""
    found: dict[str, Any] = json.loads(path_of(system).read_text(encoding="utf-8"))
    return found


def operations(document: Mapping[str, Any]) -> list[str]:
    """Return every operation of a document, such as `GET /modules/{moduleId}/messages`.

    What deletes comes last, and the deepest of it first: until then what is known is there.
    """
    found = [
        (method, path)
        for path, described in document["paths"].items()
        for method in described
        if method in _METHODS
    ]
    found.sort(key=lambda each: -each[1].count("/") if each[0] == "delete" else -math.inf)
    return [f"{method.upper()} {path}" for method, path in found]


def _without_security(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document for a client whose every request has a token: it tries no others."""
    paths = {
        path: {
            method: {name: each for name, each in operation.items() if name != "security"}
            for method, operation in found.items()
        }
        for path, found in document["paths"].items()
    }
    return {**document, "paths": paths}


class Fuzzer:
    """Sends an API what its document allows, and what it does not.

    Parameters
    ----------
    url
        Where the API answers.
    token
        A token with all scopes.
    known
        Values of parameters, and of members of bodies, that lead to something that is there.
        Without one the document's example is taken.

    Attributes
    ----------
    covered
        How often each operation answered each status.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        url: str,
        token: str,
        known: Mapping[str, Any] | None = None,
    ) -> None:
        self.covered: dict[str, Counter[int]] = {}
        self._document = document
        self._url = url
        self._known = dict(known or {})
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"
        schema = schemathesis.openapi.from_dict(_without_security(document))
        self._operations: dict[str, Operation] = {
            label: schema[path][method]
            for label in operations(document)
            for method, path in [label.split(" ", 1)]
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        print(self)  # pytest shows it with -rP

    def __str__(self) -> str:
        """Return what was covered, a line an operation."""
        lines = []
        for label, found in self.covered.items():
            counts = ", ".join(f"{count} x {status}" for status, count in sorted(found.items()))
            lines.append(f"{label}: {counts}")
        return "\n".join(lines)

    def fuzz(self, label: str, examples: int = EXAMPLES) -> Counter[int]:
        """Send requests that the document allows, with and without known values, and others.

        Every answer has to be one of the document: its status, content type, headers and
        body. None is a server error, and what the document does not allow is refused.

        Returns
        -------
        How often each status was answered.
        """
        before = Counter(self.covered.get(label, ()))
        for strategy in self._strategies(self._operations[label]):
            self._run(label, strategy, examples)
        return self.covered[label] - before

    def send_example(self, label: str) -> int:
        """Send what the document gives as an example, with the known values in it.

        Returns
        -------
        The status.
        """
        operation = self._operations[label]
        found = self._described(label)
        request: dict[str, Any] = {
            "path_parameters": self._exemplary(label, "path"),
            "query": self._exemplary(label, "query"),
        }
        if "requestBody" in found:
            example = found["requestBody"]["content"][_JSON]["example"]
            known = {name: value for name, value in self._known.items() if name in example}
            request |= {"body": {**example, **known}, "media_type": _JSON}
        return self._send(label, operation.Case(**request))

    def _strategies(self, operation: Operation) -> Iterator[SearchStrategy[AnyCase]]:
        label = operation.label
        yield operation.as_strategy(GenerationMode.POSITIVE)
        known = {place: self._known_of(label, place) for place in ("path", "query")}
        if any(known.values()):
            yield operation.as_strategy(
                GenerationMode.POSITIVE,
                path_parameters=known["path"] or None,
                query=known["query"] or None,
            )
        found = self._described(label)
        if "parameters" in found or "requestBody" in found:
            yield operation.as_strategy(GenerationMode.NEGATIVE)

    def _run(self, label: str, strategy: SearchStrategy[AnyCase], examples: int) -> None:
        @hypothesis.seed(SEED)
        @hypothesis.settings(
            max_examples=examples,
            derandomize=SEED is None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        )
        @hypothesis.given(case=strategy)
        def conforms(case: AnyCase) -> None:
            self._send(label, case)

        conforms()

    def _send(self, label: str, case: AnyCase) -> int:
        response: Response = case.call(base_url=self._url, session=self._session, timeout=30)
        self.covered.setdefault(label, Counter())[response.status_code] += 1
        case.validate_response(response, checks=_CHECKS)
        return response.status_code

    def _known_of(self, label: str, place: str) -> dict[str, Any]:
        names = [
            p["name"] for p in self._described(label).get("parameters", ()) if p["in"] == place
        ]
        return {name: self._known[name] for name in names if name in self._known}

    def _exemplary(self, label: str, place: str) -> dict[str, Any]:
        """Return the known values and, for what else is required, the document's examples."""
        found = self._known_of(label, place)
        for parameter in self._described(label).get("parameters", ()):
            name = parameter["name"]
            if parameter["in"] == place and parameter.get("required") and name not in found:
                examples = parameter["schema"].get("examples")
                assert examples, f"{label}: give an example of {name}, or a known value"
                found[name] = examples[0]
        return found

    def _described(self, label: str) -> dict[str, Any]:
        method, _, path = label.partition(" ")
        found: dict[str, Any] = self._document["paths"][path][method.lower()]
        return found
