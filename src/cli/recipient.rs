//! `recipient`: which keys are the recipients', and what became of them.

use crate::attestation::dsse::Envelope;
use crate::attestation::key::Card;
use crate::attestation::party_v1;
use crate::attestation::party_v1::RotationV1;
use crate::attestation::statement::Statement;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::context::LedgerArgument;
use crate::cli::document;
use crate::cli::exit_code::ExitCode;
use crate::cli::failure::advised;
use crate::ledger::Ledger;
use crate::ledger::LedgerView;
use crate::ledger::entry::Basis;
use crate::ledger::entry::Entry;
use crate::ledger::entry::OfficerEntry;
use crate::ledger::entry::PinnedCard;
use crate::ledger::entry::RecipientEntry;
use crate::ledger::entry::RevocationEntry;
use crate::ledger::party::Key;
use crate::ledger::party::KeyLookupError;
use crate::ledger::party::Misfit;
use crate::ledger::party::Origin;
use crate::ledger::party::Standing;
use crate::ledger::party::officer::Officer;
use crate::report::json_v1;
use crate::report::json_v1::approval::OfficerV1;
use crate::report::json_v1::party::AffectedV1;
use crate::report::json_v1::party::RecipientChangedV1;
use crate::report::json_v1::party::RecipientKeyV1;
use crate::report::json_v1::party::RecipientsV1;
use crate::support::sanitize::clean;
use crate::support::time;
use anyhow::Context as _;
use clap::Args;
use clap::Subcommand;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::path::PathBuf;

/// Pin the recipients' cards, and enter new and lost keys
///
/// An attestation counts only where a key has signed it that was the recipient's when it was received. `supply` pins the recipient's card; these
/// commands say what becomes of it afterwards. What is entered stays in the ledger.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  residua recipient list
  residua recipient rotate party-2018.rotation.json
  residua recipient revoke SHA256:3f9x --since 2017-08-01 \\
      --reason \"laptop stolen\"
  residua recipient add party-new.card.json --replaces SHA256:3f9x
  residua recipient add party.card.json --officer director.card.json
KEY is a fingerprint, or as many of its first characters as tell it from the
others; `SHA256:` may be left out.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Pin a card whose fingerprint you compared with the recipient, by another channel than the one that it came by
    Add {
        /// The recipient's card
        card: PathBuf,
        /// The key whose place it takes, where that is lost or revoked and can sign no rotation
        #[arg(long, value_name = "KEY")]
        replaces: Option<String>,
        /// The card of an officer of the recipient, compared in the same way, who countersigns attestations with it; may be repeated. The
        /// recipient's card may be pinned already
        #[arg(long, value_name = "OFFICER")]
        officer: Vec<PathBuf>,
        #[command(flatten)]
        ledger: LedgerArgument,
    },
    /// List all keys, those of the past included
    List {
        #[command(flatten)]
        ledger: LedgerArgument,
    },
    /// Enter a recipient's new card, which its old key has signed (`residua keygen --replaces`)
    Rotate {
        /// The rotation, as the recipient sent it
        rotation: PathBuf,
        #[command(flatten)]
        ledger: LedgerArgument,
    },
    /// Trust a key no longer: what was received from that day on counts no more, and neither does a successor that it named
    Revoke {
        /// The key, a recipient's or an officer's
        key: String,
        /// The first day (UTC) on which somebody else may have had the key: 2017-06-30
        #[arg(long, value_name = "DAY")]
        since: String,
        /// Why, in one line
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        ledger: LedgerArgument,
    },
}

