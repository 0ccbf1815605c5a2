"""Compares raw answers with the service model that AWS publishes, as botocore carries it."""

import base64
import binascii
import datetime
import json
import xml.etree.ElementTree as ElementTree

import cbor2
from botocore.exceptions import ClientError


class Walk:
    """One answer compared with its shape; collects what is wrong."""

    def __init__(self, protocol):
        self.protocol = protocol
        self.problems = []
        self.members = 0

    def wrong(self, path, message):
        self.problems.append(f"{path}: {message}")

    def value(self, path, shape, value):
        self.members += 1
        check = getattr(self, "is_" + shape.type_name, None)
        if check is None:
            self.wrong(path, f"a shape of type {shape.type_name} is not expected here")
        else:
            check(path, shape, value)

    def is_structure(self, path, shape, value):
        if not isinstance(value, dict):
            return self.wrong(path, f"expected a structure, got {type(value).__name__}")
        for name in value:
            if name not in shape.members:
                self.wrong(f"{path}.{name}", "the model knows no such member")
        for name in shape.required_members:
            if name not in value:
                self.wrong(f"{path}.{name}", "a required member is missing")
        for name, member in shape.members.items():
            if name in value:
                self.value(f"{path}.{name}", member, value[name])

    def is_list(self, path, shape, value):
        if not isinstance(value, list):
            return self.wrong(path, f"expected a list, got {type(value).__name__}")
        self.bounds(path, shape, len(value), "items")
        for index, item in enumerate(value):
            self.value(f"{path}[{index}]", shape.member, item)

    def is_map(self, path, shape, value):
        if not isinstance(value, dict):
            return self.wrong(path, f"expected a map, got {type(value).__name__}")
        for key, item in value.items():
            self.value(f"{path}[{key!r}]", shape.value, item)

    def is_string(self, path, shape, value):
        if not isinstance(value, str):
            return self.wrong(path, f"expected a string, got {type(value).__name__}")
        if shape.enum and value not in shape.enum:
            self.wrong(path, f"{value!r} is not one of {shape.enum}")
        self.bounds(path, shape, len(value), "characters")

    def is_integer(self, path, shape, value):
        if not isinstance(value, int) or isinstance(value, bool):
            return self.wrong(path, f"expected an integer, got {value!r}")
        self.bounds(path, shape, value, "as its value")

    is_long = is_integer

    def is_double(self, path, shape, value):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            self.wrong(path, f"expected a number, got {value!r}")

    is_float = is_double

    def is_blob(self, path, shape, value):
        try:
            base64.b64decode(value, validate=True)
        except (TypeError, binascii.Error):
            self.wrong(path, f"expected base64, got {value!r}")

    def is_boolean(self, path, shape, value):
        if not isinstance(value, bool):
            self.wrong(path, f"expected a boolean, got {value!r}")

    def is_timestamp(self, path, shape, value):
        right = {
            # cbor2 makes a datetime of tag 1 and of nothing else.
            "smithy-rpc-v2-cbor": lambda: isinstance(value, datetime.datetime),
            "json": lambda: isinstance(value, (int, float)) and not isinstance(value, bool),
            # Of the services that speak it here, the only one asks for this format in all of its timestamps.
            "rest-json": lambda: shape.serialization.get("timestampFormat") == "iso8601" and is_iso(value),
            "query": lambda: isinstance(value, datetime.datetime),
        }[self.protocol]
        if not right():
            self.wrong(path, f"expected a timestamp, got {value!r}")

    def bounds(self, path, shape, size, what):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is not None and size < low) or (high is not None and size > high):
            self.wrong(path, f"{size} {what}, allowed are {low} to {high}")


