//! What stands below a supply: to whom its recipient passed the data on, what those attested, and to whom they did. It never makes a supply
//! better: it says what is missing, and what is not clear.

use crate::finding::verdict::Verdict;
use crate::ledger::Challenge;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::board::Next;
use crate::ledger::board::Stand;
use crate::ledger::board::State;
use crate::ledger::entry::OnwardEntry;
use crate::ledger::entry::OnwardRecipient;
use crate::ledger::entry::ReceiptEntry;
use crate::ledger::party::Standing;
use crate::support::number::of;
use crate::support::sanitize;
use crate::support::time;
use std::collections::BTreeSet;

/// How far below a supply is looked. What stands deeper counts as missing.
const MOST_LEVELS: usize = 32;

/// Remarks of a line of the board.
const MOST_REMARKS: usize = 3;

/// Somebody to whom the data went on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    /// Who, as declared.
    pub(crate) recipient: String,
    /// What they attested, of what is named now.
    pub(crate) leaves: Vec<Leaf>,
    /// SHA-256 of attestations of theirs that are named, and were not entered.
    pub(crate) unentered: Vec<String>,
    /// An earlier answer or attestation declares them, and none that stands does.
    pub(crate) is_dropped: bool,
}

/// What an onward recipient attested to the one who had supplied it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// SHA-256.
    pub(crate) attestation: String,
    /// As it is stated; `None` where the word is unknown.
    pub(crate) verdict: Option<Verdict>,
    /// When it was received.
    pub(crate) received_at: String,
    /// Who signed it.
    pub(crate) signer: Signer,
    /// To whom they passed the data on.
    pub(crate) branches: Vec<Branch>,
}

/// What is known of whoever signed an onward recipient's attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// Nothing: no pinned key did.
    Unpinned,
    /// A pinned key did, which has this name.
    Pinned(String),
    /// A key that counts no more, for it was not valid when it was received.
    Out,
}

impl Branch {
    /// Whether an attestation is missing: none was entered, or not all that are named.
    pub(crate) fn is_missing(&self) -> bool {
        self.leaves.is_empty() || !self.unentered.is_empty()
    }
}

impl Leaf {
    /// Whether it says that nothing is left, in words and with a signature that count. By a key that is not pinned it is as much as the declaration.
    fn is_clear(&self) -> bool {
        self.verdict == Some(Verdict::Clear) && self.signer != Signer::Out
    }

    /// What it states, for people and for programs.
    pub(crate) fn word(&self) -> &'static str {
        self.verdict.map_or("unknown", Verdict::word)
    }
}

/// To whom a supply's recipient passed the data on, as the answers that stand declare it.
pub(crate) fn tree(view: &LedgerView, supply: &Supply) -> Vec<Branch> {
    let mut seen = BTreeSet::new();
    let mut branches = Vec::new();
    for answer in supply.standing_answers() {
        branches.extend(below(view, supply, &answer.attestation, &answer.onward, &mut seen, 0));
    }
    if supply.standing_answers().next().is_some() {
        // Whoever is no longer declared did not give the data back by that.
        let declared: BTreeSet<&str> = supply.standing_answers().flat_map(names).collect();
        let ever = supply.challenges.iter().filter_map(Challenge::answer).flat_map(names);
        let mut dropped: BTreeSet<String> = ever.filter(|name| !declared.contains(name)).map(str::to_owned).collect();
        // Nor did whoever stood below an attestation that a newer one has taken the place of.
        let mut anywhere = BTreeSet::new();
        collect(&branches, &mut anywhere);
        let below = supply.onward.iter().flat_map(|entry| &entry.onward).map(|onward| &onward.recipient);
        dropped.extend(below.filter(|name| !anywhere.contains(name.as_str())).cloned());
        branches.extend(dropped.into_iter().map(|recipient| Branch {
            recipient,
            leaves: Vec::new(),
            unentered: Vec::new(),
            is_dropped: true,
        }));
    }
    branches
}

/// The names of all to whom the data went on, at whatever level.
fn collect<'a>(branches: &'a [Branch], into: &mut BTreeSet<&'a str>) {
    for branch in branches {
        into.insert(&branch.recipient);
        for leaf in &branch.leaves {
            collect(&leaf.branches, into);
        }
    }
}

fn names(answer: &ReceiptEntry) -> impl Iterator<Item = &str> {
    answer.onward.iter().map(|onward| onward.recipient.as_str())
}

