import shlex
import sys
import time

import pytest

from corpora.errors import UserError
from corpora.records import Row
from trainers.command import named_files
from trainers.load import load_predictor

ROWS = [Row("a", "de", "Bremen?"), Row("b", "de", "Überall", text_pair="x", tokens=((0, 7),))]
ECHO = """
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    print(json.dumps({"id": row["id"], "label": row["text"][:1],
        "spans": [{"start": 0, "end": 2, "label": "x"}], "probabilities": {"B": 0.5}}))
"""


def predictor(code, timeout=30.0):
    command = f"command:{shlex.quote(sys.executable)} -c {shlex.quote(code)}"
    return load_predictor(command, "tokens", timeout=timeout)


def test_rows_go_in_and_predictions_come_out():
    found = predictor(ECHO).predict(ROWS)
    assert [(p.id, p.label) for p in found] == [("a", "B"), ("b", "Ü")]
    assert found[0].spans[0].end == 2
    assert found[0].probabilities == {"B": 0.5}
    assert predictor(ECHO).predict([]) == []


def test_labels_are_not_shown_to_the_command():
    code = "import sys; raise SystemExit('secret' in sys.stdin.read())"
    row = Row("a", "de", "x", label="secret", target="secret", meta={"k": "secret"})
    with pytest.raises(UserError, match="answered 0 of 1 rows"):
        predictor(code).predict([row])


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import sys; sys.stderr.write('no model here'); sys.exit(3)",
         "exit code 3; its last message was: no model here"),
        ("import os; os.kill(os.getpid(), 9)", "exit code -9; it printed no message"),
        ("print('loading...')", "printed 'loading...' on line 1: not JSON"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", r"not UTF-8 on line 1 \(byte 0\)"),
        ("print('{\"id\": \"a\"}')", "answered 1 of 2 rows; the first without an answer is 'b'"),
        ("print('{\"id\": \"b\"}')", "answered 'b' where row 1 is 'a'"),
        ("[print('{\"id\": \"%s\"}' % i) for i in 'abc']", "more answers than the 2 rows"),
        ("print('{\"id\": \"a\", \"spans\": [[0, 99, \"x\"]]}')", "span 0:99 is outside"),
        ("print('{\"id\": \"a\", \"probabilities\": {\"x\": NaN}}')", "has no probability"),
        ("print('{\"id\": \"a\", \"label\": \"\\\\ud800\"}')", "half of a surrogate pair"),
        ("print('[' * 50000)", "on line 1: not JSON: nested too deeply"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_said(code, problem):
    with pytest.raises(UserError, match=problem):
        predictor(code).predict(ROWS)


def test_a_command_that_hangs_is_ended_with_its_children():
    code = "import os, time; os.fork(); time.sleep(60)"
    started = time.monotonic()
    with pytest.raises(UserError, match="took longer than 1 seconds"):
        predictor(code, timeout=1.0).predict(ROWS)
    assert time.monotonic() - started < 20


def test_what_keeps_the_output_of_a_command_open_holds_nobody_up():
    code = ECHO.replace("import json, sys", "import json, os, subprocess, sys") + (
        "sys.stdout.flush()\n"
        "subprocess.Popen(['sh', '-c', 'while sleep 0.02; do echo still here >&2; done'])\n"
    )
    started = time.monotonic()
    assert [p.id for p in predictor(code).predict(ROWS)] == ["a", "b"]
    assert time.monotonic() - started < 10


def test_a_command_that_prints_for_ever_is_ended_at_its_first_bad_line():
    started = time.monotonic()
    with pytest.raises(UserError, match="printed 'y' on line 1"):
        predictor("while True: print('y')").predict(ROWS)
    with pytest.raises(UserError, match=r"printed 'yyy.*on line 1: not JSON"):
        predictor("while True: print('y' * 1000, end='')").predict(ROWS)
    with pytest.raises(UserError, match="more answers than the 2 rows"):
        code = "i = 0\nwhile True: print('{\"id\": \"%s\"}' % 'abc'[i]); i += i < 2"
        predictor(code).predict(ROWS)
    assert time.monotonic() - started < 20


def test_what_a_command_says_on_stderr_without_end_is_not_kept():
    code = "import sys; [sys.stderr.write('x' * 1000) for _ in range(50000)]; sys.exit(3)"
    with pytest.raises(UserError, match=r"exit code 3; its last message was: x{400}$"):
        predictor(code).predict(ROWS)


def test_answers_may_hold_every_character_that_json_allows():
    code = ECHO.replace('row["text"][:1]', '"a\\u2028b\\x85c"')
    code = code.replace("}))", "}, ensure_ascii=False))")
    assert predictor(code).predict(ROWS)[0].label == "a\u2028b\x85c"


def test_a_command_that_reads_nothing_is_no_deadlock():
    many = [Row(str(i), "de", "x" * 1000) for i in range(2000)]
    with pytest.raises(UserError, match="answered 0 of 2000"):
        predictor("pass").predict(many)


def test_a_command_that_does_not_exist(tmp_path):
    with pytest.raises(UserError, match="cannot be started"):
        load_predictor("command:./no-such-program --x", "tokens").predict(ROWS)
    with pytest.raises(UserError, match="there is no command"):
        load_predictor("command:", "tokens").predict(ROWS)
    with pytest.raises(UserError, match="No closing quotation"):
        load_predictor("command:a 'b", "tokens").predict(ROWS)
    predictor(ECHO).save(tmp_path)
    with pytest.raises(UserError, match="not loaded from a folder"):
        load_predictor(tmp_path, "tokens")


def test_files_among_the_arguments_are_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("predict.py", "my model.bin", "=odd"):
        (tmp_path / name).write_text("x")
    command = "python predict.py --model='my model.bin' --to=none . =odd predict.py"
    assert [file.as_posix() for file in named_files(command)] == [
        "predict.py", "my model.bin", "=odd",
    ]  # fmt: skip
    assert named_files(f"python -c {shlex.quote('#' * 5000)}") == []
    assert named_files("python 'open") == named_files("") == []


def test_a_command_that_does_not_exist_is_told_before_it_is_asked(tmp_path):
    script = tmp_path / "predict.py"
    script.write_text("print()")
    for command in ("./no-such-program", str(tmp_path), str(script)):
        with pytest.raises(UserError, match="cannot be started"):
            load_predictor(f"command:{command} --x", "tokens")


def test_offsets_are_into_the_text_of_the_row_that_is_answered():
    # As n-best translations of a row `a` stand beside one that is really called `a#1`.
    rows = [Row("a#1", "de", "Bremen liegt da"), Row("a#1", "de", "ja")]
    code = ECHO.replace('"end": 2', '"end": len(row["text"])')
    assert [p.spans[0].end for p in predictor(code).predict(rows)] == [15, 2]
