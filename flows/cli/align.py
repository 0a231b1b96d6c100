"""`labelferry align`: the word alignment of a bitext, in Pharaoh format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from augmentation.projection.config import AlignConfig
from flows.cli.arguments import check_outputs, option, stream
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

    config = validate(AlignConfig, settings)
    inputs = {"SOURCE": source_file, "TARGET": target_file}
    check_outputs({"--out": out}, inputs | {"--priors": config.priors})
    # The file of priors may be updated in place: it is read before it is written.
    check_outputs({"--out": out, "--save-priors": config.save_priors}, inputs)
    result = run(read_pairs(source_file, target_file), config)
    count = result.write(out, weights=weights)
    say(
        f"{count} {'pair' if count == 1 else 'pairs'}, {result.total_links} links, "
        f"{count / max(result.seconds, 1e-9):.0f} pairs per second",
        sys.stderr,
    )
    return 0
