//! Tests of whole scripts: each trap as a small dump.

use super::*;
use crate::source::Locator;
use crate::source::testing::Collect;
use crate::source::testing::Row;
use crate::source::testing::codes;
use crate::source::testing::read_all;
use proptest::prelude::*;
use std::io::Write;

fn opened(content: &[u8]) -> OpenedFile {
    let mut copy = tempfile::tempfile().unwrap();
    copy.write_all(content).unwrap();
    OpenedFile::unnamed("dump.sql", copy).unwrap()
}

fn session_of(content: &[u8], chunk: usize, step: Option<u64>) -> SqlSession {
    SqlSession::open(opened(content), None, &Options::default(), &Cancel::default(), (chunk, step)).unwrap()
}

fn session(content: impl AsRef<[u8]>) -> SqlSession {
    session_of(content.as_ref(), CHUNK, None)
}

fn row(cells: &[&str]) -> Row {
    cells.iter().map(|cell| (*cell != "NULL").then(|| (*cell).to_owned())).collect()
}

fn columns(session: &SqlSession, object: usize) -> Vec<&str> {
    session.inventory().objects[object].columns.iter().map(|column| column.name.as_str()).collect()
}

fn names(session: &SqlSession) -> Vec<&str> {
    session.inventory().objects.iter().map(|object| object.name.as_str()).collect()
}

/// The rows of the only table, and all problems.
#[track_caller]
fn only(content: impl AsRef<[u8]>) -> (Vec<Row>, Vec<(ProblemCode, Option<u64>)>) {
    let session = session(content);
    assert_eq!(session.inventory().objects.len(), 1, "{:?}", names(&session));
    let (sink, report) = read_all(&session, 0).unwrap();
    let problems = [session.inventory().problems.clone(), report.problems].concat();
    (sink.rows, codes(&problems))
}

/// The rows of a script without anything wrong in it.
#[track_caller]
fn clean(content: impl AsRef<[u8]>) -> Vec<Row> {
    let (rows, problems) = only(content);
    assert_eq!(problems, []);
    rows
}

const PG: &str = "--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n\
    SELECT pg_catalog.set_config('search_path', '', false);\n\n";
const PG_END: &str = "\n--\n-- PostgreSQL database dump complete\n--\n";
const MY: &str = "-- MySQL dump 10.13  Distrib 8.0.33\n--\n/*!40101 SET NAMES utf8mb4 */;\n\
    /*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n";
const MY_END: &str = "-- Dump completed on 2017-07-01 10:00:00\n";

fn pg(body: &str) -> String {
    format!("{PG}{body}{PG_END}")
}

fn my(body: &str) -> String {
    format!("{MY}{body}{MY_END}")
}

#[test]
fn reads_copy_blocks() {
    let dump = pg("CREATE TABLE public.people (\n    id integer NOT NULL,\n    name character varying(40),\n    \
        born timestamp without time zone DEFAULT now(),\n    pic bytea,\n    tags text[],\n    CONSTRAINT c CHECK ((id > 0))\n);\n\n\
        ALTER TABLE public.people OWNER TO crm;\n\n\
        COPY public.people (id, name, born, pic, tags) FROM stdin;\n\
        1\tO'Neill; -- \\\\x\t1980-01-02 00:00:00\t\\\\x416e6e\t{\"a b\"}\n2\t\\N\tinfinity\t\\\\x00ff\t{a,b}\n\\.\n\n\n\
        SELECT pg_catalog.setval('public.people_id_seq', 2, true);\n");
    let session = session(&dump);
    assert_eq!(names(&session), ["public.people"]);
    assert_eq!(columns(&session, 0), ["id", "name", "born", "pic", "tags"]);
    let object = &session.inventory().objects[0];
    assert_eq!(object.columns[1].declared_type.as_deref(), Some("character varying(40)"));
    assert_eq!((object.rows_expected, session.inventory().problems.len()), (Some(2), 0), "{:?}", session.inventory().problems);
    let (sink, report) = read_all(&session, 0).unwrap();
    assert_eq!(
        sink.rows,
        [row(&["1", "O'Neill; -- \\x", "1980-01-02 00:00:00", "Ann", "a b"]), row(&["2", "NULL", "NULL", "NULL", "{a,b}"])]
    );
    assert_eq!(codes(&report.problems), [(ProblemCode::BinaryCells, Some(1))]);
    assert_eq!(sink.locators[0], Locator::ByteOffset(dump.find("1\tO'Neill").unwrap() as u64));
}

