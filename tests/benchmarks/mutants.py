"""Break a promise of the scorer, one after another: each change must fail the test of that promise.

``python tests/benchmarks/mutants.py [--whole]``: each change is made in a copy of the checkout,
then the file with the promise's test is run there; with ``--whole`` all of the scorer's tests. Ends
with 1 if a change leaves the tests green.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
COPIED = ("scorer", "trainer", "exporter", "tests", "pyproject.toml")


@dataclass(frozen=True)
class Mutant:
    """A change that breaks a promise.

    Attributes:
        name: what is broken.
        file: where.
        old: the code before.
        new: the code after.
        tests: the file with the promise's test.
    """

    name: str
    file: str
    old: str
    new: str
    tests: str


MUTANTS = (
    Mutant(
        "half of a digest is taken for all of it",
        "scorer/known/table.py",
        "(some[:, 0] == others[:, 0]) & (some[:, 1] == others[:, 1])",
        "some[:, 0] == others[:, 0]",
        "tests/scorer/known/test_table.py",
    ),
    Mutant(
        "scores of another arithmetic are taken",
        "scorer/known/earlier_output.py",
        "    if fingerprint is not None:",
        "    if fingerprint is None:",
        "tests/scorer/known/test_scores.py",
    ),
    Mutant(
        "a repeated text is scored again",
        "scorer/known/scores.py",
        "rows = rows[np.isnan(found)]",
        "values[rows] = np.nan",
        "tests/scorer/known/test_scores.py",
    ),
    Mutant(
        "a score at the threshold is negative",
        "scorer/card.py",
        "scores >= np.float32(self.threshold)",
        "scores > np.float32(self.threshold)",
        "tests/scorer/test_kernel.py",
    ),
    Mutant(
        "the least-rows rule of micro-batches is off",
        "scorer/packing.py",
        "count = max(within, alike)",
        "count = max(within, 1)",
        "tests/scorer/test_packing.py",
    ),
    Mutant(
        "another version of the scorer makes nothing stale",
        "scorer/planning/freshness.py",
        "(self.scorer, self.version) != (other.scorer, other.version)",
        "False",
        "tests/scorer/job/test_run.py",
    ),
    Mutant(
        "scores of another onnxruntime are taken up",
        "scorer/job/prepared.py",
        "Binding(stamp, versions(), ",
        "Binding(stamp, {}, ",
        "tests/scorer/job/test_resume.py",
    ),
    Mutant(
        "drift is told that chance gives",
        "scorer/insight/drift.py",
        "psi >= threshold and psi > by_chance",
        "psi >= threshold",
        "tests/scorer/insight/test_drift.py",
    ),
    Mutant(
        "empty bins aren't floored",
        "scorer/insight/stability.py",
        "np.maximum(counts, FLOOR)",
        "np.maximum(counts, 1e-9)",
        "tests/scorer/insight/test_stability.py",
    ),
    Mutant(
        "the bins of two parts don't add up",
        "scorer/reference.py",
        "_sum(self.length, other.length)",
        "self.length",
        "tests/scorer/insight/test_drift.py",
    ),
    Mutant(
        "a report of another model is taken for a reference",
        "scorer/reports/former.py",
        "report.model.sha256 != model_sha256",
        "False",
        "tests/scorer/cli/test_drift.py",
    ),
    Mutant(
        "drift goes before files that failed",
        "scorer/cli/run.py",
        "        _end(result)\n        check_drift(drift, fail_on_drift)",
        "        check_drift(drift, fail_on_drift)\n        _end(result)",
        "tests/scorer/cli/test_drift.py",
    ),
    Mutant(
        "nothing is synced to the disk",
        "scorer/storage/whole_file.py",
        "os.fsync(handle)",
        "pass",
        "tests/scorer/storage/test_whole_file.py",
    ),
    Mutant(
        "example sentences may be a hundredth off",
        "scorer/model.py",
        "GOLDEN_TOLERANCE = 1e-5",
        "GOLDEN_TOLERANCE = 1e-2",
        "tests/scorer/test_modelfile.py",
    ),
    Mutant(
        "no second look under the lock",
        "scorer/job/preparation.py",
        "            verdict = judged()\n            if verdict.is_done:\n",
        "            if False:\n",
        "tests/scorer/job/test_run.py",
    ),
    Mutant(
        "what was seen right after a change is trusted",
        "scorer/planning/seen.py",
        "if seen.input.is_settled and seen.input == now",
        "if seen.input == now",
        "tests/scorer/planning/test_freshness.py",
    ),
    Mutant(
        "an edit whose time was put back is not noticed",
        "scorer/storage/identity.py",
        "    ctime_ns: int\n",
        "    ctime_ns: int = field(compare=False)\n",
        "tests/scorer/planning/test_freshness.py",
    ),
    Mutant(
        "what was kept holds for whatever output stands there",
        "scorer/planning/freshness.py",
        "json.dumps([self._json, stamp], sort_keys=True)",
        "json.dumps([self._json], sort_keys=True)",
        "tests/scorer/planning/test_freshness.py",
    ),
    Mutant(
        "Spark's schema doesn't gain the new columns",
        "scorer/schema_metadata.py",
        'return stored | {"fields": kept + new}',
        'return stored | {"fields": kept}',
        "tests/scorer/test_schema_metadata.py",
    ),
    Mutant(
        "nanoseconds of INT96 are cut off in silence",
        "scorer/tables/parquet_int96.py",
        "if found.with_nanoseconds and not self.truncate:",
        "if False:",
        "tests/scorer/tables/test_parquet_int96.py",
    ),
    Mutant(
        "a column may lose its type",
        "scorer/tables/parquet_types.py",
        "if before.kind != after.kind and before.physical != INT96",
        "if False",
        "tests/scorer/tables/test_parquet_types.py",
    ),
    Mutant(
        "pages are written without checksums",
        "scorer/tables/parquet_writer.py",
        "write_page_checksum=True",
        "write_page_checksum=False",
        "tests/scorer/job/test_run.py",
    ),
    Mutant(
        "two seals in one model file are accepted",
        "scorer/modelfile.py",
        "if len(seals) != 1:",
        "if not seals:",
        "tests/scorer/test_modelfile.py",
    ),
    Mutant(
        "tensors outside the model file are not looked for",
        "scorer/model.py",
        "    refuse_external_data(file.content, file.name)\n",
        "",
        "tests/scorer/test_modelproto.py",
    ),
    Mutant(
        "tensors outside the model file are not looked for in subgraphs",
        "scorer/modelproto.py",
        '6: "graph", ',
        "",
        "tests/scorer/test_modelproto.py",
    ),
    Mutant(
        "onnxruntime may read files of the working folder",
        "scorer/model.py",
        "options.add_session_config_entry(key, value)",
        "pass",
        "tests/scorer/test_modelproto.py",
    ),
    Mutant(
        "replacement rules may grow a text without bound",
        "scorer/words/replacing.py",
        "if texts.nbytes > most:",
        "if False:",
        "tests/scorer/words/test_rules.py",
    ),
    Mutant(
        "a token's length doesn't tell it from a longer one",
        "scorer/words/word_table.py",
        "    high |= SIZE_BYTE.take(sizes)\n",
        "",
        "tests/scorer/words/test_word_table.py",
    ),
    Mutant(
        "equal letters of two texts are one run",
        "scorer/words/cutting.py",
        " & (places - longest >= offsets[rows])",
        "",
        "tests/scorer/words/test_rules.py",
    ),
    Mutant(
        "a string that reaches into the next text is found",
        "scorer/words/scan.py",
        "found = here[places[here] + 2 + len(rest) <= ends[here]]",
        "found = here",
        "tests/scorer/words/test_scan.py",
    ),
    Mutant(
        "a pair that reaches into the next text is found",
        "scorer/words/scan.py",
        "            kinds[last] = self._last_kinds[data[places[last]]]",
        "            pass",
        "tests/scorer/words/test_scan.py",
    ),
    Mutant(
        "a step isn't asked about what the step before it made",
        "scorer/words/layers.py",
        "self._answers[rows] = answers = self._scan.answers(new)",
        "answers = self._scan.answers(new)",
        "tests/scorer/words/test_layers.py",
    ),
    Mutant(
        "the error of a thread that helped is lost",
        "scorer/job/pipeline.py",
        "            helper.result()",
        "            helper.exception()",
        "tests/scorer/job/test_pipeline.py",
    ),
    Mutant(
        "the next files are opened when the last are scored",
        "scorer/job/line.py",
        "open_ahead < MOST_AHEAD",
        "open_ahead < 1",
        "tests/scorer/job/test_line.py",
    ),
    Mutant(
        "of equal states the last one counts in an explanation",
        "scorer/insight/shares.py",
        "where = states.argmax(axis=0)",
        "where = len(states) - 1 - states[::-1].argmax(axis=0)",
        "tests/scorer/insight/test_shares.py",
    ),
    Mutant(
        "labels that flip to positive are counted as flipping to negative",
        "scorer/insight/comparison.py",
        "flips & self.is_positive_b,",
        "flips & ~self.is_positive_b,",
        "tests/scorer/insight/test_compare.py",
    ),
    Mutant(
        "outputs of other reviews are compared all the same",
        "scorer/insight/compare.py",
        "if not texts.equals(others):",
        "if len(texts) != len(others):",
        "tests/scorer/insight/test_compare.py",
    ),
    Mutant(
        "what vanishes from a text belongs to no word",
        "scorer/words/tracing.py",
        "vanished = (new.sizes == 0)",
        "vanished = (new.sizes < 0)",
        "tests/scorer/words/test_tracing.py",
    ),
    Mutant(
        "a string is scored letter by letter",
        "scorer/model.py",
        "if isinstance(texts, single):",
        "if False:",
        "tests/scorer/test_model.py",
    ),
    Mutant(
        "onnxruntime uses all threads",
        "scorer/model.py",
        "options.intra_op_num_threads = 1",
        "options.intra_op_num_threads = 0",
        "tests/scorer/test_model.py",
    ),
    Mutant(
        "partitions that aren't wanted are entered",
        "scorer/planning/inputs.py",
        "        if entries is None or not self.where:\n",
        "        if True:\n",
        "tests/scorer/planning/test_partitions.py",
    ),
    Mutant(
        "the null partition fits what is unequal",
        "scorer/planning/partitions.py",
        "        if value is None:\n            return False\n",
        "        if value is None:\n            return self.comparison == '!='\n",
        "tests/scorer/planning/test_partitions.py",
    ),
    Mutant(
        "an old _SUCCESS stands while rows are scored",
        "scorer/job/entry.py",
        "        means.begins()\n",
        "",
        "tests/scorer/job/test_success_file.py",
    ),
    Mutant(
        "a file's shard depends on where it is written to",
        "scorer/planning/plan.py",
        "[name_below(folder, str(task.output)) for task",
        "[str(task.output) for task",
        "tests/scorer/planning/test_shards.py",
    ),
    Mutant(
        "an array with gaps numbers shards",
        "scorer/planning/array_job.py",
        "        if rest:\n",
        "        if False:\n",
        "tests/scorer/planning/test_array_job.py",
    ),
    Mutant(
        "reports that were edited are merged",
        "scorer/reports/merged.py",
        "if plan_digest(names) != first.share.plan:",
        "if False:",
        "tests/scorer/reports/test_merged.py",
    ),
    Mutant(
        "_SUCCESS is put where an output of a shard is missing",
        "scorer/job/success_file.py",
        "if is_done and not gone:",
        "if is_done:",
        "tests/scorer/cli/test_shards.py",
    ),
    Mutant(
        "an open quote swallows the rest of a CSV file",
        "scorer/tables/csv_dialect.py",
        "        return csv.reader(lines, delimiter=delimiter, strict=True)\n",
        "        return csv.reader(lines, delimiter=delimiter)\n",
        "tests/scorer/tables/test_csv_reader.py",
    ),
    Mutant(
        "windows of a text are not bounded by bytes",
        "scorer/tables/csv_reader.py",
        "cut.is_full(len(window), lines.position)",
        "cut.is_full(len(window), sum(map(len, row)))",
        "tests/scorer/tables/test_csv_reader.py",
    ),
    Mutant(
        "a row that is too large is read whole",
        "scorer/tables/text_source.py",
        "        line = self._readline(self._most + 1)\n",
        "        line = self._readline()\n",
        "tests/scorer/tables/test_csv_reader.py",
    ),
    Mutant(
        "a zip code becomes a number",
        "scorer/tables/csv_types.py",
        "    return bool(values.cast(pa.string()).equals(cells))\n",
        "    return True\n",
        "tests/scorer/tables/test_csv_reader.py",
    ),
    Mutant(
        "an integer that doesn't fit becomes a float",
        "scorer/tables/json_lines_reader.py",
        "kinds == {INTEGER, FLOAT} and self.fits_float",
        "kinds == {INTEGER, FLOAT}",
        "tests/scorer/tables/test_json_lines_reader.py",
    ),
    Mutant(
        "a text read otherwise is not stale",
        "scorer/job/prepared.py",
        "self.reviews.deciding.items()",
        "()",
        "tests/scorer/job/test_texts.py",
    ),
    Mutant(
        "a text with rows that were lost is finished",
        "scorer/tables/parquet_writer.py",
        "self._check_rows(rows if self._rows is None else self._rows)",
        "self._check_rows(pq.read_metadata(self._whole.temporary).num_rows)",
        "tests/scorer/job/test_texts.py",
    ),
    Mutant(
        "an engine's worker of other versions scores",
        "scorer/engines/worker.py",
        "if found.get(name) != version:",
        "if False:",
        "tests/scorer/engines/test_contract.py",
    ),
    Mutant(
        "--same-cpu takes any CPU",
        "scorer/engines/worker.py",
        "job.fingerprint is not None and model.fingerprint != job.fingerprint",
        "False",
        "tests/scorer/engines/test_contract.py",
    ),
    Mutant(
        "an engine hands out small files first",
        "scorer/engines/contract.py",
        "key=lambda place: -sizes[place]",
        "key=lambda place: sizes[place]",
        "tests/scorer/engines/test_contract.py",
    ),
    Mutant(
        "an output that only the engine's worker sees counts as scored",
        "scorer/engines/contract.py",
        "if result.status != SCORED or _is_seen(result.task.output):",
        "if True:",
        "tests/scorer/engines/test_contract.py",
    ),
    Mutant(
        "an engine's worker goes on without its parent",
        "scorer/system/parent.py",
        "while os.getppid() == parent:",
        "while True:",
        "tests/scorer/engines/test_contract.py",
    ),
    Mutant(
        "what was said of a file is lost when its result is packed",
        "scorer/job/results.py",
        "if getattr(result, name) != NEW[number]",
        'if name != "note" and getattr(result, name) != NEW[number]',
        "tests/scorer/job/test_results.py",
    ),
)


def main(*, whole: bool) -> int:
    """Try every mutant; return 1 if one survives."""
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in COPIED:
            copy = shutil.copytree if (CHECKOUT / name).is_dir() else shutil.copy
            copy(CHECKOUT / name, Path(folder) / name)
        for mutant in MUTANTS:
            failed = first_failure(mutant, Path(folder), whole=whole)
            survivors += failed is None
            print(f"{mutant.name}: {failed or 'SURVIVES, no test fails'}", flush=True)
    return int(survivors > 0)


def first_failure(mutant: Mutant, copy: Path, *, whole: bool) -> str | None:
    """Return the name of the first test that a change fails; None if there is none."""
    path = copy / mutant.file
    code = path.read_text()
    assert code.count(mutant.old) == 1, (
        f"{mutant.name}: {mutant.file} has changed, update the mutant"
    )
    path.write_text(code.replace(mutant.old, mutant.new))
    tests = "tests/scorer" if whole else mutant.tests
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", tests]
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=copy, capture_output=True, text=True, env=environment, check=False
    )
    path.write_text(code)
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    if done.returncode == 1 and failed:
        return failed[0].split(" - ")[0].removeprefix("FAILED ")
    assert done.returncode == 0, done.stdout + done.stderr
    return None


if __name__ == "__main__":
    sys.exit(main(whole="--whole" in sys.argv[1:]))