/// Enters or lists.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Add { card, replaces, officer, ledger } => {
            let card = Card::read(card)?;
            let officers = officer.iter().map(|card| Card::read(card)).collect::<Result<Vec<Card>, _>>()?;
            let ledger = Ledger::create_or_open(&ledger.folder()?)?;
            add(ledger, &card, replaces.as_deref(), &officers, context)?;
        }
        Command::List { ledger } => list(Ledger::open(&ledger.folder()?)?.view(), context)?,
        Command::Rotate { rotation, ledger } => rotate(Ledger::open(&ledger.folder()?)?, rotation, context)?,
        Command::Revoke { key, since, reason, ledger } => {
            revoke(Ledger::open(&ledger.folder()?)?, key, since, reason, context)?;
        }
    }
    Ok(ExitCode::Clear)
}

/// Refuses a card to which nothing should be supplied any more.
pub(crate) fn check_card(view: &LedgerView, card: &Card, now: Timestamp) -> anyhow::Result<()> {
    let fingerprint = card.fingerprint();
    let name = clean(card.name());
    let current = view.parties().current(fingerprint);
    if view.parties().officer(fingerprint).is_some() {
        let misfit = Misfit::IsOfficer;
        return Err(advised(format!("`{fingerprint}` of `{name}`: {}", misfit.problem()), misfit.help()));
    }
    let successor = || {
        match view.parties().key(current).filter(|key| key.revoked().is_none()) {
        Some(key) if current != fingerprint => {
            format!("name the card of its successor `{current}`, made for `{}`", clean(&key.pinned.name))
        }
        _ => "have the recipient make a new key (`residua keygen`), compare its fingerprint by another channel, and enter its card with \
              `residua recipient add CARD --replaces KEY`"
            .to_owned(),
    }
    };
    match view.parties().key_at(fingerprint, now) {
        Standing::Revoked { since, reason } => {
            Err(advised(format!("the key `{fingerprint}` of `{name}` is revoked as of {since}: {}", clean(reason)), successor()))
        }
        Standing::Replaced { since, by } => Err(advised(
            format!("the key `{fingerprint}` of `{name}` was replaced by `{by}` on {}", time::day(since)),
            successor(),
        )),
        Standing::Unknown | Standing::NotYet { .. } | Standing::Valid => Ok(()),
    }
}

fn add(mut ledger: Ledger, card: &Card, replaces: Option<&str>, officers: &[Card], context: &Context) -> anyhow::Result<()> {
    let now = context.now();
    let replaces = replaces.map(|key| find(ledger.view(), key)).transpose()?;
    let entry = RecipientEntry {
        card: PinnedCard::new(card),
        replaces: replaces.clone(),
        since: time::format(now),
        basis: Basis::Compared,
        statement: None,
    };
    let is_known = ledger.view().parties().key(card.fingerprint()).is_some_and(|key| key.pinned == entry.card);
    let is_for_officers = is_known && replaces.is_none() && !officers.is_empty();
    if !is_for_officers {
        fits(ledger.view().parties().misfit(&entry))?;
    }
    // All of them fit, or nothing is entered.
    let mut posts: Vec<OfficerEntry> = Vec::new();
    for officer in officers {
        let post =
            OfficerEntry { party: card.fingerprint().to_owned(), card: PinnedCard::new(officer), since: time::format(now) };
        let misfit = ledger.view().parties().officer_misfit(&post).filter(|misfit| *misfit != Misfit::NoParty);
        let is_twice = posts.iter().any(|other| other.card.fingerprint == post.card.fingerprint);
        fits(misfit.or(is_twice.then_some(Misfit::Known)))
            .with_context(|| format!("cannot pin `{}` as an officer's", clean(officer.fingerprint())))?;
        posts.push(post);
    }
    let before = Before::of(ledger.view());
    if !is_for_officers {
        ledger.append(now, Entry::Recipient(Box::new(entry)))?;
    }
    for post in posts {
        ledger.append(now, Entry::Officer(Box::new(post)))?;
    }
    report(&ledger, card.fingerprint(), &before, context)
}