#[test]
fn reads_inserts_of_pg_dump() {
    let table = "CREATE TABLE public.people (\n    id integer,\n    name text,\n    full_name text GENERATED ALWAYS AS ((name || 'x'::text)) STORED,\n    \
        born date\n);\n";
    for rows in [
        "INSERT INTO public.people VALUES (1, 'O''Neill \\', DEFAULT, '1980-01-02');\nINSERT INTO public.people VALUES (2, NULL, DEFAULT, NULL);\n",
        "INSERT INTO public.people (id, name, born) VALUES (1, 'O''Neill \\', '1980-01-02');\nINSERT INTO public.people (id, name, born) VALUES (2, NULL, NULL);\n",
        "INSERT INTO public.people (born, id, name) OVERRIDING SYSTEM VALUE VALUES\n\t('1980-01-02'::date, 1, E'O\\'Neill \\\\'),\n\t(NULL, 2, NULL) ON CONFLICT DO NOTHING;\n",
        "insert into public.people values (1, 'O''Neill ' || '\\', '1980-01-02'), (2, null, null) returning id;\n",
    ] {
        let dump = pg(&format!("{table}{rows}"));
        assert_eq!(columns(&session(&dump), 0), ["id", "name", "born"]);
        assert_eq!(clean(&dump), [row(&["1", "O'Neill \\", "1980-01-02"]), row(&["2", "NULL", "NULL"])], "{rows}");
    }
}

#[test]
fn reads_mysqldump() {
    let dump = my("DROP TABLE IF EXISTS `people`;\n/*!40101 SET @saved_cs_client     = @@character_set_client */;\n\
        /*!50503 SET character_set_client = utf8mb4 */;\nCREATE TABLE `people` (\n  `id` int NOT NULL AUTO_INCREMENT,\n  `name` varchar(40) DEFAULT 'a,b',\n  \
        `born` date DEFAULT NULL,\n  `pic` blob,\n  `flag` bit(1) DEFAULT b'0',\n  PRIMARY KEY (`id`),\n  KEY `k` (`name`)\n) ENGINE=InnoDB DEFAULT CHARSET=latin1;\n\
        /*!40101 SET character_set_client = @saved_cs_client */;\n\nLOCK TABLES `people` WRITE;\n/*!40000 ALTER TABLE `people` DISABLE KEYS */;\n\
        INSERT INTO `people` VALUES\n(1,'O\\'Neill; -- \\\\','1980-01-02',_binary 'Ann',_binary '\\0'),(2,'a\\nb''c\\Z','0000-00-00',0x416E6E,b'101'),(3,NULL,NULL,x'00ff01',NULL);\n\
        /*!40000 ALTER TABLE `people` ENABLE KEYS */;\nUNLOCK TABLES;\n");
    let (rows, problems) = only(&dump);
    assert_eq!(
        rows,
        [
            row(&["1", "O'Neill; -- \\", "1980-01-02", "Ann", "0"]),
            row(&["2", "a\nb'c\u{1a}", "NULL", "Ann", "5"]),
            row(&["3", "NULL", "NULL", "NULL", "NULL"])
        ]
    );
    assert_eq!(problems, [(ProblemCode::BinaryCells, Some(1))]);
}

