//! What a role may see, and what it may not: hidden rows are never taken for none.

use crate::cli::postgres::BOTH;
use crate::cli::postgres::FOUND;
use crate::cli::postgres::HIDDEN;
use crate::cli::postgres::RESIDUAL;
use crate::cli::postgres::Trap;
use crate::cli::postgres::run;
use crate::cli::postgres::table;
use crate::cli::postgres::trap;
use crate::cli::server::Postgres;
use crate::cli::world::Person;

const GRANTED: &str = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;";

/// A table that hides the supplied from whoever is not exempt.
const POLICY: &str = "ALTER TABLE contacts ENABLE ROW LEVEL SECURITY;\nCREATE POLICY own ON contacts USING (id < 5000);";

const RIGHTS: &[Trap] = &[
    trap("everything granted", |server, people| granted(server, people, GRANTED), FOUND, RESIDUAL).by_reader(),
    trap("one table is not granted", one_denied, BOTH, &["supply_record_found", "gap:denied"]).by_reader().with_gaps(1),
    trap("nothing is granted", |server, people| granted(server, people, ""), HIDDEN, &["gap:denied"]).by_reader().with_gaps(1),
    trap("some columns are granted", some_columns, BOTH, &["supply_record_found", "gap:denied"]).by_reader().with_gaps(2),
    trap("the column by which all are found is not granted", one_column, HIDDEN, &["gap:denied"]).by_reader().with_gaps(9),
    trap("a schema may not be used", no_usage, HIDDEN, &["gap:denied"]).by_reader().with_gaps(1),
    trap("rows are hidden", |server, people| granted(server, people, &[GRANTED, POLICY].concat()), HIDDEN, &["gap:filtered"])
        .by_reader()
        .with_gaps(1),
    trap("rows are hidden by no policy at all", no_policy, HIDDEN, &["gap:filtered"]).by_reader().with_gaps(1),
    trap("rows are hidden from the owner", |server, people| owned(server, people, true), HIDDEN, &["gap:filtered"])
        .by_reader()
        .with_gaps(1),
    trap("rows are hidden from all but the owner", |server, people| owned(server, people, false), FOUND, RESIDUAL).by_reader(),
    trap(
        "a role that no policy is for",
        |server, people| granted(server, people, &["GRANT SELECT ON contacts TO seer;", POLICY].concat()),
        FOUND,
        RESIDUAL,
    )
    .by("seer:heron-secret"),
    trap(
        "a role that may read all data",
        |server, people| granted(server, people, "CREATE SCHEMA x;\nCREATE TABLE x.y (z text);"),
        FOUND,
        RESIDUAL,
    )
    .by("auditor:heron-secret"),
    trap(
        "all that may be read, but rows are hidden",
        |server, people| granted(server, people, POLICY),
        HIDDEN,
        &["gap:filtered"],
    )
    .by("auditor:heron-secret")
    .with_gaps(1),
    trap(
        "a partitioned table is granted, its partitions are not",
        |server, people| partitioned(server, people, "GRANT SELECT ON contacts TO reader;"),
        FOUND,
        RESIDUAL,
    )
    .by_reader(),
    trap(
        "partitions are granted, their table is not",
        |server, people| partitioned(server, people, "GRANT SELECT ON contacts_low, contacts_high TO reader;"),
        FOUND,
        RESIDUAL,
    )
    .by_reader(),
    trap(
        "one partition is not granted",
        |server, people| partitioned(server, people, "GRANT SELECT ON contacts_low TO reader;"),
        HIDDEN,
        &["gap:denied"],
    )
    .by_reader()
    .with_gaps(1),
    trap("one partition hides rows", partition_policy, FOUND, RESIDUAL).by_reader(),
    trap("a partitioned table and a partition of it hide rows", both_policies, HIDDEN, &["gap:filtered"])
        .by_reader()
        .with_gaps(2),
    trap("a view of tables is not granted", denied_view, FOUND, RESIDUAL).by_reader(),
    trap("a view with rows of its own is not granted", denied_values, HIDDEN, &["gap:denied"]).by_reader().with_gaps(1),
];

#[test]
fn whoever_asks() {
    run(RIGHTS);
}

fn granted(server: &Postgres, people: &[&Person], rights: &str) {
    table(server, "contacts", people, "");
    server.sql("crm", rights);
}

fn one_denied(server: &Postgres, people: &[&Person]) {
    table(server, "secrets", people, "");
    table(server, "contacts", people, "");
    server.sql("crm", "GRANT SELECT ON contacts TO reader;");
}

fn some_columns(server: &Postgres, people: &[&Person]) {
    let columns = "GRANT SELECT (id, first_name, last_name, address, postcode, email, child_dob) ON contacts TO reader;";
    granted(server, people, columns);
}

fn one_column(server: &Postgres, people: &[&Person]) {
    table(server, "logins", people, "");
    server.sql(
        "crm",
        "ALTER TABLE logins DROP first_name, DROP last_name, DROP address, DROP postcode, DROP phone, DROP mother_dob, DROP child_dob;
         GRANT SELECT (id) ON logins TO reader;",
    );
}

fn no_usage(server: &Postgres, people: &[&Person]) {
    server.sql("crm", "CREATE SCHEMA hidden;");
    table(server, "hidden.contacts", people, "");
    server.sql("crm", "GRANT SELECT ON hidden.contacts TO reader;");
}

fn no_policy(server: &Postgres, people: &[&Person]) {
    granted(server, people, &[GRANTED, "ALTER TABLE contacts ENABLE ROW LEVEL SECURITY;"].concat());
}

fn owned(server: &Postgres, people: &[&Person], is_forced: bool) {
    let force = if is_forced { "ALTER TABLE contacts FORCE ROW LEVEL SECURITY;" } else { "" };
    granted(server, people, &["ALTER TABLE contacts OWNER TO reader;", POLICY, force].concat());
}

fn partitioned(server: &Postgres, people: &[&Person], rights: &str) {
    table(server, "contacts", &[], "PARTITION BY RANGE (id)");
    server.sql(
        "crm",
        "CREATE TABLE contacts_low PARTITION OF contacts FOR VALUES FROM (0) TO (5000);
         CREATE TABLE contacts_high PARTITION OF contacts DEFAULT;",
    );
    super::fill(server, "contacts", people);
    server.sql("crm", rights);
}

fn partition_policy(server: &Postgres, people: &[&Person]) {
    // The policies of partitions do not count where rows are asked for through the whole.
    let rights = "ALTER TABLE contacts_high ENABLE ROW LEVEL SECURITY;";
    partitioned(server, people, &[GRANTED, rights].concat());
}

fn both_policies(server: &Postgres, people: &[&Person]) {
    let rights = "ALTER TABLE contacts_high ENABLE ROW LEVEL SECURITY;\nALTER TABLE contacts ENABLE ROW LEVEL SECURITY;";
    partitioned(server, people, &[GRANTED, rights].concat());
}

fn denied_view(server: &Postgres, people: &[&Person]) {
    granted(server, people, &[GRANTED, "CREATE VIEW v AS SELECT email FROM contacts;"].concat());
}

fn denied_values(server: &Postgres, people: &[&Person]) {
    let rows = super::values(people);
    granted(server, &[], &format!("{GRANTED}\nCREATE VIEW v ({}) AS VALUES {rows};", crate::cli::world::COLUMNS.join(", ")));
}
