"""Tokens in the table."""

from chalicelib.models.tokens import Token
from chalicelib.repositories import keys
from chalicelib.repositories.records import Records
from chalicelib.repositories.table import Item, Table


class Tokens(Records[Token]):
    """The tokens; DynamoDB removes an expired one some time after, which nothing relies on."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, Token, key=keys.token)

    def _item(self, entity: Token) -> Item:
        return {**super()._item(entity), keys.TTL: int(entity.expires_at.timestamp())}