#[test]
fn backslashes_stand_for_themselves_where_the_dump_says_so() {
    let dump = my("/*!40101 SET SQL_MODE='ANSI,NO_BACKSLASH_ESCAPES' */;\nINSERT INTO `a` (`b`,`c`) VALUES ('C:\\','x');\n");
    assert_eq!(clean(&dump), [row(&["C:\\", "x"])]);
    let dump =
        format!("{PG}SET standard_conforming_strings = off;\nINSERT INTO a (b, c) VALUES ('C:\\\\', 'x\\'y\\101');\n{PG_END}");
    assert_eq!(clean(&dump), [row(&["C:\\", "x'yA"])]);
    // Nothing says it.
    let (rows, problems) = only("INSERT INTO a (b, c) VALUES ('C:\\temp', 'x');\n");
    assert_eq!((rows, problems), (vec![row(&["C:\\temp", "x"])], vec![(ProblemCode::AmbiguousEncoding, Some(1))]));
    // Only one reading makes a script.
    assert_eq!(clean("INSERT INTO a (b, c) VALUES ('C:\\', 'x');\n"), [row(&["C:\\", "x"])]);
    assert_eq!(clean("INSERT INTO a (b, c) VALUES ('O\\'Neill', 'x');\n"), [row(&["O'Neill", "x"])]);
}

#[test]
fn reads_dumps_of_sqlite() {
    let dump = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE IF NOT EXISTS \"p\"\"x\" (id INTEGER PRIMARY KEY, name TEXT, note TEXT, pic BLOB, \
        g TEXT GENERATED ALWAYS AS (name||'x') STORED, CHECK (length(name)>0));\n\
        INSERT INTO \"p\"\"x\" VALUES(1,'O''Neill',replace('a\\nb\tc','\\n',char(10)),X'00ff');\n\
        INSERT INTO \"p\"\"x\" VALUES(2,'Zoë',replace(replace('\\r\\nx','\\r',char(13)),'\\n',char(10)),X'416e6e');\n\
        INSERT INTO \"p\"\"x\" VALUES(3,unistr('\\u0041\\u000ab'),447700900123.0,-2.0e+2);\n\
        CREATE TRIGGER tr AFTER INSERT ON t2 BEGIN UPDATE t2 SET a = CASE WHEN 1 THEN 2 END; END;\nCOMMIT;\n";
    let (rows, problems) = only(dump);
    assert_eq!(
        rows,
        [
            row(&["1", "O'Neill", "a\nb\tc", "NULL"]),
            row(&["2", "Zoë", "\r\nx", "Ann"]),
            row(&["3", "A\nb", "447700900123", "-200"])
        ]
    );
    assert_eq!(problems, [(ProblemCode::BinaryCells, Some(1))]);
}

#[test]
fn reads_scripts_of_sql_server() {
    let script = "USE [crm]\r\nGO\r\n/****** Object:  Table [dbo].[people]    Script Date: 01/07/2017 ******/\r\nSET ANSI_NULLS ON\r\nGO\r\n\
        CREATE TABLE [dbo].[people](\r\n\t[id] [int] IDENTITY(1,1) NOT NULL,\r\n\t[full name] [nvarchar](50) NULL,\r\n\t[born] [datetime] NULL,\r\n\t\
        [x] AS ([id]+(1)),\r\n CONSTRAINT [PK] PRIMARY KEY CLUSTERED ([id] ASC)\r\n) ON [PRIMARY]\r\nGO\r\n\
        SET IDENTITY_INSERT [dbo].[people] ON \r\n\r\nINSERT [dbo].[people] ([id], [full name], [born]) VALUES (1, N'O''Neill\\', CAST(N'1980-01-02T03:04:05.000' AS DateTime))\r\n\
        INSERT [dbo].[people] ([id], [full name], [born]) VALUES (2, N'Zoë', CAST(0x0000000100000000 AS DateTime))\r\nGO\r\n\
        SET IDENTITY_INSERT [dbo].[people] OFF\r\nGO\r\nALTER TABLE [dbo].[people] ADD  DEFAULT ((0)) FOR [id]\r\nGO\r\n\
        EXEC sys.sp_addextendedproperty @name=N'MS_Description', @value=N'people' , @level0type=N'SCHEMA'\r\nGO\r\n";
    let wide = |to_bytes: fn(u16) -> [u8; 2], mark: [u8; 2]| {
        [mark.to_vec(), script.encode_utf16().flat_map(to_bytes).collect()].concat()
    };
    for content in [script.as_bytes().to_vec(), wide(u16::to_le_bytes, [0xff, 0xfe]), wide(u16::to_be_bytes, [0xfe, 0xff])] {
        let session = session(&content);
        assert_eq!((names(&session), columns(&session, 0)), (vec!["dbo.people"], vec!["id", "full name", "born"]));
        assert_eq!(
            clean(&content),
            [row(&["1", "O'Neill\\", "1980-01-02 03:04:05.000"]), row(&["2", "Zoë", "1900-01-02 00:00:00"])]
        );
    }
}

