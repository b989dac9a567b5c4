"""The staging Hub: a dress rehearsal of a publication, on one machine, with the real clients.

In come a folder and tokens; out goes an endpoint on 127.0.0.1 that speaks the Hub's protocol for dataset repositories.
It is not a product to host data with. It has faults where it is told to: see faults.py.

    with StagingHub(folder, tokens={"hf_write": "write"}) as hub:
        subprocess.run([...], env=hub.environment("hf_write", home))
"""

from tools.publish.staging.hub import StagingHub
from tools.publish.staging.store import FolderInUseError

__all__ = ["FolderInUseError", "StagingHub"]
