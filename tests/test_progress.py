"""Progress: plain lines in a log, bars on a terminal, and counts that add up."""

from __future__ import annotations

import io
import threading

from harness.progress import Progress


def test_a_log_gets_a_first_and_a_last_line() -> None:
    stream = io.StringIO()
    with Progress(stream, live=False).task("sampling wc", 4, "samples") as task:
        task.advance(3)
        task.advance()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "sampling wc: 0/4 samples"
    assert lines[-1].startswith("sampling wc: 4/4 samples, ")
    assert len(lines) == 2


def test_a_resumed_task_says_where_it_starts() -> None:
    stream = io.StringIO()
    with Progress(stream, live=False).task("sampling wc", 10, "samples", done=7):
        pass
    assert stream.getvalue().splitlines()[0] == "sampling wc: resumed at 7/10 samples"


def test_lines_say_how_much_is_left(monkeypatch: object) -> None:
    stream = io.StringIO()
    with Progress(stream, live=False).task("x", 100, "rows") as task:
        task._last_line -= 60
        task._started -= 60
        task.advance(25)
    assert "25/100 rows, about 180 s left" in stream.getvalue()


def test_threads_lose_no_count() -> None:
    stream = io.StringIO()
    with Progress(stream, live=False).task("x", 4000, "rows") as task:
        threads = [
            threading.Thread(target=lambda: [task.advance() for _ in range(1000)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert "4000/4000 rows" in stream.getvalue().splitlines()[-1]


def test_a_terminal_gets_a_bar() -> None:
    stream = io.StringIO()
    progress = Progress(stream, live=True)
    with progress.task("sampling wc", 2, "samples") as task:
        task.advance(2)
        progress.note("a word")
    text = stream.getvalue()
    assert "\r" in text
    assert "2/2" in text
    assert "a word" in text
