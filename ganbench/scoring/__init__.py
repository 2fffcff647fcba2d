"""Scoring: samples against a reference.

``api`` is the public ``score`` of files, arrays and names; ``reference`` scores the samples of runs. Both give a
``scorer`` the ``inputs`` of metrics. ``warnings``, ``intervals`` and ``controls`` add to a ``report``.
"""