#[test]
fn reads_scripts_without_any_evidence() {
    assert_eq!(clean("INSERT INTO people VALUES (1,'Ann'),(2,'Bob');\n"), [row(&["1", "Ann"]), row(&["2", "Bob"])]);
    let session = session("INSERT INTO people VALUES (1,'Ann');\nINSERT INTO People VALUES (2,'Bob')\n;");
    assert_eq!(columns(&session, 0), ["column_1", "column_2"]);
    assert!(session.inventory().objects[0].details.contains(&("header".to_owned(), "no".to_owned())));
    assert_eq!(read_all(&session, 0).unwrap().0.rows.len(), 2);
    let rows =
        clean("insert into people (b, A) values ('x', $t$it's$t$), (\"y\", TRUE);\nInsert Into people Set a = 'z', b = 1;\n");
    assert_eq!(rows, [row(&["x", "it's"]), row(&["y", "true"]), row(&["1", "z"])]);
}

#[test]
fn two_databases_are_told_apart() {
    let dump = my("CREATE DATABASE `crm`;\nUSE `crm`;\nCREATE TABLE `a` (`b` int);\nINSERT INTO `a` VALUES (1);\n\
        USE `old`;\nCREATE TABLE `a` (`c` int, `d` int);\nINSERT INTO `a` VALUES (2,3);\n");
    let session = session(&dump);
    assert_eq!(names(&session), ["crm.a", "old.a"]);
    assert_eq!(read_all(&session, 1).unwrap().0.rows, [row(&["2", "3"])]);
    let dump = pg(
        "\\connect crm\nCREATE TABLE public.a (b text);\nCOPY public.a (b) FROM stdin;\nx\n\\.\n\\connect old\nCREATE TABLE public.a (b text);\nCOPY public.a (b) FROM stdin;\ny\n\\.\n",
    );
    let session = super::tests::session(&dump);
    assert_eq!(names(&session), ["crm.public.a", "old.public.a"]);
    assert_eq!(read_all(&session, 1).unwrap().0.rows, [row(&["y"])]);
}

#[test]
fn declared_encodings_count() {
    let dump = b"-- MySQL dump 10.13\n/*!40101 SET NAMES latin1 */;\nINSERT INTO `a` (`b`) VALUES ('Zo\xeb'),('Ren\xc3\xa9');\n-- Dump completed\n";
    assert_eq!(clean(dump), [row(&["Zoë"]), row(&["René"])]);
    let dump = b"-- MySQL dump 10.13\n/*!40101 SET NAMES utf8 */;\nINSERT INTO `a` (`b`) VALUES ('Zo\xeb');\n-- Dump completed\n";
    assert_eq!(only(dump).1, [(ProblemCode::Undecodable, Some(1))]);
    let dump = [PG.replace("UTF8", "WIN1251").as_bytes(), b"COPY a (b) FROM stdin;\n\xc0\xed\xed\xe0\n\\.\n", PG_END.as_bytes()]
        .concat();
    assert_eq!(clean(&dump), [row(&["Анна"])]);
    // The second byte of a character may be a backslash.
    let dump =
        [PG.replace("UTF8", "SJIS").as_bytes(), b"COPY a (b, c) FROM stdin;\n\x95\x5c\x83\x5c\tx\n\\.\n", PG_END.as_bytes()]
            .concat();
    assert_eq!(clean(&dump), [row(&["表ソ", "x"])]);
}