/// The onward recipients whom one attestation declares. What stands below an attestation is followed once, and not without end.
fn below<'a>(
    view: &LedgerView,
    supply: &'a Supply,
    parent: &'a str,
    declared: &'a [OnwardRecipient],
    seen: &mut BTreeSet<&'a str>,
    level: usize,
) -> Vec<Branch> {
    let mut branches = Vec::new();
    for onward in declared {
        let (mut leaves, mut unentered) = (Vec::new(), Vec::new());
        for attestation in &onward.attestations {
            match supply.entered(parent, attestation).filter(|_| level < MOST_LEVELS) {
                None => unentered.push(attestation.clone()),
                Some(entry) => {
                    let is_new = seen.insert(&entry.attestation);
                    let further: &[OnwardRecipient] = if is_new { &entry.onward } else { &[] };
                    let branches = below(view, supply, &entry.attestation, further, seen, level + 1);
                    leaves.push(leaf(view, entry, branches));
                }
            }
        }
        branches.push(Branch { recipient: onward.recipient.clone(), leaves, unentered, is_dropped: false });
    }
    branches
}

fn leaf(view: &LedgerView, entry: &OnwardEntry, branches: Vec<Branch>) -> Leaf {
    let signer = entry.key.as_ref().map_or(Signer::Unpinned, |key| {
        let received_at = time::parse(&entry.received_at);
        let is_valid = received_at.is_some_and(|at| view.parties().key_at(key, at) == Standing::Valid);
        match view.parties().key(key).filter(|_| is_valid) {
            Some(key) => Signer::Pinned(key.pinned.name.clone()),
            None => Signer::Out,
        }
    });
    Leaf {
        attestation: entry.attestation.clone(),
        verdict: Verdict::parse(&entry.verdict),
        received_at: entry.received_at.clone(),
        signer,
        branches,
    }
}

/// What a line of the board says of all that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Onward recipients of whom an attestation is missing.
    pub(super) missing: u32,
    /// Whether one is missing, or not clear.
    pub(super) is_open: bool,
    /// What is missing or not clear, and what is signed by a key that is not pinned.
    remarks: Vec<String>,
}

impl Summary {
    /// Counts what stands below a supply.
    pub(super) fn new(tree: &[Branch]) -> Summary {
        let mut summary = Summary::default();
        summary.count(tree);
        let mut seen = BTreeSet::new();
        summary.remarks.retain(|remark| seen.insert(remark.clone()));
        if summary.remarks.len() > MOST_REMARKS {
            let more = summary.remarks.split_off(MOST_REMARKS).len();
            summary.remarks.push(format!("and {more} more (`--tree`)"));
        }
        summary
    }

    fn count(&mut self, tree: &[Branch]) {
        for branch in tree {
            let mut say =
                |what: &str| self.remarks.push(format!("onward recipient `{}`: {what}", sanitize::clean(&branch.recipient)));
            if branch.is_missing() {
                self.missing = self.missing.saturating_add(1);
                self.is_open = true;
                if branch.is_dropped {
                    say("declared before, and no longer");
                } else if branch.leaves.is_empty() {
                    say("no attestation");
                } else {
                    say(&format!("{} named and not entered", of(branch.unentered.len() as u64, "attestation")));
                }
            }
            for leaf in &branch.leaves {
                if leaf.signer == Signer::Out {
                    say("its key was not valid");
                }
                if leaf.verdict != Some(Verdict::Clear) {
                    say(&format!("stated {}", leaf.word()));
                } else if leaf.signer == Signer::Unpinned {
                    say("stated clear by a key that is not pinned");
                }
                self.is_open |= !leaf.is_clear();
            }
            for leaf in &branch.leaves {
                self.count(&leaf.branches);
            }
        }
    }

    /// What is missing or not clear, where something is: for a supply that is closed, of which nothing else is said of those below.
    pub(super) fn doubts(&self) -> Vec<String> {
        if self.is_open { self.remarks.clone() } else { Vec::new() }
    }

    /// The remark with what there is to say of those below.
    pub(super) fn beside(&self, remark: String) -> String {
        Some(remark).filter(|remark| !remark.is_empty()).into_iter().chain(self.remarks.clone()).collect::<Vec<_>>().join("; ")
    }

