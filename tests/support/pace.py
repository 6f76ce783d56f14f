"""How long a thing may take on the machine that runs the tests."""

import os


def at_pace(seconds: float) -> float:
    """As long as it is promised, or longer where more has to run than there are cores for."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
