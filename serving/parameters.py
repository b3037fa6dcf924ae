"""Parameters that many bodies share, as the OpenAPI document shows them. The engine alone knows what is allowed in them: where a
value is only described here, nothing is converted on the way to its checks."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, WithJsonSchema

Text = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 20_000})]
Name = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 256})]
MaybeName = Annotated[
    str | None, WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1, "maxLength": 256}, {"type": "null"}]})
]
Flag = StrictBool
Count = Annotated[StrictInt, WithJsonSchema({"type": "integer", "minimum": 1})]
Fraction = Annotated[Any, WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
Number = Annotated[Any, WithJsonSchema({"type": "number"})]
MaybeNumber = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "null"}]})]
Moment = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [{"type": "number"}, {"type": "string"}, {"type": "null"}],
            "description": "epoch seconds or ISO 8601; without a zone: UTC",
        }
    ),
]
Seconds = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "null"}]})]


def example(**values: Any) -> ConfigDict:
    """The configuration of a body whose document shows these values."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [values]})


class Request(BaseModel):
    """The body of a call: the parameters of the Python method by their names. What is left out keeps the method's default."""

    model_config = ConfigDict(extra="forbid")

    def arguments(self) -> dict[str, Any]:
        """The parameters that were given."""
        return self.model_dump(exclude_unset=True)