#[test]
fn what_is_not_read_is_a_problem() {
    for body in [
        "UPDATE a SET b = 'Ann';",
        "DELETE FROM a WHERE b = 'Ann';",
        "INSERT INTO a SELECT 1, 'Ann';",
        "INSERT INTO a (b) SELECT 'Ann' UNION ALL SELECT 'Bob';",
        "INSERT INTO a (SELECT 'Ann');",
        "CREATE TABLE c AS SELECT 'Ann' AS b;",
        "CREATE VIEW v AS SELECT 'Ann' AS b;",
        "CREATE VIEW v AS VALUES ('Ann');",
        "WITH x AS (SELECT 'Ann') INSERT INTO a SELECT * FROM x;",
        "CALL add_person('Ann');",
        "EXECUTE x('Ann');",
        "FROBNICATE 'Ann';",
        "SELECT 'Ann';",
        "-- INSERT INTO a VALUES ('Ann');",
        "/*\nINSERT INTO a VALUES ('Ann');\n*/",
        "-- COPY a (b) FROM stdin;\n-- Ann\n-- \\.",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO a VALUES (1, 'Ann') $$;",
        "DO $x$ BEGIN EXECUTE 'INSERT INTO a VALUES (''Ann'')'; END $x$;",
        "SELECT pg_catalog.lo_open('16400', 131072);",
        "COPY a (b) FROM '/tmp/a.csv';",
        "COPY a (b) FROM stdin WITH (FORMAT csv);\nAnn\n\\.",
        "\\i other.sql",
        "ALTER TABLE t DROP COLUMN b;",
        "INSERT INTO t VALUES (my_secret('Ann'));",
        "INSERT INTO t VALUES ((SELECT 1));",
    ] {
        let session = session(pg(&format!("CREATE TABLE t (b text);\n{body}\nINSERT INTO t VALUES ('x');\n")));
        let (sink, report) = read_all(&session, 0).unwrap();
        let problems = [session.inventory().problems.clone(), report.problems].concat();
        assert_eq!(sink.rows.last(), Some(&row(&["x"])), "{body}");
        assert_eq!(codes(&problems), [(ProblemCode::Unsupported, Some(1))], "{body}: {problems:?}");
        assert!(!format!("{problems:?}").contains("Ann"), "{body}");
    }
}

#[test]
fn what_holds_no_rows_is_none() {
    let body = "SET statement_timeout = 0;\nCREATE SCHEMA crm;\nCREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;\n\
        COMMENT ON EXTENSION pgcrypto IS 'cryptographic; functions';\nCREATE TYPE public.mood AS ENUM ('sad', 'ok');\n\
        CREATE FUNCTION public.f(a integer) RETURNS trigger LANGUAGE plpgsql AS $_$\nBEGIN\n  INSERT INTO log VALUES (NEW.id, 'added');\n  RETURN NEW;\nEND;\n$_$;\n\
        CREATE FUNCTION public.g() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 ELSE 2 END; SELECT 2; END;\n\
        CREATE SEQUENCE public.s START WITH 1;\nALTER TABLE ONLY public.t ALTER COLUMN id SET DEFAULT nextval('public.s'::regclass);\n\
        CREATE VIEW public.v AS\n SELECT t.b\n   FROM public.t;\nCREATE INDEX i ON public.t USING btree (b);\n\
        CREATE TRIGGER tr BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();\nGRANT ALL ON TABLE public.t TO crm;\n\
        ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (b);\nDROP TABLE IF EXISTS public.x;\n\\restrict abc\n\\unrestrict abc\n\
        ALTER TABLE ONLY public.t ATTACH PARTITION public.t1 FOR VALUES FROM ('a') TO ('b');\nLOCK TABLE public.t;\nBEGIN;\nCOMMIT;\n";
    assert_eq!(
        clean(pg(&format!("CREATE TABLE public.t (b text);\n{body}COPY public.t (b) FROM stdin;\nx\n\\.\n"))),
        [row(&["x"])]
    );
    let body = "DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `tr` BEFORE INSERT ON `t` FOR EACH ROW BEGIN\n\
        IF NEW.b = ';' THEN SET NEW.b = 'x'; END IF;\nEND */;;\nDELIMITER ;\n/*!50001 CREATE VIEW `v` AS SELECT \n 1 AS `id`,\n 1 AS `b`*/;\n\
        /*!50001 DROP VIEW IF EXISTS `v`*/;\n/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */\n\
        /*!50001 VIEW `v` AS select `t`.`b` AS `b` from `t` */;\nCREATE TABLE `w` (`a` tinyint NOT NULL);\nDROP TABLE IF EXISTS `w`;\n";
    assert_eq!(
        clean(my(&format!(
            "/*M!999999\\- enable the sandbox mode */ \nCREATE TABLE `t` (`b` text);\n{body}INSERT INTO `t` VALUES ('x');\n"
        ))),
        [row(&["x"])]
    );
}

