"""Floor 1: arithmetic. A snapshot goes in, scores come out; no network, clock or environment."""