def is_iso(value):
    """Whether a text is a time in ISO 8601, in UTC."""
    try:
        return datetime.datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def from_xml(element, shape):
    """Reads an XML element by its shape, strictly: what does not fit stays text and fails the walk."""
    if shape.type_name == "structure":
        result = {}
        for child in element:
            name = child.tag.split("}")[-1]
            member = shape.members.get(name)
            result[name] = from_xml(child, member) if member is not None else child.text
        return result
    if shape.type_name == "list":
        return [from_xml(child, shape.member) for child in element]
    text = element.text or ""
    try:
        if shape.type_name in ("integer", "long"):
            return int(text)
        if shape.type_name == "boolean":
            return {"true": True, "false": False}[text]
        if shape.type_name == "timestamp":
            return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    except (KeyError, ValueError):
        return text
    return text


class Judge:
    """The hook: counts the answers that keep to the model and those that do not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.members = 0
        self.seen = set()

    def fail(self, what, problems):
        self.failed += 1
        for problem in problems[:10]:
            print(f"FAILED {what}: {problem}")

    def expect(self, what, holds):
        if holds:
            self.passed += 1
        else:
            self.fail(what, ["it does not hold"])

    def hook(self, operation_model, response_dict, **_):
        model = operation_model.service_model
        protocol, status = model.resolved_protocol, response_dict["status_code"]
        what = f"{protocol} {model.service_id} {operation_model.name} ({status})"
        if status >= 300:
            return
        if operation_model.has_event_stream_output:
            # Its events are judged one by one, as they come.
            self.seen.add((protocol, model.service_name, operation_model.name))
            return
        if operation_model.output_shape is None:
            self.seen.add((protocol, model.service_name, operation_model.name))
            self.expect(f"{what}: nothing is answered", response_dict["body"] in (b"", b"{}"))
            return
        walk = Walk(protocol)
        try:
            value = self.read(protocol, operation_model, response_dict["body"])
        except Exception as error:
            self.fail(what, [f"the body cannot be read: {error}"])
            return
        walk.value(operation_model.name, operation_model.output_shape, value)
        if protocol == "smithy-rpc-v2-cbor" and response_dict["headers"].get("smithy-protocol") != "rpc-v2-cbor":
            walk.wrong("headers", "smithy-protocol is missing")
        if "x-amzn-requestid" not in response_dict["headers"]:
            walk.wrong("headers", "x-amzn-requestid is missing")
        self.members += walk.members
        self.seen.add((protocol, model.service_name, operation_model.name))
        if walk.problems:
            self.fail(what, walk.problems)
        else:
            self.passed += 1

    @staticmethod
    def read(protocol, operation_model, body):
        if protocol == "smithy-rpc-v2-cbor":
            return cbor2.loads(body)
        if protocol in ("json", "rest-json"):
            return json.loads(body)
        root = ElementTree.fromstring(body)
        namespace = "{" + operation_model.service_model.metadata["xmlNamespace"] + "}"
        result = root.find(namespace + operation_model.name + "Result")
        if result is None:
            raise ValueError(f"no {operation_model.name}Result in the namespace of the service")
        return from_xml(result, operation_model.output_shape)

    def event(self, shape, protocol, kind, payload):
        """Compares one event of a stream with the shape of its kind."""
        if kind not in shape.members:
            self.fail(f"an event {kind}", ["the model knows no such event"])
            return
        walk = Walk(protocol)
        walk.value(kind, shape.members[kind], json.loads(payload))
        self.members += walk.members
        if walk.problems:
            self.fail(f"an event {kind}", walk.problems)
        else:
            self.passed += 1

    def refuses(self, what, call, codes):
        """Expects a call to be refused with one of these codes, a message and a request id."""
        try:
            call()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            message = error.response["Error"]["Message"]
            if code not in codes:
                self.fail(what, [f"refused with {code}, not {codes}"])
            elif not message or "RequestId" not in error.response["ResponseMetadata"]:
                self.fail(what, ["the refusal has no message or no request id"])
            else:
                self.passed += 1
        else:
            self.fail(what, ["it was not refused"])
