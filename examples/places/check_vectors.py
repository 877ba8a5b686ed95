"""Opens every envelope of the vectors, and compares what comes of it: `python3 examples/places/check_vectors.py`."""
import json
import sys
from pathlib import Path

from principal import Refused, keys_in, open_envelope

vectors = json.loads((Path(__file__).parents[2] / "packages/subgraph/vectors/envelopes.json").read_text())
keys = keys_in(vectors["jwks"])


def verdict_of(case):
    try:
        principal, on_behalf = open_envelope(case["envelope"], vectors["audience"], keys.get, case["now"])
        return {"verdict": "accepted", "principal": principal, "onBehalf": on_behalf}
    except Refused:
        return {"verdict": "refused"}


wrong = []
for case in vectors["cases"]:
    expected = {name: case[name] for name in ("verdict", "principal", "onBehalf") if name in case}
    if verdict_of(case) != expected:
        wrong.append(case["name"])
for name in wrong:
    print(f"✗ {name}")
print(f"{len(vectors['cases']) - len(wrong)} of {len(vectors['cases'])} vectors hold.")
sys.exit(1 if wrong else 0)
