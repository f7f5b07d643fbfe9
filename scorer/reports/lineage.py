"""A run as OpenLineage events: START, then COMPLETE, FAIL or ABORT. The extra ``lineage``.

The specification: https://openlineage.io/docs/spec/object-model. Only the classes of its Python
package are used, which turn into JSON: its client isn't, since that reads variables and files that
may send events elsewhere.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from scorer._version import __version__
from scorer.columns import find_text_column
from scorer.errors import ReviewsError, SentimentError, UsageError
from scorer.job.prepared import kernel_of
from scorer.job.result import SCORED, JobResult
from scorer.kernel import new_fields
from scorer.planning.inputs import fixed_parts
from scorer.storage.address import store_address
from scorer.tables.endings import PARQUET, format_of
from scorer.tables.formats import open_reviews

if TYPE_CHECKING:
    import pyarrow as pa

    from scorer.model import SentimentModel
    from scorer.planning.options import Options
    from scorer.planning.plan import Plan, Task

INSTALL = "pip install 'review-sentiment[lineage]'"
NAMESPACE = "review-sentiment"
PRODUCER = f"urn:review-sentiment:scorer:{__version__}"

START, COMPLETE, FAIL, ABORT = "START", "COMPLETE", "FAIL", "ABORT"

# Of more INPUTs than this the folders that they lie in are named.
MOST_INPUTS = 100
# Of more files than this the bytes aren't told: each would have to be looked at once more.
MOST_SIZES = 10_000


def check_installed() -> None:
    """Check that the package is there which makes the events.

    Raises:
        UsageError: it isn't.
    """
    if find_spec("openlineage") is None:
        raise UsageError(
            "reading the options: --lineage needs openlineage-python, which isn't installed; "
            f"install it with: {INSTALL}"
        )


@dataclass(frozen=True)
class Named:
    """A dataset, by OpenLineage's rules for names: https://openlineage.io/docs/spec/naming.

    Attributes:
        namespace: "file", or the store up to its bucket, as in ``s3://bucket``.
        name: the absolute path, or the key.
    """

    namespace: str
    name: str

    @classmethod
    def of(cls, given: str | Path) -> Named:
        """Return the dataset that a path or an address stands for; of a glob, its fixed part.

        >>> Named.of("s3a://bucket/dumps/2026-*.parquet")
        Named(namespace='s3://bucket', name='dumps')
        >>> Named.of("/data/dumps/"), Named.of("gs://bucket/")
        (Named(namespace='file', name='/data/dumps'), Named(namespace='gs://bucket', name='/'))
        """
        address = store_address(given, "naming the dataset")
        if address is not None:
            return cls(address.root, _fixed(address.key).rstrip("/") or "/")
        path = str(given) if Path(given).exists() else _fixed(str(given))
        # Links stay as they were named.
        return cls("file", _printable(os.path.abspath(path)))  # noqa: PTH100

    @property
    def folder(self) -> Named:
        """The folder that it lies in."""
        return Named(self.namespace, str(PurePosixPath(self.name).parent))

    @property
    def address(self) -> str:
        """What tells it from all others, in one text.

        >>> Named("s3://bucket", "a/b").address, Named("file", "/data").address
        ('s3://bucket/a/b', '/data')
        """
        if self.namespace == "file":
            return self.name
        return f"{self.namespace}/{self.name.lstrip('/')}"


def _fixed(path: str) -> str:
    parts = Path(path).parts
    return str(Path(*parts[: fixed_parts(path, parts)])) if glob.has_magic(path) else path


def _printable(path: str) -> str:
    """Return a path whose bytes are no UTF-8 with U+FFFD for these: JSON can't hold them."""
    return os.fsencode(path).decode("utf-8", "replace")


def datasets_of(inputs: Iterable[str | Path]) -> tuple[Named, ...]:
    """Return the datasets that INPUTs stand for, each once."""
    found = tuple(dict.fromkeys(map(Named.of, inputs)))
    return found if len(found) <= MOST_INPUTS else tuple(dict.fromkeys(one.folder for one in found))


@dataclass(frozen=True)
class Columns:
    """The columns of a file, before and after.

    Attributes:
        read: schema of the input.
        written: schema of the output.
        added: names of the new columns.
        text: name of the column with the reviews.
    """

    read: pa.Schema
    written: pa.Schema
    added: Sequence[str]
    text: str


