"""The look-up file's tables: one row for each object, for each address that it claims, and for each member of a group;
what only rules ask about a person stands apart, so that finding an address stays cheap.

An empty text of a person's attributes says that they have not been read yet.

References stay object GUIDs and are followed at the question, so that a change of one object changes its own rows only.
"""

import enum

FORMAT = 5
WITHOUT_PEOPLE = 4
"""The format before: all but `person`. It is read still, so that an upgrade never leaves a node without a directory."""


class ConflictRule(enum.StrEnum):
    """What happens with mail to an address that more than one object claims."""

    WAIT = "wait"
    PRIMARY = "primary"

    @property
    def label(self) -> str:
        return {"wait": "It waits", "primary": "The primary address wins"}[self.value]

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    ConflictRule.WAIT: "Mail to an address that two objects claim waits until the directory is mended.",
    ConflictRule.PRIMARY: "It goes to the one object that has it as its primary address; if none or several have, "
    "it waits.",
}

SCHEMA = f"""
    PRAGMA user_version = {FORMAT};
    CREATE TABLE about (version INTEGER NOT NULL, address_count INTEGER NOT NULL, conflict_rule TEXT NOT NULL);
    CREATE TABLE entry (
        guid TEXT PRIMARY KEY, kind TEXT NOT NULL, primary_address TEXT NOT NULL, target_address TEXT,
        forwarding_address TEXT, forwarding_guid TEXT, deliver_and_redirect INTEGER NOT NULL,
        disabled INTEGER NOT NULL, require_auth INTEGER NOT NULL, max_receive_size_kib INTEGER,
        are_members_known INTEGER NOT NULL, accept_from TEXT NOT NULL, reject_from TEXT NOT NULL, home_server TEXT
        ) WITHOUT ROWID;
    CREATE TABLE claim (
        key TEXT NOT NULL, guid TEXT NOT NULL, is_primary INTEGER NOT NULL, PRIMARY KEY (key, guid)) WITHOUT ROWID;
    CREATE TABLE person (guid TEXT PRIMARY KEY, manager_guid TEXT, attributes TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE member (group_guid TEXT NOT NULL, guid TEXT NOT NULL, PRIMARY KEY (group_guid, guid)) WITHOUT ROWID;
"""

# Whose addresses are these: asked for each user who signs in, and for each object that changes.
INDEXES = ("CREATE INDEX claim_guid ON claim (guid)",)
