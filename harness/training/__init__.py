"""Supervised finetuning with Axolotl, at arm's length.

Every cell gets a folder with what Axolotl needs: the rows and one YAML file, which a user can
run by hand. A worker in Axolotl's environment trains the cells; this package decides what is
to be trained, writes the files, and records what came of it.
"""
