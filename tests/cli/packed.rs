//! Compressed files and archives: what is in them is found wherever it lies, and whatever hinders that is a gap with the file's name.

use crate::cli::odd_files::Said;
use crate::cli::odd_files::scan;
use crate::cli::world::World;
use crate::cli::world::create;
use crate::cli::world::csv;
use crate::cli::world::insert;
use std::collections::BTreeMap;
use std::io::Read;
use std::io::Write;

/// The most memory that the program may hold, whatever it reads.
const MOST_MEMORY: u64 = 256 << 20;

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(content).expect("room");
    out.finish().expect("room")
}

pub(crate) fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 3).expect("room")
}

pub(crate) fn xz(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    liblzma::read::XzEncoder::new(content, 6).read_to_end(&mut out).expect("room");
    out
}

pub(crate) fn bzip2(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    bzip2::read::BzEncoder::new(content, bzip2::Compression::best()).read_to_end(&mut out).expect("room");
    out
}

pub(crate) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        // The builder refuses names that lead out of the archive; other programs do not.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, *content).expect("room");
    }
    archive.into_inner().expect("room")
}

/// An archive behind the name of its volume, as `tar --label` of GNU writes it: all that is not said is zero, the size included.
fn labelled(archive: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_old();
    header.as_mut_bytes().fill(0);
    header.as_old_mut().name[..6].copy_from_slice(b"backup");
    header.as_old_mut().linkflag = [b'V'];
    header.set_cksum();
    [header.as_bytes().as_slice(), archive].concat()
}

fn zip_with(members: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        archive.start_file(*name, options).expect("a new file");
        archive.write_all(content).expect("room");
    }
    archive.finish().expect("room").into_inner()
}

pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(members, zip::CompressionMethod::Deflated)
}

/// An archive of one file that says another method of it.
fn with_method(mut archive: Vec<u8>, method: u8) -> Vec<u8> {
    let directory = archive.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").expect("a directory");
    archive[8] = method;
    archive[directory + 10] = method;
    archive
}

/// A table with nobody of interest, and one with a supplied person.
fn tables(world: &World) -> (Vec<u8>, Vec<u8>) {
    let own: Vec<_> = world.own.iter().take(20).collect();
    let kept: Vec<_> = world.own.iter().take(10).chain([&world.supplied[7]]).collect();
    (csv(&own, ',').into_bytes(), csv(&kept, ',').into_bytes())
}

