"""The templates of an assembly as one resolvable whole: every name across all stacks."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from keyline_local.cloudformation.assembly import Assembly, Stack
from keyline_local.cloudformation.parameters import parameter_value
from keyline_local.cloudformation.refusals import Refusals
from keyline_local.cloudformation.resolve import NO_VALUE, Resolver
from keyline_local.cloudformation.resource_names import IDENTITIES, Identity, Subject
from keyline_local.cloudformation.scalars import as_text
from keyline_local.cloudformation.secret_store import SecretStore
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.ports import Endpoints

T = TypeVar("T")

HTTP_API = "AWS::ApiGatewayV2::Api"
REST_API = "AWS::ApiGateway::RestApi"
FUNCTION_URL = "AWS::Lambda::Url"
APIS = (HTTP_API, REST_API, FUNCTION_URL)
_WITH_ENDPOINT = (HTTP_API, FUNCTION_URL)
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type, not a secret
PARAMETER = "AWS::SSM::Parameter"

_BOOTSTRAP = re.compile(r"/cdk-bootstrap/[^/]+/version")
_BOOTSTRAP_VERSION = "30"  # templates only ask that it is not below what they need
_ELSEWHERE = (
    "leave it out of the assembly that runs here, or run the app on an emulator of AWS, such as "
    "ministack"
)
_INSTEAD = {
    "AWS::CloudFormation::Stack": "make it a stack of the app, which is not nested",
    "Custom::CDKBucketDeployment": "put the files into the bucket when the platform runs",
}
"""What to do instead of a resource of a type that is refused."""
_SECTIONS = ("Parameters", "Mappings", "Conditions", "Resources", "Outputs")
_LOOPBACK = re.compile(r"(127\.0\.0\.1:|//localhost:)(\d+)")
_EXECUTE_API = re.compile(r"https://(\w+)\.execute-api\.[\w-]+\.amazonaws\.com")
_SECRET_REFERENCE = re.compile(r"(arn:(?:[^:]+:){5}[^:]+|[^:]+)(?::SecretString(?::([^:]*).*)?)?")


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource of a template, its properties still unresolved."""

    stack: Stack
    logical_id: str
    type: str
    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]

    @property
    def path(self) -> str:
        """Return where it stands, for messages."""
        return f"{self.stack.name}/Resources/{self.logical_id}"


