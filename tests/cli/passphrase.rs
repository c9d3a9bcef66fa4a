//! The ledger's secrets under a passphrase.

use crate::cli::world::AFTER;
use crate::cli::world::World;
use std::fs;

/// A file for its owner alone.
fn private(world: &World, name: &str, text: &str) {
    world.case.write(name, text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(world.case.path(name), fs::Permissions::from_mode(0o600)).expect("a mode");
    }
}

#[test]
fn the_officer_works_on_under_a_passphrase() {
    let world = World::new();
    world.supply("supply.csv", "handover", &["--reference", "customer_no"]).exits_with(0);
    private(&world, "pass.txt", "four words beside each other\nand a second line\n");
    private(&world, "short.txt", "too short\n");
    private(&world, "wrong.txt", "four words beside nothing\n");
    world.case.write("shared.txt", "four words beside each other\n");
    let protect = |file: &str| world.run(AFTER, &["ledger", "protect", "--new-passphrase-file", file]);
    protect("short.txt").exits_with(1).warns("fewer than 12 characters");
    protect("no.txt").exits_with(1).warns("cannot read the passphrase in `no.txt`");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(world.case.path("shared.txt"), fs::Permissions::from_mode(0o644)).expect("a mode");
        protect("shared.txt").exits_with(1).warns("others than its owner can read");
    }
    protect("pass.txt").exits_with(0).prints("under a passphrase; 2 files encrypted");
    let in_the_clear = || {
        let folder = fs::read_dir(world.case.path("ledger/secrets")).expect("a folder");
        folder.flatten().filter(|entry| entry.path().extension().is_some_and(|extension| extension == "json")).count()
    };
    assert_eq!(in_the_clear(), 0);

    // What needs no secret goes on.
    world.run(AFTER, &["status"]);
    world.run(AFTER, &["supplies", "show", &world.supply_id()]).exits_with(0);
    world.run(AFTER, &["ledger", "verify"]).exits_with(0).prints("under a passphrase, which was not given");
    world.supply("supply.csv", "second", &[]).exits_with(0);
    assert_eq!(in_the_clear(), 0);

    // What needs one asks for it.
    let asking = |out: &str, extra: &[&str]| world.run("2017-05-02T09:00:00Z", &world.asking("baseline", out, extra));
    asking("1.json", &[]).exits_with(1).warns("under a passphrase").warns("--passphrase-file");
    asking("1.json", &["--passphrase-file", "wrong.txt"]).exits_with(1).warns("the passphrase is not that of the ledger");
    assert!(!world.case.path("1.json").exists());
    asking("1.json", &["--passphrase-file", "pass.txt"]).exits_with(0);
    let command = world.command("2017-05-02T09:00:00Z", &world.asking("baseline", "2.json", &[]));
    command.env("RESIDUA_PASSPHRASE_FILE", "pass.txt").run().exits_with(0);
    let piped = world.command(AFTER, &["ledger", "verify", "--passphrase-file", "-"]);
    let verified = piped.input(b"four words beside each other").run();
    assert!(!verified.exits_with(0).stdout.contains("which was not given"));

    world.run(AFTER, &["ledger", "unprotect"]).exits_with(1).warns("under a passphrase");
    world.run(AFTER, &["ledger", "unprotect", "--passphrase-file", "pass.txt"]).exits_with(0).prints("3 files decrypted");
    asking("3.json", &[]).exits_with(0);
    world.run(AFTER, &["ledger", "verify"]).exits_with(0);
}
