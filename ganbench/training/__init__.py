"""Train baselines: batches, updates of all seeds at once, backends, the trainer, the sampler, checkpoints."""

from __future__ import annotations

ENGINE_VERSION = 2  # raised when the same baseline, data and seed train to other numbers; part of a record's key