fn rotate(mut ledger: Ledger, path: &Path, context: &Context) -> anyhow::Result<()> {
    let now = context.now();
    let accepting = || format!("cannot accept the rotation `{}`", path.display());
    let bytes = document::read(path, "rotation")?;
    let envelope = Envelope::parse(&bytes).with_context(accepting)?;
    let Some((verified, key)) = ledger.view().parties().signer(&envelope, || old_key(&envelope))? else {
        return Err(advised(
            "no recipient's key of this ledger has signed it",
            "a rotation is signed by the key that the ledger pins; if that is lost, compare the fingerprint of the new card by another channel, and \
             enter it with `residua recipient add CARD --replaces KEY`",
        )
        .context(accepting()));
    };
    let signer = key.pinned.fingerprint.clone();
    let statement: Statement<RotationV1> = Statement::open(verified).with_context(accepting)?;
    if let Some(fault) = party_v1::fault(&statement, &signer) {
        return Err(advised(fault, "ask the recipient for the file that `residua keygen --replaces` wrote").context(accepting()));
    }
    let card = statement.predicate.new_card;
    let mut entry = RecipientEntry {
        card: PinnedCard::new(&card),
        replaces: Some(signer.clone()),
        since: time::format(now),
        basis: Basis::Rotation,
        statement: Some("0".repeat(64)),
    };
    fits(ledger.view().parties().misfit(&entry)).with_context(accepting)?;
    entry.statement = Some(ledger.keep_document(&bytes)?);
    let before = Before::of(ledger.view());
    ledger.append(now, Entry::Recipient(Box::new(entry)))?;
    report(&ledger, card.fingerprint(), &before, context)
}

/// The key that the file says it replaces. Nothing has been verified by then: it is a hint and no more.
fn old_key(envelope: &Envelope) -> Option<String> {
    let statement: Value = serde_json::from_slice(envelope.unverified_payload()).ok()?;
    Some(statement.pointer("/predicate/oldKey")?.as_str()?.to_owned())
}

fn revoke(mut ledger: Ledger, key: &str, since: &str, reason: &str, context: &Context) -> anyhow::Result<()> {
    let now = context.now();
    let fingerprint = found(ledger.view().parties().find_any(key))?.to_owned();
    let day = time::parse_day(since).ok_or_else(|| advised(format!("`{}` is no day", clean(since)), "write it as 2017-06-30"))?;
    if day > time::day(now) {
        return Err(advised(
            format!("a key cannot be revoked as of {day}, which is to come (UTC)"),
            "name the first day on which somebody else may have had the key; for a change that is planned, enter the new card with `residua recipient \
             rotate`",
        ));
    }
    let entry = RevocationEntry { fingerprint: fingerprint.clone(), since: day.to_string(), reason: reason.trim().to_owned() };
    fits(ledger.view().parties().misfit_of_revocation(&entry))?;
    let before = Before::of(ledger.view());
    ledger.append(now, Entry::Revocation(entry))?;
    report(&ledger, &fingerprint, &before, context)
}

/// The fingerprint of the one key that is meant.
fn find(view: &LedgerView, key: &str) -> anyhow::Result<String> {
    Ok(found(view.parties().find(key))?.pinned.fingerprint.clone())
}

fn found<T>(found: Result<T, KeyLookupError>) -> anyhow::Result<T> {
    found.map_err(|error| advised(error, "`residua recipient list` shows the keys of the ledger"))
}

fn fits(misfit: Option<Misfit>) -> anyhow::Result<()> {
    misfit.map_or(Ok(()), |misfit| Err(advised(misfit.problem(), misfit.help())))
}

/// What could be answered and what counted before a key changed.
struct Before {
    answerable: BTreeSet<String>,
    counted: BTreeSet<(String, usize)>,
}