/// The problems of a script with a table `t (a, b)` and a statement behind it.
fn beside(statement: &str, start: &str) -> Vec<ProblemCode> {
    let session = session(format!("{start}CREATE TABLE t (a int, b text);\n{statement}\nINSERT INTO t VALUES (2, 'x');\n"));
    let problems = &session.inventory().problems;
    assert!(!format!("{problems:?}").contains("ann@"), "{statement}");
    let codes: Vec<ProblemCode> = codes(problems).into_iter().map(|(code, _)| code).collect();
    codes.into_iter().filter(|code| *code != ProblemCode::CutShort).collect()
}

#[test]
fn values_behind_the_rows_of_an_insert_are_told() {
    for start in ["", PG, MY] {
        for tail in [
            "ON DUPLICATE KEY UPDATE b='Ann'",
            "AS new ON DUPLICATE KEY UPDATE b='Ann'",
            "ON CONFLICT (a) DO UPDATE SET b='Ann'",
            "ON CONFLICT (a) DO UPDATE SET (a, b)=(42, b)",
            "RETURNING 'Ann'",
        ] {
            assert_eq!(beside(&format!("INSERT INTO t VALUES (1, 'y') {tail};"), start), [ProblemCode::Unsupported], "{tail}");
        }
        assert_eq!(
            beside("INSERT INTO t SET a=1, b='y' ON DUPLICATE KEY UPDATE b='Ann', a=5;", start),
            [ProblemCode::Unsupported]
        );
        for tail in
            ["ON DUPLICATE KEY UPDATE a=VALUES(a), b=VALUES(b)", "ON CONFLICT (a) DO UPDATE SET b=EXCLUDED.b", "RETURNING a"]
        {
            assert_eq!(beside(&format!("INSERT INTO t VALUES (1, 'y') {tail};"), start), [], "{tail}");
        }
    }
}

#[test]
fn texts_of_statements_without_rows_are_told_where_they_may_be_values() {
    for statement in [
        "SET @email='V';",
        "SET LOCAL app.email = 'V';",
        "\\set email 'V'",
        "\\echo V",
        "PROMPT V",
        "REM V",
        "PRINT 'V';",
        "EXPLAIN INSERT INTO t VALUES (1, 'V');",
        "SELECT * FROM t WHERE b='V';",
        "COMMENT ON TABLE t IS 'V';",
        "SECURITY LABEL ON TABLE t IS 'V';",
        "CREATE TABLE u (a text DEFAULT 'V', b text);",
        "CREATE TABLE u (a text, CHECK (a IN ('V')));",
        "CREATE TABLE u (a text COMMENT 'V');",
        "CREATE TABLE u (a text) COMMENT='V';",
        "CREATE TABLE u (a enum('x','V'));",
        "CREATE TABLE u PARTITION OF t FOR VALUES IN ('V');",
        "CREATE TYPE e AS ENUM ('x', 'V');",
        "CREATE INDEX i ON t (b) WHERE b='V';",
        "CREATE POLICY p ON t USING (b='V');",
        "ALTER TABLE t ALTER COLUMN b SET DEFAULT 'V';",
        "ALTER ROLE crm SET x TO 'V';",
        "-- no, V, x",
        "/* VALUES\n(1, 'V')\n*/",
    ] {
        for start in ["", PG] {
            for value in ["ann@example.org", "CU65433", "EC1R 1QZ"] {
                let statement = statement.replace('V', value).replace(&format!("{value}ALUES"), "VALUES");
                assert_eq!(beside(&statement, start), [ProblemCode::Unsupported], "{statement}");
            }
            let statement = statement.replace('V', "closed").replace("closedALUES", "VALUES");
            assert_eq!(beside(&statement, start), [], "{statement}");
        }
    }
}

