"""Who may do what: people, roles, sign-in, API tokens."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "mailconsole.accounts"
    label = "accounts"
    verbose_name = "People and roles"

    def ready(self) -> None:
        from mailconsole.accounts.roles import Role
        from mailconsole.common import help as help_pages
        from mailconsole.common.navigation import NavItem, Section, register

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
