//! What somebody with fewer rights leaves in a database for whoever scans it: none of it runs, and none of it hides a row.

use crate::cli::postgres::RESIDUAL;
use crate::cli::postgres::ends;
use crate::cli::postgres::kept;
use crate::cli::postgres::own;
use crate::cli::postgres::prints_nothing;
use crate::cli::postgres::scan;
use crate::cli::postgres::table;
use crate::cli::server::Postgres;
use crate::cli::world::World;
use crate::cli::world::codes;

/// Gives `low` a superuser's rights, if whoever calls it may.
const RAISE: &str = "LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER ROLE low SUPERUSER'; RETURN false; EXCEPTION WHEN OTHERS THEN RETURN false; END $$";

#[test]
fn functions_of_others_are_not_taken_for_the_servers() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.sql("", "CREATE ROLE low LOGIN; GRANT CREATE ON SCHEMA public TO low;");
    server.create("crm");
    table(&server, "contacts", &kept(&world), "");
    for database in ["crm", "postgres"] {
        server.sql(
            database,
            format!(
                "CREATE SCHEMA IF NOT EXISTS evil AUTHORIZATION low; SET ROLE low;
                 CREATE FUNCTION evil.pg_is_in_recovery() RETURNS bool {RAISE};
                 CREATE FUNCTION evil.current_database() RETURNS name LANGUAGE sql AS $$ SELECT 'x'::name $$;
                 CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER ROLE low SUPERUSER'; RETURN $1; END $$;
                 CREATE FUNCTION evil.ge(oid, int) RETURNS bool {RAISE};
                 CREATE OPERATOR evil.>= (LEFTARG = oid, RIGHTARG = int, FUNCTION = evil.ge);
                 RESET ROLE; ALTER DATABASE {database} SET search_path = evil, pg_catalog, public;"
            ),
        );
    }
    for url in [server.url("crm"), server.url("")] {
        ends(&scan(&world, &[&url], &[]), 11, RESIDUAL);
        world.run(crate::cli::world::AFTER, &["inspect", &url, "--grants"]).exits_with(0);
    }
    assert_eq!(server.query("template1", "SELECT rolsuper FROM pg_roles WHERE rolname = 'low';").trim(), "f");
    prints_nothing(&world);
}

#[test]
fn casts_and_views_of_others_do_not_run_with_a_superusers_rights() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.sql("", "CREATE ROLE low LOGIN;");
    server.create("crm");
    table(&server, "contacts", &own(&world), "");
    let touched = server.folder().join("touched");
    server.sql(
        "crm",
        format!(
            "CREATE SCHEMA s AUTHORIZATION low; SET ROLE low; CREATE TYPE s.c AS (a int);
             CREATE FUNCTION s.f(s.c) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
                 EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {0}'''; RETURN ''; END $$;
             CREATE CAST (s.c AS text) WITH FUNCTION s.f(s.c);
             CREATE TABLE s.t (c s.c); INSERT INTO s.t VALUES (ROW(1));
             CREATE FUNCTION s.g() RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN
                 EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {0}'''; RETURN NEXT 'x'; END $$;
             RESET ROLE; GRANT USAGE ON SCHEMA s TO public; GRANT SELECT ON ALL TABLES IN SCHEMA s TO public;",
            touched.display()
        ),
    );
    ends(&scan(&world, &[&server.socket_url("crm")], &[]), 0, &[]);
    server.sql("crm", "SET ROLE low; CREATE VIEW s.v AS SELECT g FROM s.g() g; CREATE VIEW s.w AS SELECT upper(g) AS g FROM s.v WHERE 1 = 1 UNION VALUES ('x');");
    let report = scan(&world, &[&server.socket_url("crm")], &[]);
    report.exits_with(10);
    assert_eq!(codes(&report).iter().filter(|code| *code == "gap:unsupported").count(), 2, "{}", report.whole());
    assert!(!touched.exists(), "a function of somebody's own was run");
    prints_nothing(&world);
}

#[test]
fn a_database_is_not_passed_over_for_its_name() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.sql("", "UPDATE pg_database SET datistemplate = false WHERE datname = 'template0';");
    server.sql("", "ALTER DATABASE template0 RENAME TO template9; CREATE DATABASE template0; CREATE DATABASE crm;");
    server.sql("", "ALTER DATABASE template0 ALLOW_CONNECTIONS false;");
    table(&server, "contacts", &own(&world), "");
    let report = scan(&world, &[&server.socket_url("crm")], &[]);
    report.exits_with(10);
    assert!(codes(&report).iter().any(|code| code == "gap:not_asked"), "{}", report.whole());
    assert!(report.stdout.contains("/template0\""), "{}", report.whole());
}
