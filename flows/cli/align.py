"""`labelferry align`: the word alignment of a bitext, in Pharaoh format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from augmentation.projection.config import AlignConfig
from flows.cli.arguments import Encoding, check_outputs, option, stream
from flows.cli.messages import say
from flows.cli.options import Overrides, takes_settings


@takes_settings(AlignConfig)
def align(
    source_file: Annotated[Path, stream("Source sentences, or pairs.", metavar="SOURCE|TSV")],
    target_file: Annotated[Path | None, stream("Target sentences.", metavar="TARGET")] = None,
    /,
    *,
    out: Annotated[Path, option("Where the links go; .gz and .zst compress.", metavar="FILE")],
    weights: Annotated[
        bool, option("Write each link's probability too: 0-0:0.9731.", negative=())
    ] = False,
    encoding: Encoding = None,
    on_error: Annotated[
        Literal["error", "skip"],
        option(
            "What to do about pairs that are not right (a line without a tab): stop, or write an "
            "empty line of links and the pair to OUT.rejected.jsonl."
        ),
    ] = "error",
    settings: Overrides,
) -> int:
    """Align the words of a bitext: two files with a sentence per line, or one with tab-separated
    pairs (source, target; further columns are ignored). Writes one line of links per pair, such as
    `0-0 1-2`, that count, from 0, the tokens between spaces.

      labelferry align text.en text.es --out text.talp
      labelferry align pairs.tsv --symmetrization grow-diag-final-and --out pairs.talp
    """
    from augmentation.pipeline.configuration import validate
    from augmentation.projection.align import align as run
    from augmentation.projection.align import read_pairs
    from augmentation.translation.rejected import RejectedRows

    config = validate(AlignConfig, settings)
    inputs = {"SOURCE": source_file, "TARGET": target_file}
    bad_pairs = out.with_name(f"{out.name}.rejected.jsonl") if on_error == "skip" else None
    check_outputs(
        {"--out": out, "the file of bad pairs": bad_pairs}, inputs | {"--priors": config.priors}
    )
    # The file of priors may be updated in place: it is read before it is written.
    check_outputs({"--out": out, "--save-priors": config.save_priors}, inputs)
    if bad_pairs is None:
        pairs = read_pairs(source_file, target_file, encoding=encoding)
    else:
        with RejectedRows(bad_pairs) as rejected:
            pairs = read_pairs(source_file, target_file, encoding=encoding, rejected=rejected)
        if rejected.count:
            say(f"{rejected.count} bad pairs are in {bad_pairs}", sys.stderr)
    result = run(pairs, config)
    count = result.write(out, weights=weights)
    say(
        f"{count} {'pair' if count == 1 else 'pairs'}, {result.total_links} links, "
        f"{count / max(result.seconds, 1e-9):.0f} pairs per second",
        sys.stderr,
    )
    return 0
