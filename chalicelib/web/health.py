"""Whether the API answers."""

from typing import Literal

from chalicelib.models.fields import View


class Health(View):
    """It answers; whether its dependencies do is for the alarms to say, not for whoever asks."""

    status: Literal["ok"] = "ok"
