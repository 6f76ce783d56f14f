"""virtual_alias_maps: addresses that lead elsewhere, as recipients and groups of our own."""

from __future__ import annotations

import re

from mailconsole.imports.building import Building
from mailconsole.imports.postfix.main_cf import MainCf
from mailconsole.imports.postfix.tables import Tables
from mailconsole.imports.report import Report


class Virtual:
    """One row is an alias for one address, a group for several, a catch-all for ``@domain``."""

    def __init__(self, main: MainCf, tables: Tables, building: Building, report: Report) -> None:
        self._main, self._tables, self._building, self._report = main, tables, building, report
        said = main.get("myorigin")
        self._origin = tables.text_of(said) if said.startswith("/") else said
        """Empty where a file names it that was not given."""

    def recipients(self) -> None:
        for parameter in [name for name in ("virtual_alias_maps", "virtual_maps") if name in self._main.given]:
            for item in self._main.items(parameter):
                for key, value in self._tables.read(item, parameter, self._report.about("main.cf", parameter)):
                    self._row(key, [one for one in re.split(r"[,\s]+", value) if one])

    def _row(self, key: str, targets: list[str]) -> None:
        about = self._report.about("virtual", key)
        if key.startswith("@") and any(target.startswith("@") for target in targets):
            about.left_out("", targets, "Each address of a domain at another one: see address rewriting.")
            return
        if programs := [target for target in targets if target[0] in "|/:"]:
            about.left_out("", programs, "Programs, files and lists of addresses are no recipients here.")
            return
        if "@" not in key and "." in key:
            if targets:
                about.mapped("", targets, "The domain's own row, which makes it a domain of aliases.")
            return
        if not self._origin and any("@" not in one for one in (key, *targets)):
            about.left_out("", targets, f"Its domain is in {self._main.get('myorigin')}: add that file.")
            return
        targets = [target if "@" in target else f"{target}@{self._origin}" for target in targets]
        if key.startswith("@"):
            self._catch_all(key.removeprefix("@"), targets)
        elif not targets:
            about.left_out("", "", "It leads nowhere.")
        else:
            self._address(key if "@" in key else f"{key}@{self._origin}", targets)

    def _address(self, address: str, targets: list[str]) -> None:
        about = self._report.about("virtual", address)
        about.mapped("", targets, "" if any(one.lower() != address.lower() for one in targets) else "It stays itself.")
        others = [target for target in targets if target.lower() != address.lower()]
        is_kept = len(others) < len(targets)
        if len(others) == 1:
            fields = {"name": address[:64], "address": address, "forwarding_address": others[0],
                      "deliver_to_mailbox_and_forward": is_kept}  # fmt: skip
            self._building.put("recipients", fields, about)
        elif others:
            fields = {
                "name": address[:64],
                "address": address,
                "members": others,
                "is_sender_authentication_required": False,
            }
            if is_kept:
                about.left_out("", address, "A group keeps no copy for itself: give the mailbox another address.")
            self._building.put("distribution_groups", fields, about)

    def _catch_all(self, domain: str, targets: list[str]) -> None:
        about = self._report.about("virtual", f"@{domain}")
        section = self._building.section("accepted_domains")
        known = next((one for one in section.values() if one.domain == domain.lower()), None)
        if known is None or len(targets) != 1 or known.domain_type.value != "Authoritative":
            about.left_out("", targets, "A catch-all is one address, of a domain that is authoritative here.")
            return
        about.mapped("", targets, "The catch-all address of the domain.")
        self._building.put(
            "accepted_domains", {"name": known.name, "catch_all_address": targets[0]}, about, object_id=known.id
        )
