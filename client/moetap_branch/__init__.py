"""Sends branching completion requests and records what was asked.

Each strategy (sample, tree, beam, replay) is a deterministic function of the
prompts, its parameters and the server's answers.  It asks for requests by
key (asker.py); an answer that the manifest (manifest.py) already holds is not
asked for again.  So an interrupted run goes on when it is started again.
"""
