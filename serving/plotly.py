"""Plotly's script for the page, from the installed package: nothing is fetched from elsewhere, and no copy lies in the repository."""

import gzip
import importlib.metadata
import importlib.util
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hikari.errors import NotReady

PATH = "/static/plotly.min.js"

router = APIRouter()


@router.get(PATH, include_in_schema=False)
def script(request: Request) -> Response:
    """The script, compressed for whoever takes that; asked for again, it is sent only when the version has changed."""
    tag = f'"plotly-{_version()}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(_compressed(), media_type="text/javascript", headers={**headers, "Content-Encoding": "gzip"})
    return Response(_file().read_bytes(), media_type="text/javascript", headers=headers)


def _file() -> Path:
    found = importlib.util.find_spec("plotly")
    for folder in (found.submodule_search_locations or ()) if found else ():
        if (path := Path(folder) / "package_data" / "plotly.min.js").is_file():
            return path
    raise NotReady("the charts need the package plotly, which the extra `serve` installs")


@lru_cache(maxsize=1)
def _version() -> str:
    try:
        return importlib.metadata.version("plotly")
    except importlib.metadata.PackageNotFoundError as error:
        raise NotReady("the charts need the package plotly, which the extra `serve` installs") from error


@lru_cache(maxsize=1)
def _compressed() -> bytes:
    return gzip.compress(_file().read_bytes(), compresslevel=6, mtime=0)
