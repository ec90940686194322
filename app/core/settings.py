"""The running app's settings, for code below the factory."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from config import Settings

EXTENSION = "avouch.settings"


def attach(app: Flask, value: Settings) -> None:
    """Give `app` its settings."""
    app.extensions[EXTENSION] = value


def settings() -> Settings:
    """The settings of the current app."""
    return cast(Settings, current_app.extensions[EXTENSION])
