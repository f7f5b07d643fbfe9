"""The files of a job in a line: some are opened ahead, others scored, the last ones synced.

One thread, the caller's, opens, reads and writes; the pipeline's threads score. So that no thread
waits for a file to be opened or for the disk, up to :data:`MOST_AHEAD` files are open ahead of
those that are being scored, as many wait for the disk behind them, and small ones are scored
together. Outputs are put in place, and results come, in the order of the files.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice

from scorer.job.containment import STOPPED_REASON
from scorer.job.entry import Entry, Means, Watch
from scorer.job.load import Load, Outcome, Part, Scoring, score_load
from scorer.job.result import STOPPED, FileResult
from scorer.planning.plan import Task
from scorer.storage.whole_file import sync_each
from scorer.tables.parquet_reader import WINDOW_BYTES

# Files that are open and locked ahead of those that are scored; and those that wait for the disk.
MOST_AHEAD = 8
# Small files that are scored together: one such load waits while others are scored. With two of
# half the size, threads spend a sixth more CPU on taking the interpreter's lock from each other.
MOST_TOGETHER = MOST_AHEAD


@dataclass(frozen=True)
class Sent:
    """A load that is scored: whose windows they are, and the answer."""

    entries: Sequence[Entry]
    answer: Future[list[Outcome]]


class Line:
    """The files of a job in a line.

    Args:
        tasks: the files in order, each also with its output's end under way.
        means: what they are scored with.
        watch: is told of each window when it is written, and the files before it are done.
    """

    def __init__(self, tasks: Iterable[tuple[Task, Task]], means: Means, watch: Watch) -> None:
        self._tasks, self._means, self._watch = iter(tasks), means, watch
        self._has_tasks = True
        self._entries: deque[Entry] = deque()
        # The last of them, as long as it isn't read to its end.
        self._reading: Entry | None = None
        self._load, self._owners = Load(), list[Entry]()
        self._sent: deque[Sent] = deque()

    def results(self) -> Generator[FileResult]:
        """Yield what became of each file, in order.

        What is on its way when this ends early is let go of as by a stop: the next run goes on.
        """
        try:
            # Without an error of its own: each file's result says that the job was stopped.
            with suppress(CancelledError):
                while self._advance():
                    yield from self._done()
            for entry in self._entries:
                entry.end(CancelledError())
            yield from self._done()
        except BaseException as error:
            self._let_go(error)
            raise
        for task, _ in self._tasks:
            yield FileResult(task, STOPPED, STOPPED_REASON)

    def _advance(self) -> bool:
        """Do what is to be done next; whether there was something."""
        self._means.pipeline.check()
        if self._entries and self._entries[0].is_named:
            self._entries[0].finish()
        elif self._entries and self._next_to_put is not None:
            self._put()
        elif self._has_room and self._can_read:
            self._read()
        elif self._has_room and self._load.parts:
            self._send()
        elif self._sent:
            self._take()
        elif self._entries:
            self._entries[0].wait()
        else:
            return False
        return True

    def _done(self) -> Iterator[FileResult]:
        """Yield the results that are there, up to the first file that is still on its way."""
        while self._entries:
            self._entries[0].tell(self._watch)
            result = self._entries[0].result
            if result is None:
                return
            self._entries.popleft()
            yield result

    @property
    def _is_full(self) -> bool:
        """Whether the load is large enough, or holds as many files as are opened ahead."""
        return self._load.is_full or len(set(self._owners)) >= MOST_TOGETHER

    @property
    def _has_room(self) -> bool:
        """Whether one more load may be under way: one waits for each thread, and one more."""
        return len(self._sent) <= self._means.pipeline.threads + 1

    @property
    def _can_read(self) -> bool:
        """Whether there is a file to be read, or to be opened."""
        if self._reading is not None:
            return not self._reading.must_wait or self._reading is self._entries[0]
        behind = sum(entry.is_behind for entry in self._entries)
        open_ahead = len(self._entries) - behind - self._in_hand
        return self._has_tasks and behind < MOST_AHEAD and open_ahead < MOST_AHEAD

    @property
    def _in_hand(self) -> int:
        """Number of the files that are being scored, one load by each thread."""
        loads = islice(self._sent, self._means.pipeline.threads)
        owners = {entry for sent in loads for entry in sent.entries}
        return sum(not entry.is_behind for entry in owners)

    def _read(self) -> None:
        """Open the next file, or read the next window of the one that is open."""
        entry = self._reading
        if entry is None:
            self._open()
        elif entry.must_wait:
            entry.prepare(patient=True)
        else:
            self._gather(entry, entry.read())

    def _open(self) -> None:
        task, asked = next(self._tasks, (None, None))
        self._has_tasks = task is not None
        if task is None or asked is None:
            return
        if self._load.parts and task.size > WINDOW_BYTES:
            # It takes long to open, and its windows need no others.
            self._send()
        entry = Entry(task, asked, self._means)
        self._entries.append(entry)
        # While files of ours are on their way, another run may wait for one of them.
        entry.prepare(patient=len(self._entries) == 1)
        self._reading = entry

    def _gather(self, entry: Entry, part: Part | None) -> None:
        if part is None:
            self._reading = None
            self._complete(entry)
            return
        if not self._load.has_room_for(part.window):
            self._send()
        self._load.add(part)
        self._owners.append(entry)
        if self._is_full:
            self._send()

    def _send(self) -> None:
        owners, means = self._owners, self._means
        check = partial(self._check, owners)
        pipeline = means.pipeline
        scoring = Scoring(means.model, means.known, pipeline.probe, check, pipeline.share)
        work = partial(score_load, self._load.parts, scoring)
        self._sent.append(Sent(owners, pipeline.begin(work)))
        self._load, self._owners = Load(), []

    def _check(self, owners: Sequence[Entry]) -> None:
        """End the scoring of windows of which no file is on its way any more.

        Raises:
            CancelledError: there is none, or the job was stopped.
        """
        self._means.pipeline.check()
        if all(entry.result is not None for entry in owners):
            raise CancelledError

    def _take(self) -> None:
        """Write what is scored, in the order of the loads."""
        self._means.pipeline.wait_for(self._sent[0].answer)
        sent = self._sent.popleft()
        # Raised if the files have failed, which they know.
        with suppress(CancelledError):
            for entry, outcome in zip(sent.entries, sent.answer.result(), strict=True):
                entry.write(outcome)
                self._complete(entry)

    @property
    def _next_to_put(self) -> Entry | None:
        """The first file whose output isn't in place, if that is on the disk."""
        left = (entry for entry in self._entries if entry.result is None and not entry.is_put)
        entry = next(left, None)
        return entry if entry is not None and entry.is_synced else None

    def _put(self) -> None:
        """Put the outputs in place that are on the disk, in order, and have their names waited for.

        A folder is waited for once, whatever the number of its new names.
        """
        put: list[Entry] = []
        while (entry := self._next_to_put) is not None:
            entry.put()
            if entry.is_put:
                put.append(entry)
        folders = {entry.folder for entry in put}
        named = self._means.pipeline.begin_sync(partial(sync_each, folders))
        for entry in put:
            entry.name(named)

    def _complete(self, entry: Entry) -> None:
        if entry.is_scored:
            entry.complete()

    def _let_go(self, error: BaseException) -> None:
        for entry in self._entries:
            with suppress(BaseException):
                entry.end(error)
