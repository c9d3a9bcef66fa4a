//! Values of every type, in every form in which the server may write them.

use crate::cli::postgres::BOTH;
use crate::cli::postgres::FOUND;
use crate::cli::postgres::HIDDEN;
use crate::cli::postgres::PERSON;
use crate::cli::postgres::RESIDUAL;
use crate::cli::postgres::Trap;
use crate::cli::postgres::run;
use crate::cli::postgres::table;
use crate::cli::postgres::trap;
use crate::cli::server::Postgres;
use crate::cli::world::Person;

const TEXTS: &[Trap] = &[
    trap("nulls and empty texts everywhere", empty, FOUND, RESIDUAL),
    trap("tabs, line breaks and backslashes beside", |s, p| made(s, p, ODD_TEXT), FOUND, RESIDUAL),
    trap(
        "tabs and line breaks within names",
        |s, p| {
            made(
                s,
                p,
                "id, E'\\t' || first_name || E'\\n' AS first_name, last_name, replace(address, ' ', E'\\r\\n') AS address, postcode, email, child_dob",
            );
        },
        FOUND,
        RESIDUAL,
    ),
    trap(
        "fixed widths",
        |s, p| {
            made(
                s,
                p,
                "id, first_name::char(90), last_name::char(90), address::char(200), postcode::char(20), email::char(254), child_dob::char(12)",
            );
        },
        FOUND,
        RESIDUAL,
    ),
    trap(
        "short variable widths",
        |s, p| made(s, p, "id, first_name::varchar(90), last_name::varchar, email::varchar(254), child_dob::name"),
        FOUND,
        PERSON,
    ),
    trap("domains", domains, FOUND, RESIDUAL),
    trap("an enumeration", enumeration, FOUND, PERSON),
    trap("texts whose case does not count", citext, FOUND, PERSON),
    trap("bytes of another encoding", latin, BOTH, &["supply_record_found", "gap:undecodable"]).with_gaps(2),
];

const MOMENTS: &[Trap] = &[
    // A column of nothing else is not understood as days.
    trap("days, infinite ones and those before Christ", days, BOTH, RESIDUAL).with_gaps(2),
    trap("moments without a zone", |s, p| moments(s, p, "", "UTC"), FOUND, PERSON),
    trap("midnights at home, asked in UTC", |s, p| moments(s, p, "AT TIME ZONE 'Europe/London'", "UTC"), FOUND, PERSON),
    trap(
        "midnights at home, asked at home",
        |s, p| moments(s, p, "AT TIME ZONE 'Europe/London'", "Europe/London"),
        FOUND,
        PERSON,
    ),
    trap(
        "midnights at home, asked in the west",
        |s, p| moments(s, p, "AT TIME ZONE 'Europe/London'", "America/New_York"),
        FOUND,
        PERSON,
    ),
    trap(
        "midnights at home, asked in the east",
        |s, p| moments(s, p, "AT TIME ZONE 'Europe/London'", "Asia/Tokyo"),
        FOUND,
        PERSON,
    ),
    trap(
        "midnights in the west, asked in the east",
        |s, p| moments(s, p, "AT TIME ZONE 'America/New_York'", "Asia/Tokyo"),
        FOUND,
        PERSON,
    ),
    trap(
        "midnights in the east, asked in the west",
        |s, p| moments(s, p, "AT TIME ZONE 'Asia/Tokyo'", "America/New_York"),
        FOUND,
        PERSON,
    ),
    trap("days as another role has them written", styled, FOUND, RESIDUAL),
];