#[test]
fn a_dump_that_is_cut_says_so() {
    let whole = pg("CREATE TABLE t (b text, c text);\nCOPY t (b, c) FROM stdin;\na\tb\nc\td\n\\.\n");
    for end in whole.find("a\tb").unwrap()..whole.len() - 4 {
        let session = session(&whole[..end]);
        assert!(codes(&session.inventory().problems).contains(&(ProblemCode::CutShort, None)), "{}", &whole[..end]);
        read_all(&session, 0).unwrap();
    }
    let whole = my("CREATE TABLE `t` (`b` text, `c` text);\nINSERT INTO `t` VALUES ('a','b'),('c','d');\n");
    for end in whole.find("('a'").unwrap()..whole.find(" completed").unwrap() {
        let session = session(&whole[..end]);
        assert!(codes(&session.inventory().problems).contains(&(ProblemCode::CutShort, None)), "{}", &whole[..end]);
        let rows = read_all(&session, 0).unwrap().0.rows;
        assert_eq!(rows.is_empty(), end < whole.find(",('c'").unwrap(), "{}", &whole[..end]);
    }
    assert_eq!(only("INSERT INTO a (b) VALUES ('x');\nINSERT INTO a (b) VALUES ('y').").1[0].0, ProblemCode::CutShort);
}

#[test]
fn rows_of_another_length_are_told() {
    let (rows, problems) = only(pg(
        "CREATE TABLE t (a text, b text);\nINSERT INTO t VALUES ('1');\nINSERT INTO t VALUES ('1', '2', '3');\nCOPY t (a, b) FROM stdin;\nx\ny\tz\tw\n\\.\n",
    ));
    assert_eq!(rows, [row(&["1"]), row(&["1", "2", "3"]), row(&["x"]), row(&["y", "z", "w"])]);
    assert_eq!(problems, [(ProblemCode::RaggedRows, Some(2)), (ProblemCode::RaggedRows, Some(2))]);
}

#[test]
fn tables_change_between_rows() {
    let rows = clean(pg(
        "CREATE TABLE t (a text);\nINSERT INTO t VALUES ('1');\nALTER TABLE t ADD COLUMN b text;\nINSERT INTO t VALUES ('2', '3');\n",
    ));
    assert_eq!(rows, [row(&["1"]), row(&["2", "3"])]);
    let session =
        session(pg("CREATE TABLE p (a text);\nCREATE TABLE c (b text) INHERITS (p);\nINSERT INTO c VALUES ('1', '2');\n"));
    assert_eq!((names(&session), columns(&session, 1)), (vec!["p", "c"], vec!["a", "b"]));
}

#[test]
fn a_dump_without_rows_has_tables() {
    let session = session(pg("CREATE TABLE public.a (b text);\nCOPY public.a (b) FROM stdin;\n\\.\n"));
    assert_eq!((names(&session), session.inventory().objects[0].rows_expected), (vec!["public.a"], Some(0)));
    assert_eq!(read_all(&session, 0).unwrap().0.rows.len(), 0);
    let nothing = super::tests::session("-- nothing\n");
    assert_eq!((nothing.inventory().objects.len(), codes(&nothing.inventory().problems)), (0, vec![(ProblemCode::Empty, None)]));
}

