"""Certificates that the console keeps for all nodes."""

from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    name = "mailconsole.certificates"
    label = "certificates"
    verbose_name = "Certificates"

    def ready(self) -> None:
        from mailconsole.certificates.live import certificate_warnings
        from mailconsole.common.navigation import NavItem, Section, register
        from mailconsole.nodes.live import regions

        register(NavItem(Section.MAIL_FLOW, "Certificates", "certificates:list", "certificate", order=80))
        regions.register(regions.Region("certificate-warnings", certificate_warnings, every_s=5.0))
