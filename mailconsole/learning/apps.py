"""Clients that were seen on a receive connector, in a window of time, become draft relay policies; never live ones."""

from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "mailconsole.learning"
    label = "learning"
    verbose_name = "Learning"
