"""What a long-running moto must not do."""

import gc

from moto.dynamodb.models.table import Table

from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.keys import Key
from chalicelib.repositories.table import Put
from tests import emulators


def test_transactions_leave_no_copies_of_the_table(moto_url: str) -> None:
    """Stock moto keeps two whole tables, with their streams, for each of these transactions."""
    table = DynamoTable(emulators.create_table(moto_url), client=emulators.dynamodb(moto_url))
    name = table._name
    for number in range(20):
        keys = [Key(f"{kind}#{number}", "X") for kind in "AB"]
        table.transact([Put({"pk": key.pk, "sk": key.sk, "version": 1}) for key in keys])
    gc.collect()
    assert sum(isinstance(found, Table) and found.name == name for found in gc.get_objects()) == 1
