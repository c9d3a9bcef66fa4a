#!/usr/bin/env python3
"""DuckDB looking for supplied records: one semi-join over unnested md5 keys, as somebody would write it who knows the table and its spellings.

Usage: semi_join.py SUPPLY RECIPIENT THREADS

RECIPIENT is a CSV or a Parquet file. Prints the number of rows with a hit.
"""

import sys

import duckdb

supply, recipient, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
connection = duckdb.connect()
connection.execute(f"SET threads = {threads}")
connection.execute("SET preserve_insertion_order = false")


def source(path: str) -> str:
    quoted = path.replace("'", "''")
    return f"read_parquet('{quoted}')" if path.endswith(".parquet") else f"read_csv('{quoted}', header = true, all_varchar = true)"


def keys(path: str) -> str:
    return f"""
    SELECT row, unnest([
        md5('e' || email), md5('p' || phone), md5('n' || name || '|' || postcode),
        md5('d' || dob || '|' || postcode || '|' || house),
        md5('w' || concat_ws('|', name, dob, child, postcode, house, email, phone, id))]) AS key
    FROM (SELECT row_number() OVER () AS row, lower(trim(email)) AS email,
        regexp_replace(regexp_replace(phone, '[^0-9]', '', 'g'), '^(44|0)', '') AS phone,
        lower(trim(first_name)) || ' ' || lower(trim(last_name)) AS name, upper(replace(postcode, ' ', '')) AS postcode,
        mother_dob AS dob, child_dob AS child, regexp_extract(address, '^[0-9]+') AS house, customer_no AS id FROM {source(path)})"""


query = f"SELECT count(DISTINCT row) FROM ({keys(recipient)}) AS theirs SEMI JOIN ({keys(supply)}) AS ours USING (key)"
print(connection.execute(query).fetchone()[0])
