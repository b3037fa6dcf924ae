"""`/v1alpha1/comments:analyze`: the toxicity of a comment in the words of the Perspective API, for programs that were written for it."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from hikari.errors import BadInput
from serving import answers
from serving.links import Part, ask
from serving.routes import problems_of

ATTRIBUTES = {
    "TOXICITY": "toxic", "SEVERE_TOXICITY": "severe_toxic", "IDENTITY_ATTACK": "identity_hate", "INSULT": "insult",
    "PROFANITY": "obscene", "THREAT": "threat",
}  # fmt: skip
"""Perspective's attributes and the labels of the text model that answer them."""

NOBODY = "_perspective"
"""Whose trends these comments count in."""


class Comment(BaseModel):
    text: str


class AnalyzeComment(BaseModel):
    """A request of the Perspective API; what this engine has no use for is ignored, as there."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"examples": [{"comment": {"text": "you are a fool"}, "requestedAttributes": {"TOXICITY": {}}}]},
    )
    comment: Comment
    requestedAttributes: dict[str, Any] = Field(description=f"any of {', '.join(ATTRIBUTES)}")  # noqa: N815 - Perspective's name
    languages: list[str] | None = None
    clientToken: str | None = None  # noqa: N815 - Perspective's name


def build(sentiment: Callable[[], Part]) -> APIRouter:
    """The router; `sentiment` gives the running service's text model when a request comes."""
    router = APIRouter(tags=["sentiment"])

    @router.post("/v1alpha1/comments:analyze", name="comments_analyze", responses=problems_of({503: "the model is not ready"}))
    async def analyze(request: AnalyzeComment) -> Response:
        """Toxicity in the shape of the Perspective API. No viewer's trend, no memory and no count come of it."""
        unknown = request.requestedAttributes.keys() - ATTRIBUTES.keys()
        if unknown or not request.requestedAttributes:
            raise BadInput(f"requestedAttributes may hold {', '.join(ATTRIBUTES)}", field="requestedAttributes")
        found = await ask(sentiment(), "analyze_message", text=request.comment.text, username=NOBODY, channel=NOBODY)
        scores = found["toxicity"]["scores"]
        shown = {
            name: {"summaryScore": {"value": scores[ATTRIBUTES[name]], "type": "PROBABILITY"}}
            for name in request.requestedAttributes
        }
        token = {} if request.clientToken is None else {"clientToken": request.clientToken}
        languages = request.languages or ["en"]
        return answers.good({"attributeScores": shown, "languages": languages, "detectedLanguages": languages, **token})

    return router