/// Statements of every sort that have their troubles with edges.
fn scripts() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec![
        "1",
        "-2.5",
        "NULL",
        "'a'",
        "'it''s; -- )'",
        "'(,'",
        "E'a\\'b'",
        "$x$a'$$b$x$",
        "'a' || 'b'",
        "'1980-01-02'::date",
        "X'416e6e'",
        "''",
        "/* ' */ 'c'",
        "CAST('x' AS text)",
        "N'é'",
    ]);
    let rows = prop::collection::vec((value.clone(), value), 1..5)
        .prop_map(|rows| rows.iter().map(|(one, two)| format!("({one}, {two})")).collect::<Vec<_>>().join(",\n"));
    let cell = prop::sample::select(vec!["a", "\\N", "x\\\\y", "\\\\.", "é", "", "'", "a\\tb"]);
    let lines = prop::collection::vec((cell.clone(), cell), 0..6)
        .prop_map(|lines| lines.iter().map(|(one, two)| format!("{one}\t{two}\n")).collect::<Vec<_>>().concat());
    let table = prop::sample::select(vec!["t", "public.u"]);
    let statement = prop_oneof![
        (table.clone(), rows).prop_map(|(table, rows)| format!("INSERT INTO {table} (a, b) VALUES {rows};\n")),
        (table, lines).prop_map(|(table, lines)| format!("COPY {table} (b, a) FROM stdin;\n{lines}\\.\n\n")),
        Just("-- a comment with ' in it\n/* and /* nested */ ; ' */\n".to_owned()),
        Just("CREATE FUNCTION f() AS $body$ ; ' $b$ $body$;\n".to_owned()),
        Just("COMMENT ON TABLE t IS 'x;''y';\n".to_owned()),
    ];
    prop::collection::vec(statement, 0..8).prop_map(|statements| statements.concat())
}

type Table = (String, Vec<Row>, Vec<Locator>, Vec<(ProblemCode, Option<u64>)>);

/// Everything that a session shows, in parts of which each holds what it can.
fn shown(session: &SqlSession, wanted: usize) -> Vec<Table> {
    let cancel = Cancel::default();
    let mut tables = Vec::new();
    for (place, object) in session.inventory().objects.iter().enumerate() {
        let (mut rows, mut locators, mut report) = (Vec::new(), Vec::new(), SplitReport::default());
        for split in session.splits(place, wanted, &cancel).unwrap() {
            let mut sink = Collect::default();
            report.absorb(session.read(&split, &mut sink, &cancel).unwrap());
            rows.append(&mut sink.rows);
            locators.append(&mut sink.locators);
        }
        assert_eq!(object.rows_expected, Some(rows.len() as u64));
        let mut problems = codes(&report.problems);
        problems.sort();
        tables.push((object.name.clone(), rows, locators, problems));
    }
    tables
}

proptest! {
    #[test]
    fn any_chunks_and_parts_give_the_same(body in scripts(), chunk in 1_usize..40, step in 1_u64..60, wanted in 1_usize..9) {
        let script = format!("{PG}{body}{PG_END}");
        let whole = session(&script);
        prop_assert_eq!(codes(&whole.inventory().problems), []);
        let parts = session_of(script.as_bytes(), chunk, Some(step));
        prop_assert_eq!(codes(&parts.inventory().problems), []);
        prop_assert_eq!(shown(&whole, 1), shown(&parts, wanted));
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        start in prop::sample::select(vec!["", PG, MY, "PRAGMA foreign_keys=OFF;\n", "GO\n", "INSERT INTO a VALUES (", "COPY a FROM stdin;\n"]),
        body in "(INSERT INTO |a|VALUES|[(]|[)]|,|;|'|\"|`|[\\[]|[\\\\]|[$]|--|/[*]|[*]/|#|\n| |1|é|COPY |FROM stdin|CREATE TABLE |BEGIN|END|DELIMITER |SET NAMES latin1|USE |CAST|AS|replace|::|[|]|NULL|[.]|e'|x'|_utf8'|ALTER TABLE |ADD |VIEW ){0,60}",
        chunk in 1_usize..20,
        step in 1_u64..60,
    ) {
        let script = format!("{start}{body}");
        let one = session(&script);
        let parts = session_of(script.as_bytes(), chunk, Some(step));
        prop_assert_eq!(codes(&one.inventory().problems), codes(&parts.inventory().problems));
        let (one, parts) = (rows_of(&one), rows_of(&parts));
        prop_assert_eq!(one, parts);
    }
}

fn rows_of(session: &SqlSession) -> Vec<(String, Vec<Row>)> {
    let tables = 0..session.inventory().objects.len();
    tables.map(|place| (names(session)[place].to_owned(), read_all(session, place).unwrap().0.rows)).collect()
}