    /// What to do next, with what there is to say of those below.
    pub(super) fn join(&self, stand: &Stand, id: &str) -> Next {
        let (command, remark) = stand.next.clone();
        let is_quiet = !stand.has_lapsed && matches!(stand.state, State::AttestedClear | State::ClearWithExceptions(_));
        let command =
            if is_quiet && self.missing > 0 { format!("residua verify ATTESTATION --downstream-of {id}") } else { command };
        // That nothing is due would not be true.
        let is_untrue = is_quiet && self.is_open && stand.state == State::AttestedClear;
        (command, self.beside(if is_untrue { String::new() } else { remark }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Phase;
    use crate::finding::declaration::Policy;
    use crate::ledger::board::BoardRow;
    use crate::ledger::board::rows;
    use crate::ledger::entry::Conclusion;
    use crate::ledger::entry::Entry;
    use crate::ledger::fixture::Originator;
    use crate::ledger::fixture::at;
    use crate::ledger::fixture::digest_of;
    use crate::ledger::fixture::onward_recipients;

    const NOW: &str = "2017-07-03T09:00:00Z";

    struct Desk {
        originator: Originator,
        id: String,
    }

    impl Desk {
        fn new() -> Desk {
            let mut originator = Originator::new();
            let card = originator.recipient.card();
            let id = originator.supply(&card);
            Desk { originator, id }
        }

        fn answer(&mut self, appraisal: Conclusion, onward: &[(&str, &[&str])]) -> String {
            let policy = Policy { without_baseline: true, ..Policy::default() };
            self.originator.challenge(&self.id, Phase::Deletion, NOW, policy);
            self.originator.answer(&self.id, appraisal, onward)
        }

        fn enter(&mut self, parent: &str, recipient: &str, file: &str, verdict: &str, onward: &[(&str, &[&str])]) -> String {
            let entry = OnwardEntry {
                supply_id: self.id.clone(),
                parent: parent.to_owned(),
                recipient: recipient.to_owned(),
                attestation: digest_of(file),
                key: None,
                verdict: verdict.to_owned(),
                received_at: NOW.to_owned(),
                onward: onward_recipients(onward),
            };
            self.originator.ledger.append(at(NOW), Entry::Onward(entry)).unwrap();
            digest_of(file)
        }

        fn row(&self, day: &str) -> BoardRow {
            rows(self.originator.ledger.view(), time::parse_day(day).unwrap()).remove(0)
        }

        #[track_caller]
        fn expect(&self, state: &str, is_overdue: bool, missing: u32, words: &str) {
            let row = self.row("2017-07-05");
            assert_eq!(
                (row.state.to_string().as_str(), row.is_overdue, row.missing_onward),
                (state, is_overdue, missing),
                "{}",
                row.remark
            );
            assert!(row.remark.contains(words), "{}", row.remark);
            assert!(!self.row("2017-06-30").is_overdue, "before the agreed day has passed");
        }
    }

    #[test]
    fn a_missing_leaf_is_named_and_overdue_and_changes_no_state() {
        let mut desk = Desk::new();
        desk.answer(Conclusion::Clear, &[]);
        desk.expect("attested clear", false, 0, "nothing is due");
        desk.answer(Conclusion::Clear, &[("Client", &[])]);
        desk.expect("attested clear", true, 1, "onward recipient `Client`: no attestation");
        let row = desk.row("2017-07-05");
        assert_eq!(row.next_command, "residua verify ATTESTATION --downstream-of 01010101");
        assert!(!row.remark.contains("nothing is due"));
        // Named is not entered.
        let answer = desk.answer(Conclusion::Clear, &[("Client", &["one", "two"]), ("\u{202e}Mill", &[])]);
        desk.expect("attested clear", true, 2, "onward recipient `\\u{202e}Mill`: no attestation");
        desk.enter(&answer, "Client", "one", "clear", &[]);
        desk.expect("attested clear", true, 2, "onward recipient `Client`: 1 attestation named and not entered");
        desk.enter(&answer, "Client", "two", "clear", &[]);
        desk.expect("attested clear", true, 1, "`Client`: stated clear by a key that is not pinned");
        // While somebody is asked anew, nothing is overdue, and the remark stays.
        desk.originator.challenge(&desk.id.clone(), Phase::Recheck, NOW, Policy { without_baseline: true, ..Policy::default() });
        let row = desk.row("2017-07-05");
        assert_eq!((row.state.word(), row.is_overdue, row.missing_onward), ("challenge_issued", false, 1));
        assert!(row.remark.contains("Mill`: no attestation"));
    }

    #[test]
    fn no_leaf_is_better_than_what_it_hangs_on_and_one_that_is_not_clear_counts() {
        for (appraisal, state) in [(Conclusion::Residual, "residual"), (Conclusion::Inconclusive, "inconclusive")] {
            let mut desk = Desk::new();
            let answer = desk.answer(appraisal, &[("Client", &["one"])]);
            desk.enter(&answer, "Client", "one", "clear", &[]);
            desk.expect(state, true, 0, "stated clear");
        }
        for verdict in ["residual", "inconclusive", "present"] {
            let mut desk = Desk::new();
            let answer = desk.answer(Conclusion::Clear, &[("Client", &["one", "two"])]);
            desk.enter(&answer, "Client", "one", "clear", &[]);
            desk.enter(&answer, "Client", "two", verdict, &[]);
            desk.expect("attested clear", true, 0, &format!("onward recipient `Client`: stated {verdict}"));
        }
    }

    #[test]
    fn three_levels_down() {
        let mut desk = Desk::new();
        let answer = desk.answer(Conclusion::Clear, &[("Client", &["one"])]);
        let client = desk.enter(&answer, "Client", "one", "clear", &[("Host", &["two"])]);
        desk.expect("attested clear", true, 1, "onward recipient `Host`: no attestation");
        let host = desk.enter(&client, "Host", "two", "clear", &[("Vault", &["three"])]);
        desk.expect("attested clear", true, 1, "onward recipient `Vault`: no attestation");
        desk.enter(&host, "Vault", "three", "residual", &[]);
        desk.expect("attested clear", true, 0, "onward recipient `Vault`: stated residual");
        let view = desk.originator.ledger.view();
        let tree = tree(view, &view.supplies()[0]);
        let deepest = &tree[0].leaves[0].branches[0].leaves[0].branches[0];
        assert_eq!((deepest.recipient.as_str(), deepest.leaves[0].word()), ("Vault", "residual"));
    }

    #[test]
    fn what_hangs_on_a_superseded_answer_counts_no_more() {
        let mut desk = Desk::new();
        let answer = desk.answer(Conclusion::Clear, &[("Client", &["one"])]);
        desk.enter(&answer, "Client", "one", "clear", &[]);
        desk.expect("attested clear", false, 0, "");
        let newer = desk.answer(Conclusion::Clear, &[("Client", &["one"])]);
        desk.expect("attested clear", true, 1, "onward recipient `Client`: no attestation");
        desk.enter(&newer, "Client", "one", "clear", &[]);
        desk.expect("attested clear", false, 0, "");
        // Silence about somebody who was declared is no answer.
        desk.answer(Conclusion::Clear, &[]);
        desk.expect("attested clear", true, 1, "onward recipient `Client`: declared before, and no longer");
    }

    #[test]
    fn whoever_stood_below_an_attestation_is_not_forgotten_with_it() {
        let mut desk = Desk::new();
        let answer = desk.answer(Conclusion::Clear, &[("Client", &["one"])]);
        let client = desk.enter(&answer, "Client", "one", "clear", &[("Host", &["two"])]);
        desk.enter(&client, "Host", "two", "clear", &[]);
        desk.expect("attested clear", false, 0, "");
        // The client's newer attestation says nothing of its host.
        let newer = desk.answer(Conclusion::Clear, &[("Client", &["three"])]);
        desk.enter(&newer, "Client", "three", "clear", &[]);
        desk.expect("attested clear", true, 1, "onward recipient `Host`: declared before, and no longer");
        // Wherever the host is declared again, it is there.
        let newest = desk.answer(Conclusion::Clear, &[("Client", &["four"])]);
        let client = desk.enter(&newest, "Client", "four", "clear", &[("Host", &["two"])]);
        desk.enter(&client, "Host", "two", "clear", &[]);
        desk.expect("attested clear", false, 0, "");
    }

    #[test]
    fn remarks_are_few_and_all_is_counted() {
        let mut desk = Desk::new();
        desk.answer(Conclusion::Clear, &[("A", &[]), ("B", &[]), ("C", &[]), ("D", &[]), ("E", &[])]);
        desk.expect("attested clear", true, 5, "`C`: no attestation; and 2 more (`--tree`)");
    }

    #[test]
    fn what_is_followed_has_an_end() {
        // Two attestations at each level, each of which names both of the next: without a memory there would be 2^20 lines.
        let mut desk = Desk::new();
        let names: Vec<[String; 2]> = (0..20).map(|level| [format!("{level} a"), format!("{level} b")]).collect();
        let pair =
            |level: usize| names.get(level).map(|pair| pair.iter().map(String::as_str).collect::<Vec<_>>()).unwrap_or_default();
        let answer = desk.answer(Conclusion::Clear, &[("X", &pair(0))]);
        let mut parents = vec![answer];
        for level in 0..20 {
            let below = pair(level + 1);
            let further: &[(&str, &[&str])] = if below.is_empty() { &[] } else { &[("X", &below)] };
            for parent in parents.clone() {
                for file in pair(level) {
                    desk.enter(&parent, "X", file, "clear", further);
                }
            }
            parents = pair(level).into_iter().map(digest_of).collect();
        }
        desk.expect("attested clear", false, 0, "not pinned");
    }
}
