"""`/v1alpha1/comments:analyze`: the toxicity of a comment in the words of the Perspective API, for programs that were written for it.

Requests and answers have that API's shape, as its reference documents them (github.com/conversationai/perspectiveapi, `2-api/methods.md`
and `limits.md`). What differs: keys are ours (`Authorization: Bearer`, never `?key=`, which ends in logs); `error.code` is our word where
theirs is the number that the HTTP status says too, while `error.status` and `error.details[].errorType` are as there; a text whose
language nobody can tell is read as English instead of refused, because most chat messages are that short.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from hikari.errors import BadInput
from hikari.sentiment.calibration import supported
from serving import answers, problems
from serving.links import Part, ask
from serving.routes import problems_of

ATTRIBUTES = {
    "TOXICITY": "toxic", "SEVERE_TOXICITY": "severe_toxic", "IDENTITY_ATTACK": "identity_hate", "INSULT": "insult",
    "PROFANITY": "obscene", "THREAT": "threat",
}  # fmt: skip
"""Perspective's attributes and the labels of the text model that answer them."""

NOBODY = "_perspective"
"""Whose trends these comments count in."""
UNDETECTED = "en"
"""The language of texts of which nobody can tell it."""
MAX_SPANS = 100
"""Sentences scored one by one; what is left belongs to the last of them."""
_SENTENCE = re.compile(r"\S(?:[^.!?\n。！？]|[.!?](?=\S))*[.!?。！？]*")


class Refusal(BadInput):
    """A request that the Perspective API would refuse; `kind` is its `errorType`, `more` what it says beside."""

    def __init__(self, message: str, kind: str = "INVALID_REQUEST", field: str | None = None, **more: Any) -> None:
        super().__init__(message, field=field)
        self.detail = {"errorType": kind, **more}


class Comment(BaseModel):
    text: str
    type: str | None = Field(default=None, description="PLAIN_TEXT, the only one")


class AttributeParameters(BaseModel):
    """How one attribute is asked for."""

    scoreType: str | None = Field(default=None, description="PROBABILITY, the only one")  # noqa: N815 - Perspective's name
    scoreThreshold: float | None = Field(default=None, description="scores below are left out")  # noqa: N815 - Perspective's name


class AnalyzeComment(BaseModel):
    """A request of the Perspective API; what this engine has no use for is accepted and ignored: it stores no comment, for one."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"examples": [{"comment": {"text": "you are a fool"}, "requestedAttributes": {"TOXICITY": {}}}]},
    )
    comment: Comment
    requestedAttributes: dict[str, AttributeParameters] = Field(  # noqa: N815 - Perspective's name
        default_factory=dict, description=f"any of {', '.join(ATTRIBUTES)}"
    )
    languages: list[str] | None = Field(default=None, description="ISO codes of the text's languages; default: detected")
    spanAnnotations: bool = Field(default=False, description="score every sentence as well")  # noqa: N815 - Perspective's name
    doNotStore: bool | None = None  # noqa: N815 - Perspective's name
    clientToken: str | None = None  # noqa: N815 - Perspective's name
    sessionId: str | None = None  # noqa: N815 - Perspective's name
    communityId: str | None = None  # noqa: N815 - Perspective's name


def build(sentiment: Callable[[], Part]) -> APIRouter:
    """The router; `sentiment` gives the running service's text model when a request comes."""
    router = APIRouter(tags=["sentiment"])

    @router.post("/v1alpha1/comments:analyze", name="comments_analyze", responses=problems_of({503: "the model is not ready"}))
    async def analyze(request: AnalyzeComment) -> Response:
        """Toxicity in the shape of the Perspective API. No viewer's trend, no memory and no count come of it."""
        try:
            return answers.good(await _answer(sentiment(), request))
        except Refusal as error:
            return _refused(error)

    return router


async def _answer(part: Part, request: AnalyzeComment) -> dict[str, Any]:
    _check(request)
    text, asked = request.comment.text, request.requestedAttributes
    rows: list[dict[str, Any]] = await ask(part, "analyze_batch", messages=[_row(text)], channel=NOBODY)
    whole = _good(rows[0])
    detected: str | None = whole["model"]["language"]
    languages = request.languages or [detected or UNDETECTED]
    _require_supported(languages, await ask(part, "stats"), next(iter(asked)), detected)
    spans = await _spans(part, text) if request.spanAnnotations else []
    shown: dict[str, Any] = {}
    for name, parameters in asked.items():
        value = whole["toxicity"]["scores"][ATTRIBUTES[name]]
        if parameters.scoreThreshold is None or value >= parameters.scoreThreshold:
            per_span = [{"begin": begin, "end": end, "score": _score(scores[ATTRIBUTES[name]])} for begin, end, scores in spans]
            shown[name] = {**({"spanScores": per_span} if per_span else {}), "summaryScore": _score(value)}
    optional = {
        "attributeScores": shown or None,  # left out when every score lies below its threshold, as there
        "languages": languages,
        "detectedLanguages": None if detected is None else [detected],
        "clientToken": request.clientToken,
    }
    return {name: value for name, value in optional.items() if value is not None}


