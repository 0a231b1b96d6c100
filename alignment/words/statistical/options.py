"""How the statistical aligner trains."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class StatisticalOptions:
    """How to train. The defaults were chosen on bitexts of 250 to 2,000 sentences."""

    stem_lengths: tuple[int, ...] = (3, 4, 5)
    """In letters; one model for each, whose probabilities are averaged."""
    mixture_iterations: int = 5
    """Iterations of the mixture model, blind to the previous word, that starts the HMM."""
    hmm_iterations: int = 3
    smoothing: float = 4.0
    """Pseudo-counts of the base distribution, per word."""
    stem_share: float = 0.9
    """How much of the base comes from stems; the rest is uniform."""
    similarity_boost: float = 3.0
    """A pair that looks the same starts exp(similarity_boost) times ahead of one that does not."""
    similarity_floor: float = 0.2
    """Similarity up to which a pair gets no boost."""
    diagonal: float = 1.5
    """How strongly the mixture model prefers links near the diagonal."""
    null: float = 0.05
    """Probability that a word has no partner."""
    max_jump: int = 15
    max_cells: int = 20_000_000
    """Word pairs that are trained on at once; a larger bitext is sampled evenly."""
    large_bitext: int = 1_500
    """Above so many sentence pairs one stem length and two iterations are enough."""

    def for_size(self, sentences: int) -> StatisticalOptions:
        """These options as they are used for a bitext of so many `sentences` (pairs)."""
        if sentences <= self.large_bitext:
            return self
        middle = self.stem_lengths[len(self.stem_lengths) // 2 :][:1]
        return replace(self, stem_lengths=middle, hmm_iterations=min(2, self.hmm_iterations))