def columns_of(task: Task, model: SentimentModel, options: Options) -> Columns | None:
    """Return the columns of a file that was scored; None if they can't be read any more.

    Those of CSV and JSON Lines are found only by reading it through: the output's are taken.
    """
    is_parquet = format_of(task.input.name) == PARQUET
    try:
        with open_reviews(task.input if is_parquet else task.output, options.max_cell) as reviews:
            schema = reviews.schema
        return _before(schema, model, options) if is_parquet else _after(schema, options)
    except (SentimentError, OSError):
        return None


def _before(schema: pa.Schema, model: SentimentModel, options: Options) -> Columns:
    kernel = kernel_of(model, schema, options)
    return Columns(schema, kernel.schema, kernel.added, kernel.text_column)


def _after(schema: pa.Schema, options: Options) -> Columns:
    import pyarrow as pa

    carried = len(schema) - len(new_fields(options.doubt))
    read = pa.schema([schema.field(place) for place in range(carried)])
    try:
        text = find_text_column(read, options.text_column)
    except ReviewsError:
        # It isn't carried.
        text = options.text_column or ""
    return Columns(read, schema, schema.names[carried:], text)


@dataclass(frozen=True)
class Lineage:
    """What the events of one run say.

    Attributes:
        inputs: what is read.
        output: what is written.
        job: name of the job: every night's run of one command has the same.
        run: id of the run.
    """

    inputs: tuple[Named, ...]
    output: Named
    job: str
    run: str

    @classmethod
    def of(cls, inputs: Sequence[str], output: str, plan: Plan) -> Lineage:
        """Return those of a run that is about to begin.

        Args:
            inputs: as they were given.
            output: as it was given.
            plan: made of both.
        """
        from openlineage.client.uuid import generate_new_uuid

        written = Named.of(output)
        share = plan.share
        part = f", shard {share.number} of {share.of}" if share and share.number else ""
        job = f"score {written.address}{part}"
        return cls(datasets_of(inputs), written, job, str(generate_new_uuid()))

    def start(self) -> str:
        """Return the event that the run begins."""
        return self._event(START, {}, *self._datasets({}))

    def abort(self, run: str) -> str:
        """Return the event that an earlier run of the same job was killed."""
        return self._event(ABORT, {}, (), (), run)

    def end(self, failure: str, result: JobResult | None, model: SentimentModel | None) -> str:
        """Return the event that the run ended: COMPLETE, or FAIL.

        Args:
            failure: the message that it ended with; empty if the exit code is 0.
            result: of the job, if it came to its end.
            model: what scored, if it was loaded.
        """
        from openlineage.client.facet_v2 import error_message_run as facet

        facets = {"errorMessage": facet.ErrorMessageRunFacet(failure, "PYTHON")} if failure else {}
        kind = FAIL if failure else COMPLETE
        if result is None or model is None:
            return self._event(kind, facets, *self._datasets({}))
        return self._end(kind, facets, result, model)

    def _end(
        self, kind: str, facets: dict[str, Any], result: JobResult, model: SentimentModel
    ) -> str:
        columns = {
            named: found
            for named, task in self._examples(result).items()
            if (found := columns_of(task, model, result.options)) is not None
        }
        inputs, outputs = self._datasets(columns)
        rows, files = result.counts.rows, result.count(SCORED)
        read, written = _bytes_of(result)
        if len(inputs) == 1:
            inputs[0].inputFacets = _read_facets(rows, read, files)
        outputs[0].outputFacets = _written_facets(rows, written, files)
        return self._event(kind, facets, inputs, outputs)

    def _examples(self, result: JobResult) -> dict[Named, Task]:
        """Return the first file of each input that is done."""
        found: dict[Named, Task] = {}
        for one in result.files:
            if one.is_done:
                place = Named.of(str(one.task.input))
                named = next((each for each in self.inputs if _is_in(place, each)), None)
                found.setdefault(named or place, one.task)
            if len(found) >= len(self.inputs):
                break
        return found

    def _datasets(self, columns: Mapping[Named, Columns]) -> tuple[list[Any], list[Any]]:
        """Return the datasets of an event, with the columns that are known."""
        from openlineage.client.event_v2 import InputDataset, OutputDataset

        inputs = [
            InputDataset(
                one.namespace,
                one.name,
                facets={"schema": _schema(columns[one].read)} if one in columns else {},
            )
            for one in self.inputs
        ]
        facets = {}
        if columns:
            written = next(iter(columns.values())).written
            facets = {"schema": _schema(written), "columnLineage": _column_lineage(columns)}
        return inputs, [OutputDataset(self.output.namespace, self.output.name, facets=facets)]

    def _event(
        self,
        kind: str,
        facets: dict[str, Any],
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        run: str | None = None,
    ) -> str:
        """Return an event as one line of JSON."""
        from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
        from openlineage.client.facet_v2 import job_type_job, processing_engine_run
        from openlineage.client.serde import Serde

        engine = processing_engine_run.ProcessingEngineRunFacet(__version__, "review-sentiment")
        kind_of_job = job_type_job.JobTypeJobFacet("BATCH", "REVIEW-SENTIMENT", "COMMAND")
        event = RunEvent(
            eventType=RunState(kind),
            eventTime=datetime.now(UTC).isoformat(timespec="milliseconds"),
            run=Run(run or self.run, facets={"processing_engine": engine, **facets}),
            job=Job(NAMESPACE, self.job, facets={"jobType": kind_of_job}),
            inputs=list(inputs),
            outputs=list(outputs),
            producer=PRODUCER,
        )
        return str(Serde.to_json(_told_by_us(Serde.to_dict(event))))