def _check(request: AnalyzeComment) -> None:
    if not request.comment.text.strip():
        raise Refusal("Comment must be non-empty.", "COMMENT_EMPTY", "comment.text")
    if request.comment.type not in (None, "PLAIN_TEXT", "TEXT_TYPE_UNSPECIFIED"):
        raise Refusal("Currently, only 'PLAIN_TEXT' comments are supported", field="comment.type")
    if not request.requestedAttributes:
        allowed = ", ".join(ATTRIBUTES)
        raise Refusal(f"Missing requested_attributes; there are {allowed}", "NO_REQUESTED_ATTRIBUTES", "requestedAttributes")
    for name, parameters in request.requestedAttributes.items():
        if name not in ATTRIBUTES:
            raise Refusal(
                f"Unknown requested attribute: {_shown([name])}; there are {', '.join(ATTRIBUTES)}", field="requestedAttributes"
            )
        if parameters.scoreType not in (None, "PROBABILITY", "SCORE_TYPE_UNSPECIFIED"):
            kind, field = _shown([parameters.scoreType]), f"requestedAttributes.{name}.scoreType"
            raise Refusal(f"Requested score type {kind} is not supported by attribute {name}; PROBABILITY is", field=field)


def _require_supported(languages: Sequence[str], reading: Mapping[str, Any], attribute: str, detected: str | None) -> None:
    """Refuse languages that the model does not read well, region and script aside (`pt-BR` is `pt`)."""
    wrong = [code for code in languages if not supported(reading["languages"], reading["language_minimum"], _primary(code))]
    if wrong:
        known = [code for code in reading["languages"] if supported(reading["languages"], reading["language_minimum"], code)]
        about = {"detectedLanguages": [] if detected is None else [detected], "attribute": attribute}
        raise Refusal(
            f"Attribute {attribute} does not support request languages: {_shown(wrong)}; it supports {', '.join(known)}",
            "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
            "languages",
            languageNotSupportedByAttributeError=about,
        )


async def _spans(part: Part, text: str) -> list[tuple[int, int, Mapping[str, float]]]:
    """Begin, end and scores of every sentence, in characters of the text; what holds nothing visible has none."""
    found = [(match.start(), match.start() + len(match[0].rstrip())) for match in _SENTENCE.finditer(text)]
    if len(found) > MAX_SPANS:
        found[MAX_SPANS - 1 :] = [(found[MAX_SPANS - 1][0], found[-1][1])]
    rows = await ask(part, "analyze_batch", messages=[_row(text[begin:end]) for begin, end in found], channel=NOBODY)
    return [(*span, row["toxicity"]["scores"]) for span, row in zip(found, rows, strict=True) if "error" not in row]


def _row(text: str) -> dict[str, str]:
    return {"text": text, "username": NOBODY}


def _good(row: dict[str, Any]) -> dict[str, Any]:
    """The analysis, or the row's error in Perspective's words."""
    error = row.get("error")
    if error is None:
        return row
    if error["code"] == "too_large":
        raise Refusal(f"Comment text too long. {error['message']}", "COMMENT_TOO_LONG", "comment.text")
    raise Refusal(f"Comment must be non-empty. {error['message']}", "COMMENT_EMPTY", "comment.text")


def _refused(error: Refusal) -> JSONResponse:
    body = problems.body(error.code, error.message, error.field)
    body["error"] |= {"status": "INVALID_ARGUMENT", "details": [error.detail]}
    return JSONResponse(body, problems.status_of(error.code))


def _score(value: float) -> dict[str, Any]:
    return {"value": value, "type": "PROBABILITY"}


def _primary(code: str) -> str:
    return re.split("[-_]", code.strip().lower(), maxsplit=1)[0]


def _shown(codes: Sequence[str]) -> str:
    """Names as they may be repeated: letters, hyphens and underscores of a usual length."""
    return ", ".join(code if re.fullmatch(r"[A-Za-z_-]{1,40}", code) else "(another)" for code in codes)
