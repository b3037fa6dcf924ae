"""`severe_toxic` where no data taught it: derived from the other types of toxicity.

Public sets label no severity. A message counts as severely toxic as far as it is toxic AND (threatens OR hates a group OR insults
obscenely), with the operators of fuzzy logic (Zadeh, 1965: AND is the minimum, OR the maximum):

    severe_toxic = min(toxic, max(threat, identity_hate, min(obscene, insult)))

So it never exceeds `toxic`, rises with each of its parts and with nothing else. Its threshold is the highest of its parts' (see
`Calibration.limits`): it is then never decided without them.
"""

import numpy as np
import numpy.typing as npt

from hikari.sentiment.labels import Task

LABEL = "severe_toxic"
PARTS = ("toxic", "threat", "identity_hate", "obscene", "insult")

Floats2d = npt.NDArray[np.float64]


def derived(task: Task, probabilities: Floats2d) -> Floats2d:
    """The same probabilities (rows, labels) of the toxicity task with the rule's in the place of the head's.

    >>> from hikari.sentiment.labels import TASKS
    >>> derived(TASKS[2], np.array([[0.9, 0.0, 0.7, 0.1, 0.8, 0.2]])).tolist()
    [[0.9, 0.7, 0.7, 0.1, 0.8, 0.2]]
    """
    toxic, threat, hate, obscene, insult = (probabilities[:, task.labels.index(part)] for part in PARTS)
    out = probabilities.copy()
    out[:, task.labels.index(LABEL)] = np.minimum(toxic, np.maximum(np.maximum(threat, hate), np.minimum(obscene, insult)))
    return out
