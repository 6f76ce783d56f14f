"""Who may do what: people, roles, sign-in, API tokens."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "mailconsole.accounts"
    label = "accounts"
    verbose_name = "People and roles"

    def ready(self) -> None:
        from mailconsole.accounts.roles import Role
        from mailconsole.accounts.services.role_groups import ensure_role_groups
        from mailconsole.common import help as help_pages
        from mailconsole.common.navigation import NavItem, Section, register

        post_migrate.connect(ensure_role_groups, sender=self)
        help_pages.tell(roles=list(Role))
        register(
            NavItem(
                section=Section.ADMINISTRATION,
                label="People and roles",
                url_name="people:list",
                icon="users",
                order=10,
                role="administrator",
                key="p",
            )
        )
