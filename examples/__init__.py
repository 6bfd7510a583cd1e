"""One runnable file each; examples/test_examples.py runs them all."""
