"""What psycopg 3 does with a connection that others of its kind do not; ends with the line "ok"."""
import psycopg

with psycopg.connect(autocommit=True, prepare_threshold=0) as a, psycopg.connect(autocommit=True, prepare_threshold=0) as b:
    # Statements prepared under the same names on both connections.
    for n in range(5):
        assert a.execute("SELECT %s::int + 1", (n,)).fetchone() == (n + 1,)
        assert b.execute("SELECT %s::text || 'b'", (str(n),)).fetchone() == (f"{n}b",)

    a.execute("CREATE TABLE psy (id int PRIMARY KEY, doc jsonb)")
    for mode in ("", " (FORMAT binary)"):
        with b.cursor().copy(f"COPY psy FROM STDIN{mode}") as copy:
            copy.set_types(["int4", "jsonb"])
            for n in range(1000):
                copy.write_row((n, psycopg.types.json.Jsonb({"n": n})))
        with a.cursor().copy("COPY psy TO STDOUT (FORMAT binary)") as copy:
            assert sum(len(chunk) for chunk in copy) > 1000
        assert a.execute("SELECT count(*), sum((doc ->> 'n')::int) FROM psy").fetchone() == (1000, 499500)
        b.execute("TRUNCATE psy")

    # An error inside a pipeline, then its recovery.
    try:
        with a.pipeline():
            a.execute("INSERT INTO psy VALUES (1, '{}')")
            a.execute("INSERT INTO psy VALUES (1, '{}')")
            a.execute("INSERT INTO psy VALUES (2, '{}')")
        raise AssertionError("the duplicate was taken")
    except psycopg.errors.UniqueViolation:
        pass
    assert b.execute("SELECT 1").fetchone() == (1,)
    with a.pipeline():
        cursors = [a.execute("SELECT %s::int", (n,)) for n in range(20)]
    assert [c.fetchone()[0] for c in cursors] == list(range(20))

    # A server-side cursor, in a transaction.
    with a.transaction(), a.cursor(name="rows") as cursor:
        cursor.execute("SELECT n FROM generate_series(1, 5000) n")
        assert sum(row[0] for row in cursor) == 12502500

    # Notifications.
    b.execute("LISTEN psy")
    a.execute("NOTIFY psy, 'hello'")
    assert [n.payload for n in b.notifies(timeout=2, stop_after=1)] == ["hello"]

    # SQL that is wrong, a transaction that fails, and what comes after.
    for sql in ("SELEC 1", "SELECT * FROM nowhere"):
        try:
            b.execute(sql)
            raise AssertionError(sql)
        except psycopg.ProgrammingError:
            pass
    try:
        with b.transaction():
            b.execute("INSERT INTO psy VALUES (50, '{}')")
            b.execute("SELECT 1 / 0")
    except psycopg.errors.DivisionByZero:
        pass
    assert a.execute("SELECT count(*) FROM psy WHERE id = 50").fetchone() == (0,)
print("ok")