const PACKED: &[Trap] = &[
    trap("bytes that are text", |s, p| made(s, p, "id, convert_to(email, 'UTF8') AS email"), FOUND, PERSON),
    trap("bytes that are text in UTF-16", |s, p| made(s, p, &format!("id, {UTF16} AS email")), FOUND, PERSON),
    trap(
        "bytes that are no text",
        |s, p| made(s, p, "id, '\\x00ff'::bytea || convert_to(email, 'UTF8') AS email"),
        HIDDEN,
        &["gap:binary_cells"],
    )
    .with_gaps(1),
    trap("bytes by a domain of a domain", nested_bytes, FOUND, PERSON),
    trap("bytes in an array", |s, p| made(s, p, "id, ARRAY[convert_to(email, 'UTF8')] AS email"), FOUND, PERSON),
    trap(
        "bytes in an array of several",
        |s, p| made(s, p, "id, ARRAY['x'::bytea, convert_to(email, 'UTF8')] AS email"),
        BOTH,
        PERSON,
    )
    .with_gaps(2),
    trap("bytes in a row of their own", |s, p| composite(s, p, "convert_to(email, 'UTF8')"), FOUND, PERSON),
    trap(
        "bytes that are no text in a row of their own",
        |s, p| composite(s, p, "'\\x00ff'::bytea || convert_to(email, 'UTF8')"),
        HIDDEN,
        &["gap:binary_cells"],
    )
    .with_gaps(1),
    trap(
        "an array of one",
        |s, p| {
            made(
                s,
                p,
                "id, ARRAY[email] AS email, ARRAY[first_name] AS first_name, ARRAY[last_name] AS last_name, ARRAY[child_dob::date] AS child_dob, ARRAY[postcode] AS postcode",
            );
        },
        FOUND,
        RESIDUAL,
    ),
    trap("an array that is counted from 0", |s, p| made(s, p, "id, ('[0:0]={' || email || '}')::text[] AS email"), FOUND, PERSON),
    trap("an array of several", |s, p| made(s, p, "id, ARRAY['none', email] AS email"), BOTH, PERSON).with_gaps(2),
    trap("a person in JSON", |s, p| made(s, p, "id, to_json(staging) - 'x' AS data"), FOUND, PERSON),
    trap("a person in binary JSON", |s, p| made(s, p, "id, to_jsonb(staging) AS data"), FOUND, PERSON),
    trap(
        "a person in a row of its own",
        |s, p| made(s, p, "id, ROW(first_name, last_name, email)::person AS data"),
        FOUND,
        PERSON,
    ),
    trap("a person in pairs of keys and values", pairs, FOUND, PERSON),
    trap(
        "a person in XML",
        |s, p| made(s, p, "id, xmlelement(name person, xmlforest(first_name, last_name, email)) AS data"),
        FOUND,
        PERSON,
    ),
];

const UTF16: &str = "decode(regexp_replace(encode(convert_to(email, 'UTF8'), 'hex'), '(..)', '\\100', 'g'), 'hex')";

const ODD_TEXT: &str = "id, first_name, last_name, address, postcode, email, child_dob, \
    E'tab\\there\\nline\\\\N\\r' AS a, E'\\\\N' AS b, E'\\\\.' AS c, E'\\\\' AS d, E'\\n' AS e, E'\\b\\f\\x0b' AS f, '' AS g, NULL AS h, '\"' AS i";

#[test]
fn texts_of_all_types() {
    run(TEXTS);
}

#[test]
fn days_and_moments() {
    run(MOMENTS);
}

#[test]
fn values_within_values() {
    run(PACKED);
}

/// A table that is selected from one of people.
fn made(server: &Postgres, people: &[&Person], selected: &str) {
    table(server, "staging", people, "");
    let selected = selected.replace("to_json(staging) - 'x'", "to_json(staging)");
    server.sql(
        "crm",
        format!(
            "CREATE TYPE person AS (first_name text, last_name text, email text);
             CREATE TABLE contacts AS SELECT {selected} FROM staging;\nDROP TABLE staging;"
        ),
    );
}

fn empty(server: &Postgres, people: &[&Person]) {
    table(server, "contacts", people, "");
    server.sql(
        "crm",
        "INSERT INTO contacts SELECT FROM generate_series(1, 500);
         INSERT INTO contacts SELECT n, '', '', '', '', '', '', '', '' FROM generate_series(1, 500) n;",
    );
}

fn domains(server: &Postgres, people: &[&Person]) {
    server.sql("crm", "CREATE DOMAIN d1 AS text;\nCREATE DOMAIN d2 AS d1;\nCREATE DOMAIN d3 AS date;\nCREATE DOMAIN d4 AS d3;");
    made(server, people, "id, first_name::d1, last_name::d2, postcode::d2, email::d1, child_dob::date::d4");
}

