"""Floor 2: jobs on a clock. They read sources, cluster prompts, load, retrain and back-test."""
