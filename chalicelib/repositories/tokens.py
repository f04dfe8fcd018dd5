"""Service tokens in the table."""

from datetime import datetime

from chalicelib.models.audit import Entry
from chalicelib.models.entity import Made
from chalicelib.models.tokens import Token
from chalicelib.repositories import keys
from chalicelib.repositories.audit import Audit
from chalicelib.repositories.records import LostRaceError, Records
from chalicelib.repositories.table import Alive, ConditionFailedError, Item, Put, Table, Update


class Tokens(Records[Token]):
    """The tokens; DynamoDB removes an expired one some time after, which nothing relies on."""

    def __init__(self, table: Table, audit: Audit) -> None:
        super().__init__(table, Token, key=keys.token, listed_as=keys.TOKENS)
        self._audit = audit

    def create(self, token: Token, entry: Entry) -> Made[Token]:
        """Add a token. Raises KeyReusedError, ConflictError."""
        return self.add(token, self._audit.put(entry))

    def revoke(self, token: Token, entry: Entry, *, at: datetime) -> None:
        """Leave a tombstone, without the hash. Raises LostRaceError."""
        tombstone = Put(self._tombstone(token, at), Alive(frozenset({token.version})))
        try:
            self._table.transact([tombstone, self._audit.put(entry)])
        except ConditionFailedError as failed:
            raise LostRaceError from failed

    def touch(self, token_id: str, at: datetime) -> None:
        """Note when a token was used; one that is gone by now is left alone."""
        try:
            self._write(Update(keys.token(token_id), {"last_used_at": at.isoformat()}))
        except ConditionFailedError:
            return

    def _item(self, entity: Token) -> Item:
        return {**super()._item(entity), keys.TTL: int(entity.expires_at.timestamp())}
