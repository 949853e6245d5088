"""The names that people here use for things: the site's own, else the catalogue's."""

from __future__ import annotations

from controller.status import Status
from supervisor.public_words import known
from supervisor.words import Words


class Labels:
    """Names of assets and other subjects, in one language."""

    def __init__(self, status: Status | None, say: Words) -> None:
        self._say = say
        self._labels = {} if status is None else _site_labels(status)

    def of(self, subject: str) -> str:
        """The name of an asset, latch or device; its code when nobody has named it."""
        label = self._labels.get(subject, {})
        return label.get(self._say.language) or known(self._say, "subject", subject, subject)


def _site_labels(status: Status) -> dict[str, dict[str, str]]:
    feeders = (feeder for tier in status.tiers for feeder in tier.feeders)
    labels = {feeder.id: dict(feeder.label) for feeder in feeders}
    for assets in (status.batteries, status.pv, status.gensets, status.radios):
        labels |= {asset.id: dict(asset.label) for asset in assets}
    return labels
