"""The roof of the REST API: every room's endpoints under /api/v1/, described as OpenAPI 3.1.

It lies beside `inbound`, on the storey that knows all rooms; what the endpoints share is `accounts.rest`, below all of them.
A room that gets endpoints adds its router to ROUTERS; the rights matrix in `tests/test_api.py` finds it there.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from buergerdraht.accounts import api as accounts
from buergerdraht.accounts.rest import problems
from buergerdraht.accounts.rest.door import Token
from buergerdraht.accounts.rest.problems import Problem
from buergerdraht.accounts.rest.scopes import ELSEWHERE, SCOPES
from buergerdraht.appointments import api as appointments
from buergerdraht.broadcasts import api as broadcasts
from buergerdraht.cases import api as cases
from buergerdraht.cases import api_tasks as case_tasks
from buergerdraht.consultations import api as consultations
from buergerdraht.contacts import api as contacts
from buergerdraht.conversations import api as conversations
from buergerdraht.dialogs import api as dialogs
from buergerdraht.dialogs import api_walks as walks
from buergerdraht.gateway import api as gateway
from buergerdraht.meters import api as meters

ROUTERS = [
    accounts.router, gateway.router, contacts.topics, contacts.router, broadcasts.router, conversations.router, cases.router,
    case_tasks.router, appointments.router, consultations.router, meters.router, dialogs.router, walks.router, dialogs.tables_router,
]  # fmt: skip
ABOUT = """The messenger desk of a public authority, for its other systems.

A token (console: Einstellungen › Schnittstellen) names the organisation and what may be done; it goes into the header
`Authorization: Bearer …` and nowhere else. Lists come in pages with a cursor. A POST with an `Idempotency-Key` is done once.
Whatever fails is told as `application/problem+json`, in German or by `Accept-Language: en` in English.
"""
LIMITS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


class Wrong(Schema):
    field: str
    detail: str


class ProblemShown(Schema):
    """RFC 9457. `code` is for programs, `detail` for people; `errors` names fields."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[Wrong] | None = None


class Api(NinjaAPI):
    """Describes also what every endpoint can answer, and what its token has to be good for."""

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        said = ProblemShown.model_json_schema(ref_template="#/components/schemas/{model}")
        schema["components"]["schemas"] |= said.pop("$defs") | {"Problem": said}
        schema["components"]["responses"] = {
            "Problem": {
                "description": "What went wrong.",
                "content": {problems.KIND: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        }
        for details in (details for methods in schema["paths"].values() for details in methods.values()):
            _complete(details)
        return schema


def _complete(details: dict[str, Any]) -> None:
    scope = SCOPE_OF[details["operationId"]]
    details["security"] = [{"Token": [scope] if scope else []}]
    details["summary"] = details["description"].split(".")[0].split(":")[0]
    details["description"] = f"{details['description']}\n\nScope: `{scope}`" if scope else details["description"]
    for parameter in details["parameters"]:
        parameter["schema"] = _sendable(parameter["schema"])
    for answer in details["responses"].values():
        answer["headers"] = {name: {"schema": {"type": "integer"}} for name in LIMITS}
    said = {status: {"$ref": "#/components/responses/Problem"} for status in ("401", "403", "429", "default")}
    details["responses"] = {str(status): answer for status, answer in details["responses"].items()} | said


def _sendable(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is left out, never null: what an address line cannot say is not offered."""
    ways = [way for way in schema.pop("anyOf", []) if way.get("type") != "null"]
    return schema | ways[0] if ways else schema


api = Api(title="Bürgerdraht", version="1", description=ABOUT, docs_url=None, openapi_url="/openapi.json", urls_namespace="api")
for _router in ROUTERS:
    api.add_router("", _router)


def endpoints() -> list[tuple[str, str, str, str]]:
    """List every endpoint: method, path below /api/v1, the name of the operation and the scope it needs."""
    return [
        (method, path, str(operation.operation_id), callback.scope)
        for router in ROUTERS
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
        for callback in operation.auth_callbacks
        if isinstance(callback, Token)
    ]


def described() -> str:
    """The description as docs/development/openapi.json holds it."""
    return json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"), indent=1, ensure_ascii=False) + "\n"


SCOPE_OF = {name: scope for _method, _path, name, scope in endpoints()}
if unused := set(SCOPES) - set(SCOPE_OF.values()) - ELSEWHERE:
    raise RuntimeError(f"scopes that open nothing: {unused}")


# ── What went wrong ───────────────────────────────────────────────────────


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problems.answer(problem)


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, problem: Http404) -> HttpResponse:
    return problems.answer(Problem(404))


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, problem: RequestDataTooBig) -> HttpResponse:
    return problems.answer(Problem(413))


@api.exception_handler(AuthenticationError)
def _unauthorised(request: HttpRequest, problem: AuthenticationError) -> HttpResponse:
    return problems.answer(Problem(401))


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, problem: HttpError) -> HttpResponse:
    return problems.answer(Problem(problem.status_code if problem.status_code in problems.CODES else 400))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, problem: ValidationError) -> HttpResponse:
    return problems.answer(problems.invalid(problem))