class Templates:
    """All templates of an assembly, resolved on demand.

    Parameters
    ----------
    parameters
        Values for template parameters and SSM parameters that no stack defines, by name.

    Attributes
    ----------
    refusals
        What was refused so far of what was read.
    """

    def __init__(
        self,
        assembly: Assembly,
        endpoints: Endpoints,
        secrets: SecretStore,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        self.assembly = assembly
        self.endpoints = endpoints
        self.secrets = secrets
        self.given = parameters or {}
        self.refusals = Refusals()
        self.scopes = {stack.name: StackScope(self, stack) for stack in assembly.stacks}

    def resources(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of the given types, or all, in stack order."""
        for scope in self.scopes.values():
            for resource in scope.resources.values():
                if not types or resource.type in types:
                    yield resource

    def read(
        self,
        read: Callable[[Resource], T],
        *types: str,
        other_than: Callable[[Resource], bool] = lambda resource: False,
    ) -> list[T]:
        """Read each resource of the given types. One that is refused is noted in `refusals`.

        A resource is refused also where a property has another form than the resource's type takes:
        a text for a number, a list for an object, or none.

        Parameters
        ----------
        other_than
            Says which resources are left out.
        """
        found: list[T] = []
        for resource in self.resources(*types):
            if not other_than(resource):
                try:
                    found.append(_read(read, resource))
                except LocalPlatformError as error:
                    self._refuse(resource, error)
        return found

    def _refuse(self, resource: Resource, error: LocalPlatformError) -> None:
        self.refusals.add(error)
        with contextlib.suppress(LocalPlatformError):
            identity = self.identity(resource)
            self.refusals.names |= {identity.ref, identity.attributes.get("Arn", identity.ref)}

    def properties(self, resource: Resource) -> dict[str, Any]:
        """Return a resource's properties with nothing left to resolve."""
        return self.scopes[resource.stack.name].properties(resource.logical_id)

    def identity(self, resource: Resource) -> Identity:
        """Return what a resource is called."""
        return self.scopes[resource.stack.name].identity(resource.logical_id, resource.path)

    def outputs(self) -> dict[str, str]:
        """Return the outputs of all stacks as `Stack.Output`."""
        found = {}
        for name, scope in self.scopes.items():
            for output in scope.outputs:
                with self.refusals.taken():
                    found[f"{name}.{output}"] = scope.output_value(output)
        return found

    @cached_property
    def exports(self) -> Mapping[str, tuple[StackScope, str]]:
        """Export name to the stack and output that holds it."""
        found: dict[str, tuple[StackScope, str]] = {}
        for scope in self.scopes.values():
            for output, body in scope.outputs.items():
                if "Export" in body:
                    path = f"{scope.stack.name}/Outputs/{output}/Export"
                    name = scope.export_name(body["Export"], path)
                    if name in found:
                        raise LocalPlatformError(
                            path,
                            f"{found[name][0].stack.name} exports the name {name!r} already",
                            "give each export a name of its own",
                        )
                    found[name] = (scope, output)
        return found

    @cached_property
    def apis(self) -> Mapping[str, str]:
        """API's id to its URL on this machine."""
        return {self.identity(api).ref: self.api_endpoint(api) for api in self.resources(*APIS)}

    def api_endpoint(self, api: Resource) -> str:
        """Return an API's URL on this machine."""
        position = [a.path for a in self.resources(*APIS)].index(api.path)
        return self.endpoints.apis[position]

    def find(
        self,
        type_: str,
        names: Callable[[Identity], set[str]],
        name: str,
        other_than: StackScope | None = None,
    ) -> Resource | None:
        """Return the resource of a type that goes by a name, or None.

        Parameters
        ----------
        other_than
            A stack whose resources do not count.
        """
        for scope in self.scopes.values():
            for resource in scope.resources.values() if scope is not other_than else ():
                if resource.type == type_ and name in names(self.identity(resource)):
                    return resource
        return None

    def localise(self, value: Any) -> Any:
        """Return the value with addresses in it moved to where they are on this machine."""
        if isinstance(value, str):
            moved = self.endpoints.moved
            text = _LOOPBACK.sub(lambda m: f"{m[1]}{moved.get(int(m[2]), m[2])}", value)
            return _EXECUTE_API.sub(lambda m: self.apis.get(m[1], m[0]), text)
        if isinstance(value, list):
            return [self.localise(item) for item in value]
        if isinstance(value, dict):
            return {key: self.localise(item) for key, item in value.items()}
        return value


class StackScope:
    """The names of one stack's template; a `resolve.Scope`."""

    def __init__(self, templates: Templates, stack: Stack) -> None:
        self._all = templates
        self.stack = stack
        self._resolver = Resolver(self)
        self._properties: dict[str, dict[str, Any]] = {}
        self._under_way: list[str] = []

    @cached_property
    def resources(self) -> Mapping[str, Resource]:
        """The resources whose condition holds, by logical id."""
        return {
            logical_id: self._resource(logical_id, body)
            for logical_id, body in self._holding("Resources", "Type").items()
        }

    def _resource(self, logical_id: str, body: Mapping[str, Any]) -> Resource:
        path = f"{self.stack.name}/Resources/{logical_id}"
        parts = {key: body.get(key, {}) for key in ("Properties", "Metadata")}
        for key, part in parts.items():
            if not isinstance(part, dict):
                raise LocalPlatformError(f"{path}/{key}", f"{part!r} is not an object", "write one")
        if not isinstance(body["Type"], str):
            raise LocalPlatformError(f"{path}/Type", f"{body['Type']!r} is not text", "name a type")
        return Resource(
            stack=self.stack,
            logical_id=logical_id,
            type=body["Type"],
            properties=parts["Properties"],
            metadata=parts["Metadata"],
        )

    @cached_property
    def outputs(self) -> Mapping[str, Any]:
        """The outputs whose condition holds, by name."""
        return self._holding("Outputs", "Value")

    def _holding(self, section: str, needed: str) -> dict[str, Any]:
        """Return what a section holds without a condition, or with one that holds."""
        return dict(
            self._once(f"{self.stack.name}/{section}", lambda: self._filter(section, needed))
        )

    def _filter(self, section: str, needed: str) -> dict[str, Any]:
        found = {}
        for name, body in self.stack.section(section).items():
            path = f"{self.stack.name}/{section}/{name}"
            if needed not in body:
                raise LocalPlatformError(path, f"it has no {needed}", f"give it a {needed}")
            if "Condition" not in body or self.condition(body["Condition"], path):
                found[name] = body
        return found

    def check(self) -> None:
        """Check the template's sections, its transforms, and every condition.

        Those too that nothing uses.

        Raises
        ------
        LocalPlatformError
            A section is not an object of objects, a transform is unknown, or a condition is
            malformed or names what does not exist.
        """
        for section in _SECTIONS:
            self.stack.section(section)
        transforms = self.stack.template.get("Transform", [])
        for transform in [transforms] if isinstance(transforms, str) else transforms:
            if transform != "AWS::LanguageExtensions":
                raise LocalPlatformError(
                    f"{self.stack.name}/Transform",
                    f"the local platform cannot run the transform {transform!r}",
                    "synthesize or transform the template first: `sam build`, `sam package`",
                )
        for name in self.stack.section("Conditions"):
            self.condition(name, f"{self.stack.name}/Conditions/{name}")

    def resolve(self, value: Any, path: str) -> Any:
        """Return the value with every intrinsic evaluated and every address local."""
        return self._all.localise(self._once(path, lambda: self._resolver.resolve(value, path)))

    def properties(self, logical_id: str) -> dict[str, Any]:
        """Return a resource's resolved properties."""
        if logical_id not in self._properties:
            resource = self.resources[logical_id]
            self._properties[logical_id] = self.resolve(
                dict(resource.properties), f"{resource.path}/Properties"
            )
        return self._properties[logical_id]

    def export_name(self, export: Any, path: str) -> str:
        """Return the name that an output is exported under.

        Raises
        ------
        LocalPlatformError
            The export has no name, or one that is not text.
        """
        named = isinstance(export, dict) and "Name" in export
        name = self.resolve(export["Name"], path) if named else export
        if not named or not isinstance(name, str):
            raise LocalPlatformError(path, f"{name!r} is not a name", 'write {"Name": "a text"}')
        return name

    def output_value(self, output: str) -> str:
        """Return the resolved value of an output.

        Raises
        ------
        LocalPlatformError
            The value is not text.
        """
        path = f"{self.stack.name}/Outputs/{output}"
        try:
            return as_text(self.resolve(self.outputs[output]["Value"], path))
        except TypeError as error:
            raise LocalPlatformError(
                path, f"the value of an output is text: {error}", "join a list to text"
            ) from error

    def identity(self, logical_id: str, path: str) -> Identity:
        """Return what a resource is called.

        Raises
        ------
        LocalPlatformError
            The template has no such resource, or its type is unknown.
        """
        if path.startswith(f"{self.stack.name}/Conditions/"):
            raise LocalPlatformError(
                path,
                f"a condition names {logical_id!r}, which is not a parameter",
                "use parameters, mappings and other conditions",
            )
        resource = self.resources.get(logical_id)
        if resource is None:
            raise LocalPlatformError(
                path,
                f"{logical_id!r} is not a resource, parameter or pseudo parameter of the template",
                f"synthesize the app again; the stack has {', '.join(self.resources)}",
            )
        identify = IDENTITIES.get(resource.type)
        if identify is None:
            raise unsupported(resource)
        return identify(self._subject(resource))

    def _subject(self, resource: Resource) -> Subject:
        def prop(key: str) -> Any:
            if key not in resource.properties:
                return None
            return self.resolve(resource.properties[key], f"{resource.path}/Properties/{key}")

        return Subject(
            type=resource.type,
            stack=self.stack.name,
            logical_id=resource.logical_id,
            region=self.stack.region,
            account=self.stack.account,
            prop=prop,
            aws_endpoint=self._all.endpoints.aws,
            api_endpoint=self._all.api_endpoint(resource)
            if resource.type in _WITH_ENDPOINT
            else "",
        )

    def _once(self, path: str, evaluate: Callable[[], Any]) -> Any:
        """Evaluate what stands at a path, refusing a value that needs itself."""
        if path in self._under_way:
            raise LocalPlatformError(
                path,
                f"the value needs itself: {' -> '.join([*self._under_way, path])}",
                "break the circle of references in the template",
            )
        self._under_way.append(path)
        try:
            return evaluate()
        finally:
            self._under_way.pop()

    # resolve.Scope

    def ref(self, name: str, path: str) -> Any:
        """Return the value of `Ref`."""
        pseudo = {
            "AWS::AccountId": self.stack.account,
            "AWS::NoValue": NO_VALUE,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": self.stack.region,
            "AWS::StackId": f"arn:aws:cloudformation:{self.stack.region}:{self.stack.account}"
            f":stack/{self.stack.name}/local",
            "AWS::StackName": self.stack.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.stack.section("Parameters"):
            return self._parameter(name, path)
        return self.identity(name, path).ref

    def attribute(self, logical_id: str, attribute: str, path: str) -> Any:
        """Return the value of `Fn::GetAtt`."""
        attributes = self.identity(logical_id, path).attributes
        if attribute not in attributes:
            type_ = self.resources[logical_id].type
            raise LocalPlatformError(
                path,
                f"{logical_id} ({type_}) has no attribute {attribute!r} on the local platform",
                f"it has {sorted(attributes) or 'none'}",
            )
        return attributes[attribute]

    def condition(self, name: str, path: str) -> bool:
        """Return whether the condition holds."""
        conditions = self.stack.section("Conditions")
        if not isinstance(name, str) or name not in conditions:
            raise _unknown(path, "condition", name, conditions)
        where = f"{self.stack.name}/Conditions/{name}"
        holds: bool = self._once(where, lambda: self._resolver.condition(conditions[name], where))
        return holds

    def mapping(self, name: str, path: str) -> Mapping[str, Any]:
        """Return the mapping of that name."""
        mappings = self.stack.section("Mappings")
        if name not in mappings:
            raise _unknown(path, "mapping", name, mappings)
        found: Mapping[str, Any] = mappings[name]
        return found

    def exported(self, name: str, path: str) -> Any:
        """Return the value of `Fn::ImportValue`."""
        if name not in self._all.exports:
            raise _unknown(path, "export", name, self._all.exports)
        scope, output = self._all.exports[name]
        return scope.output_value(output)

    def output(self, stack: str, name: str, path: str) -> Any:
        """Return the value of `Fn::GetStackOutput`; a stack goes by its name or its ARN."""
        scope = self._all.scopes.get(stack.split("/")[1] if "/" in stack else stack)
        if scope is None:
            raise _unknown(path, "stack", stack, self._all.scopes)
        if name not in scope.outputs:
            raise _unknown(path, f"output of {stack}", name, scope.outputs)
        return scope.output_value(name)

    def dynamic(self, service: str, reference: str, path: str) -> str:
        """Return the value of a dynamic reference to Secrets Manager or the Parameter Store."""
        if service == "secretsmanager":
            return self._secret(reference, path)
        if service in ("ssm", "ssm-secure"):
            return self._stored_parameter(reference.split(":")[0], path)
        raise LocalPlatformError(
            path, f"unknown dynamic reference {service!r}", "use secretsmanager or ssm"
        )

    def _parameter(self, name: str, path: str) -> str | list[str]:
        declared = self.stack.section("Parameters")[name]
        given = self._all.given.get(name)
        value = self.stack.parameters.get(name, declared.get("Default"))
        if given is None and value is None:
            raise LocalPlatformError(
                path,
                f"parameter {name} has no value",
                f"give it one with `--parameter {name}=VALUE`, or a default in the template",
            )
        where = f"{self.stack.name}/Parameters/{name}"
        if given is not None:
            return parameter_value(declared, given, where, None)
        # A parameter is there before the resources of its own stack are.
        return parameter_value(
            declared, value, where, lambda key: self._stored_parameter(key, path, other_than=self)
        )

    def _stored_parameter(self, name: str, path: str, other_than: StackScope | None = None) -> str:
        if name in self._all.given:
            return self._all.given[name]
        if _BOOTSTRAP.fullmatch(name):
            return _BOOTSTRAP_VERSION
        found = self._all.find(PARAMETER, lambda identity: {identity.ref}, name, other_than)
        if found is None:
            raise LocalPlatformError(
                path,
                f"no stack defines the SSM parameter {name!r}",
                f"define it in another stack, or give its value with `--parameter {name}=VALUE`",
            )
        return self._all.identity(found).attributes["Value"]

    def _secret(self, reference: str, path: str) -> str:
        match = _SECRET_REFERENCE.fullmatch(reference)
        name, key = (match[1], match[2]) if match else (reference, None)
        found = self._all.find(SECRET, _secret_names, name)
        if found is None:
            raise LocalPlatformError(
                path,
                f"no stack defines the secret {name!r}",
                "define it in a stack of the app",
            )
        value = self._all.secrets.value(found.path, self._all.properties(found))
        return _json_key(value, key, path) if key else value


def _read(read: Callable[[Resource], T], resource: Resource) -> T:
    try:
        return read(resource)
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise LocalPlatformError(
            f"{resource.path}/Properties",
            f"a property has another form than {resource.type} takes: {error!r}",
            "see the CloudFormation reference of the type",
        ) from error


def unsupported(resource: Resource) -> LocalPlatformError:
    """Return the error for a resource of a type the platform cannot run."""
    return LocalPlatformError(
        resource.path,
        f"the local platform cannot run resource type {resource.type} "
        f"({resource.logical_id} in stack {resource.stack.name})",
        _INSTEAD.get(resource.type, _ELSEWHERE),
    )


def is_custom(type_: str) -> bool:
    """Return whether a resource is carried out by a function of the template itself."""
    return type_.startswith("Custom::") or type_ == "AWS::CloudFormation::CustomResource"


def _secret_names(identity: Identity) -> set[str]:
    partial = identity.ref.rpartition("-")[0]
    return {identity.ref, partial, partial.rpartition(":")[2]}


def _json_key(value: str, key: str, path: str) -> str:
    try:
        return str(json.loads(value)[key])
    except (json.JSONDecodeError, KeyError, TypeError):
        raise LocalPlatformError(
            path,
            f"the secret holds no JSON object with the key {key!r}",
            "use the key that GenerateStringKey or SecretStringTemplate gives it",
        ) from None


def _unknown(path: str, kind: str, name: str, known: Mapping[str, Any]) -> LocalPlatformError:
    return LocalPlatformError(
        path, f"there is no {kind} {name!r}", f"known: {', '.join(sorted(known)) or 'none'}"
    )