def _told_by_us(found: Any) -> Any:
    """Return an event whose facets name their producer: the package names itself."""
    if isinstance(found, list):
        return [_told_by_us(one) for one in found]
    if isinstance(found, dict):
        return {
            key: PRODUCER if key == "_producer" else _told_by_us(value)
            for key, value in found.items()
        }
    return found


def _is_in(place: Named, folder: Named) -> bool:
    is_below = place.name.startswith(f"{folder.name.rstrip('/')}/") or folder.name == "/"
    return place.namespace == folder.namespace and (place == folder or is_below)


def _schema(schema: pa.Schema) -> Any:
    from openlineage.client.facet_v2 import schema_dataset

    return schema_dataset.SchemaDatasetFacet(
        [schema_dataset.SchemaDatasetFacetFields(one.name, str(one.type)) for one in schema]
    )


def _column_lineage(columns: Mapping[Named, Columns]) -> Any:
    """Return where each column of the output comes from: itself, or the reviews."""
    from openlineage.client.facet_v2 import column_lineage_dataset as facet

    same = facet.Transformation("DIRECT", "IDENTITY", "carried as it is", False)
    scored = facet.Transformation(
        "DIRECT", "TRANSFORMATION", "found in the text by the model", True
    )
    fields: dict[str, Any] = {}
    for named, one in columns.items():
        for name in one.written.names:
            is_new = name in one.added
            source = one.text if is_new else name
            if source:
                how = [scored if is_new else same]
                origin = facet.InputField(named.namespace, named.name, source, how)
                fields.setdefault(name, facet.Fields([])).inputFields.append(origin)
    return facet.ColumnLineageDatasetFacet(fields)


def _read_facets(rows: int, size: int | None, files: int) -> dict[str, Any]:
    from openlineage.client.facet_v2 import input_statistics_input_dataset as facet

    return {"inputStatistics": facet.InputStatisticsInputDatasetFacet(rows, size, files)}


def _written_facets(rows: int, size: int | None, files: int) -> dict[str, Any]:
    from openlineage.client.facet_v2 import output_statistics_output_dataset as facet

    return {"outputStatistics": facet.OutputStatisticsOutputDatasetFacet(rows, size, files)}


def _bytes_of(result: JobResult) -> tuple[int | None, int | None]:
    """Return the bytes read and written, of files of this machine; None if that isn't known."""
    if len(result.files) > MOST_SIZES:
        return None, None
    tasks = [one.task for one in result.files if one.status == SCORED]
    read = sum(task.size for task in tasks)
    outputs = [task.output for task in tasks]
    try:
        return read, sum(path.stat().st_size for path in outputs if isinstance(path, Path)) or None
    except OSError:
        return read, None