fn nested_bytes(server: &Postgres, people: &[&Person]) {
    server.sql("crm", "CREATE DOMAIN d1 AS bytea;\nCREATE DOMAIN d2 AS d1;\nCREATE DOMAIN d3 AS d2;");
    made(server, people, "id, convert_to(email, 'UTF8')::d3 AS email");
}

fn composite(server: &Postgres, people: &[&Person], content: &str) {
    server.sql("crm", "CREATE TYPE packed AS (kind text, content bytea);");
    made(server, people, &format!("id, ROW('x', {content})::packed AS data"));
}

fn enumeration(server: &Postgres, people: &[&Person]) {
    let labels: Vec<String> = people.iter().map(|person| format!("'{}'", person.email)).collect();
    server.sql("crm", format!("CREATE TYPE mail AS ENUM ({});", labels.join(", ")));
    made(server, people, "id, email::mail AS email");
}

fn citext(server: &Postgres, people: &[&Person]) {
    if server.query("crm", "SELECT count(*) FROM pg_available_extensions WHERE name = 'citext';") == "0" {
        crate::cli::harness::skip("PostgreSQL's package of contributions is not installed: no citext is read");
        return made(server, people, "id, email");
    }
    server.sql("crm", "CREATE EXTENSION citext;");
    made(server, people, "id, upper(email)::citext AS email");
}

fn pairs(server: &Postgres, people: &[&Person]) {
    if server.query("crm", "SELECT count(*) FROM pg_available_extensions WHERE name = 'hstore';") == "0" {
        crate::cli::harness::skip("PostgreSQL's package of contributions is not installed: no hstore is read");
        return made(server, people, "id, to_json(staging) AS data");
    }
    server.sql("crm", "CREATE EXTENSION hstore;");
    made(server, people, "id, hstore(staging) AS data");
}

fn latin(server: &Postgres, people: &[&Person]) {
    server.sql("", "DROP DATABASE crm;\nCREATE DATABASE crm ENCODING 'SQL_ASCII' TEMPLATE template0;");
    table(server, "contacts", people, "");
    server.sql("crm", "UPDATE contacts SET last_name = last_name || E'\\xe9';");
}

fn days(server: &Postgres, people: &[&Person]) {
    made(server, people, "id, first_name, last_name, postcode, child_dob::date, to_date(mother_dob, 'DD/MM/YYYY') AS mother_dob");
    server.sql(
        "crm",
        "CREATE TABLE odd AS SELECT id, child_dob, mother_dob FROM contacts LIMIT 0;\nALTER TABLE odd ADD email text DEFAULT 'heron@example.com';
         INSERT INTO odd (id, child_dob, mother_dob) VALUES
            (1, 'infinity', '-infinity'), (2, '0044-03-15 BC', '5874897-12-31'), (3, '4713-01-01 BC', NULL);",
    );
}

fn moments(server: &Postgres, people: &[&Person], zone: &str, role: &str) {
    server.sql("", format!("ALTER DATABASE crm SET timezone = '{role}';"));
    made(
        server,
        people,
        &format!("id, first_name, last_name, to_date(mother_dob, 'DD/MM/YYYY')::timestamp {zone} AS mother_dob"),
    );
    server.sql(
        "crm",
        "CREATE TABLE odd AS SELECT id, mother_dob FROM contacts LIMIT 0;\nALTER TABLE odd ADD email text DEFAULT 'heron@example.com';
         INSERT INTO odd (id, mother_dob) VALUES (1, 'infinity'), (2, '-infinity');",
    );
}

fn styled(server: &Postgres, people: &[&Person]) {
    server.sql("", "ALTER DATABASE crm SET datestyle = 'SQL, MDY';\nALTER DATABASE crm SET bytea_output = 'escape';");
    made(server, people, "id, first_name, last_name, postcode, child_dob::date, to_date(mother_dob, 'DD/MM/YYYY') AS mother_dob");
}
