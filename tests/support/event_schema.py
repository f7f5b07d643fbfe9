"""What OpenLineage's JSON schema asks of the events that the scorer sends, in as few words.

It restates the specification 2-0-2, and of each facet the version that its ``_schemaURL`` names
(https://openlineage.io/spec/2-0-2/OpenLineage.json); it is stricter, since it knows no other keys.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

TEXT, COUNT = {"type": "string"}, {"type": "integer", "minimum": 0}
formats = FormatChecker(formats=("uuid",))


# jsonschema checks it only with a package more.
@formats.checks("date-time", ValueError)
def is_time(value: object) -> bool:
    return datetime.fromisoformat(str(value)).tzinfo is not None


@formats.checks("uri")
def is_uri(value: object) -> bool:
    return re.fullmatch(r"[a-z][a-z0-9+.-]*:\S+", str(value)) is not None


def of(required: dict[str, Any], /, **optional: Any) -> dict[str, Any]:
    """Return the schema of an object."""
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


def facet(name: str, required: dict[str, Any], /, **optional: Any) -> dict[str, Any]:
    """Return the schema of a facet, which names its own version."""
    url = rf"^https://openlineage\.io/spec/facets/\d+-\d+-\d+/{name}\.json#/\$defs/{name}$"
    base = {"_producer": {**TEXT, "format": "uri"}, "_schemaURL": {**TEXT, "pattern": url}}
    return of(base | required, **optional)


def facets(**known: Any) -> dict[str, Any]:
    return of({}, **known)


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def dataset(**facets_of_it: Any) -> dict[str, Any]:
    columns = array(of({"name": TEXT}, type=TEXT, fields=array({"type": "object"})))
    source = {"namespace": TEXT, "name": TEXT, "field": TEXT}
    how = of({"type": {"enum": ["DIRECT", "INDIRECT"]}}, subtype=TEXT, description=TEXT,
             masking={"type": "boolean"})  # fmt: skip
    origins = of({"inputFields": array(of(source, transformations=array(how)))})
    fields = {"type": "object", "additionalProperties": origins}
    known = facets(
        schema=facet("SchemaDatasetFacet", {}, fields=columns),
        columnLineage=facet("ColumnLineageDatasetFacet", {"fields": fields}, dataset=array(of({}))),
    )
    return of({"namespace": TEXT, "name": TEXT}, facets=known, **facets_of_it)


STATISTICS = {"rowCount": COUNT, "size": COUNT, "fileCount": COUNT}
READ = facet("InputStatisticsInputDatasetFacet", {}, **STATISTICS)
WRITTEN = facet("OutputStatisticsOutputDatasetFacet", {}, **STATISTICS)
FAILED = facet("ErrorMessageRunFacet", {"message": TEXT, "programmingLanguage": TEXT})
ENGINE = facet("ProcessingEngineRunFacet", {"version": TEXT}, name=TEXT)
KIND = facet("JobTypeJobFacet", {"processingType": TEXT, "integration": TEXT}, jobType=TEXT)

EVENT = of(
    {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "eventTime": {**TEXT, "format": "date-time"},
        "producer": {**TEXT, "format": "uri"},
        "schemaURL": {
            "const": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
        },
        "run": of(
            {"runId": {**TEXT, "format": "uuid"}},
            facets=facets(errorMessage=FAILED, processing_engine=ENGINE),
        ),
        "job": of({"namespace": TEXT, "name": TEXT}, facets=facets(jobType=KIND)),
    },
    inputs=array(dataset(inputFacets=facets(inputStatistics=READ))),
    outputs=array(dataset(outputFacets=facets(outputStatistics=WRITTEN))),
)


def events_in(file: Path) -> list[dict[str, Any]]:
    """Return the events of a file, one a line, each found valid."""
    return [checked(line) for line in file.read_text(encoding="utf-8").splitlines()]


def checked(text: str) -> dict[str, Any]:
    """Return an event that was found valid."""
    event: dict[str, Any] = json.loads(text)
    Draft202012Validator(EVENT, format_checker=formats).validate(event)
    return event


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["eventType"] for event in events]
