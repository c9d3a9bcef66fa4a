//! Passwords from wherever psql takes them, and what a server has to show of itself.

use crate::cli::postgres::ends;
use crate::cli::postgres::own;
use crate::cli::postgres::prints_nothing;
use crate::cli::postgres::scan;
use crate::cli::postgres::scanning;
use crate::cli::postgres::table;
use crate::cli::server::Postgres;
use crate::cli::world::AFTER;
use crate::cli::world::World;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn passwords_from_wherever_psql_takes_them() {
    let Some(server) = Postgres::start() else { return };
    let world = World::asked();
    server.create("crm");
    server.sql("", "CREATE ROLE reader LOGIN PASSWORD 'heron-secret' IN ROLE pg_read_all_data;");
    table(&server, "contacts", &own(&world), "");
    let url = server.url_as("reader", "crm");
    ends(&scan(&world, &[&server.url_as("reader:heron-secret", "crm")], &[]), 0, &[]);
    let refused = scan(&world, &[&url], &[]);
    refused.exits_with(1).warns("cannot connect to `postgres://127.0.0.1:");
    let words = scanning(&world, &[&url], &[]);
    ends(&world.command(AFTER, &words).env("PGPASSWORD", "heron-secret").run(), 0, &[]);
    let wrong = world.command(AFTER, &words).env("PGPASSWORD", "swan-secret").run();
    wrong.exits_with(1).warns("password authentication failed").warns("help: ");
    scan(&world, &[&server.url_as("reader:swan-secret", "crm")], &[]).exits_with(1).warns("password authentication failed");
    world.case.write(".pgpass", format!("127.0.0.1:{}:*:reader:heron-secret\n*:*:*:*:swan-secret\n", server.port()));
    let permit = |mode| fs::set_permissions(world.case.path(".pgpass"), fs::Permissions::from_mode(mode)).expect("rights");
    permit(0o600);
    ends(&scan(&world, &[&url], &[]), 0, &[]);
    permit(0o644);
    scan(&world, &[&url], &[]).exits_with(1).warns("chmod 600");
    fs::remove_file(world.case.path(".pgpass")).expect("no file");
    world.case.write(
        ".pg_service.conf",
        format!("[crm]\nhost=127.0.0.1\nport={}\ndbname=crm\nuser=reader\npassword=heron-secret\n", server.port()),
    );
    ends(&scan(&world, &["postgres:///?service=crm"], &[]), 0, &[]);
    fs::remove_file(world.case.path(".pg_service.conf")).expect("no file");
    ends(&scan(&world, &[&server.url_as("reader:heron-secret", "crm")], &["--out", "a.json", "--findings", "f.csv"]), 0, &[]);
    assert_eq!(world.case.files_with("heron-secret"), Vec::<String>::new());
    world.case.never_prints("swan-secret");
    prints_nothing(&world);
}

#[test]
fn certificates() {
    let (Some(right), Some(wrong)) = (Postgres::start_with_tls(), Postgres::start_with_tls_for("db.example.org")) else { return };
    let world = World::asked();
    for server in [&right, &wrong] {
        server.create("crm");
        table(server, "contacts", &own(&world), "");
        // Whatever it shows.
        ends(&scan(&world, &[&server.url("crm")], &[]), 0, &[]);
        ends(&scan(&world, &[&format!("{}?sslmode=require", server.url("crm"))], &[]), 0, &[]);
        ends(
            &scan(
                &world,
                &[&format!("{}?sslmode=verify-ca&sslrootcert={}", server.url("crm"), server.authority().display())],
                &[],
            ),
            0,
            &[],
        );
    }
    let full = |server: &Postgres, authority: &Postgres| {
        format!("{}?sslmode=verify-full&sslrootcert={}", server.url("crm"), authority.authority().display())
    };
    ends(&scan(&world, &[&full(&right, &right)], &[]), 0, &[]);
    for url in [full(&right, &wrong), full(&wrong, &wrong), format!("{}?sslmode=verify-full", right.url("crm"))] {
        scan(&world, &[&url], &[]).exits_with(1).warns("certificate").warns("sslrootcert");
    }
    assert_eq!(right.query("", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'residua';"), "0");
    prints_nothing(&world);
}