impl Before {
    fn of(view: &LedgerView) -> Before {
        let challenges = view.supplies().iter().flat_map(|supply| &supply.challenges);
        let mut before = Before { answerable: BTreeSet::new(), counted: BTreeSet::new() };
        for challenge in challenges {
            let id = &challenge.entry.challenge_id;
            match challenge.answer() {
                None if !challenge.is_key_out => {
                    before.answerable.insert(id.clone());
                }
                None => {}
                Some(answer) => {
                    before.counted.insert((id.clone(), answer.reasons.len()));
                }
            }
        }
        before
    }
}

/// The challenges that a change concerns: those that nobody can answer any more, of which the day has not passed, and those whose answers
/// no longer count.
fn affected(view: &LedgerView, before: &Before, now: Timestamp) -> (Vec<AffectedV1>, Vec<AffectedV1>) {
    let (mut unanswerable, mut uncounted) = (Vec::new(), Vec::new());
    for (supply, challenge) in view.supplies().iter().flat_map(|supply| supply.challenges.iter().map(move |one| (supply, one))) {
        let id = &challenge.entry.challenge_id;
        let concerned = AffectedV1 {
            supply_id: supply.entry.supply_id.clone(),
            challenge_id: id.clone(),
            phase: challenge.phase.word().to_owned(),
        };
        match challenge.answer() {
            None if challenge.is_key_out && before.answerable.contains(id) && now <= challenge.expires_at => {
                unanswerable.push(concerned);
            }
            Some(answer) if !before.counted.contains(&(id.clone(), answer.reasons.len())) => uncounted.push(concerned),
            _ => {}
        }
    }
    (unanswerable, uncounted)
}

/// Says what a key is now, and what that means for the supplies.
fn report(ledger: &Ledger, fingerprint: &str, before: &Before, context: &Context) -> anyhow::Result<()> {
    let view = ledger.view();
    let (unanswerable, no_longer_counted) = affected(view, before, context.now());
    // An officer's key is told with that of its recipient.
    let party = view.parties().officer(fingerprint).map_or(fingerprint, Officer::party);
    let Some(key) = view.parties().key(party) else { return Ok(()) };
    let recipient = json(view, key);
    if context.format == Format::Json {
        return context.print(&json_v1::write(&RecipientChangedV1 {
            version: json_v1::VERSION,
            recipient,
            unanswerable,
            no_longer_counted,
        }));
    }
    context.say(&words(&recipient))?;
    let mut text = String::new();
    let line = |concerned: &AffectedV1| {
        let id = view.short_id(&concerned.supply_id);
        format!("  supply {id}, {} challenge {}", concerned.phase, concerned.challenge_id)
    };
    if !no_longer_counted.is_empty() {
        text.push_str("Answers that no longer count:\n");
    }
    for concerned in &no_longer_counted {
        let _ = writeln!(text, "{}", line(concerned));
    }
    if !unanswerable.is_empty() {
        text.push_str("Challenges that nobody can answer any more; issue them anew:\n");
    }
    for concerned in &unanswerable {
        let id = view.short_id(&concerned.supply_id);
        let _ = writeln!(text, "{}: `residua challenge {id} --phase {}`", line(concerned), concerned.phase);
    }
    if key.revoked().is_some() && party == fingerprint && view.parties().current(fingerprint) == fingerprint {
        text.push_str(
            "Next: have the recipient make a new key, compare its fingerprint by another channel, and `residua recipient add CARD --replaces KEY`.\n",
        );
    } else if !(unanswerable.is_empty() && no_longer_counted.is_empty()) {
        text.push_str("Next: `residua status`\n");
    }
    context.explain(&text)
}

fn list(view: &LedgerView, context: &Context) -> anyhow::Result<()> {
    // The recipients by name, and of each the keys as they came.
    let mut keys: Vec<&Key> = view.parties().keys().collect();
    keys.sort_by(|a, b| (&a.pinned.name, a.since, &a.pinned.fingerprint).cmp(&(&b.pinned.name, b.since, &b.pinned.fingerprint)));
    let recipients: Vec<RecipientKeyV1> = keys.into_iter().map(|key| json(view, key)).collect();
    if context.format == Format::Json {
        return context.print(&json_v1::write(&RecipientsV1 { version: json_v1::VERSION, recipients }));
    }
    for recipient in &recipients {
        context.say(&words(recipient))?;
    }
    if recipients.is_empty() {
        context.explain("The ledger knows no recipient yet.\n")?;
    }
    Ok(())
}

