"""The runner of ``tests/vectors`` in Python: one module for each kind of vector."""