fn database(world: &World) -> Vec<u8> {
    world.database("made.db", |database| {
        create(database, "contacts", "");
        insert(database, "contacts", &world.own.iter().take(10).chain([&world.supplied[7]]).collect::<Vec<_>>());
    });
    std::fs::read(world.case.path("made.db")).expect("a database")
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// Scans files of these names and contents, and holds what is said of each against records and gaps.
fn expect(world: &World, files: &[(&str, Vec<u8>)], expected: &[(&str, u64, &[&str])]) {
    for (name, content) in files {
        world.case.write(&format!("odd/{name}"), content);
    }
    let said = scan(world, &[]);
    let said: BTreeMap<&str, (u64, Vec<&str>)> = said
        .iter()
        .map(|(name, Said { records, gaps, .. })| {
            let gaps = gaps.iter().map(String::as_str).collect();
            (name.strip_prefix("odd/").expect("a name in the folder"), (*records, gaps))
        })
        .collect();
    let expected: BTreeMap<&str, (u64, Vec<&str>)> =
        expected.iter().map(|(name, records, gaps)| (*name, (*records, gaps.to_vec()))).collect();
    let wrong: Vec<String> = said
        .keys()
        .chain(expected.keys())
        .filter(|name| said.get(*name) != expected.get(*name))
        .map(|name| format!("{name}: {:?}, not {:?}", said.get(name), expected.get(name)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_packed_is_read_however_deep() {
    let world = World::asked();
    let (empty, kept) = tables(&world);
    let (empty, kept) = (empty.as_slice(), kept.as_slice());
    let base = database(&world);
    let files = [
        ("a.csv.gz", gzip(kept)),
        ("b.csv.zst", zstd(kept)),
        ("c.csv.xz", xz(kept)),
        ("d.csv.bz2", bzip2(kept)),
        // A second member, frame or stream follows the first, as `cat` joins them.
        ("e.gz", joined(&[&gzip(empty), &gzip(&kept[kept.iter().position(|byte| *byte == b'\n').unwrap() + 1..])])),
        ("f.zst", joined(&[&zstd(empty), &zstd(&kept[kept.iter().position(|byte| *byte == b'\n').unwrap() + 1..])])),
        ("g.xz", joined(&[&xz(empty), &xz(&kept[kept.iter().position(|byte| *byte == b'\n').unwrap() + 1..])])),
        ("h.bz2", joined(&[&bzip2(empty), &bzip2(&kept[kept.iter().position(|byte| *byte == b'\n').unwrap() + 1..])])),
        // A tape's padding.
        ("i.gz", joined(&[&gzip(kept), &[0; 1_000]])),
        ("j.zip", zip(&[("one/empty.csv", empty), ("one/kept.csv", kept), ("folder/", b"")])),
        ("k.zip", zip_with(&[("kept.csv", kept)], zip::CompressionMethod::Stored)),
        ("l.tar", tar(&[("empty.csv", empty), ("deep/kept.csv", kept)])),
        ("m.tgz", gzip(&tar(&[("empty.csv", empty), ("deep/kept.csv", kept)]))),
        ("n.zip", zip(&[("inner.tar.bz2", &bzip2(&tar(&[("inner.zip", &zip(&[("kept.csv.gz", &gzip(kept))]))])))])),
        ("o.db.gz", gzip(&base)),
        ("p.zip", zip(&[("crm.db", &base)])),
        // Two archives in one file, the second behind the first one's end.
        ("q.tar", joined(&[&tar(&[("empty.csv", empty)]), &tar(&[("kept.csv", kept)])])),
        // Nothing is written to disk, so that no name leads anywhere.
        ("r.tar", tar(&[("/etc/kept.csv", kept), ("../../up.csv", kept)])),
        ("s.zip", zip_with(&[("kept.csv", kept)], zip::CompressionMethod::Zstd)),
        ("t.tar", labelled(&tar(&[("empty.csv", empty), ("kept.csv", kept)]))),
    ];
    let expected: [(&str, u64, &[&str]); 26] = [
        ("t.tar/empty.csv", 0, &[]),
        ("t.tar/kept.csv", 1, &[]),
        ("a.csv.gz", 1, &[]),
        ("b.csv.zst", 1, &[]),
        ("c.csv.xz", 1, &[]),
        ("d.csv.bz2", 1, &[]),
        ("e.gz", 1, &[]),
        ("f.zst", 1, &[]),
        ("g.xz", 1, &[]),
        ("h.bz2", 1, &[]),
        ("i.gz", 1, &[]),
        ("j.zip/one/empty.csv", 0, &[]),
        ("j.zip/one/kept.csv", 1, &[]),
        ("k.zip/kept.csv", 1, &[]),
        ("l.tar/empty.csv", 0, &[]),
        ("l.tar/deep/kept.csv", 1, &[]),
        ("m.tgz/empty.csv", 0, &[]),
        ("m.tgz/deep/kept.csv", 1, &[]),
        ("n.zip/inner.tar.bz2/inner.zip/kept.csv.gz", 1, &[]),
        ("o.db.gz#contacts", 1, &[]),
        ("p.zip/crm.db#contacts", 1, &[]),
        ("q.tar/empty.csv", 0, &[]),
        ("q.tar/kept.csv", 1, &[]),
        ("r.tar/etc/kept.csv", 1, &[]),
        ("r.tar/../../up.csv", 1, &[]),
        ("s.zip/kept.csv", 1, &[]),
    ];
    expect(&world, &files, &expected);
    assert!(!world.case.path("up.csv").exists() && !world.case.path("../up.csv").exists());
}

#[test]
fn what_hinders_the_unpacking_is_a_gap_and_the_rest_is_read() {
    let world = World::asked();
    let (empty, kept) = tables(&world);
    let (empty, kept) = (empty.as_slice(), kept.as_slice());
    let cut = |packed: Vec<u8>, bytes: usize| packed[..packed.len() - bytes].to_vec();
    let bent = |mut packed: Vec<u8>, place: usize| {
        let place = packed.len() - place;
        packed[place] ^= 0x55;
        packed
    };
    let encrypted = || {
        let mut archive = zip(&[("empty.csv", empty), ("kept.csv", kept)]);
        // The flag of the second file, in its own header and in the directory (APPNOTE 6.3.10, section 4.4.4).
        for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
            let place = memchr::memmem::rfind(&archive, signature).expect("a header");
            archive[place + flags] |= 1;
        }
        archive
    };
    let doubled = || {
        let mut archive = zip(&[("kept.csv", kept), ("fake.csv", empty)]);
        while let Some(place) = memchr::memmem::find(&archive, b"fake.csv") {
            archive[place..place + 4].copy_from_slice(b"kept");
        }
        archive
    };
    let beside_the_end = |zip: Vec<u8>| {
        let end = memchr::memmem::rfind(&zip, b"PK\x05\x06").expect("an end");
        joined(&[&zip[..end], kept, &zip[end..]])
    };
    let commented = || {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(zip(&[])));
        archive.set_comment(String::from_utf8(kept.to_vec()).expect("text")).expect("a comment");
        archive.finish().expect("room").into_inner()
    };
    let noted = || {
        let mut out = flate2::GzBuilder::new().comment(kept).write(Vec::new(), flate2::Compression::best());
        out.write_all(empty).expect("room");
        out.finish().expect("room")
    };
    let linked = |kind: tar::EntryType| {
        let mut header = tar::Header::new_gnu();
        header.set_path("kept.csv").expect("a path");
        header.set_link_name("empty.csv").expect("a path");
        header.set_entry_type(kind);
        header.set_size(kept.len() as u64);
        header.set_cksum();
        let mut archive = tar::Builder::new(Vec::new());
        archive.append(&header, kept).expect("room");
        archive.into_inner().expect("room")
    };
    let remarked = || {
        let mut archive = tar::Builder::new(Vec::new());
        archive.append_pax_extensions([("comment", kept)]).expect("room");
        let mut header = tar::Header::new_ustar();
        header.set_path("empty.csv").expect("a path");
        header.set_size(empty.len() as u64);
        header.set_cksum();
        archive.append(&header, empty).expect("room");
        archive.into_inner().expect("room")
    };
    let layers = (0..9).fold(kept.to_vec(), |content, _| gzip(&content));
    let files = [
        ("a.gz", cut(gzip(kept), 8)),
        ("b.gz", bent(gzip(kept), 8)),
        ("c.gz", joined(&[&gzip(kept), b"and more"])),
        ("d.zst", cut(zstd(kept), 3)),
        ("e.xz", cut(xz(kept), 12)),
        ("f.bz2", cut(bzip2(kept), 8)),
        ("g.tar", cut(tar(&[("kept.csv", kept)]), 1_024)),
        ("h.tar", joined(&[&tar(&[("kept.csv", kept)]), &[7; 512]])),
        ("i.zip", encrypted()),
        ("j.zip", doubled()),
        ("k.zip", joined(&[&zip(&[("kept.csv", kept)]), &zip(&[("empty.csv", empty)])])),
        ("l.zip", cut(zip(&[("kept.csv", kept)]), 30)),
        ("m.gz", layers),
        ("n.gz", gzip(&vec![0; 200 << 20])),
        ("o.gz", gzip(b"")),
        ("p.gz", b"\x1f\x8b\x08".to_vec()),
        ("q.zip", zip_with(&[("kept.csv", kept)], zip::CompressionMethod::Bzip2)),
        ("r.zip", joined(&[&zip(&[("empty.csv", empty)]), kept])),
        ("s.zip", beside_the_end(zip(&[("empty.csv", empty)]))),
        ("t.zip", commented()),
        ("u.gz", noted()),
        ("v.tar", linked(tar::EntryType::Link)),
        ("w.tar", linked(tar::EntryType::Directory)),
        ("x.tar", remarked()),
        ("z.zip", with_method(zip(&[("kept.csv", kept)]), 14)),
        ("._y.csv", joined(&[b"\0\x05\x16\x07\0\x02\0\0", kept])),
        (".DS_Store", joined(&[b"\0\0\0\x01Bud1", kept])),
    ];
    let expected: [(&str, u64, &[&str]); 35] = [
        (".DS_Store", 0, &["unsupported"]),
        ("a.gz", 1, &["cut_short"]),
        ("b.gz", 1, &["read_failed"]),
        ("c.gz", 1, &["read_failed"]),
        ("d.zst", 0, &["cut_short"]),
        ("e.xz", 1, &["cut_short"]),
        ("f.bz2", 1, &["cut_short"]),
        ("g.tar", 0, &["cut_short"]),
        ("g.tar/kept.csv", 1, &[]),
        ("h.tar", 0, &["read_failed"]),
        ("h.tar/kept.csv", 1, &[]),
        ("i.zip/empty.csv", 0, &[]),
        ("i.zip/kept.csv", 0, &["unsupported"]),
        ("j.zip", 0, &["unknown_format", "unsupported"]),
        ("j.zip/kept.csv", 0, &[]),
        ("k.zip", 0, &["unknown_format"]),
        ("k.zip/empty.csv", 0, &[]),
        ("l.zip", 0, &["cut_short"]),
        ("m.gz", 0, &["beyond_limit"]),
        ("n.gz", 0, &["beyond_limit"]),
        ("o.gz", 0, &["empty"]),
        ("p.gz", 0, &["cut_short"]),
        ("q.zip/kept.csv", 1, &[]),
        ("r.zip", 0, &["unknown_format"]),
        ("r.zip/empty.csv", 0, &[]),
        ("s.zip", 0, &["unknown_format"]),
        ("s.zip/empty.csv", 0, &[]),
        ("t.zip", 0, &["unsupported"]),
        ("u.gz", 0, &["unsupported"]),
        ("v.tar/kept.csv", 1, &[]),
        ("w.tar/kept.csv", 1, &[]),
        ("x.tar", 0, &["unsupported"]),
        ("x.tar/empty.csv", 0, &[]),
        ("z.zip/kept.csv", 0, &["read_failed"]),
        ("._y.csv", 0, &["unsupported"]),
    ];
    expect(&world, &files, &expected);
}

#[test]
fn a_bomb_takes_no_memory() {
    let world = World::asked();
    world.case.write("bomb/a.gz", gzip(&vec![b'a'; 300 << 20]));
    let line = vec![b"1234567890,".as_slice(); 1_000].concat();
    world.case.write("bomb/b.xz", xz(&vec![line.as_slice(); 20_000].concat()));
    let arguments = world.scanning("deletion", "deletion.challenge.json", &["bomb"], &[]);
    let (output, peak) = world.command(crate::cli::world::AFTER, &arguments).run_measured();
    output.exits_with(10);
    output.prints("beyond_limit");
    assert!(peak <= MOST_MEMORY, "{} MB", peak >> 20);
}

#[test]
fn without_a_folder_for_temporary_files_it_is_named() {
    let world = World::asked();
    let (_, kept) = tables(&world);
    world.case.write("odd/kept.csv.gz", gzip(&kept));
    let command = |source: &str, folder: &str| {
        let arguments = world.scanning("deletion", "deletion.challenge.json", &[source], &[]);
        world.command(crate::cli::world::AFTER, &arguments).env("TMPDIR", folder).input(&kept).run()
    };
    let packed = command("odd", "/none/such");
    packed.exits_with(10).prints("read_failed: `odd/kept.csv.gz`");
    packed.prints("`/none/such` (`TMPDIR` names another): there is no such folder");
    // A database within an archive is copied, since its reader asks for a path.
    world.case.write("archived/made.zip", zip_with(&[("made.db", &database(&world))], zip::CompressionMethod::Stored));
    command("archived", "/none/such")
        .exits_with(10)
        .prints("read_failed: `archived/made.zip/made.db`: it could not be copied into");
    let piped = command("-", "/none/such");
    piped.exits_with(1).stderr_is(
        "error: cannot write to the folder for temporary files, `/none/such`\n  cause: there is no such file or folder\n  help: \
         make room there, or name a folder with room that this user may write to in the environment variable `TMPDIR`\n",
    );
}