fn words(key: &RecipientKeyV1) -> String {
    let basis = match key.basis {
        "supply" => "named by a supply",
        "rotation" => "signed by the key before it",
        _ => "compared by you",
    };
    let day = |time: &str| time.split('T').next().unwrap_or(time).to_owned();
    let supplies = if key.supplies == 0 { String::new() } else { format!(", {}", supplies(key.supplies)) };
    let mut words =
        format!("{}  {}: {}\n  pinned {}, {basis}{supplies}\n", key.key, clean(&key.name), key.state, day(&key.since));
    if let (Some(by), Some(since)) = (&key.replaced_by, &key.replaced_since) {
        let _ = writeln!(words, "  replaced on {} by {by}", day(since));
    }
    if let (Some(since), Some(reason)) = (&key.revoked_since, &key.reason) {
        let _ = writeln!(words, "  revoked as of {since}: {}", clean(reason));
    }
    for officer in &key.officers {
        let _ = writeln!(
            words,
            "  officer {}  {}: {}, pinned {}",
            officer.key,
            clean(&officer.name),
            officer.state,
            day(&officer.since)
        );
        if let (Some(since), Some(reason)) = (&officer.revoked_since, &officer.reason) {
            let _ = writeln!(words, "    revoked as of {since}: {}", clean(reason));
        }
    }
    words
}

fn supplies(number: u64) -> String {
    if number == 1 { "1 supply".to_owned() } else { format!("{number} supplies") }
}

/// A key with what became of it.
fn json(view: &LedgerView, key: &Key) -> RecipientKeyV1 {
    let fingerprint = &key.pinned.fingerprint;
    let supplies = view.supplies().iter().filter(|supply| supply.entry.recipient.fingerprint == *fingerprint).count();
    RecipientKeyV1 {
        name: key.pinned.name.clone(),
        key: fingerprint.clone(),
        state: match (key.revoked(), &key.replaced) {
            (Some(_), _) => "revoked",
            (None, Some(_)) => "replaced",
            (None, None) => "current",
        },
        since: time::format(key.since),
        basis: match key.origin {
            Origin::Supply => "supply",
            Origin::Compared => "compared",
            Origin::Rotation(_) => "rotation",
        },
        supplies: supplies as u64,
        replaced_by: key.replaced.as_ref().map(|replacement| replacement.by.clone()),
        replaced_since: key.replaced.as_ref().map(|replacement| time::format(replacement.since)),
        revoked_since: key.revoked().map(|revocation| revocation.since.to_string()),
        reason: key.revoked().map(|revocation| revocation.reason.clone()),
        officers: officers_of(view, fingerprint),
    }
}

/// The officers of a recipient, with its current key, whichever of its keys they were entered for.
fn officers_of(view: &LedgerView, fingerprint: &str) -> Vec<OfficerV1> {
    let parties = view.parties();
    let is_of = |officer: &&Officer| parties.current(officer.party()) == fingerprint;
    parties.officers().filter(is_of).filter_map(officer_of).collect()
}

fn officer_of(officer: &Officer) -> Option<OfficerV1> {
    let since = officer.since(officer.party())?;
    Some(OfficerV1 {
        name: officer.pinned.name.clone(),
        key: officer.pinned.fingerprint.clone(),
        state: if officer.revoked().is_some() { "revoked" } else { "current" },
        since: time::format(since),
        revoked_since: officer.revoked().map(|revocation| revocation.since.to_string()),
        reason: officer.revoked().map(|revocation| revocation.reason.clone()),
    })
}
