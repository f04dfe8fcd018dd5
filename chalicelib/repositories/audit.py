"""The audit in the table: only ever added to, in the transaction of the change that it tells of."""

from chalicelib.models.audit import Entry
from chalicelib.repositories import keys
from chalicelib.repositories.records import Records
from chalicelib.repositories.table import Put, Table


class Audit(Records[Entry]):
    """The entries."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, Entry, key=keys.entry, listed_as=keys.AUDIT)

    def put(self, entry: Entry) -> Put:
        """Return the write of an entry."""
        return Put(self._item(entry))
